"""How a trainer named what it published: a state dict inside of another, a prefix on every name.

Both are taken off, and only then compared with the architecture. What cannot be told for certain
is refused, with the field of the catalog's row that says it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wmtp_assets.catalog import Model
from wmtp_assets.errors import BadInput
from wmtp_assets.models.checkpoint.tensors import TensorAt
from wmtp_assets.models.tensor_shapes import Shapes

# What DistributedDataParallel, torch.compile, FSDP, Lightning and plain wrappers put in front.
OF_TRAINERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_forward_module", "model"})


@dataclass(frozen=True)
class Naming:
    """What the catalog says of a model's published names.

    Attributes:
        wrapped_in: The keys above the state dict, joined by dots; "" to find it where it is plain.
        key_prefix: What every published name begins with.
        row: `folder` of the model's row, for errors.
    """

    wrapped_in: str = ""
    key_prefix: str = ""
    row: str = ""

    def fix(self, fields: Mapping[str, str]) -> str:
        """The fix: the fields to set in the row."""
        settings = ", ".join(f'{name}="{value}"' for name, value in fields.items())
        row = f"the row of {self.row}" if self.row else "the model's row"
        return f"if that is wanted, set {settings} in {row} in wmtp_assets/models"


# State dict at the top or where it is plain to see, names without a prefix.
PLAIN = Naming()


def naming_of(model: Model) -> Naming:
    """What a row of the catalog says of the published names."""
    return Naming(model.wrapped_in, model.key_prefix, model.folder)


def plain_tensors(
    tensors: Mapping[str, TensorAt],
    shapes: Shapes,
    naming: Naming,
    wrapped_in: str = "",
    doubts: Iterable[str] = (),
) -> dict[str, TensorAt]:
    """The tensors under the names of the architecture, in their order.

    Args:
        wrapped_in: The keys that the tensors were found under.
        doubts: Why these keys are not certain; the row settles them by naming the keys.

    Raises:
        BadInput: A prefix or a wrapping that the row does not name; both in one error. A prefix
            that not all names have: the names are listed.
    """
    doubted = list(doubts) if naming.wrapped_in != wrapped_in else []
    fields = {"wrapped_in": wrapped_in} if doubted else {}
    prefix = naming.key_prefix or _common_prefix(tensors, shapes)
    with_it = [name for name in tensors if name.startswith(prefix)]
    if len(with_it) < len(tensors):
        raise _mixed(tensors, prefix, naming)
    if prefix != naming.key_prefix:
        doubted.append(f"all {len(tensors)} names begin with {prefix!r}")
        fields["key_prefix"] = prefix
    if doubted:
        thing = "the checkpoint is published in the form of a trainer"
        raise BadInput(thing, doubted, naming.fix(fields))
    found = (replace(t, name=name.removeprefix(prefix)) for name, t in tensors.items())
    return {tensor.name: tensor for tensor in found}


def _common_prefix(names: Iterable[str], shapes: Shapes) -> str:
    """What stands before the names of the architecture; "" when nothing does, or too little."""
    names = list(names)
    missing = shapes.keys() - set(names)
    if not missing:
        return ""
    ends = ((name, _end_in(name, missing)) for name in names if name not in shapes)
    counted = Counter(name.removesuffix(end) for name, end in ends if end)
    for prefix, _ in counted.most_common(1):
        # A lone name that ends like a missing one is no prefix, unless trainers write it.
        if all(name.startswith(prefix) for name in names) or _of_a_trainer(prefix):
            return prefix
    return ""


def _end_in(name: str, wanted: Iterable[str]) -> str | None:
    """The longest end of a name, cut at a dot, that is wanted."""
    parts = name.split(".")
    ends = (".".join(parts[cut:]) for cut in range(1, len(parts)))
    return next((end for end in ends if end in wanted), None)


def _of_a_trainer(prefix: str) -> bool:
    return set(prefix.removesuffix(".").split(".")) <= OF_TRAINERS


def _mixed(names: Iterable[str], prefix: str, naming: Naming) -> BadInput:
    """The error about a prefix that only some names have; the fewer ones are listed."""
    names = list(names)
    with_it = [name for name in names if name.startswith(prefix)]
    without = [name for name in names if not name.startswith(prefix)]
    stated = " as the catalog says" if naming.key_prefix else ""
    few = without if with_it and len(without) < len(with_it) else with_it or without
    which = "these do not" if few is without else "these do"
    return BadInput(
        f"{len(with_it)} of {len(names)} names begin with {prefix!r}{stated}, {which}",
        few,
        "correct key_prefix in the model's row in wmtp_assets/models"
        if naming.key_prefix
        else "no field accepts a mix of names; fetch the raw files anew, or ask who published them",
    )
