"""The checks of <name>/small."""

from wmtp_assets.checks import AssetState, CheckGroup, checks_on
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.card import head_of
from wmtp_assets.datasets.schema.inspection import inspect_loading
from wmtp_assets.datasets.small import inspection
from wmtp_assets.datasets.small.card import small_title
from wmtp_assets.deployment import Deployment
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours

SAYS = {
    inspection.WITHIN_LIMITS: ours(
        "Each small set has rows, and at most those of its limit", "this project drew the rows"
    ),
    inspection.METADATA_ALIGNED: ours(
        "Line metadata is that of the lines; the split is named", "this project wrote both files"
    ),
}
SAYS_LABELLED = {
    inspection.BOTH_CLASSES: ours(
        "Correct and incorrect rows wherever the split has them",
        "this project drew the rows by class",
    ),
    inspection.SEVERAL_DIFFICULTIES: ours(
        "Several difficulties wherever the split has them",
        "this project drew the rows by difficulty",
    ),
}


def small_readings(*, dataset: str) -> list[CheckGroup]:
    """The looks at the small sets of one dataset."""

    def small(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row = deployment.catalog.dataset(dataset)
        return inspection.inspect_small(row, deployment.store.dataset(dataset))

    def origin(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row = deployment.catalog.dataset(dataset)
        return {
            inspection.SUBSETS: inspection.inspect_origin(row, deployment.store.dataset(dataset))
        }

    def loads(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        row = deployment.catalog.dataset(dataset)
        folder = deployment.store.dataset(dataset)
        files = {split.name: folder.small_jsonl(split.name).name for split in row.splits}
        head = head_of(row, small_title(row), files)
        return {inspection.FOLDER_LOADS: inspect_loading(row, folder.small, head)}

    return [
        CheckGroup(small, SAYS | (SAYS_LABELLED if DATASETS[dataset].format.labelled else {})),
        CheckGroup(
            origin,
            {
                inspection.SUBSETS: ours(
                    "Each row is in its split, same bytes", "this project copied the rows"
                )
            },
            deep=True,
        ),
        CheckGroup(
            loads,
            {
                inspection.FOLDER_LOADS: ours(
                    "datasets.load_dataset opens the folder", "this project wrote the folder"
                )
            },
        ),
    ]


small_checks = {
    dataset: checks_on(f"{dataset}/small", *small_readings(dataset=dataset)) for dataset in DATASETS
}
