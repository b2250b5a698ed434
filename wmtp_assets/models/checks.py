"""The checks of the stored models, once for all rows: shared ones, the form's, the row's."""

from operator import methodcaller

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.models.card import build_card
from wmtp_assets.models.metadata import describe_model
from wmtp_assets.models.row import CONFIGS, METADATA, SAFETENSORS, TOKENIZER, ModelRow
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.shared_checks import (
    FLOAT16_CHECKS,
    METADATA_CHECKS,
    TOKENIZER_CHECKS,
    WEIGHTS_CHECKS,
    card_checks,
)
from wmtp_assets.models.stored_model import StoredModel, check_groups_of

SHARED: dict[str, tuple[CheckGroup, ...]] = {
    TOKENIZER: TOKENIZER_CHECKS,
    CONFIGS: (),
    SAFETENSORS: WEIGHTS_CHECKS,
    METADATA: (METADATA_CHECKS,),
}


def model_check_groups(row: ModelRow) -> dict[str, tuple[CheckGroup, ...]]:
    """Asset key -> its check groups."""

    def card(stored: StoredModel) -> bytes:
        deployment, model = stored.deployment, stored.row
        facts = describe_model(deployment.store, deployment.catalog, model)
        return build_card(facts, row.summary, model.repo, model.implementation)

    described = {METADATA: (card_checks(card),)}
    cast = {SAFETENSORS: (FLOAT16_CHECKS,)} if row.published.dtype == "float16" else {}
    tables = (SHARED, described, cast, row.form.checks, row.checks)
    groups = {
        f"{row.name}/{part}": [group for table in tables for group in table.get(part, ())]
        for part in SHARED
        if part in row.parts
    }
    return check_groups_of(methodcaller("model", row.name), groups)


MODEL_CHECKS = {
    key: groups for row in MODELS.values() for key, groups in model_check_groups(row).items()
}

model_checks = [checks_on(key, *groups) for key, groups in MODEL_CHECKS.items()]
