"""What a conversion will do, from the pickle index of a checkpoint; no weight is read.

The same plan serves the conversion, the check that compares with the source, and the doctor.
"""

from dataclasses import dataclass
from pathlib import Path

from wmtp_assets.catalog import Model
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.checkpoint.dtypes import stored_dtype
from wmtp_assets.models.checkpoint.naming import PLAIN, Naming, naming_of, plain_tensors
from wmtp_assets.models.checkpoint.selection import (
    Dropped,
    Selection,
    dropped_rules,
    select_tensors,
)
from wmtp_assets.models.checkpoint.shards import index_source
from wmtp_assets.models.checkpoint.tensors import TensorAt, main_dtype
from wmtp_assets.models.checkpoint.torch_zip import Checkpoint
from wmtp_assets.models.safetensors.header import TensorSpec, header_bytes, read_header
from wmtp_assets.models.tensor_shapes import ModelSettings, Shapes


@dataclass(frozen=True)
class ConversionPlan:
    """A conversion before its first byte.

    Attributes:
        checkpoint: As published, with its names.
        selection: Under the names of the architecture.
        kept: The tensors in the order in which they are written.
        size_bytes: Of the file that will be written.
    """

    checkpoint: Checkpoint
    selection: Selection
    kept: tuple[TensorAt, ...]
    header: bytes
    size_bytes: int

    @property
    def source_dtypes(self) -> dict[str, int]:
        """Dtype -> number of published tensors that are stored."""
        names = [tensor.dtype for tensor in self.kept]
        return {name: names.count(name) for name in sorted(set(names))}


def plan_conversion(
    source: Path,
    shapes: Shapes,
    *,
    dropped: tuple[Dropped, ...] = (),
    dtype: str = "float16",
    naming: Naming = PLAIN,
) -> ConversionPlan:
    """Plan the conversion of a checkpoint of exactly these tensors.

    Args:
        source: A torch zip checkpoint, or the index.json of several.
        shapes: Tensor name -> shape, nothing missing and nothing more.
        dropped: Rules for published tensors that are not stored.
        dtype: "float16" casts floating-point tensors; anything else keeps them as published.
        naming: What the catalog says of the published names.

    Raises:
        BadInput: An unsound source, names in a form that the catalog does not name, or other
            tensors than `shapes`.
    """
    checkpoint = index_source(source, naming)
    plain = plain_tensors(
        checkpoint.tensors, shapes, naming, checkpoint.wrapped_in, checkpoint.doubts
    )
    selection = select_tensors(plain, shapes, dropped)
    # Wide values first, so that every tensor is aligned; else the order of the source.
    kept = sorted(selection.kept, key=lambda t: -stored_dtype(t.dtype, dtype).size_bytes)
    planned = [TensorSpec(t.name, stored_dtype(t.dtype, dtype).name, t.shape) for t in kept]
    header = header_bytes(planned)
    size_bytes = len(header) + sum(p.size_bytes for p in planned)
    return ConversionPlan(checkpoint, selection, tuple(kept), header, size_bytes)


def plan_model(model: Model, settings: ModelSettings, source: Path) -> ConversionPlan:
    """Plan the conversion of a catalog row, by the settings of its config file.

    Raises:
        BadInput: As `plan_conversion`, or settings that do not state a whole model.
    """
    return plan_conversion(
        source,
        model.implementation.shapes(settings),
        dropped=dropped_rules(model.implementation, settings),
        dtype=model.dtype,
        naming=naming_of(model),
    )


def kept_dtype(model: Model, settings: ModelSettings, folder: ModelFolder) -> str:
    """The dtype of a model that is stored as published: of its checkpoint, by values.

    Raw files may be removed once the model is stored; then it is that of the stored file.

    Raises:
        BadInput: As `plan_model`.
    """
    source = folder.raw / model.checkpoint
    if folder.weights.is_file() and not source.is_file():
        return main_dtype(read_header(folder.weights).tensors.values())
    return main_dtype(plan_model(model, settings, source).kept)
