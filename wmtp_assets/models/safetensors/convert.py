"""A published checkpoint -> one safetensors file, in one bounded pass.

Header first, then the tensors in the order of the source, so that both files are read and written
front to back; two threads hash and write what the main thread has cast. Nothing appears under the
final name before every value was looked at. Not here: which tensors (selection.py), the folder
around the file (the assets).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wmtp_assets.errors import MAX_CULPRITS_SHOWN, BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.models.checkpoint.naming import PLAIN, Naming
from wmtp_assets.models.checkpoint.selection import (
    Dropped,
    require_computed_values,
    require_equal_duplicates,
)
from wmtp_assets.models.checkpoint.tensors import (
    AHEAD,
    TensorAt,
    TensorReader,
    as_bytes,
    as_values,
    chunk_buffers,
)
from wmtp_assets.models.safetensors.cast import Caster, CastLoss, cast_target, one_torch_thread
from wmtp_assets.models.safetensors.plan import plan_conversion
from wmtp_assets.models.tensor_shapes import Shapes
from wmtp_assets.progress import Progress

SOURCE_DTYPES = "source_dtypes"
WORST = 20


@dataclass(frozen=True)
class ConvertedModel:
    """What a conversion did.

    Attributes:
        source_bytes: Bytes of the tensors that were read.
        source_dtypes: Dtype -> number of published tensors that are stored.
        without_crc: Published files whose zip has no CRCs; their SHA-256 stands for them.
        losses: What the cast did, for each tensor that was cast.
    """

    file: StoredFile
    parameters: int
    tensors: int
    source_bytes: int
    source_dtypes: Mapping[str, int]
    dropped: Mapping[str, str]
    wrapped_in: str
    besides: tuple[str, ...]
    without_crc: tuple[str, ...]
    key_prefix: str
    losses: tuple[CastLoss, ...]

    def as_metadata(self) -> dict[str, Any]:
        """The numbers for the record; the losses of the 20 tensors with the largest error."""
        worst = sorted(self.losses, key=lambda loss: (-loss.largest_error, loss.name))
        return {
            "parameters": self.parameters,
            "tensors": self.tensors,
            "source_bytes": self.source_bytes,
            SOURCE_DTYPES: dict(self.source_dtypes),
            "dropped_tensors": len(self.dropped),
            "dropped": dict(self.dropped),
            "wrapped_in": self.wrapped_in,
            "left_out_beside_the_tensors": self.besides,
            "files_without_crc": self.without_crc,
            "key_prefix": self.key_prefix,
            "values_became_subnormal": sum(loss.became_subnormal for loss in self.losses),
            "values_became_zero": sum(loss.became_zero for loss in self.losses),
            "largest_rounding_error": max((x.largest_error for x in self.losses), default=0.0),
            "worst_tensors": [asdict(loss) for loss in worst[:WORST]],
        }


def convert(
    source: Path,
    target: Path,
    shapes: Shapes,
    *,
    dropped: tuple[Dropped, ...] = (),
    dtype: str = "float16",
    naming: Naming = PLAIN,
    report: Callable[[str], None] = lambda line: None,
) -> ConvertedModel:
    """Convert a checkpoint of exactly these tensors.

    Args:
        source: A torch zip checkpoint, or the index.json of several.
        target: Where the safetensors file appears, whole or not at all.
        shapes: Tensor name -> shape, nothing missing and nothing more.
        dropped: Rules for published tensors that are not stored.
        dtype: "float16" casts floating-point tensors; anything else keeps them as published.
        naming: What the catalog says of the published names; they are stored without it.

    Raises:
        BadInput: An unsound source, other tensors than `shapes` or too small a disk (before the
            first byte of weights), dropped tensors that must not be, values that are not finite
            before or after the cast.
    """
    plan = plan_conversion(source, shapes, dropped=dropped, dtype=dtype, naming=naming)
    kept, checkpoint = plan.kept, plan.checkpoint
    file_io.require_free_space(target.parent, plan.size_bytes)
    require_computed_values(plan.selection)
    require_equal_duplicates(plan.selection)
    source_bytes = sum(t.size_bytes for t in kept)
    progress = Progress(f"{target.name} from {source.name}", source_bytes, report)
    caster = Caster(dtype)
    file = write_chunks(target, plan.header, _cast_all(kept, dtype, caster, progress))
    return ConvertedModel(
        file=file,
        parameters=sum(t.elements for t in kept),
        tensors=len(kept),
        source_bytes=source_bytes,
        source_dtypes=plan.source_dtypes,
        dropped=plan.selection.dropped,
        wrapped_in=checkpoint.wrapped_in,
        besides=checkpoint.besides,
        without_crc=checkpoint.without_crc,
        key_prefix=naming.key_prefix,
        losses=tuple(caster.losses.values()),
    )


def write_chunks(target: Path, header: bytes, chunks: Iterable[memoryview]) -> StoredFile:
    """Write a header and chunks; a chunk must stay as it is until AHEAD more were asked for."""
    with (
        file_io.atomic_writer(target) as out,
        ThreadPoolExecutor(1) as hasher,
        ThreadPoolExecutor(1) as writer,
    ):
        pending = deque([hasher.submit(out.hash, header), writer.submit(out.put, header)])
        for chunk in chunks:
            pending += hasher.submit(out.hash, chunk), writer.submit(out.put, chunk)
            while len(pending) > 2 * AHEAD:
                pending.popleft().result()
        for last in pending:
            last.result()
    return StoredFile(target, out.size_bytes, out.sha256)


def _cast_all(
    kept: Sequence[TensorAt], dtype: str, caster: Caster, progress: Progress
) -> Iterator[memoryview]:
    """Yield the bytes to store, chunk by chunk."""
    buffers = chunk_buffers()
    with TensorReader() as reader, one_torch_thread():
        for tensor, chunk in reader.chunks_of(kept):
            out = as_values(buffers.next(), cast_target(tensor, dtype), len(chunk))
            caster.cast(tensor, chunk, out)
            progress.advance(len(chunk) * chunk.element_size())
            if len(caster.bad) >= MAX_CULPRITS_SHOWN:
                break
            yield as_bytes(out)
    if caster.bad:
        raise BadInput(
            f"values that are or become infinite or no number, first of {len(caster.bad)} tensors",
            list(caster.bad.values()),
            "the weights cannot be stored in this dtype; nothing was written",
        )
