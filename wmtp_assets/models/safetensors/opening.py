"""Opening a stored LLaMA folder with transformers, offline, and saying why it does not open."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wmtp_assets.checking.findings import Finding, compare
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.strict import brief
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.configs import CONFIG, GENERATION_CONFIG
from wmtp_assets.models.safetensors.findings import shapes_finding
from wmtp_assets.models.safetensors.header import Header, read_header
from wmtp_assets.models.safetensors.no_code import require_no_code
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import llama_shapes
from wmtp_assets.models.tokenizer.files import TOKENIZER_FILES

if TYPE_CHECKING:
    import torch

OPENS = "opens_with_transformers"
# What PreTrainedConfig makes of any config: a name for each of so many labels, kernels by name.
ALSO_BUILT = ("num_labels", "id2label", "label2id", "attn_implementation", "quantization_config")
MODEL_TYPE = "llama"
WEIGHTS = "model.safetensors"
COPIES = "copied_files_equal_their_originals"


def beside_weights(folder: ModelFolder) -> list[Path]:
    """The stored files that transformers needs next to the weights."""
    configs = [folder.configs / name for name in (CONFIG, GENERATION_CONFIG)]
    return configs + [folder.tokenizer / name for name in TOKENIZER_FILES]


def copies_finding(stored: ModelFolder) -> Finding:
    """Whether the files beside the weights have the bytes of the stored ones."""
    folder = stored.safetensors
    expected = {path.name: file_io.sha256_of(path) for path in beside_weights(stored)}
    found = {
        name: file_io.sha256_of(folder / name) for name in expected if (folder / name).is_file()
    }
    return compare("copied files", expected, found)


def require_stated_model(folder: Path) -> None:
    """Refuse a folder whose config.json states another model than its weights are.

    transformers builds whatever a config states before it looks at a weight: 10^9 blocks, 10^9
    labels, a mixture of experts.

    Raises:
        BadInput: It is no LLaMA, or tensors differ from the header of the weights; all are named.
    """
    config, header = read_object(folder / CONFIG), read_header(folder / WEIGHTS)
    found = shapes_finding(header, llama_shapes(config))
    wrong = [] if found.passed else [found.summary]
    if config.get("model_type") != MODEL_TYPE:
        wrong.append(f"model_type is {brief(config.get('model_type'))}")
    wrong += [f"it has {name}" for name in ALSO_BUILT if name in config]
    if wrong:
        message = f"not opened: {CONFIG} states another model than {WEIGHTS} is"
        raise BadInput(message, wrong, "materialize its asset anew")


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
    require_stated_model(folder)
    with _explained(folder):
        from transformers.models.auto.configuration_auto import AutoConfig
        from transformers.models.auto.modeling_auto import AutoModelForCausalLM

        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
        state = {name: list(t.shape) for name, t in model.state_dict().items()}
        if config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        stated = str(config.dtype).removeprefix("torch.")
    found = {name: list(tensor.shape) for name, tensor in header.tensors.items()}
    expected = {**state, "dtype": stated}
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
    require_stated_model(folder)
    with _explained(folder), _no_progress_bar():
        from transformers.models.auto.modeling_auto import AutoModelForCausalLM

        loaded = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            dtype=dtype or "auto",
        )
        model, loading = cast(Any, loaded)  # declared as the model alone
    complaints = [
        f"{kind}: {name}"
        for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs")
        for name in sorted(map(str, loading.get(kind) or ()))
    ]
    return Opened(model, tuple(complaints))
