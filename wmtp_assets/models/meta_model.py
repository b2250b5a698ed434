"""Meta's multi-token models: the implementation, and the form in which they are stored.

params.json as published, meta_adapter.yaml computed from it, and weights under Meta's names.
"""

from typing import Any

from wmtp_assets.catalog import Implementation, Model
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.files import file_io
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models import configs, metadata
from wmtp_assets.models.configs import ADAPTER, PARAMS
from wmtp_assets.models.row import CONFIGS, METADATA, Configs, StoredForm
from wmtp_assets.models.stored_model import StoredModel
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import meta_mtp_shapes


def _architecture(model: Model, folder: ModelFolder) -> dict[str, Any]:
    adapter = configs.adapter_of(configs.read_params(folder.configs / PARAMS))
    return {name: value for name, value in adapter.items() if name != "dtype"}


META = Implementation(
    name="meta-mtp",
    settings_file=PARAMS,
    shapes=meta_mtp_shapes,
    width="dim",
    heads="n_heads",
    architecture=_architecture,
    freqs_cis="not stored; computed from rope_theta when loading, interleaved (complex) form",
    library="wmtp_assets",
    loading="""
from pathlib import Path

from wmtp_assets.models.mtp_model import load_model

folder = Path("path/to/this/folder")
model = load_model(folder / "configs/params.json", folder / "safetensors/model.safetensors")
""",
)


def _write_configs(model: Model, folder: ModelFolder) -> Configs:
    source = (folder.raw / model.checkpoint).with_name(PARAMS)
    params = configs.read_params(source)
    configs.require_known_params(params, source)
    configs.require_geometry(params, model.geometry, source)
    adapter = configs.adapter_of(params, model.dtype)
    files = (
        file_io.copy_file(source, folder.configs / PARAMS),
        file_io.write_bytes(folder.configs / ADAPTER, configs.adapter_bytes(adapter)),
    )
    return Configs(files, adapter)


def _params(stored: StoredModel) -> dict[str, Finding]:
    params, geometry = read_object(stored.folder.configs / PARAMS), stored.row.geometry
    two = ("rope_theta", "n_future_tokens")
    return {
        configs.ONLY_KNOWN_KEYS: configs.known_keys_finding(params),
        configs.GEOMETRY: configs.geometry_finding(params, geometry),
        configs.AS_PUBLISHED: configs.geometry_finding(params, geometry, two),
    }


def _adapter(stored: StoredModel) -> dict[str, Finding]:
    folder = stored.folder.configs
    found = configs.adapter_finding(folder / PARAMS, folder / ADAPTER, stored.row.dtype)
    return {configs.ADAPTER_AGREES: found}


def _agreement(stored: StoredModel) -> dict[str, Finding]:
    return {metadata.PARAMETERS_AGREE: metadata.agreement_finding(stored.folder)}


META_FORM = StoredForm(
    write_configs=_write_configs,
    configs="configs: params.json as published, meta_adapter.yaml from it.",
    safetensors="weights: float16 safetensors with Meta's key names, SHA256SUMS.",
    configs_kinds=frozenset({"json", "yaml"}),
    checks={
        CONFIGS: (
            CheckGroup(
                _params,
                {
                    configs.ONLY_KNOWN_KEYS: ours(
                        "params.json has no key that training code refuses",
                        "this project wrote it, and training splats it",
                    ),
                    configs.GEOMETRY: ours(
                        "params.json states the geometry of the catalog",
                        "training builds the model from it",
                    ),
                    configs.AS_PUBLISHED: ours(
                        "rope_theta and n_future_tokens are as published",
                        "this project copied them",
                    ),
                },
            ),
            CheckGroup(
                _adapter,
                {
                    configs.ADAPTER_AGREES: ours(
                        "meta_adapter.yaml follows from params.json", "this project wrote it"
                    )
                },
            ),
        ),
        METADATA: (
            CheckGroup(
                _agreement,
                {
                    metadata.PARAMETERS_AGREE: ours(
                        "params.json, meta_adapter.yaml, metadata.json agree",
                        "this project wrote all three",
                    )
                },
            ),
        ),
    },
)
