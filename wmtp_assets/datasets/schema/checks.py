"""The checks of <name>/schema."""

from wmtp_assets.checks import AssetState, CheckGroup, checks_on
from wmtp_assets.datasets.convert.inputs import length_filter, raw_commit
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema import inspection
from wmtp_assets.datasets.schema.card import head_of
from wmtp_assets.deployment import Deployment
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours

SAYS = {
    inspection.SCHEMA_AGREES: ours(
        "schema.json names the rows and digests of the splits", "this project wrote it"
    ),
    inspection.CARD_AGREES: ours(
        "The card's configs name every split and its JSONL", "this project wrote the card"
    ),
    inspection.CROISSANT_AGREES: ours(
        "croissant.json names the digests of the splits", "this project wrote it"
    ),
}


def schema_readings(*, dataset: str) -> list[CheckGroup]:
    """The looks at what describes one dataset."""

    def described(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row = deployment.catalog.dataset(dataset)
        return inspection.inspect_description(
            row,
            raw_commit(deployment.store, row),
            deployment.store.dataset(dataset),
            length_filter(deployment.catalog, deployment.store),
        )

    def loads(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        files = {split.name: folder.jsonl(split.name).name for split in row.splits}
        head = head_of(row, row.title, files)
        found = inspection.inspect_loading(row, folder.processed, head)
        return {inspection.FOLDER_LOADS: found}

    return [
        CheckGroup(described, SAYS),
        CheckGroup(
            loads,
            {
                inspection.FOLDER_LOADS: ours(
                    "datasets.load_dataset opens the folder", "this project wrote the folder"
                )
            },
        ),
    ]


schema_checks = {
    dataset: checks_on(f"{dataset}/schema", *schema_readings(dataset=dataset))
    for dataset in DATASETS
}
