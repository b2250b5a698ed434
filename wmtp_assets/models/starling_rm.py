"""The Starling reward model, optional: a LLaMA with a value head, its dtype kept as published."""

from wmtp_assets.catalog import Files, Implementation, Model, Repo
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.files import file_io
from wmtp_assets.folders import ModelFolder
from wmtp_assets.models import configs
from wmtp_assets.models.checkpoint.tensors import main_dtype
from wmtp_assets.models.configs import CONFIG
from wmtp_assets.models.llama import config_geometry
from wmtp_assets.models.row import (
    CONFIGS,
    METADATA,
    SAFETENSORS,
    Configs,
    Job,
    ModelRow,
    StoredForm,
)
from wmtp_assets.models.safetensors.convert import SOURCE_DTYPES
from wmtp_assets.models.safetensors.findings import DTYPE_KEPT, kept_dtype_finding
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.safetensors.plan import kept_dtype
from wmtp_assets.models.shared_propositions import stated
from wmtp_assets.models.stored_model import StoredModel
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tensor_shapes import ModelSettings, Shapes, llama_shapes, whole


def starling_shapes(config: ModelSettings) -> Shapes:
    """Tensors of the model: a LLaMA below `model.` and a value head.

    Source of the layout: the loading code on the card of Starling-RM-7B-alpha.

    Raises:
        BadInput: A setting is missing, or the settings contradict each other.
    """
    shapes = {f"model.{name}": shape for name, shape in llama_shapes(config).items()}
    return shapes | {"v_head.weight": (1, whole(config, "hidden_size"))}


STARLING = Implementation(
    name="starling-reward-model",
    settings_file=CONFIG,
    shapes=starling_shapes,
    width="hidden_size",
    heads="num_attention_heads",
    architecture=config_geometry,
    freqs_cis="not stored; computed from rope_theta by transformers",
    library="safetensors",
    loading="""
from safetensors import safe_open

with safe_open("path/to/this/folder/safetensors/model.safetensors", "pt") as file:
    value_head = file.get_tensor("v_head.weight")
""",
    second_names={"transformer.": "model.model."},
)

_PUBLISHED = Model(
    name="starling_rm",
    folder="starling-rm-7b",
    implementation=STARLING,
    repo=Repo(
        id="berkeley-nest/Starling-RM-7B-alpha",
        kind="model",
        revision="main",
        licence="LLaMA 2 Community License; trained on Nectar, non-commercial use",
        licence_name="llama2-and-non-commercial",
        pins={
            "config.json": "dde3c35a539ac57a4a30238d7398a8e9333932a154e227ee455905f8b65d2c95",
            "pytorch_model.bin": "e822738b1730aee4bcd4695d25836907dd3b98dff1ac112260d89c2085c0a743",
        },
    ),
    raw=(Files("pytorch_model.bin"), Files("config.json")),
    checkpoint="pytorch_model.bin",
    geometry={
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "vocab_size": 32000,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-05,
        "tie_word_embeddings": False,
    },
    parameters=6_738_419_712,
    dtype="bfloat16",
    raw_bytes=26_691_526_656,
    status="optional",
)


def _write_configs(model: Model, folder: ModelFolder) -> Configs:
    config = read_object(folder.raw / CONFIG)
    configs.require_geometry(config, model.geometry, folder.raw / CONFIG)
    dtype = kept_dtype(model, config, folder)
    file = file_io.write_json(folder.configs / CONFIG, configs.with_dtype(config, dtype))
    return Configs([file], {"dtype": dtype})


def _config(stored: StoredModel) -> dict[str, Finding]:
    config = read_object(stored.folder.configs / CONFIG)
    return {configs.GEOMETRY: configs.geometry_finding(config, stored.row.geometry)}


def _as_published(stored: StoredModel) -> dict[str, Finding]:
    return {configs.REST_AS_PUBLISHED: configs.published_finding(stored.folder, (CONFIG,))}


def _kept_dtype(stored: StoredModel) -> dict[str, Finding]:
    header = read_header(stored.folder.weights)
    published = (stored.state.metadata or {}).get(SOURCE_DTYPES, {})
    return {DTYPE_KEPT: kept_dtype_finding(header, published, stored.row.dtype)}


def _says_dtype(stored: StoredModel) -> dict[str, Finding]:
    dtype = main_dtype(read_header(stored.folder.weights).tensors.values())
    config = read_object(stored.folder.configs / CONFIG)
    return {configs.SAYS_DTYPE: configs.dtype_finding(config, dtype)}


_FORM = StoredForm(
    write_configs=_write_configs,
    configs="config.json; says the dtype of the stored weights.",
    safetensors="weights: safetensors, names and dtype as published.",
    has_tokenizer=False,
    checks={
        CONFIGS: (
            CheckGroup(_config, stated(configs.GEOMETRY)),
            CheckGroup(_as_published, stated(configs.REST_AS_PUBLISHED)),
        ),
        SAFETENSORS: (
            CheckGroup(
                _kept_dtype,
                {
                    DTYPE_KEPT: ours(
                        "Every tensor has the dtype of the published one",
                        "this project keeps the dtype",
                    )
                },
            ),
        ),
        METADATA: (
            CheckGroup(
                _says_dtype,
                {
                    configs.SAYS_DTYPE: ours(
                        "config.json says the dtype of the weights",
                        "this project copied it, and loaders cast by it",
                    )
                },
            ),
        ),
    },
)

STARLING_RM = ModelRow(
    published=_PUBLISHED,
    form=_FORM,
    title="Starling reward model",
    release="Starling-RM-7B-alpha",
    raw="Starling reward model (optional): checkpoint as published.",
    metadata="metadata.json and card; status optional.",
    group="reward",
    job=Job("reward_model", "Materializes and checks the optional Starling reward model."),
)
