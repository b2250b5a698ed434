"""The checks of the Starling reward model."""

from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours
from wmtp_assets.weights import configs
from wmtp_assets.weights.convert import SOURCE_DTYPES
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.readings import METADATA_READING, WEIGHTS_READINGS
from wmtp_assets.weights.stated import stated
from wmtp_assets.weights.stored_model import ModelReading, StoredModel, readings_of
from wmtp_assets.weights.strict_json import read_object
from wmtp_assets.weights.tensors import main_dtype
from wmtp_assets.weights.weights_findings import DTYPE_KEPT, kept_dtype_finding


def _config(stored: StoredModel) -> dict[str, Finding]:
    config = read_object(stored.folder.configs / configs.CONFIG)
    return {configs.GEOMETRY: configs.geometry_finding(config, stored.row.geometry)}


def _as_published(stored: StoredModel) -> dict[str, Finding]:
    return {configs.REST_AS_PUBLISHED: configs.published_finding(stored.folder, (configs.CONFIG,))}


def _kept_dtype(stored: StoredModel) -> dict[str, Finding]:
    header = read_header(stored.folder.weights)
    published = (stored.seen.metadata or {}).get(SOURCE_DTYPES, {})
    return {DTYPE_KEPT: kept_dtype_finding(header, published, stored.row.dtype)}


def _says_dtype(stored: StoredModel) -> dict[str, Finding]:
    dtype = main_dtype(read_header(stored.folder.weights).tensors.values())
    config = read_object(stored.folder.configs / configs.CONFIG)
    return {configs.SAYS_DTYPE: configs.dtype_finding(config, dtype)}


# asset key -> its readings
_TABLE = {
    "starling_rm/configs": (
        ModelReading(
            _config,
            {
                configs.GEOMETRY: ours(
                    "config.json states the geometry of the catalog",
                    "training builds the model from it",
                )
            },
        ),
        ModelReading(_as_published, stated(configs.REST_AS_PUBLISHED)),
    ),
    "starling_rm/safetensors": (
        *WEIGHTS_READINGS,
        ModelReading(
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
        METADATA_READING,
        ModelReading(
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
STARLING_RM_READINGS = readings_of(lambda catalog: catalog.starling_rm, _TABLE)

starling_rm_checks = [checks_on(key, *readings) for key, readings in STARLING_RM_READINGS.items()]
