"""Opening a stored LLaMA folder with transformers, offline, and saying why it does not open."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wmtp_assets import store
from wmtp_assets.errors import BadInput
from wmtp_assets.findings import Finding, compare
from wmtp_assets.weights.header import Header
from wmtp_assets.weights.no_code import require_no_code

if TYPE_CHECKING:
    import torch

OPENS = "opens_with_transformers"
COPIES = "copied_files_equal_their_originals"


def copies_finding(originals: Iterable[Path], folder: Path) -> Finding:
    """Whether a folder holds the bytes of these files, under the same names."""
    expected = {path.name: store.sha256_of(path) for path in originals}
    found = {name: store.sha256_of(folder / name) for name in expected if (folder / name).is_file()}
    return compare("copied files", expected, found)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what transformers raises on a folder that it cannot open into one error."""
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        yield
    except (
        StrictDataclassError,
        SafetensorError,
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        fix = "materialize its asset anew"
        raise BadInput(f"transformers cannot open it ({first_line})", [folder], fix) from error


@contextlib.contextmanager
def _no_progress_bar() -> Iterator[None]:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def skeleton_finding(folder: Path, header: Header) -> Finding:
    """Whether the model that transformers makes of config.json has the file's names and shapes.

    Reads config and header only; `open_model` reads the weights.

    Raises:
        BadInput: The folder names code, or transformers refuses it.
    """
    import torch

    require_no_code(folder)
    with _explained(folder):
        from transformers import AutoConfig, AutoModelForCausalLM

        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
        state = {name: list(t.shape) for name, t in model.state_dict().items()}
        if config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        said = str(config.dtype).removeprefix("torch.")
    found = {name: list(tensor.shape) for name, tensor in header.tensors.items()}
    expected = {**state, "dtype": said}
    return compare("tensors and dtype", expected, {**found, "dtype": ", ".join(header.dtypes)})


@dataclass(frozen=True)
class Opened:
    """A model as transformers loads it, and what it found missing or left over."""

    model: Any
    complaints: tuple[str, ...]


def open_model(folder: Path, dtype: "torch.dtype | None" = None) -> Opened:
    """Load a folder with AutoModelForCausalLM, offline.

    transformers fills missing tensors with random values and only warns; here they are named.

    Raises:
        BadInput: The folder names code, or transformers refuses it.
    """
    require_no_code(folder)
    with _explained(folder), _no_progress_bar():
        from transformers import AutoModelForCausalLM

        model, loading = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=dtype or "auto",
        )
    complaints = [
        f"{kind}: {name}"
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")
        for name in sorted(map(str, loading.get(kind) or ()))
    ]
    return Opened(model, tuple(complaints))
