"""The config files of the stored models: params.json, meta_adapter.yaml, config.json.

Training code splats params.json into a dataclass that knows twelve names, so the file has no other
key; whatever else is worth saying goes into meta_adapter.yaml and metadata.json.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Model
from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import TINY_BYTES, read_small
from wmtp_assets.files.strict import parse_yaml
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import (
    ModelSettings,
    Shapes,
    ffn_width,
    meta_mtp_shapes,
    ratio,
    whole,
)

PARAMS = "params.json"
ADAPTER = "meta_adapter.yaml"
CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"

PARAMS_KEYS = frozenset(
    {
        "dim",
        "n_layers",
        "n_heads",
        "n_kv_heads",
        "vocab_size",
        "multiple_of",
        "ffn_dim_multiplier",
        "norm_eps",
        "n_future_tokens",
        "rope_theta",
        "max_batch_size",
        "max_seq_len",
    }
)
# Of them, what meta_adapter.yaml and the model are computed from.
PARAMS_NEEDED = {
    **dict.fromkeys(("dim", "n_layers", "n_heads", "n_future_tokens"), whole),
    **dict.fromkeys(("rope_theta", "norm_eps"), ratio),
    **dict.fromkeys(("vocab_size", "multiple_of"), whole),
}
# transformers 4 reads the first name, transformers 5 the second.
DTYPE_KEYS = ("torch_dtype", "dtype")

ONLY_KNOWN_KEYS = "params_json_has_only_known_keys"
AS_PUBLISHED = "rope_theta_and_future_tokens_as_published"
GEOMETRY = "settings_match_catalog_geometry"
ADAPTER_AGREES = "meta_adapter_agrees_with_params"
SAYS_DTYPE = "config_json_says_stored_dtype"
REST_AS_PUBLISHED = "settings_equal_source_but_for_dtype"


def model_settings(model: Model, folder: ModelFolder) -> dict[str, Any]:
    """What the file in a stored model's configs/ states.

    Raises:
        BadInput: The file is missing or no JSON object.
    """
    return read_object(folder.configs / model.implementation.settings_file)


def model_shapes(model: Model, folder: ModelFolder) -> Shapes:
    """Names and shapes of a stored model's tensors, from the file in its configs/.

    Raises:
        BadInput: The file is missing or does not state a whole model.
    """
    return model.implementation.shapes(model_settings(model, folder))


def require_geometry(settings: ModelSettings, geometry: ModelSettings, path: Path) -> None:
    """Refuse settings that are not those of the catalog.

    Raises:
        BadInput: All settings that differ.
    """
    finding = geometry_finding(settings, geometry)
    if not finding.passed:
        raise BadInput(
            f"{path.name} is not of the catalog's model",
            finding.evidence["culprits"],
            "compare the repository with geometry in wmtp_assets/models",
        )


def require_known_params(params: ModelSettings, path: Path) -> None:
    """Refuse a params.json that training code could not read.

    Raises:
        BadInput: All keys beyond the twelve.
    """
    unknown = sorted(params.keys() - PARAMS_KEYS)
    if unknown:
        raise BadInput(
            f"{path.name} has keys that training code refuses",
            unknown,
            "add them to PARAMS_KEYS only when the training code knows them",
        )


def adapter_of(params: ModelSettings, dtype: str = "float16") -> dict[str, Any]:
    """The content of meta_adapter.yaml, computed from params.json (plan, Step 3.3)."""
    return {
        "dim": params["dim"],
        "num_layers": params["n_layers"],
        "n_heads": params["n_heads"],
        "n_kv_heads": params.get("n_kv_heads", params["n_heads"]),
        "n_future_tokens": params["n_future_tokens"],
        "intermediate_size": ffn_width(params),
        "rope_theta": params["rope_theta"],
        "norm_eps": params["norm_eps"],
        "vocab_size": params["vocab_size"],
        "dtype": dtype,
    }


def adapter_bytes(adapter: Mapping[str, Any]) -> bytes:
    """meta_adapter.yaml, in the order of the mapping."""
    import yaml

    return yaml.safe_dump(dict(adapter), sort_keys=False).encode()


def read_adapter(path: Path) -> dict[str, Any]:
    """Read meta_adapter.yaml.

    Raises:
        BadInput: Missing, or no plain YAML mapping.
    """
    try:
        value = parse_yaml(read_small(path, limit=TINY_BYTES))
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error
    except ValueError as error:
        message = f"not valid YAML ({error})"
        raise BadInput(message, [path], "materialize its asset anew") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadInput("not a YAML mapping of names", [path], "materialize its asset anew")
    return value


def with_dtype(config: ModelSettings, dtype: str) -> dict[str, Any]:
    """A published config.json that says in which dtype the weights are stored now."""
    return {**config, **dict.fromkeys(DTYPE_KEYS, dtype)}


def known_keys_finding(params: ModelSettings) -> Finding:
    """Whether params.json stays within the twelve names."""
    unknown = sorted(params.keys() - PARAMS_KEYS)
    good = f"{len(params)} keys, all among the {len(PARAMS_KEYS)} that training code knows"
    return verdict(unknown, good, "keys that training code refuses", keys=len(params))


def geometry_finding(
    settings: ModelSettings, geometry: ModelSettings, names: tuple[str, ...] = ()
) -> Finding:
    """Compare settings with the catalog: all of its geometry, or some names of it."""
    wanted = {name: geometry[name] for name in names or geometry}
    found = {name: settings[name] for name in wanted if name in settings}
    finding = compare("settings", wanted, found)
    return Finding(finding.passed, finding.summary, {**finding.evidence, "settings": found})


def adapter_finding(params_path: Path, adapter_path: Path, dtype: str) -> Finding:
    """Whether meta_adapter.yaml says what follows from params.json."""
    expected = adapter_of(read_params(params_path), dtype)
    return compare("settings", expected, read_adapter(adapter_path))


def dtype_finding(config: ModelSettings, dtype: str) -> Finding:
    """Whether config.json says the stored dtype under both names."""
    stated = {key: config.get(key) for key in DTYPE_KEYS}
    return compare("dtype statements", dict.fromkeys(DTYPE_KEYS, dtype), stated)


def published_finding(folder: ModelFolder, names: tuple[str, ...]) -> Finding:
    """Whether JSON files of configs/ are those of raw/, the dtype that they state aside.

    raw/ may be removed once the model is stored: then a file passes as its bytes check proves it.
    """
    expected, found, compared = {}, {}, []
    for name in names:
        ours = read_object(folder.configs / name)
        if not (folder.raw / name).is_file():
            continue
        compared.append(name)
        theirs = read_object(folder.raw / name)
        expected |= {f"{name} {k}": v for k, v in theirs.items() if k not in DTYPE_KEYS}
        found |= {f"{name} {k}": v for k, v in ours.items() if k not in DTYPE_KEYS}
    finding = compare("settings", expected, found)
    absent = sorted(set(names) - set(compared))
    summary = finding.summary + (f"; no longer in raw/: {', '.join(absent)}" if absent else "")
    return Finding(finding.passed, summary, {**finding.evidence, "compared": compared})


def read_params(path: Path) -> dict[str, Any]:
    """Read params.json with every setting that meta_adapter.yaml and the model need.

    Raises:
        BadInput: Missing, no JSON object, or settings that are missing or no model's.
    """
    params = read_object(path)
    wrong = []
    for name, read in PARAMS_NEEDED.items():
        try:
            read(params, name)
        except BadInput as error:
            wrong += error.culprits
    if wrong:
        raise BadInput(
            f"{path.name} lacks settings of a model", wrong, "materialize its asset anew"
        )
    meta_mtp_shapes(params)  # refuses what contradicts itself
    return params
