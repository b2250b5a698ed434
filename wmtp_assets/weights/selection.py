"""Which published tensors are stored: those of the architecture, all of them and nothing else.

What is left out is a row of DROPPED; any other surprise is an error that lists all culprits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from wmtp_assets.errors import BadInput
from wmtp_assets.weights.architecture import Shapes
from wmtp_assets.weights.tensors import TensorAt, TensorReader
from wmtp_assets.weights.torch_zip import Checkpoint


@dataclass(frozen=True)
class Dropped:
    """Published tensors that are not stored, and why; `twin_of` maps a name to what it repeats."""

    pattern: str
    reason: str
    twin_of: tuple[str, str] | None = None


_INV_FREQ = Dropped(
    "*.rotary_emb.inv_freq", "a buffer that is computed from rope_theta, not a weight"
)

# catalog Model.implementation -> what its published checkpoint holds beyond the architecture
DROPPED: dict[str, tuple[Dropped, ...]] = {
    "meta-mtp": (),
    "llama": (_INV_FREQ,),
    "starling-reward-model": (
        _INV_FREQ,
        Dropped(
            "transformer.*",
            "model.model.* under a second name, dropped after its bits were found equal",
            twin_of=("transformer.", "model.model."),
        ),
    ),
}


@dataclass(frozen=True)
class Selection:
    """What of a checkpoint is stored.

    Attributes:
        kept: In the order of the source files.
        dropped: Name -> reason.
        twins: Pairs (dropped, kept) whose bits must be equal.
    """

    kept: tuple[TensorAt, ...]
    dropped: Mapping[str, str]
    twins: tuple[tuple[TensorAt, TensorAt], ...]


def select_tensors(checkpoint: Checkpoint, shapes: Shapes, rules: tuple[Dropped, ...]) -> Selection:
    """Split a checkpoint into stored and dropped tensors.

    Raises:
        BadInput: Missing, unexpected or wrongly shaped tensors, all at once.
    """
    tensors = checkpoint.tensors
    rule_of = {
        name: next(rule for rule in rules if fnmatchcase(name, rule.pattern))
        for name in tensors
        if name not in shapes and any(fnmatchcase(name, rule.pattern) for rule in rules)
    }
    wrong = [f"missing {name} {list(shapes[name])}" for name in shapes if name not in tensors]
    wrong += [
        f"unexpected {name} {list(tensors[name].shape)}"
        for name in tensors
        if name not in shapes and name not in rule_of
    ]
    wrong += [
        f"{name}: expected {list(shape)}, found {list(tensors[name].shape)}"
        for name, shape in shapes.items()
        if name in tensors and tensors[name].shape != shape
    ]
    twins = []
    for name, rule in rule_of.items():
        if rule.twin_of is None:
            continue
        dropped, kept = tensors[name], tensors.get(name.replace(*rule.twin_of, 1))
        if kept is None or (kept.shape, kept.dtype) != (dropped.shape, dropped.dtype):
            wrong.append(f"{name} repeats no tensor of its shape and dtype")
        else:
            twins.append((dropped, kept))
    if wrong:
        raise BadInput(
            "the checkpoint is not that of the architecture",
            wrong,
            "compare the repository with geometry in wmtp_assets/published.py",
        )
    kept = tuple(tensor for name, tensor in tensors.items() if name in shapes)
    return Selection(kept, {name: rule.reason for name, rule in rule_of.items()}, tuple(twins))


def require_equal_twins(selection: Selection) -> None:
    """Compare the bits of every dropped second copy with the kept tensor.

    Raises:
        BadInput: Copies that differ, all of them.
    """
    with TensorReader() as left, TensorReader() as right:
        wrong = [
            f"{dropped.name} differs from {kept.name}"
            for dropped, kept in selection.twins
            if not _same_place(dropped, kept) and not _equal_bits(left, dropped, right, kept)
        ]
    if wrong:
        raise BadInput(
            "a second copy of a tensor holds other values",
            wrong,
            "fetch the raw files again; if they are as published, mend DROPPED in "
            "wmtp_assets/weights/selection.py",
        )


def _same_place(a: TensorAt, b: TensorAt) -> bool:
    return (a.file, a.position, a.stride) == (b.file, b.position, b.stride)


def _equal_bits(left: TensorReader, a: TensorAt, right: TensorReader, b: TensorAt) -> bool:
    import torch

    pairs = zip(left.chunks(a), right.chunks(b), strict=True)
    return all(torch.equal(x.view(torch.uint8), y.view(torch.uint8)) for x, y in pairs)
