"""The checks of <name>/small."""

from wmtp_assets.checks import Reading, Seen, checks_on
from wmtp_assets.corpora.formats import FORMATS
from wmtp_assets.corpora.schema.inspection import inspect_loading
from wmtp_assets.corpora.small import inspection
from wmtp_assets.corpora.sources import dataset_row
from wmtp_assets.findings import Finding
from wmtp_assets.setup import Setup

SAYS = {
    inspection.WITHIN_LIMITS: "Each small set has rows, and at most those of its limit",
    inspection.METADATA_ALIGNED: "Line metadata is that of the lines; the split is named",
}
SAYS_LABELLED = {
    inspection.BOTH_CLASSES: "Correct and incorrect rows wherever the split has them",
    inspection.SEVERAL_DIFFICULTIES: "Several difficulties wherever the split has them",
}


def small_readings(*, dataset: str) -> list[Reading]:
    """The looks at the small sets of one dataset."""

    def small(setup: Setup, seen: Seen) -> dict[str, Finding]:
        row = dataset_row(setup.catalog, dataset)
        return inspection.inspect_small(row, setup.store.dataset(dataset))

    def origin(setup: Setup, seen: Seen) -> dict[str, Finding]:
        row = dataset_row(setup.catalog, dataset)
        return {inspection.SUBSETS: inspection.inspect_origin(row, setup.store.dataset(dataset))}

    def loads(setup: Setup, seen: Seen) -> dict[str, Finding]:
        row = dataset_row(setup.catalog, dataset)
        return {inspection.FOLDER_LOADS: inspect_loading(row, setup.store.dataset(dataset).small)}

    return [
        Reading(small, SAYS | (SAYS_LABELLED if FORMATS[dataset].labelled else {})),
        Reading(origin, {inspection.SUBSETS: "Each row is in its split, same bytes"}, deep=True),
        Reading(loads, {inspection.FOLDER_LOADS: "datasets.load_dataset opens the folder"}),
    ]


small_checks = {
    dataset: checks_on(f"{dataset}/small", *small_readings(dataset=dataset)) for dataset in FORMATS
}
