"""The checks of the Starling reward model."""

from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.models import configs
from wmtp_assets.models.checkpoint.tensors import main_dtype
from wmtp_assets.models.safetensors.convert import SOURCE_DTYPES
from wmtp_assets.models.safetensors.findings import DTYPE_KEPT, kept_dtype_finding
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.shared_checks import METADATA_CHECKS, WEIGHTS_CHECKS
from wmtp_assets.models.stated import stated
from wmtp_assets.models.stored_model import ModelCheckGroup, StoredModel, check_groups_of
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.propositions import ours


def _config(stored: StoredModel) -> dict[str, Finding]:
    config = read_object(stored.folder.configs / configs.CONFIG)
    return {configs.GEOMETRY: configs.geometry_finding(config, stored.row.geometry)}


def _as_published(stored: StoredModel) -> dict[str, Finding]:
    return {configs.REST_AS_PUBLISHED: configs.published_finding(stored.folder, (configs.CONFIG,))}


def _kept_dtype(stored: StoredModel) -> dict[str, Finding]:
    header = read_header(stored.folder.weights)
    published = (stored.state.metadata or {}).get(SOURCE_DTYPES, {})
    return {DTYPE_KEPT: kept_dtype_finding(header, published, stored.row.dtype)}


def _says_dtype(stored: StoredModel) -> dict[str, Finding]:
    dtype = main_dtype(read_header(stored.folder.weights).tensors.values())
    config = read_object(stored.folder.configs / configs.CONFIG)
    return {configs.SAYS_DTYPE: configs.dtype_finding(config, dtype)}


# asset key -> its groups of checks
_TABLE = {
    "starling_rm/configs": (
        ModelCheckGroup(
            _config,
            {
                configs.GEOMETRY: ours(
                    "config.json states the geometry of the catalog",
                    "training builds the model from it",
                )
            },
        ),
        ModelCheckGroup(_as_published, stated(configs.REST_AS_PUBLISHED)),
    ),
    "starling_rm/safetensors": (
        *WEIGHTS_CHECKS,
        ModelCheckGroup(
            _kept_dtype,
            {
                DTYPE_KEPT: ours(
                    "Every tensor has the dtype of the published one",
                    "this project keeps the dtype",
                )
            },
        ),
    ),
    "starling_rm/metadata": (
        METADATA_CHECKS,
        ModelCheckGroup(
            _says_dtype,
            {
                configs.SAYS_DTYPE: ours(
                    "config.json says the dtype of the weights",
                    "this project copied it, and loaders cast by it",
                )
            },
        ),
    ),
}
STARLING_RM_CHECKS = check_groups_of(lambda catalog: catalog.model("starling_rm"), _TABLE)

starling_rm_checks = [checks_on(key, *groups) for key, groups in STARLING_RM_CHECKS.items()]
