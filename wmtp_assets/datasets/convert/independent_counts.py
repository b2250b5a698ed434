"""Token counts for the checks: by tuetoken, which the conversion does not use, and sentencepiece.

A check that counts with the code of the conversion repeats its mistakes. In: the texts of records
that were read back. Out: their counts by tuetoken, another implementation of the same encoding in
another language. sentencepiece, which is the definition, encodes the whole text as well where an
error of tuetoken would matter or is likelier: in one record of `BOTH_EVERY`, in each that comes
near the token limit or exceeds it, and each text with anything but printable ASCII. A text whose
two counts differ is named, and counts as sentencepiece says.

Where tuetoken is not installed, or not known to agree on a vocabulary, sentencepiece counts alone,
and the reason is told.
"""

import functools
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence

from wmtp_assets.datasets.convert.tokenizer_json import tokenizer_json
from wmtp_assets.datasets.convert.tokens import (
    LengthFilter,
    LoadedTokenizer,
    TokenCounter,
    load_model,
    name_text,
    read_model,
)
from wmtp_assets.datasets.convert.vocabulary import SPACE

BY_TUETOKEN = "tuetoken"
BY_BOTH = "tuetoken and sentencepiece"
BY_SENTENCEPIECE = "sentencepiece"

# sentencepiece takes four times as long as tuetoken: one record in 50 adds 8 %. Drawn by the digest
# of the task_id, so that it does not depend on the ranges that a file is read in.
BOTH_EVERY = 50
# From this part of the limit on a record is near it. In the benchmark's rows 2 % are, the longest:
# they add 30 %.
NEAR_PERCENT = 85
# Every program has line feeds, and many have tabs or carriage returns.
PRINTABLE = bytes([*b"\t\n\r", *range(0x20, 0x7F)])

Count = Callable[[str], int]


class IndependentCounter:
    """Counts the tokens of records; the last few prompts are remembered, because they repeat.

    Args:
        definition: The counter of sentencepiece.
        count: tuetoken's; None where it is not used, for the reason `unused`.

    Attributes:
        ways: How many texts were counted in which way, for the record; a prompt that was
            remembered is a text of each of its records.
    """

    def __init__(self, definition: TokenCounter, count: Count | None, unused: str, max_tokens: int):
        self.ways: Counter[str] = Counter()
        self._whole = definition.count
        self._whole_prompt = functools.lru_cache(maxsize=4)(self._whole)
        self._count = count
        self._look_at_prompt = functools.lru_cache(maxsize=4)(self._look)
        self._alone = f"{BY_SENTENCEPIECE}, because {unused}"
        self._near = max_tokens * NEAR_PERCENT / 100

    def count(self, texts: Sequence[str], digest: int) -> tuple[list[int], list[str]]:
        """Count the tokens of each text of one record.

        Args:
            texts: Its prompt, in parts that the next record may have too; its output last.
            digest: A number that draws the record or not, spread evenly.

        Returns:
            The counts, and the texts of which the two implementations give different ones.
        """
        *prompt, output = texts
        if self._count is None:
            self.ways[self._alone] += len(texts)
            return [*map(self._whole_prompt, prompt), self._whole(output)], []
        looks = [*map(self._look_at_prompt, prompt), self._look(output)]
        counts = [count for count, _ in looks]
        all_twice = digest % BOTH_EVERY == 0 or sum(counts) >= self._near
        twice = [i for i, (_, is_plain) in enumerate(looks) if all_twice or not is_plain]
        self.ways[BY_BOTH] += len(twice)
        self.ways[BY_TUETOKEN] += len(texts) - len(twice)
        differing = []
        for i in twice:
            whole = (self._whole_prompt if i < len(prompt) else self._whole)(texts[i])
            if whole != counts[i]:
                name = name_text(texts[i])
                differing.append(f"{name}: {counts[i]:,} by tuetoken, {whole:,} by sentencepiece")
                counts[i] = whole
        return counts, differing

    def _look(self, text: str) -> tuple[int, bool]:
        """Its tokens by tuetoken, and whether it has nothing but printable ASCII."""
        assert self._count is not None, self._alone
        return self._count(text), not text.encode().translate(None, PRINTABLE)


def load_independent_counter(settings: LengthFilter) -> IndependentCounter:
    """Load the tokenizer for both implementations.

    Raises:
        BadInput: As `load_counter`.
    """
    path = settings.tokenizer
    model = read_model(path, settings.tokenizer_sha256)
    loaded = load_model(model, path)
    tuetoken = _load_tuetoken(model, loaded)
    return IndependentCounter(TokenCounter(loaded), *tuetoken, settings.max_tokens)


@functools.lru_cache(maxsize=2)
def _load_tuetoken(model: bytes, loaded: LoadedTokenizer) -> tuple[Count | None, str]:
    """tuetoken's counts with this vocabulary, or the reason why they are not used."""
    if loaded.unknown:
        return None, f"tuetoken is not known to agree, {loaded.unknown}"
    try:
        from tuetoken import Tokenizer
    except ImportError:  # no wheel for Linux on ARM
        return None, "tuetoken is not installed"
    # Named, because it reads nothing but files.
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        try:
            file.write(tokenizer_json(model))
            file.flush()
            count = Tokenizer(file.name).count_tokens
        except ValueError as error:
            return None, f"tuetoken cannot be told the vocabulary, {error}"
    definition = TokenCounter(loaded)
    for text in probe_texts(model):
        if (counted := count(text)) != (whole := definition.count(text)):
            return None, f"tuetoken gives {text[:20]!r} {counted:,} tokens, sentencepiece {whole:,}"
    return count, ""


def probe_texts(model: bytes) -> list[str]:
    """Texts with every piece of a vocabulary, on which tuetoken has to agree to be used at all.

    A line feed is joined to nothing, so that each piece stands alone: sentencepiece may join
    characters that are no pieces themselves, which a tokenizer.json cannot say. Those that begin
    with a space stand in a row too; and there are runs of spaces, for the reason in tokenizer_json.
    """
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    words = [piece for piece in pieces if piece.startswith(SPACE) and piece.strip(SPACE)]
    longest = max((len(piece) for piece in pieces if not piece.strip(SPACE)), default=1)
    runs = [SPACE * count for count in range(1, 4 * longest)]
    return ["".join(words), "\n".join(pieces), "\n".join(runs)]
