"""Whether Rho-1 scoring runs with the two micro models: same ids, finite losses, excess loss.

    rows of a small set -> ids (equal from both tokenizer folders) -> loss of each token under the
    policy's next-token head and under the reference -> excess = policy - reference

Rho-1 (Lin et al. 2024, "Not All Tokens Are What You Need") trains on the tokens with the largest
excess loss. The numbers of models this small mean nothing; that they exist for each token does.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets.checking.findings import Finding, verdict
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import bounded_lines, open_regular
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.configs import PARAMS
from wmtp_assets.models.safetensors.cast import one_torch_thread
from wmtp_assets.models.safetensors.no_code import require_no_code
from wmtp_assets.models.safetensors.opening import open_model
from wmtp_assets.models.strict_json import parse_object
from wmtp_assets.models.tokenizer.files import (
    BOS,
    EOS,
    TOKENIZER_JSON,
    TOKENIZER_MODEL,
    UNK,
    load_sentencepiece,
)
from wmtp_assets.models.tokenizer.findings import config_finding, load_fast
from wmtp_assets.printable import printable

if TYPE_CHECKING:
    import torch

RHO1 = "rho1_compatible"
EXCESS_TABLE = "excess_loss"
# 256 positions x 32,000 pieces are 33 MB of float32 logits.
SCORED_ROWS, MAX_POSITIONS, TOP = 8, 256, 3
NEXT_TOKEN_HEAD = 0

HEADER = ("row", "tokens", "loss policy", "loss reference", "excess", "most excess loss")


@dataclass(frozen=True)
class Scored:
    """One row under both models.

    Attributes:
        pieces: The predicted tokens as text, BOS left out.
        policy: Loss of each predicted token, nats; shape [len(pieces)].
        reference: The same under the reference.
    """

    row: str
    pieces: tuple[str, ...]
    policy: "torch.Tensor"
    reference: "torch.Tensor"

    @property
    def excess(self) -> "torch.Tensor":
        """What Rho-1 ranks tokens by."""
        return self.policy - self.reference


def rho1_finding(policy: ModelFolder, reference: ModelFolder, rows: Path) -> Finding:
    """Score the first rows of a small set with both models.

    Ids are compared on all rows of the set, losses on the first SCORED_ROWS.

    Args:
        policy: A multi-token model; its first head predicts the next token.
        reference: A model that transformers opens.
        rows: JSONL of Alpaca rows with task_id, instruction, input and output.

    Raises:
        BadInput: A file is missing or unsound; it is named.
    """
    texts = read_texts(rows)
    folders = (policy.tokenizer, reference.tokenizer)
    for folder in folders:
        config = config_finding(folder)
        if not config.passed:
            return Finding(False, f"not opened: {config.summary}", config.evidence)
    processor = load_sentencepiece(policy.tokenizer / TOKENIZER_MODEL)
    wrong = [line for folder in folders for line in _other_ids(folder, texts, processor)]
    if wrong:
        return verdict(wrong, "", "the models do not read the same ids")
    return losses_finding(_score(policy, reference, texts, processor), len(texts))


def read_texts(rows: Path) -> dict[str, str]:
    """task_id -> the row as one text: instruction, input and output on lines of their own.

    Rows with a literal special token are left out: transformers reads it as the token itself.

    Raises:
        BadInput: The file is missing, holds no such row, or a line is none; it is named.
    """
    texts = {}
    try:
        with open_regular(rows) as handle:
            for number, line in enumerate(bounded_lines(handle, rows), 1):
                row = parse_object(line, rows)
                values = [row.get(key) for key in ("task_id", "instruction", "input", "output")]
                if not all(isinstance(value, str) for value in values):
                    culprit = f"{rows.name} line {number}"
                    raise BadInput("not a row of a small set", [culprit], "materialize its asset")
                text = "\n".join(part for part in values[1:] if part)
                if text and not any(token in text for token in (UNK, BOS, EOS)):
                    texts[values[0]] = text
    except FileNotFoundError as error:
        raise BadInput("the small set is missing", [rows], "materialize its asset") from error
    if not texts:
        raise BadInput("the small set has no row to score", [rows], "materialize its asset anew")
    return texts


def losses_finding(scored: list[Scored], compared: int) -> Finding:
    """Whether each token has a finite loss under both models; the table of excess loss.

    Args:
        compared: Number of rows whose ids were compared.
    """
    wrong = []
    for row in scored:
        lengths = (len(row.policy), len(row.reference))
        if lengths != (len(row.pieces),) * 2:
            wrong.append(f"{row.row}: {lengths} losses of policy and reference")
            continue
        for name, losses in (("policy", row.policy), ("reference", row.reference)):
            count = int((~losses.isfinite()).sum())
            if count:
                wrong.append(f"{row.row}: {count} of {len(losses)} {name} losses are not finite")
    if wrong:
        return verdict(wrong, "", "tokens without a loss")
    tokens = sum(len(row.pieces) for row in scored)
    excess = float(sum(row.excess.sum() for row in scored)) / tokens
    return verdict(
        (),
        f"{compared} rows have the same ids; {tokens:,} tokens of {len(scored)} rows have a finite "
        f"loss under both, mean excess {excess:.4f}",
        "",
        compared_rows=compared,
        scored_rows=len(scored),
        scored_tokens=tokens,
        mean_excess_loss=excess,
        **{EXCESS_TABLE: table([_line(row) for row in scored])},
    )


def table(lines: list[tuple[Any, ...]]) -> str:
    """Lines under HEADER as a Markdown table."""
    rows = [HEADER, ("---",) * len(HEADER), *lines]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows) + "\n"


def token_losses(logits: "torch.Tensor", ids: list[int]) -> "torch.Tensor":
    """Cross-entropy of each id but the first, in nats.

    Args:
        logits: [len(ids), vocab]; position i predicts ids[i + 1].
    """
    import torch

    wanted = torch.tensor(ids[1:])
    return torch.nn.functional.cross_entropy(logits[:-1].float(), wanted, reduction="none")


def _other_ids(folder: Path, texts: dict[str, str], processor: Any) -> list[str]:
    """The rows whose ids from this folder are not sentencepiece's, BOS in front."""
    load_fast(folder / TOKENIZER_JSON)
    require_no_code(folder)
    from transformers.models.auto.tokenization_auto import AutoTokenizer

    auto = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    bos = processor.PieceToId(BOS)
    return [
        f"{folder.parent.name} reads {row} otherwise than sentencepiece"
        for row, text in texts.items()
        if auto(text)["input_ids"] != [bos, *processor.encode(text)]
    ]


def _score(
    policy: ModelFolder, reference: ModelFolder, texts: dict[str, str], processor: Any
) -> list[Scored]:
    rows = {
        row: [processor.PieceToId(BOS), *processor.encode(text)][:MAX_POSITIONS]
        for row, text in itertools.islice(texts.items(), SCORED_ROWS)
    }
    # One after the other: the first model is gone before the second is loaded.
    mine = _policy_losses(policy, rows.values())
    theirs = _reference_losses(reference, rows.values())
    return [
        Scored(row, tuple(processor.IdToPiece(number) for number in ids[1:]), *losses)
        for (row, ids), *losses in zip(rows.items(), mine, theirs, strict=True)
    ]


def _policy_losses(policy: ModelFolder, rows: Iterable[list[int]]) -> "list[torch.Tensor]":
    from wmtp_assets.models.mtp_model import load_model

    model = load_model(policy.configs / PARAMS, policy.weights)
    ahead = NEXT_TOKEN_HEAD + 1
    return _losses(lambda ids: model(ids, future=ahead)[0, :, NEXT_TOKEN_HEAD], rows)


def _reference_losses(reference: ModelFolder, rows: Iterable[list[int]]) -> "list[torch.Tensor]":
    import torch

    opened = open_model(reference.safetensors, torch.float32)
    if opened.complaints:
        fix = "materialize the micro reference anew"
        raise BadInput("transformers misses or refuses tensors", opened.complaints, fix)
    return _losses(lambda ids: opened.model(input_ids=ids).logits[0], rows)


def _losses(
    logits_of: "Callable[[torch.Tensor], torch.Tensor]", rows: Iterable[list[int]]
) -> "list[torch.Tensor]":
    import torch

    with torch.inference_mode(), one_torch_thread():
        return [token_losses(logits_of(torch.tensor([ids])), ids) for ids in rows]


def _line(row: Scored) -> tuple[Any, ...]:
    values, places = row.excess.topk(min(TOP, len(row.pieces)))
    top = [
        f"{_code(row.pieces[place])} {value:+.3f}"
        for place, value in zip(places.tolist(), values.tolist(), strict=True)
    ]
    means = (float(losses.mean()) for losses in (row.policy, row.reference, row.excess))
    numbers = (f"{mean:.4f}" for mean in means)
    return (_code(row.row), len(row.pieces), *numbers, ", ".join(top))


def _code(text: str) -> str:
    """Text as code inside a cell; a pipe would end the cell, a backtick the code."""
    return "`" + printable(text).replace("|", "\\|").replace("`", "'") + "`"
