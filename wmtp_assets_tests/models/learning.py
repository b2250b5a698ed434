"""Short training runs on a storage, as the training code does them, on CPU and in float32.

The loss is over outputs alone: prompts are read, not learned. A row is cut to its last prompt
tokens and its first output tokens, since the longest would take minutes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import torch
from sentencepiece import SentencePieceProcessor
from torch import Tensor
from torch.nn.functional import cross_entropy

PROMPT_TOKENS, OUTPUT_TOKENS = 16, 32
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Row:
    """The ids of a row, [1, seq], and how many of the first ones are prompt."""

    ids: Tensor
    prompt: int


def read_rows(jsonl: Path, tokenizer: Path, count: int) -> list[Row]:
    """The first rows of a split, cut short."""
    processor = SentencePieceProcessor(model_file=str(tokenizer))
    rows = []
    with open(jsonl, "rb") as lines:
        for line in islice(lines, count):
            record = json.loads(line)
            prompt = processor.encode(record["instruction"] + record["input"])[-PROMPT_TOKENS:]
            output = processor.encode(record["output"])[:OUTPUT_TOKENS]
            rows.append(Row(torch.tensor([prompt + output]), len(prompt)))
    return rows


def losses_of_heads(logits: Tensor, row: Row) -> Tensor:
    """Cross-entropy in nats of each output token by each head, [heads * output, less at the end].

    Args:
        logits: [1, seq, heads, vocab]; head h at position i predicts ids[i + 1 + h].
    """
    seq, heads = row.ids.shape[1], logits.shape[2]
    losses = []
    for head in range(heads):
        first = max(row.prompt, head + 1)
        predicted = logits[0, first - 1 - head : seq - 1 - head, head]
        losses.append(cross_entropy(predicted, row.ids[0, first:], reduction="none"))
    return torch.cat(losses)


def train(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    rows: Sequence[Row],
    steps: range,
    loss_of: Callable[[torch.nn.Module, Row], Tensor],
) -> Iterator[float]:
    """Take steps of one row each, and yield the loss before each."""
    turns = islice(cycle(rows), steps.start, steps.stop)
    for row in turns:
        loss = loss_of(model, row)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def policy_loss(model: torch.nn.Module, row: Row) -> Tensor:
    """The mean over the heads of a multi-token model."""
    return losses_of_heads(model(row.ids), row).mean()


def reference_loss(model: torch.nn.Module, row: Row) -> Tensor:
    """The mean of the next token, of a model of transformers."""
    return losses_of_heads(model(input_ids=row.ids).logits[:, :, None], row).mean()


def rho1_loss(reference: torch.nn.Module, kept: float) -> Callable[[torch.nn.Module, Row], Tensor]:
    """The mean of the next token over those that the policy finds hardest next to a reference.

    Rho-1 (arXiv 2404.07965): excess is the loss of the policy less that of the reference.
    """

    def loss_of(policy: torch.nn.Module, row: Row) -> Tensor:
        mine = losses_of_heads(policy(row.ids)[:, :, :1], row)
        with torch.inference_mode():
            logits = reference(input_ids=row.ids).logits[:, :, None]
            excess = mine.detach() - losses_of_heads(logits, row)
        chosen = excess.topk(max(1, int(kept * len(excess)))).indices
        return mine[chosen.clone()].mean()

    return loss_of


def adam(model: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
