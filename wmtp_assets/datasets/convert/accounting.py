"""Every published row accounted for: the counts of a split against the parquet files themselves.

Pure. What the line metadata states is compared with the footers (quick) and with the language
codes, counted again (deep; only these two columns are read). A labelled dataset without languages
has its candidates counted again instead (deep), and none of its rows may be without one.
"""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wmtp_assets.catalog import Split
from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.convert.parquet import FIX, count_rows, open_parquet, reading
from wmtp_assets.datasets.convert.read_problems import read_problems
from wmtp_assets.datasets.convert.tally import CANDIDATES, DROPPED, ROWS, SOURCE_ROWS
from wmtp_assets.datasets.formats import INVALID_UTF8, OTHER_LANGUAGE, OVER_LENGTH, UNKNOWN_LANGUAGE
from wmtp_assets.datasets.languages import (
    KEPT_LANGUAGES,
    OTHER_LANGUAGES,
    program_columns,
    recounts_candidates,
)
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.errors import BadInput


def judge_sum(dataset: str, split: Split, metadata: Path, sources: Sequence[Path]) -> Finding:
    """Compare the recorded counts with the footers, the catalog and each other."""
    form = DATASETS[dataset].format
    tally = read_facts(metadata, form).tally
    published = sum(count_rows(path, form.columns) for path in sources)
    explained = tally.rows + tally.dropped.total()
    sums = [
        ("source rows in the parquet footers", published, tally.source_rows),
        ("source rows in the catalog", split.source_rows, tally.source_rows),
        ("records written or dropped", tally.candidates, explained),
    ]
    recount = functools.cache(lambda: read_again(dataset, sources))
    if not form.labelled:
        sums.append(("candidates, one a source row", tally.source_rows, tally.candidates))
    elif recounts_candidates(form):
        sums += [
            ("candidates in the source", recount().candidates, tally.candidates),
            ("source rows without a candidate", 0, recount().rows_without),
        ]
    # Of programs in several languages `judge_languages` counts it.
    if not program_columns(form) and (recorded := tally.dropped[INVALID_UTF8]):
        sums.append(("rows that are not UTF-8", recount().invalid, recorded))
    dropped = tally.reasons(form)
    drops = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
    return Culprits(
        f"{what}: expected {expected:,}, recorded {found:,}"
        for what, expected, found in sums
        if expected != found
    ).finding(
        f"{published:,} source rows, {tally.candidates:,} candidates = {tally.rows:,} written "
        f"+ {drops}",
        "counts do not add up",
        **{SOURCE_ROWS: published, CANDIDATES: tally.candidates, ROWS: tally.rows},
        **{f"{DROPPED}_{reason}": count for reason, count in dropped.items()},
    )


def judge_languages(dataset: str, metadata: Path, sources: Sequence[Path]) -> Finding:
    """Count the language codes of all solutions again and compare what was dropped for them."""
    tally = read_facts(metadata, DATASETS[dataset].format).tally
    codes = count_languages(dataset, sources)
    # Counted by reading every text, hence only where some was dropped for it.
    invalid = read_again(dataset, sources).invalid if tally.dropped[INVALID_UTF8] else 0
    python = sum(codes[code] for code in KEPT_LANGUAGES)
    other = sum(codes[code] for code in OTHER_LANGUAGES)
    sums = [
        (CANDIDATES, codes.total(), tally.candidates),
        (OTHER_LANGUAGE, other, tally.dropped[OTHER_LANGUAGE]),
        (UNKNOWN_LANGUAGE, codes.total() - python - other, tally.dropped[UNKNOWN_LANGUAGE]),
        (f"{ROWS} and {OVER_LENGTH}", python - invalid, tally.rows + tally.dropped[OVER_LENGTH]),
        (INVALID_UTF8, invalid, tally.dropped[INVALID_UTF8]),
    ]
    return Culprits(
        f"{what}: {expected:,} in the source, recorded {found:,}"
        for what, expected, found in sums
        if expected != found
    ).finding(
        f"{codes.total():,} solutions in the source, {python:,} of them Python",
        "the source holds other counts",
        languages={str(code): codes[code] for code in sorted(codes)},
    )


@dataclass
class SourceCounts:
    """What the reader of a dataset makes of its source rows.

    Attributes:
        candidates: Of all rows, those that the reader drops among them.
        rows_without: Rows that it makes no candidate of.
        invalid: Candidates that cannot be written because text of theirs is not UTF-8.
    """

    candidates: int = 0
    rows_without: int = 0
    invalid: int = 0


def read_again(dataset: str, sources: Sequence[Path]) -> SourceCounts:
    """Count what all source rows hold.

    Raises:
        BadInput: A file is damaged, or a row is unusable.
    """
    counts = SourceCounts()
    for path in sources:
        for problem in read_problems(dataset, path, None, {}):
            found = problem.dropped.total() + sum(len(of.outputs) for of in problem.candidates)
            counts.candidates += found
            counts.rows_without += not found
            counts.invalid += problem.dropped[INVALID_UTF8]
    return counts


def _counted_languages(programs: pa.Array) -> list[dict[str, Any]]:
    """The languages of the programs of many problems, as `values` and `counts`."""
    # pyarrow makes these functions when it is imported, and declares none.
    flat = pc.list_flatten(pc.struct_field(programs, "language"))  # pyright: ignore[reportAttributeAccessIssue]
    return pc.value_counts(flat).to_pylist()  # pyright: ignore[reportAttributeAccessIssue]


def count_languages(dataset: str, sources: Sequence[Path]) -> Counter:
    """Language code -> solutions, over both lists of all problems.

    Raises:
        BadInput: A file is damaged, or a language is null.
    """
    codes: Counter = Counter()
    form = DATASETS[dataset].format
    columns = {name: form.columns[name] for name in program_columns(form)}
    for path in sources:
        with open_parquet(path, columns) as file:
            leaves = [f"{name}.language" for name in columns]
            with reading(path):
                for batch in file.iter_batches(columns=leaves, use_threads=False):
                    for name in columns:
                        for entry in _counted_languages(batch[name]):
                            codes[entry["values"]] += entry["counts"]
    if None in codes:
        raise BadInput(
            "a language is null in the source",
            [p.name for p in sources],
            FIX,
        )
    return codes
