"""The checks of the split assets, and the room's list."""

from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.corpora import inspection
from wmtp_assets.corpora.schema.checks import schema_checks
from wmtp_assets.corpora.small.checks import small_checks
from wmtp_assets.corpora.sources import length_filter, source_files, split_row
from wmtp_assets.corpora.tokens import load_counter
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.findings import Finding
from wmtp_assets.propositions import ours, upstream
from wmtp_assets.setup import Setup

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


def split_readings(*, dataset: str, split: str) -> list[Reading]:
    """The looks at one split, and what each of them decides."""
    labelled = DATASETS[dataset].format.labelled

    def lines(setup: Setup, seen: Seen) -> dict[str, Finding]:
        settings = length_filter(setup.catalog, setup.store)
        folder = setup.store.dataset(dataset)
        return inspection.inspect_split(
            dataset,
            split_row(setup.catalog.dataset(dataset), split),
            folder,
            load_counter(settings.tokenizer, settings.tokenizer_sha256),
            settings.max_tokens,
            seen.digests.get(setup.store.relative(folder.jsonl(split))),
        )

    def sums(setup: Setup, seen: Seen) -> dict[str, Finding]:
        from wmtp_assets.corpora.accounting import judge_sum

        row = setup.catalog.dataset(dataset)
        part = split_row(row, split)
        metadata = setup.store.dataset(dataset).line_metadata(split)
        found = judge_sum(dataset, part, metadata, source_files(setup.store, row, part))
        return {ADDS_UP: found}

    def languages(setup: Setup, seen: Seen) -> dict[str, Finding]:
        from wmtp_assets.corpora.accounting import judge_languages

        row = setup.catalog.dataset(dataset)
        sources = source_files(setup.store, row, split_row(row, split))
        found = judge_languages(dataset, setup.store.dataset(dataset).line_metadata(split), sources)
        return {DROPS_EQUAL_SOURCE: found}

    readings = [
        Reading(lines, SAYS | (SAYS_LABELLED if labelled else SAYS_UNLABELLED), deep=True),
        Reading(
            sums,
            {
                ADDS_UP: ours(
                    "Each published row is written or dropped for a reason",
                    "this project converted, and the rows of a pinned commit are facts",
                )
            },
        ),
    ]
    if labelled:
        says = {
            DROPS_EQUAL_SOURCE: ours(
                "Solutions dropped for their language equal a recount", "this project dropped them"
            )
        }
        readings.append(Reading(languages, says, deep=True))
    return readings


split_asset_checks = {
    f"{dataset}/{split}": checks_on(
        f"{dataset}/{split}", *split_readings(dataset=dataset, split=split)
    )
    for dataset, row in DATASETS.items()
    for split in row.splits
}

corpora_checks = [
    *split_asset_checks.values(),
    *schema_checks.values(),
    *small_checks.values(),
]
