"""The checks of <name>/schema."""

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.datasets.convert.inputs import length_filter, raw_commit
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema import inspection
from wmtp_assets.datasets.schema.card import head_of
from wmtp_assets.datasets.stored_dataset import StoredDataset, bind_dataset


def _described(stored: StoredDataset) -> dict[str, Finding]:
    deployment, row = stored.deployment, stored.row
    commit = raw_commit(deployment.store, row)
    settings = length_filter(deployment.catalog, deployment.store)
    return inspection.inspect_description(row, commit, stored.folder, settings)


def _loads(stored: StoredDataset) -> dict[str, Finding]:
    row, folder = stored.row, stored.folder
    files = {split.name: folder.jsonl(split.name).name for split in row.splits}
    head = head_of(row, row.title, files)
    return {inspection.FOLDER_LOADS: inspection.inspect_loading(row, folder.processed, head)}


SCHEMA_CHECKS = (
    CheckGroup(
        _described,
        {
            inspection.SCHEMA_AGREES: ours(
                "schema.json names the rows and digests of the splits", "this project wrote it"
            ),
            inspection.CARD_AGREES: ours(
                "The card's configs name every split and its JSONL", "this project wrote the card"
            ),
            inspection.CROISSANT_AGREES: ours(
                "croissant.json names the digests of the splits", "this project wrote it"
            ),
        },
    ),
    CheckGroup(
        _loads,
        {
            inspection.FOLDER_LOADS: ours(
                "datasets.load_dataset opens the folder", "this project wrote the folder"
            )
        },
    ),
)


def schema_check_groups(*, dataset: str) -> tuple[CheckGroup, ...]:
    """The check groups of what describes one dataset."""
    return bind_dataset(f"{dataset}/schema", SCHEMA_CHECKS)


schema_checks = {
    dataset: checks_on(f"{dataset}/schema", *schema_check_groups(dataset=dataset))
    for dataset in DATASETS
}
