"""The checks of the Starling reward model."""

from wmtp_assets.catalog import Catalog, Model
from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.weights import configs
from wmtp_assets.weights.convert import SOURCE_DTYPES
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.readings import metadata_reading, weights_readings
from wmtp_assets.weights.strict_json import read_object
from wmtp_assets.weights.tensors import main_dtype
from wmtp_assets.weights.weights_findings import DTYPE_KEPT, kept_dtype_finding


def _row(catalog: Catalog) -> Model:
    return catalog.starling_rm


def _config(setup: Setup, seen: Seen) -> dict[str, Finding]:
    model = setup.catalog.starling_rm
    config = read_object(setup.store.model(model.folder).configs / configs.CONFIG)
    return {configs.GEOMETRY: configs.geometry_finding(config, model.geometry)}


def _as_published(setup: Setup, seen: Seen) -> dict[str, Finding]:
    folder = setup.store.model(setup.catalog.starling_rm.folder)
    return {configs.REST_AS_PUBLISHED: configs.published_finding(folder, (configs.CONFIG,))}


def _kept_dtype(setup: Setup, seen: Seen) -> dict[str, Finding]:
    model = setup.catalog.starling_rm
    header = read_header(setup.store.model(model.folder).weights)
    published = (seen.metadata or {}).get(SOURCE_DTYPES, {})
    return {DTYPE_KEPT: kept_dtype_finding(header, published, model.dtype)}


def _says_dtype(setup: Setup, seen: Seen) -> dict[str, Finding]:
    folder = setup.store.model(setup.catalog.starling_rm.folder)
    stored = main_dtype(read_header(folder.weights).tensors.values())
    config = read_object(folder.configs / configs.CONFIG)
    return {configs.SAYS_DTYPE: configs.dtype_finding(config, stored)}


# asset key -> its readings
STARLING_RM_READINGS: dict[str, tuple[Reading, ...]] = {
    "starling_rm/configs": (
        Reading(
            _config,
            {
                configs.GEOMETRY: ours(
                    "config.json states the geometry of the catalog",
                    "training builds the model from it",
                )
            },
        ),
        Reading(
            _as_published,
            {
                configs.REST_AS_PUBLISHED: ours(
                    "Everything but the dtype is as published", "this project copied it"
                )
            },
        ),
    ),
    "starling_rm/safetensors": (
        *weights_readings("starling_rm/safetensors", _row),
        Reading(
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
        metadata_reading(_row),
        Reading(
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

starling_rm_checks = [checks_on(key, *readings) for key, readings in STARLING_RM_READINGS.items()]
