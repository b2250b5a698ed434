"""The checks of Meta's multi-token model."""

from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.models import configs, metadata
from wmtp_assets.models.shared_checks import (
    FLOAT16_CHECKS,
    METADATA_CHECKS,
    TOKENIZER_CHECKS,
    WEIGHTS_CHECKS,
)
from wmtp_assets.models.stored_model import ModelCheckGroup, StoredModel, check_groups_of
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tokenizer import findings as tokenizers
from wmtp_assets.propositions import ours


def _params(stored: StoredModel) -> dict[str, Finding]:
    params, geometry = read_object(stored.folder.configs / configs.PARAMS), stored.row.geometry
    two = ("rope_theta", "n_future_tokens")
    return {
        configs.ONLY_KNOWN_KEYS: configs.known_keys_finding(params),
        configs.GEOMETRY: configs.geometry_finding(params, geometry),
        configs.AS_PUBLISHED: configs.geometry_finding(params, geometry, two),
    }


def _adapter(stored: StoredModel) -> dict[str, Finding]:
    folder = stored.folder.configs
    params, adapter = folder / configs.PARAMS, folder / configs.ADAPTER
    return {configs.ADAPTER_AGREES: configs.adapter_finding(params, adapter, stored.row.dtype)}


def _agreement(stored: StoredModel) -> dict[str, Finding]:
    return {metadata.PARAMETERS_AGREE: metadata.agreement_finding(stored.folder)}


def _same_tokenizer(stored: StoredModel) -> dict[str, Finding]:
    deployment = stored.deployment
    other = deployment.store.model(deployment.catalog.model("ref_sheared").folder).tokenizer_model
    found = tokenizers.same_bytes_finding(stored.folder.tokenizer_model, other)
    return {tokenizers.SAME_BYTES: found}


# asset key -> its groups of checks
_TABLE = {
    "meta_mtp/tokenizer": TOKENIZER_CHECKS,
    "meta_mtp/configs": (
        ModelCheckGroup(
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
        ModelCheckGroup(
            _adapter,
            {
                configs.ADAPTER_AGREES: ours(
                    "meta_adapter.yaml follows from params.json", "this project wrote it"
                )
            },
        ),
    ),
    "meta_mtp/safetensors": (
        *WEIGHTS_CHECKS,
        FLOAT16_CHECKS,
    ),
    "meta_mtp/metadata": (
        METADATA_CHECKS,
        ModelCheckGroup(
            _agreement,
            {
                metadata.PARAMETERS_AGREE: ours(
                    "params.json, meta_adapter.yaml, metadata.json agree",
                    "this project wrote all three",
                )
            },
        ),
        ModelCheckGroup(
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
META_MTP_CHECKS = check_groups_of(lambda catalog: catalog.model("meta_mtp"), _TABLE)

meta_mtp_checks = [checks_on(key, *groups) for key, groups in META_MTP_CHECKS.items()]
