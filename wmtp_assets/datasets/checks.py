"""The checks of the split assets, and the room's list."""

from dataclasses import replace

from wmtp_assets.catalog import Split
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import Proposition, ours, upstream
from wmtp_assets.datasets.convert import inspection
from wmtp_assets.datasets.convert.inputs import length_filter, source_files, split_row
from wmtp_assets.datasets.languages import program_columns, recounts_candidates
from wmtp_assets.datasets.row import DatasetRow
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.checks import schema_checks
from wmtp_assets.datasets.small.checks import small_checks
from wmtp_assets.datasets.stored_dataset import StoredDataset, bind_dataset

ADDS_UP = "counts_add_up_to_source"
DROPS_EQUAL_SOURCE = "dropped_languages_equal_source"


def _split(stored: StoredDataset) -> Split:
    return split_row(stored.row, stored.key.split("/")[1])


def _lines(stored: StoredDataset) -> dict[str, Finding]:
    split, store = _split(stored), stored.deployment.store
    path = stored.folder.jsonl(split.name)
    size = path.stat().st_size if path.is_file() else 0
    inspected = inspection.inspect_split(
        stored.row.name,
        split,
        stored.folder,
        length_filter(stored.deployment.catalog, store),
        workers=stored.deployment.workers,
        scheduler=stored.deployment.scheduler,
        seen=stored.state.reading(f"{stored.key}: {path.name}", size),
    )
    stored.state.digests.note(store.relative(path), inspected.sha256)
    return inspected.findings


def _sums(stored: StoredDataset) -> dict[str, Finding]:
    from wmtp_assets.datasets.convert.accounting import judge_sum

    split = _split(stored)
    metadata = stored.folder.line_metadata(split.name)
    sources = source_files(stored.deployment.store, stored.row, split)
    return {ADDS_UP: judge_sum(stored.row.name, split, metadata, sources)}


def _languages(stored: StoredDataset) -> dict[str, Finding]:
    from wmtp_assets.datasets.convert.accounting import judge_languages

    split = _split(stored)
    metadata = stored.folder.line_metadata(split.name)
    sources = source_files(stored.deployment.store, stored.row, split)
    return {DROPS_EQUAL_SOURCE: judge_languages(stored.row.name, metadata, sources)}


LINES = {
    inspection.LINES_PARSE: ours(
        "Each line is JSON with exactly the fields of the schema, in order",
        "this project wrote the lines, and training parses them",
    ),
    inspection.WITHIN_LIMIT: ours(
        "No record has more than 2048 tokens, encoded again", "this project filtered by length"
    ),
    inspection.TASK_IDS_UNIQUE: ours(
        "No task_id occurs twice",
        "this project makes names that repeat unique, and training picks rows by them",
    ),
    inspection.METADATA_ALIGNED: ours(
        "Line metadata is that of the lines and names their digest", "this project wrote both files"
    ),
    inspection.COUNTS_EQUAL_RECOUNT: ours(
        "Recorded counts and token lengths equal a recount", "this project counted"
    ),
}
UNLABELLED = {
    inspection.ROWS_EQUAL_CATALOG: ours(
        "Rows are those of the catalog", "every published row is short enough to be written"
    )
}
LABELS = {
    inspection.LABELS_AGREE: ours(
        "Each task_id ends as its is_correct says", "this project wrote both fields"
    )
}
SUMS = CheckGroup(
    _sums,
    {
        ADDS_UP: ours(
            "Each published row is written or dropped for a reason",
            "this project converted, and the rows of a pinned commit are facts",
        )
    },
)
LANGUAGES = CheckGroup(
    _languages,
    {
        DROPS_EQUAL_SOURCE: ours(
            "Solutions dropped for their language equal a recount", "this project dropped them"
        )
    },
    deep=True,
)


def _labelled(row: DatasetRow) -> dict[str, Proposition]:
    statement = "Rows, correct and incorrect ones are those of the catalog"
    counts = (
        upstream(statement, row.counted_elsewhere)
        if row.counted_elsewhere
        else ours(statement, "this project counted, and the rows of a pinned commit are facts")
    )
    return LABELS | {inspection.ROWS_EQUAL_CATALOG: counts}


def split_check_groups(*, dataset: str, split: str) -> tuple[CheckGroup, ...]:
    """The check groups of one split."""
    row = DATASETS[dataset]
    form = row.format
    lines = CheckGroup(_lines, LINES | (_labelled(row) if form.labelled else UNLABELLED), deep=True)
    sums = replace(SUMS, deep=recounts_candidates(form))
    groups = (lines, sums, LANGUAGES) if program_columns(form) else (lines, sums)
    return bind_dataset(f"{dataset}/{split}", groups)


split_asset_checks = {
    f"{dataset}/{split}": checks_on(
        f"{dataset}/{split}", *split_check_groups(dataset=dataset, split=split)
    )
    for dataset, row in DATASETS.items()
    for split in row.splits
}

dataset_checks = [
    *split_asset_checks.values(),
    *schema_checks.values(),
    *small_checks.values(),
]
