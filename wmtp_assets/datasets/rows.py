"""All stored datasets by name, in the order that everything else keeps."""

from wmtp_assets.datasets.codecontests import CODECONTESTS
from wmtp_assets.datasets.humaneval import HUMANEVAL
from wmtp_assets.datasets.mbpp import MBPP
from wmtp_assets.datasets.row import DatasetRow

DATASETS: dict[str, DatasetRow] = {row.name: row for row in (CODECONTESTS, MBPP, HUMANEVAL)}
BENCHMARKS = tuple(sorted(row.name for row in DATASETS.values() if row.looked_for_in))


def benchmarks_of(training: str) -> tuple[str, ...]:
    """The benchmarks that are looked for in a training set."""
    return tuple(name for name in BENCHMARKS if training in DATASETS[name].looked_for_in)
