"""LLaMA of transformers: the implementation, and the form in which such models are stored.

A float16 folder that transformers opens by itself, offline: config.json that says the dtype, and
configs and tokenizer beside the weights.
"""

from typing import Any

from wmtp_assets.catalog import Implementation, Model
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.files import file_io
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models import configs
from wmtp_assets.models.configs import CONFIG, GENERATION_CONFIG
from wmtp_assets.models.row import CONFIGS, SAFETENSORS, Configs, StoredForm
from wmtp_assets.models.safetensors import opening
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.shared_propositions import stated
from wmtp_assets.models.stored_model import StoredModel
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import llama_shapes
from wmtp_assets.models.tokenizer import findings as tokenizers


def config_geometry(model: Model, folder: ModelFolder) -> dict[str, Any]:
    """What config.json states of the geometry of the catalog."""
    config = read_object(folder.configs / CONFIG)
    return {name: config.get(name) for name in model.geometry}


LLAMA = Implementation(
    name="llama",
    settings_file=CONFIG,
    shapes=llama_shapes,
    width="hidden_size",
    heads="num_attention_heads",
    architecture=config_geometry,
    freqs_cis="not stored (inv_freq buffers dropped); computed from rope_theta by transformers",
    library="transformers",
    loading="""
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "path/to/this/folder/safetensors"  # on the Hub these files lie at the top
model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
tokenizer = AutoTokenizer.from_pretrained(folder)
""",
)


def _write_configs(model: Model, folder: ModelFolder) -> Configs:
    config, generation = read_object(folder.raw / CONFIG), folder.raw / GENERATION_CONFIG
    configs.require_geometry(config, model.geometry, folder.raw / CONFIG)
    read_object(generation)
    files = (
        file_io.write_json(folder.configs / CONFIG, configs.with_dtype(config, model.dtype)),
        file_io.copy_file(generation, folder.configs / GENERATION_CONFIG),
    )
    return Configs(files, {"dtype": model.dtype})


def _config(stored: StoredModel) -> dict[str, Finding]:
    config = read_object(stored.folder.configs / CONFIG)
    return {
        configs.SAYS_DTYPE: configs.dtype_finding(config, stored.row.dtype),
        configs.GEOMETRY: configs.geometry_finding(config, stored.row.geometry),
    }


def _as_published(stored: StoredModel) -> dict[str, Finding]:
    files = (CONFIG, GENERATION_CONFIG)
    return {configs.REST_AS_PUBLISHED: configs.published_finding(stored.folder, files)}


def _opens(stored: StoredModel) -> dict[str, Finding]:
    folder = stored.folder
    copies = opening.copies_finding(folder)
    if not copies.passed:
        unopened = Finding(False, f"not opened: {copies.summary}", copies.evidence)
        return {
            opening.COPIES: copies,
            opening.OPENS: unopened,
            tokenizers.AUTO_IDS_EQUAL: unopened,
        }
    return {
        opening.COPIES: copies,
        opening.OPENS: opening.skeleton_finding(folder.safetensors, read_header(folder.weights)),
        tokenizers.AUTO_IDS_EQUAL: tokenizers.auto_ids_finding(folder.safetensors),
    }


LLAMA_FORM = StoredForm(
    write_configs=_write_configs,
    configs="configs: config.json that says float16, generation_config.json.",
    safetensors="weights: merged float16 folder that transformers opens offline.",
    beside=opening.beside_weights,
    checks={
        CONFIGS: (
            CheckGroup(
                _config,
                {
                    configs.SAYS_DTYPE: ours(
                        "config.json says float16, as the stored weights are",
                        "this project cast the weights and wrote it",
                    ),
                    **stated(configs.GEOMETRY),
                },
            ),
            CheckGroup(_as_published, stated(configs.REST_AS_PUBLISHED)),
        ),
        SAFETENSORS: (
            CheckGroup(
                _opens,
                {
                    **stated(opening.COPIES),
                    opening.OPENS: ours(
                        "transformers opens the folder offline: config against header",
                        "this project completed the folder",
                    ),
                    tokenizers.AUTO_IDS_EQUAL: ours(
                        "AutoTokenizer on the folder gives right ids",
                        "this project built tokenizer.json, and wrong ids show no error",
                    ),
                },
            ),
        ),
    },
)
