"""What a micro model must be: small, the slices of its source, and able to learn."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.files import file_io
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.checkpoint.dtypes import has_infinite_or_nan
from wmtp_assets.models.checkpoint.tensors import CHUNK_ELEMENTS, TensorAt, TensorReader
from wmtp_assets.models.configs import CONFIG, PARAMS, PARAMS_KEYS, read_params
from wmtp_assets.models.micro.cuts import MicroPlan, TensorCut
from wmtp_assets.models.micro.folder import cut_sources, leading_part
from wmtp_assets.models.safetensors.cast import one_torch_thread
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.opening import open_model
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tokenizer.files import TOKENIZER_FILES

if TYPE_CHECKING:
    import torch

SMALL_ENOUGH = "file_is_under_50_million_bytes"
CONFIGS_FOLLOW = "configs_follow_from_source_and_catalog"
TOKENIZER_EQUAL = "tokenizer_bytes_equal_source"
EQUAL_SLICES = "tensors_equal_slices_of_source"
EQUAL_TIED = "tensors_equal_tied_model"
FORWARD = "forward_pass_is_finite_with_gradients"

BATCH, SEQ = 2, 12


def size_finding(weights: Path, max_bytes: int) -> Finding:
    """Whether the whole file is smaller than the limit."""
    size = weights.stat().st_size
    sentence = f"{weights.name} has {size:,} bytes, the limit is {max_bytes:,}"
    return Finding(size < max_bytes, sentence, {"file_bytes": size, "max_bytes": max_bytes})


def configs_finding(folder: ModelFolder, plan: MicroPlan) -> Finding:
    """Whether the configs are those of the plan, and params.json stays within the known keys."""
    expected = {f"{CONFIG} {key}": value for key, value in plan.config.items()}
    found = {f"{CONFIG} {k}": v for k, v in read_object(folder.configs / CONFIG).items()}
    unknown = []
    if plan.params is not None:
        params = read_object(folder.configs / PARAMS)
        expected |= {f"{PARAMS} {key}": value for key, value in plan.params.items()}
        found |= {f"{PARAMS} {key}": value for key, value in params.items()}
        unknown = sorted(params.keys() - PARAMS_KEYS)
    if unknown:
        return verdict(unknown, "", "params.json has keys that training code refuses")
    return compare("settings", expected, found)


def tokenizer_finding(mine: Path, source: Path) -> Finding:
    """Whether the four files of a tokenizer folder are copies of the source's."""
    expected, found = (
        {
            name: file_io.sha256_of(folder / name)
            for name in TOKENIZER_FILES
            if (folder / name).exists()
        }
        for folder in (source, mine)
    )
    return compare("tokenizer files", expected, found)


def slices_finding(weights: Path, source: Path, cuts: tuple[TensorCut, ...]) -> Finding:
    """Whether every tensor is the leading part of the source's, bit for bit."""
    header = read_header(weights)
    named = {cut.target for cut in cuts}
    wrong = [f"unexpected {name}" for name in header.tensors if name not in named]
    values = 0
    with TensorReader() as reader, one_torch_thread():
        for cut, tensor in zip(cuts, cut_sources(source, cuts), strict=True):
            stored = header.tensors.get(cut.target)
            if stored is None:
                wrong.append(f"missing {cut.target}")
                continue
            values += stored.elements
            same_kind = (stored.dtype, stored.shape) == (tensor.dtype, cut.shape)
            parts = leading_part(reader, tensor, cut.shape)
            if not same_kind or not _holds(reader, stored, parts):
                wrong.append(f"{cut.target} is not the leading {list(cut.shape)} of {cut.source}")
    return verdict(
        wrong,
        f"{values:,} values of {len(cuts)} tensors equal {source.parent.parent.name} bit for bit",
        f"{len(wrong)} of {len(cuts)} tensors are not slices of the source",
        tensors=len(cuts),
        compared_values=values,
        different=len(wrong),
    )


def mtp_forward_finding(folder: ModelFolder) -> Finding:
    """Run the multi-token model forward and backward, in float32 on the stored values.

    Raises:
        BadInput: The folder does not hold such a model.
    """
    from wmtp_assets.models.mtp_model import load_model

    params = read_params(folder.configs / PARAMS)
    model = load_model(folder.configs / PARAMS, folder.weights)
    wanted = [BATCH, SEQ, params["n_future_tokens"], params["vocab_size"]]
    return run_finding(model, lambda ids: model(ids), wanted)


def llama_forward_finding(folder: Path) -> Finding:
    """Open the folder with transformers, offline, and run it forward and backward in float32.

    Raises:
        BadInput: transformers refuses the folder.
    """
    import torch

    opened = open_model(folder, torch.float32)
    if opened.complaints:
        return verdict(opened.complaints, "", "transformers misses or refuses tensors")
    model = opened.model
    wanted = [BATCH, SEQ, model.config.vocab_size]
    return run_finding(model, lambda ids: model(input_ids=ids).logits, wanted)


def run_finding(model: "torch.nn.Module", forward: Any, wanted: list[int]) -> Finding:
    """Whether logits have this shape and are finite, and every parameter has a finite gradient."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            # Of the rows that are read: all rows take as much memory as the weights again.
            module.sparse = True
    ids = torch.arange(BATCH * SEQ).reshape(BATCH, SEQ) * 997 % wanted[-1]
    with one_torch_thread():
        logits = forward(ids)
        shape = list(logits.shape)
        wrong = [] if shape == wanted else [f"logits {shape}, not {wanted}"]
        if has_infinite_or_nan(logits.detach().flatten()):
            wrong.append("logits are not all finite")
        loss = logits.log_softmax(-1)[..., 0].neg().mean()
        del logits
        gradients = _finite_gradients(model, loss)
    wrong += [f"{name} has no finite gradient" for name, fine in gradients.items() if not fine]
    return verdict(
        wrong,
        f"logits {wanted} and {len(gradients)} gradients are finite, loss {loss.item():.4f}",
        "the model does not run",
        loss=float(loss.detach()) if bool(loss.isfinite()) else None,
        gradients=len(gradients),
    )


def _finite_gradients(model: "torch.nn.Module", loss: "torch.Tensor") -> dict[str, bool]:
    """Parameter -> whether the loss has a finite gradient by it.

    Each is looked at and dropped as it comes: all of them take as much memory as the model.
    """
    finite = {name: False for name, _ in model.named_parameters()}

    def look(name: str, weight: "torch.Tensor") -> None:
        assert weight.grad is not None, name
        grad = weight.grad
        values = grad.coalesce().values() if grad.is_sparse else grad
        parts = values.flatten().split(CHUNK_ELEMENTS)
        finite[name] = not any(map(has_infinite_or_nan, parts))
        weight.grad = None

    for name, weight in model.named_parameters():
        if weight.requires_grad:
            weight.register_post_accumulate_grad_hook(partial(look, name))
    loss.backward()
    return finite


def _holds(reader: TensorReader, stored: TensorAt, parts: "Iterable[torch.Tensor]") -> bool:
    """Whether a tensor is these parts, one after the other, bit for bit."""
    import torch

    start = 0
    for part in parts:
        mine = reader.whole(stored.values(start, len(part)))
        if not torch.equal(mine.view(torch.uint8), part.view(torch.uint8)):
            return False
        start += len(part)
    return True
