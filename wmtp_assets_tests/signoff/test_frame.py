"""The state of the checks as a table: each row what `status` says, in every format the same."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.__main__ import FORMATS, main
from wmtp_assets.signoff.frame import COLUMNS, checks_frame, write_frame
from wmtp_assets.signoff.frame import FORMATS as WRITERS
from wmtp_assets_tests.signoff.world import WARN, World

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def frame(world: World) -> pd.DataFrame:
    """One check warned; the documents were never written."""
    assert world.run("phase1", WARN)
    return checks_frame(world.instance, world.defs)


def test_each_row_is_a_check_as_status_judges_it(world: World, frame: pd.DataFrame):
    assert list(frame.columns) == list(COLUMNS)
    judged = world.evidence.counting
    assert list(frame["asset"] + " " + frame["check"]) == [
        f"{j.check.asset} {j.check.name}" for j in judged
    ]
    assert list(frame["outcome"]) == [str(j.outcome) for j in judged]
    assert list(frame["digest"]) == [j.digest for j in judged]
    [warned] = frame[frame["outcome"] == "warned"].to_dict("records")
    assert (warned["check"], warned["severity"], warned["reads"], warned["finding"]) == (
        "no_oddities",
        "WARN",
        "quick",
        "row 3 is odd",
    )
    [parsed] = frame[frame["check"] == "rows_parse"].to_dict("records")
    assert (parsed["severity"], parsed["reads"]) == ("ERROR", "deep")


def test_run_time_and_numbers_are_those_of_the_newest_result(world: World, frame: pd.DataFrame):
    run = world.instance.get_runs(limit=1)[0].run_id
    made = frame[frame["asset"].str.startswith("mbpp/")]
    assert set(made["run"]) == {run}
    age = pd.Timestamp.now("UTC") - made["time"]
    assert (age > pd.Timedelta(0)).all() and (age < pd.Timedelta(minutes=5)).all()
    sizes = made[made["check"] == "bytes_match_materialized_digest"]
    assert list(sizes["numbers"].str["files"]) == [1, 1]
    never = frame[frame["outcome"] == "not-evaluated"]
    assert len(never) and never["run"].isna().all() and never["time"].isna().all()
    assert set(map(str, never["numbers"])) == {"{}"}


class Stream(io.TextIOWrapper):
    """Standard output that is a file, or a terminal."""

    def __init__(self, terminal: bool = False):
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def written(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()


def written(frame: pd.DataFrame, form: str) -> io.BytesIO:
    out = Stream()
    write_frame(frame, form, out)
    return io.BytesIO(out.written)


def test_every_format_reads_back_as_the_same_table(frame: pd.DataFrame):
    assert list(FORMATS) == list(WRITERS)
    of_csv = pd.read_csv(written(frame, "csv"), dtype={"digest": str}, parse_dates=["time"])
    of_csv["numbers"] = of_csv["numbers"].map(json.loads)
    of_json = pd.DataFrame(json.load(written(frame, "json")))
    of_json["time"] = pd.to_datetime(of_json["time"])
    table = pq.read_table(written(frame, "parquet"))
    of_parquet = table.to_pandas(maps_as_pydicts="strict")
    for read in (of_csv, of_json, of_parquet):
        pd.testing.assert_frame_equal(read.astype(COLUMNS), frame)


def test_parquet_is_not_thrown_at_a_terminal(frame: pd.DataFrame):
    terminal = Stream(terminal=True)
    with pytest.raises(BadInput, match=r"checks\.parquet"):
        write_frame(frame, "parquet", terminal)
    assert terminal.written == b""


def test_a_table_of_assets_and_one_of_checks_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        main(["status", "--table", "--format", "csv"])
    assert "not allowed with" in capsys.readouterr().err


def python(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    environment |= {"DAGSTER_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True
    )


@pytest.mark.long
def test_the_example_of_the_reviewers_and_the_command_run_on_a_new_record(tmp_path: Path):
    page = (PROJECT / "docs/reviewing.md").read_text()
    [example] = re.findall(r"```python\n(.*?checks_frame.*?)```", page, re.DOTALL)
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    done = python(tmp_path, "-c", example)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "not-evaluated" in done.stdout and "rows" in done.stdout
    done = python(tmp_path, "-m", "wmtp_assets.signoff", "status", "--format", "csv")
    assert done.returncode == 1, done.stderr[-2000:]
    read = pd.read_csv(io.StringIO(done.stdout))
    assert list(read.columns) == list(COLUMNS) and set(read["outcome"]) == {"not-evaluated"}
