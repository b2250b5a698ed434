"""The state of all declared checks as a table: for `signoff status --format`, and for notebooks.

pandas is imported late: whoever asks for lines does not wait for it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from wmtp_assets.checking.asset_checks import KIND
from wmtp_assets.checking.propositions import Kind
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Evidence, JudgedCheck
from wmtp_assets.evidence.read import read_evidence

if TYPE_CHECKING:
    import dagster as dg
    import pandas as pd
    import pyarrow as pa

COLUMNS = {
    "asset": "str",
    "check": "str",
    "reads": "str",  # quick | deep
    "severity": "str",  # what it is when it fails: ERROR | WARN
    "outcome": "str",
    "finding": "str",
    "digest": "str",  # what `--acknowledge` takes
    "run": "str",
    "time": "datetime64[us, UTC]",
    "numbers": "object",
}


def checks_frame(instance: "dg.DagsterInstance", defs: "dg.Definitions") -> "pd.DataFrame":
    """One row for each declared check, as `signoff status` judges it now.

    Args:
        instance: The record, such as `dg.DagsterInstance.get()`.
        defs: `wmtp_assets.definitions.defs`, or what `build_definitions` made.

    Returns:
        The columns of COLUMNS. `run` and `time` are missing where no run has evaluated the check;
        `numbers` has the numbers that it found: name with unit -> value.
    """
    resources = defs.resources or {}
    declared, deployment = resources["declared"], resources["deployment"]
    return frame_of(read_evidence(instance, declared, deployment), declared.checks)


def frame_of(evidence: Evidence, specs: "Iterable[dg.AssetCheckSpec]") -> "pd.DataFrame":
    """The same of evidence that is read already.

    Args:
        specs: The declared checks.
    """
    import pandas as pd

    findings = {
        (spec.asset_key.to_user_string(), spec.name)
        for spec in specs
        if spec.metadata.get(KIND) == Kind.UPSTREAM
    }
    rows = [_row(judged, findings) for judged in evidence.counting]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _row(judged: JudgedCheck, findings: set[tuple[str, str]]) -> dict[str, Any]:
    check, latest = judged.check, judged.check.latest
    return {
        "asset": check.asset,
        "check": check.name,
        "reads": "deep" if check.deep else "quick",
        "severity": "WARN" if (check.asset, check.name) in findings else "ERROR",
        "outcome": str(judged.outcome),
        "finding": judged.finding,
        "digest": judged.digest,
        "run": latest and latest.run_id,
        "time": latest and datetime.fromtimestamp(latest.timestamp, UTC),
        "numbers": dict(_numbers(latest.evidence.items() if latest else ())),
    }


def _numbers(values: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, float]]:
    for name, value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, value


def _csv(frame: "pd.DataFrame", out: TextIO) -> None:
    texts = frame.assign(numbers=frame["numbers"].map(json.dumps))
    texts.to_csv(out, index=False, lineterminator="\n")


def _json(frame: "pd.DataFrame", out: TextIO) -> None:
    form = {"date_format": "iso", "date_unit": "us", "force_ascii": False, "indent": 2}
    frame.to_json(out, orient="records", **form)
    out.write("\n")


def _parquet(frame: "pd.DataFrame", out: TextIO) -> None:
    if out.isatty():
        fix = "send it into a file: signoff status --format parquet > checks.parquet"
        raise BadInput("parquet is nothing for a terminal", [], fix)
    import pyarrow.parquet as pq

    pq.write_table(_table(frame), out.buffer)


def _table(frame: "pd.DataFrame") -> "pa.Table":
    """Numbers as one map: their names differ from check to check."""
    import pyarrow as pa

    numbers = pa.array(
        [list(found.items()) for found in frame["numbers"]], pa.map_(pa.string(), pa.float64())
    )
    rest = pa.Table.from_pandas(frame.drop(columns="numbers"), preserve_index=False)
    return rest.append_column("numbers", numbers)


FORMATS: dict[str, Callable[["pd.DataFrame", TextIO], None]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}


def write_frame(frame: "pd.DataFrame", format: str, out: TextIO | None = None) -> None:
    """Write the table to a stream, stdout if none is given; nothing else is said there.

    Args:
        format: A name of FORMATS; JSON is a list of objects.

    Raises:
        BadInput: Parquet is to go to a terminal.
    """
    FORMATS[format](frame, sys.stdout if out is None else out)
