"""The checks of <name>/small."""

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.card import head_of
from wmtp_assets.datasets.schema.inspection import inspect_loading
from wmtp_assets.datasets.small import inspection
from wmtp_assets.datasets.small.card import small_title
from wmtp_assets.datasets.stored_dataset import StoredDataset, bind_dataset


def _small(stored: StoredDataset) -> dict[str, Finding]:
    return inspection.inspect_small(stored.row, stored.folder)


def _origin(stored: StoredDataset) -> dict[str, Finding]:
    found = inspection.inspect_origin(
        stored.row,
        stored.folder,
        workers=stored.deployment.workers,
        begin_reading=lambda name, total: stored.state.reading(f"{stored.key}: {name}", total),
    )
    return {inspection.SUBSETS: found}


def _loads(stored: StoredDataset) -> dict[str, Finding]:
    row, folder = stored.row, stored.folder
    files = {split.name: folder.small_jsonl(split.name).name for split in row.splits}
    head = head_of(row, small_title(row), files)
    return {inspection.FOLDER_LOADS: inspect_loading(row, folder.small, head)}


SETS = {
    inspection.WITHIN_LIMITS: ours(
        "Each small set has rows, and at most those of its limit", "this project drew the rows"
    ),
    inspection.METADATA_ALIGNED: ours(
        "Line metadata is that of the lines; the split is named", "this project wrote both files"
    ),
}
LABELLED = {
    inspection.BOTH_CLASSES: ours(
        "Correct and incorrect rows wherever the split has them",
        "this project drew the rows by class",
    ),
    inspection.SEVERAL_DIFFICULTIES: ours(
        "Several difficulties wherever the split has them",
        "this project drew the rows by difficulty",
    ),
}
FOLDER_CHECKS = (
    CheckGroup(
        _origin,
        {
            inspection.SUBSETS: ours(
                "Each row is in its split, same bytes", "this project copied the rows"
            )
        },
        deep=True,
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


def small_check_groups(*, dataset: str) -> tuple[CheckGroup, ...]:
    """The check groups of the small sets of one dataset."""
    labelled = DATASETS[dataset].format.labelled
    sets = CheckGroup(_small, SETS | (LABELLED if labelled else {}))
    return bind_dataset(f"{dataset}/small", (sets, *FOLDER_CHECKS))


small_checks = {
    dataset: checks_on(f"{dataset}/small", *small_check_groups(dataset=dataset))
    for dataset in DATASETS
}
