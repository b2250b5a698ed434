"""The checks of Meta's multi-token model."""

from wmtp_assets.catalog import Catalog, Model
from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours
from wmtp_assets.setup import Setup
from wmtp_assets.weights import configs, metadata
from wmtp_assets.weights import tokenizer_findings as tokenizers
from wmtp_assets.weights.header import read_header
from wmtp_assets.weights.readings import metadata_reading, tokenizer_readings, weights_readings
from wmtp_assets.weights.stated import stated
from wmtp_assets.weights.strict_json import read_object
from wmtp_assets.weights.weights_findings import ALL_FLOAT16, float16_finding


def _row(catalog: Catalog) -> Model:
    return catalog.meta_mtp


def _params(setup: Setup, seen: Seen) -> dict[str, Finding]:
    model = setup.catalog.meta_mtp
    params = read_object(setup.store.model(model.folder).configs / configs.PARAMS)
    two = ("rope_theta", "n_future_tokens")
    return {
        configs.ONLY_KNOWN_KEYS: configs.known_keys_finding(params),
        configs.GEOMETRY: configs.geometry_finding(params, model.geometry),
        configs.AS_PUBLISHED: configs.geometry_finding(params, model.geometry, two),
    }


def _adapter(setup: Setup, seen: Seen) -> dict[str, Finding]:
    model = setup.catalog.meta_mtp
    folder = setup.store.model(model.folder).configs
    params, adapter = folder / configs.PARAMS, folder / configs.ADAPTER
    return {configs.ADAPTER_AGREES: configs.adapter_finding(params, adapter, model.dtype)}


def _float16(setup: Setup, seen: Seen) -> dict[str, Finding]:
    weights = setup.store.model(setup.catalog.meta_mtp.folder).weights
    return {ALL_FLOAT16: float16_finding(read_header(weights))}


def _agreement(setup: Setup, seen: Seen) -> dict[str, Finding]:
    folder = setup.store.model(setup.catalog.meta_mtp.folder)
    return {metadata.PARAMETERS_AGREE: metadata.agreement_finding(folder)}


def _same_tokenizer(setup: Setup, seen: Seen) -> dict[str, Finding]:
    mine = setup.store.model(setup.catalog.meta_mtp.folder).tokenizer_model
    other = setup.store.model(setup.catalog.ref_sheared.folder).tokenizer_model
    return {tokenizers.SAME_BYTES: tokenizers.same_bytes_finding(mine, other)}


# asset key -> its readings
META_MTP_READINGS: dict[str, tuple[Reading, ...]] = {
    "meta_mtp/tokenizer": tokenizer_readings(_row),
    "meta_mtp/configs": (
        Reading(
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
                    "rope_theta and n_future_tokens are as published", "this project copied them"
                ),
            },
        ),
        Reading(
            _adapter,
            {
                configs.ADAPTER_AGREES: ours(
                    "meta_adapter.yaml follows from params.json", "this project wrote it"
                )
            },
        ),
    ),
    "meta_mtp/safetensors": (
        *weights_readings("meta_mtp/safetensors", _row),
        Reading(_float16, stated(ALL_FLOAT16)),
    ),
    "meta_mtp/metadata": (
        metadata_reading(_row),
        Reading(
            _agreement,
            {
                metadata.PARAMETERS_AGREE: ours(
                    "params.json, meta_adapter.yaml, metadata.json agree",
                    "this project wrote all three",
                )
            },
        ),
        Reading(
            _same_tokenizer,
            {
                tokenizers.SAME_BYTES: ours(
                    "Meta's and Sheared-LLaMA's tokenizer have the same bytes",
                    "Rho-1 scores one model's ids with the other, and the filter counts for both",
                )
            },
        ),
    ),
}

meta_mtp_checks = [checks_on(key, *readings) for key, readings in META_MTP_READINGS.items()]
