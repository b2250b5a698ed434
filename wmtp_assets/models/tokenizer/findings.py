"""What a tokenizer folder must be: this vocabulary, and the same ids from every reader of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import VOCAB_SIZE
from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.models.safetensors.no_code import require_no_code
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tokenizer.files import (
    BOS,
    SPECIAL_TOKENS_MAP,
    TOKENIZER_CONFIG,
    TOKENIZER_JSON,
    TOKENIZER_MODEL,
    load_sentencepiece,
    special_tokens_map,
    tokenizer_config,
)

EXPECTED_SHA256 = "tokenizer_model_has_expected_sha256"
HAS_PIECES = "tokenizer_has_32000_pieces"
CONFIG_AS_BUILT = "tokenizer_config_names_vocabulary_and_class"
IDS_EQUAL = "tokenizer_json_ids_equal_sentencepiece"
SAME_BYTES = "both_models_have_the_same_tokenizer_bytes"
AUTO_IDS_EQUAL = "auto_tokenizer_ids_equal_sentencepiece"

# Leading, inner and trailing blanks, tabs, line ends, digits, code, scripts, bytes outside the
# vocabulary, the space mark itself, byte pieces as text, long words. Literal special tokens are
# left out: see the docstring of files.py.
NASTY = (
    "",
    " ",
    "   ",
    "a",
    " a",
    "  a  b   c ",
    "\ta\t\tb",
    "\n",
    "\n\n  a\n",
    "line\r\nline\rline",
    "Hello, world!",
    "def f(x):\n    return x ** 2  # y\n\n\nprint(f(3))\n",
    "for(int i=0;i<n;++i){a[i]=b[i]*0x7fff;}",
    "1234567890 3.14159e-10 007 1,000,000",
    "naïve café résumé — “quoted” … ½",
    "e\u0301 is not \u00e9",
    "한국어 문장입니다. 日本語の文。中文句子。",
    "Привет мир, γειά σου κόσμε, שלום, مرحبا",
    "🙂🙃 👩‍👩‍👧‍👦 🇰🇷",
    "zero\u0000byte, \u2028 line, \u00a0 blank, \ufeff mark, \u200b nothing",
    "\u2581a \u2581\u2581b",
    "<0x0A> <0xFF> <pad> [INST] <<SYS>>",
    "\U0010ffff\ue000",
    "x" * 300,
    " " * 40 + "deep indentation",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "$\\sum_{i=1}^{n} a_i \\leq 10^{9}$",
    "https://example.org/a?b=c&d=%20#e",
)


def vocabulary_findings(folder: Path, expected_sha256: str) -> dict[str, Finding]:
    """Whether tokenizer.model and the configs beside it are those of the catalog's vocabulary."""
    model = folder / TOKENIZER_MODEL
    found = file_io.sha256_of(model)
    count = load_sentencepiece(model).GetPieceSize()
    return {
        EXPECTED_SHA256: compare(
            "digests", {TOKENIZER_MODEL: expected_sha256}, {TOKENIZER_MODEL: found}
        ),
        HAS_PIECES: Finding(
            count == VOCAB_SIZE, f"{count:,} pieces, {VOCAB_SIZE:,} expected", {"pieces": count}
        ),
        CONFIG_AS_BUILT: config_finding(folder),
    }


def config_finding(folder: Path) -> Finding:
    """Whether the two small configs state what they were built with."""
    expected = tokenizer_config() | special_tokens_map()
    stated = read_object(folder / TOKENIZER_CONFIG) | read_object(folder / SPECIAL_TOKENS_MAP)
    return compare("settings", expected, stated)


def fast_ids_finding(folder: Path) -> Finding:
    """Whether tokenizer.json, read by the tokenizers library, gives sentencepiece's ids."""
    fast = load_fast(folder / TOKENIZER_JSON)
    return _ids_finding(
        folder / TOKENIZER_MODEL,
        lambda text: fast.encode(text).ids,
        lambda text: fast.encode(text, add_special_tokens=False).ids,
        "tokenizer.json",
    )


def auto_ids_finding(folder: Path) -> Finding:
    """Whether AutoTokenizer on this folder gives sentencepiece's ids, BOS first by default.

    The folder is opened only when its files are sound and its configs as built.
    """
    load_sentencepiece(folder / TOKENIZER_MODEL)
    load_fast(folder / TOKENIZER_JSON)
    config = config_finding(folder)
    if not config.passed:
        return Finding(False, f"not opened: {config.summary}", config.evidence)
    require_no_code(folder)
    from transformers.models.auto.tokenization_auto import AutoTokenizer

    auto = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return _ids_finding(
        folder / TOKENIZER_MODEL,
        lambda text: auto(text)["input_ids"],
        lambda text: auto(text, add_special_tokens=False)["input_ids"],
        "AutoTokenizer",
    )


def same_bytes_finding(one: Path, other: Path) -> Finding:
    """Whether two tokenizer.model files hold the same bytes."""
    digests = {path: file_io.sha256_of(path) for path in (one, other)}
    return verdict(
        [f"{path.parent.parent.name}: sha256 {sha}" for path, sha in digests.items()]
        if len(set(digests.values())) > 1
        else [],
        f"both tokenizer.model have sha256 {digests[one]}",
        "the tokenizers of the two models differ",
        sha256=digests[one],
    )


def load_fast(path: Path) -> Any:
    """Load tokenizer.json with the tokenizers library.

    Raises:
        BadInput: Missing, not such a file, or one that changes the length of texts.
    """
    from tokenizers import Tokenizer

    fix = "materialize the tokenizer asset anew"
    try:
        fast = Tokenizer.from_buffer(read_small(path))
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize the tokenizer asset") from error
    except Exception as error:
        # A file it cannot parse is a bare Exception (or a ValueError) of the tokenizers library;
        # everything else is a mistake of ours.
        if type(error) not in (Exception, ValueError):
            raise
        raise BadInput(f"not a tokenizer.json ({error})", [path], fix) from error
    if fast.padding or fast.truncation:
        # To whatever length it says: padding to 10^12 ids ends the process.
        raise BadInput("tokenizer.json pads or cuts texts", [path], fix)
    return fast


def _ids_finding(
    model: Path,
    encode: Callable[[str], list[int]],
    encode_plain: Callable[[str], list[int]],
    reader: str,
) -> Finding:
    processor = load_sentencepiece(model)
    bos = processor.PieceToId(BOS)
    wrong = []
    for text in NASTY:
        expected = processor.encode(text)
        if encode_plain(text) != expected:
            wrong.append(f"{text[:40]!r} without BOS")
        if encode(text) != [bos, *expected]:
            wrong.append(f"{text[:40]!r} with BOS")
    return verdict(
        wrong,
        f"{len(NASTY)} texts have sentencepiece's ids in {reader}, with BOS in front by default",
        f"{reader} gives other ids than sentencepiece",
        texts=len(NASTY),
        mismatches=len(wrong),
    )
