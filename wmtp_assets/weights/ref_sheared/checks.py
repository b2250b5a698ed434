"""The checks of the Sheared-LLaMA reference."""

from wmtp_assets.catalog import Catalog, Model
from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.weights import configs, opening
from wmtp_assets.weights import tokenizer_findings as tokenizers
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.readings import metadata_reading, tokenizer_readings, weights_readings
from wmtp_assets.weights.ref_sheared.assets import beside_weights
from wmtp_assets.weights.stated import stated
from wmtp_assets.weights.strict_json import read_object
from wmtp_assets.weights.weights_findings import ALL_FLOAT16, float16_finding


def _row(catalog: Catalog) -> Model:
    return catalog.ref_sheared


def _config(setup: Setup, seen: Seen) -> dict[str, Finding]:
    model = setup.catalog.ref_sheared
    config = read_object(setup.store.model(model.folder).configs / configs.CONFIG)
    return {
        configs.SAYS_DTYPE: configs.dtype_finding(config, model.dtype),
        configs.GEOMETRY: configs.geometry_finding(config, model.geometry),
    }


def _as_published(setup: Setup, seen: Seen) -> dict[str, Finding]:
    folder = setup.store.model(setup.catalog.ref_sheared.folder)
    files = (configs.CONFIG, configs.GENERATION_CONFIG)
    return {configs.REST_AS_PUBLISHED: configs.published_finding(folder, files)}


def _float16(setup: Setup, seen: Seen) -> dict[str, Finding]:
    weights = setup.store.model(setup.catalog.ref_sheared.folder).weights
    return {ALL_FLOAT16: float16_finding(read_header(weights))}


def _opens(setup: Setup, seen: Seen) -> dict[str, Finding]:
    folder = setup.store.model(setup.catalog.ref_sheared.folder)
    copies = opening.copies_finding(beside_weights(folder), folder.safetensors)
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


# asset key -> its readings
REF_SHEARED_READINGS: dict[str, tuple[Reading, ...]] = {
    "ref_sheared/tokenizer": tokenizer_readings(_row),
    "ref_sheared/configs": (
        Reading(
            _config,
            {
                configs.SAYS_DTYPE: ours(
                    "config.json says float16, as the stored weights are",
                    "this project cast the weights and wrote it",
                ),
                configs.GEOMETRY: ours(
                    "config.json states the geometry of the catalog",
                    "training builds the model from it",
                ),
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
    "ref_sheared/safetensors": (
        *weights_readings("ref_sheared/safetensors", _row),
        Reading(_float16, stated(ALL_FLOAT16)),
        Reading(
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
    "ref_sheared/metadata": (metadata_reading(_row),),
}

ref_sheared_checks = [checks_on(key, *readings) for key, readings in REF_SHEARED_READINGS.items()]
