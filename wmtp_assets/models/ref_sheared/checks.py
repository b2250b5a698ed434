"""The checks of the Sheared-LLaMA reference."""

from wmtp_assets.checks import checks_on
from wmtp_assets.findings import Finding
from wmtp_assets.models import configs
from wmtp_assets.models.safetensors import opening
from wmtp_assets.models.safetensors.header import read_header
from wmtp_assets.models.shared_checks import (
    FLOAT16_CHECKS,
    METADATA_CHECKS,
    TOKENIZER_CHECKS,
    WEIGHTS_CHECKS,
)
from wmtp_assets.models.stated import stated
from wmtp_assets.models.stored_model import ModelCheckGroup, StoredModel, check_groups_of
from wmtp_assets.models.strict_json import read_object
from wmtp_assets.models.tokenizer import findings as tokenizers
from wmtp_assets.propositions import ours


def _config(stored: StoredModel) -> dict[str, Finding]:
    config = read_object(stored.folder.configs / configs.CONFIG)
    return {
        configs.SAYS_DTYPE: configs.dtype_finding(config, stored.row.dtype),
        configs.GEOMETRY: configs.geometry_finding(config, stored.row.geometry),
    }


def _as_published(stored: StoredModel) -> dict[str, Finding]:
    files = (configs.CONFIG, configs.GENERATION_CONFIG)
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


# asset key -> its groups of checks
_TABLE = {
    "ref_sheared/tokenizer": TOKENIZER_CHECKS,
    "ref_sheared/configs": (
        ModelCheckGroup(
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
        ModelCheckGroup(_as_published, stated(configs.REST_AS_PUBLISHED)),
    ),
    "ref_sheared/safetensors": (
        *WEIGHTS_CHECKS,
        FLOAT16_CHECKS,
        ModelCheckGroup(
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
    "ref_sheared/metadata": (METADATA_CHECKS,),
}
REF_SHEARED_CHECKS = check_groups_of(lambda catalog: catalog.model("ref_sheared"), _TABLE)

ref_sheared_checks = [checks_on(key, *groups) for key, groups in REF_SHEARED_CHECKS.items()]
