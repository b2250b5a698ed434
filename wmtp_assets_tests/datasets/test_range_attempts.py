"""What workers find in ranges of a JSONL, and what this process proves of it, without a cluster."""

import os
import pickle
import socket
from dataclasses import replace

import pytest

from wmtp_assets.datasets.convert import cluster, dask_client, range_inspection
from wmtp_assets.datasets.convert.cluster import environment, inspect_attempt
from wmtp_assets.datasets.convert.line_ranges import LineRange
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import LINE_BYTES
from wmtp_assets_tests.datasets.test_line_blocks import (
    SIZES,
    WHOLE,
    damage,
    inspect_whole,
    jsonl_of,
)
from wmtp_assets_tests.datasets.world import FILTER, lines_of


@pytest.fixture
def inline(monkeypatch) -> None:
    """Workers are this process, which gets back what was pickled."""

    def calls(units, call, scheduler, *, doing, again):
        for unit in units:
            _, function, arguments = pickle.loads(pickle.dumps(call(unit)))
            yield unit, pickle.loads(pickle.dumps(function(*arguments)))

    monkeypatch.setattr(cluster, "call_on_cluster", calls)


def inspect_by_ranges(deployment, range_bytes):
    return inspect_whole(deployment, WHOLE, scheduler="inline", range_bytes=range_bytes)


@pytest.mark.parametrize("number", [1, 30, 57])
@pytest.mark.parametrize("range_bytes", [*SIZES, WHOLE])
def test_ranges_hold_what_blocks_hold(damaged, inline, number, range_bytes):
    damage(damaged, number)
    assert inspect_by_ranges(damaged, range_bytes) == inspect_whole(damaged, WHOLE)


@pytest.mark.parametrize("moved", [-1, 0, 1])
def test_faults_on_both_sides_of_a_border_of_ranges_keep_their_lines(damaged, inline, moved):
    damage(damaged, 30)
    border = len(b"".join(line + b"\n" for line in lines_of(jsonl_of(damaged))[:30]))
    assert inspect_by_ranges(damaged, border + moved) == inspect_whole(damaged, WHOLE)


@pytest.mark.parametrize("most", [1, 3])
def test_what_a_worker_leaves_of_a_range_is_inspected_here(damaged, inline, monkeypatch, most):
    damage(damaged, 30)
    whole = inspect_whole(damaged, WHOLE)
    monkeypatch.setattr(range_inspection, "MOST_FAULTS", most)
    assert inspect_by_ranges(damaged, 5_000) == whole


def test_an_empty_file_is_a_range(damaged, inline):
    jsonl_of(damaged).write_bytes(b"")
    assert inspect_by_ranges(damaged, 97) == inspect_whole(damaged, WHOLE)


@pytest.mark.parametrize("range_bytes", [40_000, 300_000, WHOLE, 10**7])
def test_a_line_that_is_too_long_is_named_with_ranges_too(damaged, inline, range_bytes):
    path = jsonl_of(damaged)
    lines = lines_of(path)
    lines[40] = lines[50] = b"x" * (LINE_BYTES + 1)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(BadInput, match=r"train\.jsonl line 41 is longer than any such line"):
        inspect_by_ranges(damaged, range_bytes)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda data: data.replace(b"print", b"prunt", 1), "from byte 0 on"),
        (lambda data: data[:-3], "from byte 20,000 on"),
        (lambda data: data + b"{}\n", "beyond byte 2"),
    ],
)
def test_a_worker_that_read_other_bytes_is_named_with_the_place(
    damaged, inline, monkeypatch, change, place
):
    path = jsonl_of(damaged)
    seen = path.read_bytes()
    assert 20_000 < len(seen) < 30_000
    planned = cluster.plan_ranges(path, 10_000)
    monkeypatch.setattr(cluster, "plan_ranges", lambda *_: planned)
    path.with_name("seen").write_bytes(seen)
    path.write_bytes(change(seen))
    read_range = cluster.read_range
    stale = path.with_name("seen")
    monkeypatch.setattr(cluster, "read_range", lambda lines: read_range(replace(lines, path=stale)))
    says = rf"workers have read other bytes than are here: .*train\.jsonl, {place}"
    with pytest.raises(BadInput, match=says):
        inspect_by_ranges(damaged, 10_000)


def test_a_worker_that_does_not_see_the_file_says_who_it_is(tmp_path):
    lines = LineRange(tmp_path / "no" / "train.jsonl", 0, 9)
    says = rf"not see the storage, or may not read.*{socket.gethostname()}, process {os.getpid()}"
    with pytest.raises(BadInput, match=rf"{says}: .*no/train\.jsonl"):
        inspect_attempt("mbpp", lines, FILTER, environment())


def test_a_worker_with_another_environment_does_not_inspect(made):
    lines = LineRange(jsonl_of(made), 0, 9)
    with pytest.raises(BadInput, match=r"a worker would not find the same: .*numpy .* is 1\.0"):
        inspect_attempt("codecontests", lines, FILTER, {**environment(), "numpy": "1.0"})


def test_a_scheduler_is_asked_for_as_the_conversion_asks(made, monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 0.5)
    with pytest.raises(BadInput, match="no Dask scheduler answers"):
        inspect_whole(made, WHOLE, scheduler="tcp://127.0.0.1:1")
