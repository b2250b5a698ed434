"""Which published tensors are stored: those of the architecture, all of them and nothing else.

What is left out follows from a rule; any other surprise is an error that lists all culprits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from wmtp_assets.catalog import Implementation
from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.rotary import (
    FREQUENCIES,
    TURNS,
    Rotary,
    form_fault,
    rotary_of,
    value_fault,
)
from wmtp_assets.models.checkpoint.tensors import TensorAt, TensorReader
from wmtp_assets.models.tensor_shapes import ModelSettings, Shapes


@dataclass(frozen=True)
class Dropped:
    """Published tensors that are not stored, and why.

    Attributes:
        twin_of: Maps a name to the tensor that it repeats.
        rotary: What the values of a buffer must follow from.
    """

    pattern: str
    reason: str
    twin_of: tuple[str, str] | None = None
    rotary: Rotary | None = None


_COMPUTED = (
    "a buffer that is computed from rope_theta, not a weight; dropped after its values were found "
    "equal"
)
_REPEATED = "under a second name, dropped after its bits were found equal"


def dropped_rules(implementation: Implementation, settings: ModelSettings) -> tuple[Dropped, ...]:
    """What may be left out of a published checkpoint: computed buffers, and second copies.

    Args:
        implementation: Of the model's row.
        settings: The content of the model's config file.

    Raises:
        BadInput: The settings do not say how rotary positions come about.
    """
    rotary = rotary_of(implementation, settings)
    names = (*FREQUENCIES, *TURNS)
    buffers = tuple(
        Dropped(f"{start}{name}", _COMPUTED, rotary=rotary)
        for name in names
        for start in ("", "*.")
    )
    twins = tuple(
        Dropped(f"{second}*", f"{stored}* {_REPEATED}", twin_of=(second, stored))
        for second, stored in implementation.second_names.items()
    )
    return buffers + twins


@dataclass(frozen=True)
class Selection:
    """What of a checkpoint is stored.

    Attributes:
        kept: In the order of the source files.
        dropped: Name -> reason.
        twins: Pairs (dropped, kept) whose bits must be equal.
        computed: Buffers whose values must be those that follow from the settings.
    """

    kept: tuple[TensorAt, ...]
    dropped: Mapping[str, str]
    twins: tuple[tuple[TensorAt, TensorAt], ...]
    computed: tuple[tuple[TensorAt, Rotary], ...] = ()


def select_tensors(
    tensors: Mapping[str, TensorAt], shapes: Shapes, rules: tuple[Dropped, ...]
) -> Selection:
    """Split a checkpoint into stored and dropped tensors, by its index alone.

    Raises:
        BadInput: Missing, unexpected or wrongly shaped tensors, all at once.
    """
    rule_of = {
        name: next(rule for rule in rules if fnmatchcase(name, rule.pattern))
        for name in tensors
        if name not in shapes and any(fnmatchcase(name, rule.pattern) for rule in rules)
    }
    wrong = [f"missing {name} {list(shapes[name])}" for name in shapes if name not in tensors]
    wrong += [
        f"unexpected {name} {tensors[name].form}"
        for name in tensors
        if name not in shapes and name not in rule_of
    ]
    wrong += [
        f"{name}: expected {list(shape)}, found {tensors[name].form}"
        for name, shape in shapes.items()
        if name in tensors and (tensors[name].shape != shape or tensors[name].of_complex)
    ]
    twins, computed = [], []
    for name, rule in rule_of.items():
        dropped = tensors[name]
        if rule.rotary:
            fault = form_fault(dropped, rule.rotary)
            wrong += [fault] if fault else []
            computed.append((dropped, rule.rotary))
        if rule.twin_of is None:
            continue
        kept = tensors.get(name.replace(*rule.twin_of, 1))
        if kept is None or (kept.shape, kept.dtype) != (dropped.shape, dropped.dtype):
            wrong.append(f"{name} repeats no tensor of its shape and dtype")
        else:
            twins.append((dropped, kept))
    if wrong:
        raise BadInput(
            "the checkpoint is not that of the architecture",
            wrong,
            "compare the repository with geometry in wmtp_assets/models",
        )
    kept = tuple(tensor for name, tensor in tensors.items() if name in shapes)
    reasons = {name: rule.reason for name, rule in rule_of.items()}
    return Selection(kept, reasons, tuple(twins), tuple(computed))


def require_computed_values(selection: Selection) -> None:
    """Hold every dropped buffer against what the settings give; nothing else is read.

    Raises:
        BadInput: Buffers with other values, all of them.
    """
    with TensorReader() as reader:
        faults = [value_fault(reader, buffer, rotary) for buffer, rotary in selection.computed]
    wrong = [fault for fault in faults if fault]
    if wrong:
        raise BadInput(
            "a buffer is not what the model's settings give",
            wrong,
            "compare rope_theta in the model's config file with the repository; a model that was "
            "trained with these values would be stored wrong without them",
        )


def require_equal_duplicates(selection: Selection) -> None:
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
            "fetch the raw files again; if they are as published, mend second_names of the model's "
            "implementation in wmtp_assets/models",
        )


def _same_place(a: TensorAt, b: TensorAt) -> bool:
    return (a.file, a.position, a.stride) == (b.file, b.position, b.stride)


def _equal_bits(left: TensorReader, a: TensorAt, right: TensorReader, b: TensorAt) -> bool:
    import torch

    pairs = zip(left.chunks(a), right.chunks(b), strict=True)
    return all(torch.equal(x.view(torch.uint8), y.view(torch.uint8)) for x, y in pairs)
