"""tokenizer.model -> a folder whose ids are sentencepiece's, for AutoTokenizer too.

A folder with tokenizer.model alone makes transformers return wrong ids without an error, so a
tokenizer.json is built for exactly this vocabulary: byte-pair merges are all two-piece splits of
each piece, in the order of the pieces' scores. As published, encoding puts BOS (`<s>`) first;
`add_special_tokens=False` gives sentencepiece's ids alone. One exception stays: transformers reads
a literal "<s>", "</s>" or "<unk>" in a text as the special token, sentencepiece as characters.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import VOCAB_SIZE
from wmtp_assets.datasets.convert.tokenizer_json import merges_of
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.files.regular import read_small

TOKENIZER_MODEL = "tokenizer.model"
# Of LLaMA's tokenizer.model, the one vocabulary of all published models.
LLAMA_SHA256 = "9e556afd44213b6bd1be2b850ebbbd98f5481437a8021afaf58ee7fb1818d347"
TOKENIZER_JSON = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS_MAP = "special_tokens_map.json"
TOKENIZER_FILES = (TOKENIZER_MODEL, TOKENIZER_JSON, TOKENIZER_CONFIG, SPECIAL_TOKENS_MAP)

UNK, BOS, EOS = "<unk>", "<s>", "</s>"
SPACE = "\u2581"


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of a sentencepiece BPE model: ids, and the normal ones from best to worst."""

    ids: dict[str, int]
    by_score: tuple[str, ...]


def load_sentencepiece(path: Path) -> Any:
    """Load tokenizer.model.

    Raises:
        BadInput: Missing, or no sentencepiece model.
    """
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(read_small(path))
        processor.GetPieceSize()
    except FileNotFoundError as error:
        raise BadInput("tokenizer is missing", [path], "materialize the tokenizer asset") from error
    except (RuntimeError, ValueError) as error:
        fix = "materialize the raw files and the tokenizer asset anew"
        raise BadInput(f"not a sentencepiece model ({error})", [path], fix) from error
    return processor


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the pieces of tokenizer.model.

    Raises:
        BadInput: Missing, no sentencepiece model, or another number of pieces.
    """
    processor = load_sentencepiece(path)
    count = processor.GetPieceSize()
    ids = {processor.IdToPiece(number): number for number in range(count)}
    if len(ids) != VOCAB_SIZE or [processor.IdToPiece(n) for n in range(3)] != [UNK, BOS, EOS]:
        raise BadInput(
            f"another vocabulary: {len(ids):,} pieces, not the {VOCAB_SIZE:,} of LLaMA",
            [path],
            "compare tokenizer_sha256 in the catalog with the published tokenizer",
        )
    odd = {
        number
        for is_odd in (processor.IsControl, processor.IsUnknown, processor.IsByte)
        for number in range(count)
        if is_odd(number) or processor.IsUnused(number)
    }
    normal = {piece: -processor.GetScore(n) for piece, n in ids.items() if n not in odd}
    return Vocabulary(ids, tuple(sorted(normal, key=normal.__getitem__)))


def tokenizer_json(vocabulary: Vocabulary) -> bytes:
    """The tokenizer.json of a vocabulary (0 mismatches with sentencepiece on 20,000 strings)."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    merges = merges_of(vocabulary.by_score)
    tokenizer = Tokenizer(
        models.BPE(vocabulary.ids, merges, unk_token=UNK, fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A",
        pair=f"{BOS} $A {BOS}:1 $B:1",
        special_tokens=[(BOS, vocabulary.ids[BOS])],
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in (UNK, BOS, EOS)]
    )
    return tokenizer.to_str().encode()


def tokenizer_config() -> dict[str, Any]:
    """tokenizer_config.json: the plan's keys, and the class that reads tokenizer.json as it is."""
    return {
        "model_type": "sentencepiece",
        "vocab_size": VOCAB_SIZE,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "unk_token": UNK,
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(1e30),
        "padding_side": "right",
    }


def special_tokens_map() -> dict[str, str]:
    """special_tokens_map.json."""
    return {"bos_token": BOS, "eos_token": EOS, "unk_token": UNK}


def build_tokenizer_folder(folder: Path, expected_sha256: str) -> tuple[StoredFile, ...]:
    """Complete a folder that holds tokenizer.model; returns its four files.

    Raises:
        BadInput: tokenizer.model is missing or another one than expected.
    """
    model = folder / TOKENIZER_MODEL
    vocabulary = read_vocabulary(model)
    source = file_io.stored(model)
    if source.sha256 != expected_sha256:
        raise BadInput(
            "the tokenizer is not the one of the catalog",
            [f"{model.name}: sha256 {source.sha256}, expected {expected_sha256}"],
            "compare tokenizer_sha256 in the catalog with the published tokenizer",
        )
    return (
        source,
        file_io.write_bytes(folder / TOKENIZER_JSON, tokenizer_json(vocabulary)),
        file_io.write_json(folder / TOKENIZER_CONFIG, tokenizer_config()),
        file_io.write_json(folder / SPECIAL_TOKENS_MAP, special_tokens_map()),
    )
