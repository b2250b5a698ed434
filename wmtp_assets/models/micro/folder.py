"""A micro model's folder: written as planned, and described."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets.catalog import STORAGE_VERSION, Catalog, Micro
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.file_io import StoredFile
from wmtp_assets.hub.lock import locked_revision
from wmtp_assets.models.card import build_card
from wmtp_assets.models.checkpoint.tensors import (
    CHUNK_ELEMENTS,
    TensorAt,
    TensorReader,
    as_bytes,
)
from wmtp_assets.models.configs import CONFIG, GENERATION_CONFIG, PARAMS
from wmtp_assets.models.metadata import FIELDS, stored_facts
from wmtp_assets.models.micro.cuts import DTYPE, ROW_FIX, TARGET_DEVICE, MicroPlan, TensorCut
from wmtp_assets.models.micro.origin import origin_of, plan_of
from wmtp_assets.models.micro.row import MicroRow
from wmtp_assets.models.safetensors.cast import one_torch_thread
from wmtp_assets.models.safetensors.convert import write_chunks
from wmtp_assets.models.safetensors.header import TensorSpec, header_bytes, read_header
from wmtp_assets.models.tokenizer.files import TOKENIZER_FILES
from wmtp_assets.store import Store

if TYPE_CHECKING:
    import torch

MICRO_FIELDS = FIELDS | {"target_device", "kept"}


def cut_sources(source: Path, cuts: tuple[TensorCut, ...]) -> list[TensorAt]:
    """The tensors that a plan cuts, in its order.

    Raises:
        BadInput: The source is unsound, or lacks a tensor or a part of one.
    """
    header, fix = read_header(source), "materialize its asset anew"
    missing = sorted({cut.source for cut in cuts} - header.tensors.keys())
    if missing:
        raise BadInput(f"{source.name} lacks tensors", missing, fix)
    tensors = [header.tensors[cut.source] for cut in cuts]
    small = [
        f"{tensor.name} is {tensor.form}, {list(cut.shape)} wanted"
        for tensor, cut in zip(tensors, cuts, strict=True)
        if len(tensor.shape) != len(cut.shape)
        or any(a < b for a, b in zip(tensor.shape, cut.shape, strict=True))
    ]
    if small:
        raise BadInput(f"{source.name} has too small tensors", small, fix)
    return tensors


def leading_part(
    reader: TensorReader, tensor: TensorAt, shape: tuple[int, ...]
) -> "Iterator[torch.Tensor]":
    """Yield the values of the leading part in this shape, flat, some rows at a time.

    Neither read whole nor mapped: the pages of a map count as memory of the process.

    Raises:
        BadInput: The file ends inside the tensor; both are named.
    """
    row = math.prod(tensor.shape[1:])
    most = max(1, CHUNK_ELEMENTS // max(1, row))
    for start in range(0, shape[0], most):
        rows = min(most, shape[0] - start)
        read = reader.whole(tensor.values(start * row, rows * row))
        kept = read.reshape(rows, *tensor.shape[1:])
        yield kept[tuple(slice(0, size) for size in (rows, *shape[1:]))].flatten()


def write_micro(here: Store, catalog: Catalog, micro: Micro) -> tuple[StoredFile, ...]:
    """Write everything of a micro model but card and metadata.json; SHA256SUMS last.

    Raises:
        BadInput: The origin is missing or unsound, or the file would be larger than allowed.
    """
    plan, origin = plan_of(here, catalog, micro), origin_of(here, catalog, micro)
    folder = here.model(micro.folder)
    weights = _write_weights(origin.folder.weights, folder.weights, plan, micro)
    configs = [file_io.write_json(folder.configs / CONFIG, dict(plan.config))]
    if plan.params is not None:
        configs.append(file_io.write_json(folder.configs / PARAMS, dict(plan.params)))
    else:
        generation = origin.folder.configs / GENERATION_CONFIG
        configs.append(file_io.copy_file(generation, folder.configs / GENERATION_CONFIG))
    tokenizer = [
        file_io.copy_file(origin.folder.tokenizer / name, folder.tokenizer / name)
        for name in TOKENIZER_FILES
    ]
    # Like ref_sheared: with these beside the weights, transformers opens the folder.
    beside = [
        file_io.copy_file(file.path, folder.safetensors / file.path.name)
        for file in (*configs, *tokenizer)
        if plan.params is None
    ]
    sums = file_io.write_sums(folder.sums, [weights, *beside])
    return (weights, *configs, *tokenizer, *beside, sums)


def describe_micro(here: Store, catalog: Catalog, micro: Micro) -> dict[str, Any]:
    """The content of metadata.json, `created_at` aside: what disk, catalog and lock say now.

    Raises:
        BadInput: A file is missing or unsound; it is named.
    """
    origin, plan = origin_of(here, catalog, micro), plan_of(here, catalog, micro)
    sums = file_io.read_sums(origin.folder.sums)
    return stored_facts(here.model(micro.folder)) | {
        **origin.model.repo.marked,
        "model_name": micro.folder,
        "catalog": catalog.name,
        "version": STORAGE_VERSION,
        "implementation": origin.model.implementation.name,
        "status": "test",
        "target_device": TARGET_DEVICE,
        "architecture": dict(plan.params or plan.config),
        "tokenizer_shared_with": catalog.model("meta_mtp").folder,
        "source": {
            "model": origin.folder.root.name,
            "sha256": sums.get(origin.folder.weights.name),
            "repo": origin.model.repo.id,
            "url": origin.model.repo.url,
            "revision": locked_revision(here.lock, origin.model.repo),
        },
        "kept": dict(plan.kept),
        "licence": origin.model.repo.licence,
        "freqs_cis_handling": origin.model.implementation.freqs_cis,
        "fsdp_compatible": True,
    }


def micro_card(here: Store, catalog: Catalog, row: MicroRow, facts: Mapping[str, Any]) -> bytes:
    """The content of README.md, of what metadata.json states."""
    model = origin_of(here, catalog, catalog.micro(row.name)).model
    return build_card(facts, row.description, model.repo, model.implementation)


def _write_weights(source: Path, target: Path, plan: MicroPlan, micro: Micro) -> StoredFile:
    planned = [TensorSpec(cut.target, DTYPE, cut.shape) for cut in plan.cuts]
    header = header_bytes(planned)
    size = len(header) + sum(tensor.size_bytes for tensor in planned)
    if micro.max_bytes is not None and size >= micro.max_bytes:
        raise BadInput(
            f"{micro.folder} would have {size:,} bytes, allowed are fewer than {micro.max_bytes:,}",
            [target.name],
            ROW_FIX,
        )
    wrong = [
        f"{tensor.name} is {tensor.dtype}"
        for tensor in read_header(source).tensors.values()
        if tensor.dtype != DTYPE
    ]
    if wrong:
        raise BadInput(f"{source.name} is not {DTYPE}", wrong, "materialize its asset anew")
    file_io.require_free_space(target.parent, size)
    tensors = cut_sources(source, plan.cuts)
    with TensorReader() as reader, one_torch_thread():
        parts = (
            as_bytes(part)
            for tensor, cut in zip(tensors, plan.cuts, strict=True)
            for part in leading_part(reader, tensor, cut.shape)
        )
        return write_chunks(target, header, parts)
