"""The splits read once by ranges: the same findings for any ranges, though they cut a prompt."""

import json
import os
import signal

import pytest

from wmtp_assets.checking.check_group import AssetState
from wmtp_assets.checking.digests import Digests
from wmtp_assets.datasets.convert import pool
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.stats import (
    benchmark_leakage,
    checks,
    inspection,
    range_facts,
    split_pass,
)
from wmtp_assets.datasets.stats.checks import no_overlap_with, stats_check_groups
from wmtp_assets.datasets.stats.inputs import stored_benchmarks
from wmtp_assets.datasets.stats.range_facts import COUNTS, MATCHES, TEXTS
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import LINE_BYTES
from wmtp_assets_tests.datasets.stats.test_stats_checks import summary_of
from wmtp_assets_tests.datasets.world import lines_of

WHOLE = 10**9
# Lines of the tiny splits have 360 to 753 bytes: ranges without a line, with one or none, with ten.
SIZES = (97, 500, 5_000)
PARTS = {COUNTS, TEXTS, MATCHES}


def read(deployment, range_bytes, parts=PARTS, **options):
    row, folder, _, items = world_of(deployment)
    return split_pass.read_splits(row, folder, parts, items, range_bytes=range_bytes, **options)


def world_of(deployment):
    catalog, store = deployment.catalog, deployment.store
    benchmarks = stored_benchmarks(catalog, store, "codecontests")
    items = benchmark_leakage.read_all_items(benchmarks)
    return catalog.dataset("codecontests"), store.dataset("codecontests"), benchmarks, items


def decide(deployment, range_bytes, **options):
    """What each check group finds, or why it does not."""
    row, folder, benchmarks, items = world_of(deployment)
    readings = read(deployment, range_bytes, **options)
    summary = summary_of(deployment)
    return [
        told(lambda: inspection.inspect_stats(row, folder, summary, lambda: readings)),
        told(lambda: inspection.inspect_near_duplicates(row, readings)),
        told(lambda: benchmark_leakage.judge_leakage(benchmarks, items, readings)),
    ]


def told(find):
    try:
        return find()
    except BadInput as error:
        return str(error)


def change(deployment, split, number, **values):
    lines = lines_of(path_of(deployment, split))
    lines[number - 1] = dump_json({**json.loads(lines[number - 1]), **values}).encode()
    path_of(deployment, split).write_bytes(b"".join(line + b"\n" for line in lines))


def path_of(deployment, split):
    return deployment.store.dataset("codecontests").jsonl(split)


@pytest.mark.parametrize("range_bytes", SIZES)
def test_ranges_find_what_one_finds(damaged, range_bytes):
    """A solution with both labels on each side of each border, a match, a problem in two splits."""
    prompt = json.loads(lines_of(path_of(damaged, "train"))[0])["instruction"]
    item = next(item for item in world_of(damaged)[3] if item.part == "solution")
    for number in range(20, 40):
        output = "print(1)" + " " * (number % 3)
        change(damaged, "train", number, instruction="p", input="", output=output)
    change(damaged, "train", 45, output=f"x = 1\n{item.text}")
    change(damaged, "valid", 1, output=item.text, instruction=prompt)
    whole = decide(damaged, WHOLE)
    counts = read(damaged, WHOLE).require(COUNTS).recounts["train"].counts["labelled_both"]
    assert counts["space_aside"]["records"] >= 20 > counts["exact"]["texts"] >= 1
    assert not whole[0][inspection.SHARE_NO_PROBLEM].passed
    assert not whole[2][item.of].passed
    assert decide(damaged, range_bytes) == whole


@pytest.mark.parametrize(
    "fault",
    [
        lambda raw: raw[:-1],
        lambda raw: raw[: raw.index(b'"task_id":"') + 13],
        lambda raw: b"",
        lambda raw: raw.replace(b'"task_id"', b'"task"', 1),
        lambda raw: raw.replace(b'"output":"', b'"output":"\xff', 1),
        lambda raw: raw.replace(b'"difficulty":', b'"difficulty":"1","x":', 1),
        lambda raw: raw.replace(b'"input":', b'"input": ', 1),
        lambda raw: b"x" * (LINE_BYTES + 1),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 30, 60])
def test_a_fault_on_any_side_of_a_border_is_named_as_in_one_pass(damaged, fault, number):
    path = path_of(damaged, "train")
    lines = lines_of(path)
    lines[number - 1] = fault(lines[number - 1])
    path.write_bytes(b"\n".join(lines))
    whole = decide(damaged, WHOLE)
    assert f"train.jsonl line {number} " in str(whole[0]).replace(":", " ")
    for range_bytes in SIZES:
        assert decide(damaged, range_bytes) == whole


def test_a_line_that_one_part_cannot_read_leaves_the_others(damaged):
    path = path_of(damaged, "train")
    lines = lines_of(path)
    assert json.loads(lines[1])["instruction"] == json.loads(lines[0])["instruction"]
    for number in (1, 2, 40):
        lines[number] = lines[number].replace(b'"difficulty":', b'"difficulty":"1","x":', 1)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    for range_bytes in (*SIZES, WHOLE):
        readings = read(damaged, range_bytes)
        assert readings.failures.keys() == {COUNTS}
        assert "train.jsonl line 2: " in str(readings.failures[COUNTS])
        assert readings.records == 100


def test_two_processes_find_what_one_finds(made, monkeypatch):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    assert decide(made, 5_000, workers=2) == decide(made, WHOLE)


def test_a_process_that_dies_is_named_with_its_lines(made, monkeypatch):
    monkeypatch.setattr(pool, "POOL_WORTH_BYTES", 0)
    monkeypatch.setattr(split_pass, "read_facts", die)
    readings = read(made, 5_000, workers=2)
    for part in PARTS:
        with pytest.raises(BadInput, match=r"reads lines died: .*train\.jsonl, from byte 0 on"):
            readings.require(part)


def die(*_) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("selected", "parts"),
    [
        (None, PARTS),
        ([inspection.SHARE_NO_PROBLEM], {COUNTS}),
        ([inspection.NO_NEAR_DUPLICATES, inspection.PLOTS_PRESENT], {TEXTS}),
        ([inspection.EQUAL_RECOUNT, no_overlap_with("mbpp")], {COUNTS, MATCHES}),
        ([inspection.PLOTS_PRESENT], None),
    ],
)
def test_the_splits_are_read_once_and_only_for_the_checks_that_run(
    made, monkeypatch, selected, parts
):
    reads = []

    def note(row, folder, wanted, *rest, **options):
        reads.append(set(wanted))
        return split_pass.read_splits(row, folder, wanted, *rest, **options)

    monkeypatch.setattr(checks, "read_splits", note)
    files = {made.store.relative(summary_of(made)): {"size_bytes": 0, "mtime_ns": 0, "sha256": ""}}
    state = AssetState({}, files, Digests(made.store, files, deep=False), None, selected)
    for group in stats_check_groups(dataset="codecontests"):
        if state.runs(group.propositions):
            assert group.evaluate(made, state).keys() == group.propositions.keys()
    assert reads == ([parts] if parts else [])


def test_a_benchmark_that_cannot_be_read_fails_its_checks_alone(damaged):
    damaged.store.dataset("mbpp").jsonl("test").unlink()
    files = {
        damaged.store.relative(summary_of(damaged)): {"size_bytes": 0, "mtime_ns": 0, "sha256": ""}
    }
    state = AssetState({}, files, Digests(damaged.store, files, deep=False))
    counts, *_, near, overlaps = stats_check_groups(dataset="codecontests")
    assert counts.evaluate(damaged, state)[inspection.EQUAL_RECOUNT].passed
    assert near.evaluate(damaged, state)
    with pytest.raises(BadInput, match="JSONL is missing"):
        overlaps.evaluate(damaged, state)


def test_a_fault_of_a_process_comes_back_with_its_line():
    import pickle

    fault = range_facts.BadLine("x.jsonl", 3, ": no")
    assert str(pickle.loads(pickle.dumps(fault)).after(4)) == str(
        range_facts.BadLine("x.jsonl", 7, ": no")
    )


def test_a_second_task_id_counts_whatever_lines_before_it_ended_alike(damaged):
    """As JSON has it: the endings of lines are remembered, and must not be taken for the whole."""
    path = path_of(damaged, "valid")
    lines = lines_of(path)[:2]
    odd = lines[1].replace(b'"task_id":"', b'"task_id":"y_correct_1","task_id":"', 1)
    path.write_bytes(b"".join(line + b"\n" for line in (lines[0], odd, odd, lines[1])))
    names = {json.loads(line)["task_id"].rsplit("_", 2)[0] for line in lines}
    assert read(damaged, WHOLE, {COUNTS}).recounts["valid"].problems.keys() == names


def test_a_task_id_that_does_not_end_as_those_of_a_split_is_a_problem_of_its_own(damaged):
    """Only the number behind a label is left out of a name, whatever lines ended alike before."""
    names = ["a_1", "a_2", "a_correct_1", "b_correct_1", "a_correct_2x", 'c"_correct_1']
    for number, name in enumerate(names, 1):
        change(damaged, "valid", number, task_id=name, is_correct=True)
    problems = read(damaged, WHOLE, {COUNTS}).recounts["valid"].problems
    assert list(problems)[:6] == ["a_1", "a_2", "a", "b", "a_correct_2x", 'c"']
