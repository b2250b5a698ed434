"""The checks of the split assets, and the room's list."""

from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.corpora import inspection
from wmtp_assets.corpora.culprits import accept
from wmtp_assets.corpora.formats import FORMATS
from wmtp_assets.corpora.schema.checks import schema_checks
from wmtp_assets.corpora.small.checks import small_checks
from wmtp_assets.corpora.sources import dataset_row, length_filter, source_files, split_row
from wmtp_assets.corpora.tokens import load_counter
from wmtp_assets.findings import Finding
from wmtp_assets.setup import Setup

ADDS_UP = "counts_add_up_to_source"
DROPS_EQUAL_SOURCE = "dropped_languages_equal_source"

SAYS = {
    inspection.LINES_PARSE: "Each line is JSON with exactly the fields of the schema, in order",
    inspection.WITHIN_LIMIT: "No record has more than 2048 tokens, encoded again",
    inspection.TASK_IDS_UNIQUE: "No task_id occurs twice",
    inspection.ROWS_EQUAL_CATALOG: "Rows, correct and incorrect ones are those of the catalog",
    inspection.METADATA_ALIGNED: "Line metadata is that of the lines and names their digest",
    inspection.COUNTS_EQUAL_RECOUNT: "Recorded counts and token lengths equal a recount",
}
SAYS_LABELLED = {inspection.LABELS_AGREE: "Each task_id ends as its is_correct says"}


def split_readings(*, dataset: str, split: str) -> list[Reading]:
    """The looks at one split, and what each of them decides."""
    key = f"{dataset}/{split}"
    labelled = FORMATS[dataset].labelled

    def lines(setup: Setup, seen: Seen) -> dict[str, Finding]:
        settings = length_filter(setup.catalog, setup.store)
        folder = setup.store.dataset(dataset)
        findings = inspection.inspect_split(
            dataset,
            split_row(dataset_row(setup.catalog, dataset), split),
            folder,
            load_counter(settings.tokenizer, settings.tokenizer_sha256),
            settings.max_tokens,
            seen.digests.get(setup.store.relative(folder.jsonl(split))),
        )
        return accept(findings, key, setup.catalog.accepted_findings)

    def sums(setup: Setup, seen: Seen) -> dict[str, Finding]:
        from wmtp_assets.corpora.accounting import judge_sum

        row = dataset_row(setup.catalog, dataset)
        part = split_row(row, split)
        metadata = setup.store.dataset(dataset).line_metadata(split)
        found = judge_sum(dataset, part, metadata, source_files(setup.store, row, part))
        return accept({ADDS_UP: found}, key, setup.catalog.accepted_findings)

    def languages(setup: Setup, seen: Seen) -> dict[str, Finding]:
        from wmtp_assets.corpora.accounting import judge_languages

        row = dataset_row(setup.catalog, dataset)
        sources = source_files(setup.store, row, split_row(row, split))
        found = judge_languages(setup.store.dataset(dataset).line_metadata(split), sources)
        return accept({DROPS_EQUAL_SOURCE: found}, key, setup.catalog.accepted_findings)

    readings = [
        Reading(lines, SAYS | (SAYS_LABELLED if labelled else {}), deep=True),
        Reading(sums, {ADDS_UP: "Each published row is written or dropped for a reason"}),
    ]
    if labelled:
        says = {DROPS_EQUAL_SOURCE: "Solutions dropped for their language equal a recount"}
        readings.append(Reading(languages, says, deep=True))
    return readings


split_asset_checks = {
    f"{dataset}/{split}": checks_on(
        f"{dataset}/{split}", *split_readings(dataset=dataset, split=split)
    )
    for dataset, form in FORMATS.items()
    for split in form.splits
}

corpora_checks = [
    *split_asset_checks.values(),
    *schema_checks.values(),
    *small_checks.values(),
]
