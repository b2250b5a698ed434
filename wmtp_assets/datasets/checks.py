"""The checks of the split assets, and the room's list."""

from wmtp_assets.checks import AssetState, CheckGroup, checks_on
from wmtp_assets.datasets.convert import inspection
from wmtp_assets.datasets.convert.inputs import length_filter, source_files, split_row
from wmtp_assets.datasets.convert.tokens import load_counter
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.checks import schema_checks
from wmtp_assets.datasets.small.checks import small_checks
from wmtp_assets.deployment import Deployment
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours, upstream

ADDS_UP = "counts_add_up_to_source"
DROPS_EQUAL_SOURCE = "dropped_languages_equal_source"

SAYS = {
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
SAYS_UNLABELLED = {
    inspection.ROWS_EQUAL_CATALOG: ours(
        "Rows are those of the catalog", "every published row is short enough to be written"
    )
}
SAYS_LABELLED = {
    inspection.LABELS_AGREE: ours(
        "Each task_id ends as its is_correct says", "this project wrote both fields"
    ),
    inspection.ROWS_EQUAL_CATALOG: upstream(
        "Rows, correct and incorrect ones are those of the catalog",
        "these counts are the result of another program on the same data",
    ),
}


def split_check_groups(*, dataset: str, split: str) -> list[CheckGroup]:
    """The looks at one split, and what each of them decides."""
    form = DATASETS[dataset].format

    def lines(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        settings = length_filter(deployment.catalog, deployment.store)
        folder = deployment.store.dataset(dataset)
        return inspection.inspect_split(
            dataset,
            split_row(deployment.catalog.dataset(dataset), split),
            folder,
            load_counter(settings.tokenizer, settings.tokenizer_sha256),
            settings.max_tokens,
            state.digests.get(deployment.store.relative(folder.jsonl(split))),
        )

    def sums(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        from wmtp_assets.datasets.convert.accounting import judge_sum

        row = deployment.catalog.dataset(dataset)
        part = split_row(row, split)
        metadata = deployment.store.dataset(dataset).line_metadata(split)
        found = judge_sum(dataset, part, metadata, source_files(deployment.store, row, part))
        return {ADDS_UP: found}

    def languages(deployment: Deployment, state: AssetState) -> dict[str, Finding]:
        from wmtp_assets.datasets.convert.accounting import judge_languages

        row = deployment.catalog.dataset(dataset)
        sources = source_files(deployment.store, row, split_row(row, split))
        found = judge_languages(
            dataset, deployment.store.dataset(dataset).line_metadata(split), sources
        )
        return {DROPS_EQUAL_SOURCE: found}

    groups = [
        CheckGroup(lines, SAYS | (SAYS_LABELLED if form.labelled else SAYS_UNLABELLED), deep=True),
        CheckGroup(
            sums,
            {
                ADDS_UP: ours(
                    "Each published row is written or dropped for a reason",
                    "this project converted, and the rows of a pinned commit are facts",
                )
            },
        ),
    ]
    if program_columns(form):
        says = {
            DROPS_EQUAL_SOURCE: ours(
                "Solutions dropped for their language equal a recount", "this project dropped them"
            )
        }
        groups.append(CheckGroup(languages, says, deep=True))
    return groups


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
