"""HumanEval and MBPP in CodeContests: named item by item, with a table and a digest."""

import json

import pytest

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.checking.accepted import accept
from wmtp_assets.checking.propositions import Kind
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.stats import benchmark_leakage as leakage
from wmtp_assets.datasets.stats.checks import no_overlap_with, stats_check_groups
from wmtp_assets.datasets.stats.inputs import stored_benchmarks
from wmtp_assets.datasets.stats.range_facts import MATCHES
from wmtp_assets.datasets.stats.split_pass import read_splits
from wmtp_assets_tests.datasets.world import judge, lines_of

FUNCTION = (
    "def below(numbers, limit):\n    for number in numbers:\n        if number >= limit:\n"
    "            return False\n    return True\n"
)


def find(deployment):
    catalog, store = deployment.catalog, deployment.store
    benchmarks = stored_benchmarks(catalog, store, "codecontests")
    items = leakage.read_all_items(benchmarks)
    training = catalog.dataset("codecontests"), store.dataset("codecontests")
    return leakage.judge_leakage(benchmarks, items, read_splits(*training, {MATCHES}, items))


def decide(deployment):
    files = sorted(deployment.store.dataset("codecontests").stats.iterdir())
    return judge(deployment, stats_check_groups(dataset="codecontests"), files)


def change_line(deployment, dataset, split, number, **fields):
    path = deployment.store.dataset(dataset).jsonl(split)
    lines = lines_of(path)
    lines[number - 1] = dump_json({**json.loads(lines[number - 1]), **fields}).encode()
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def test_what_was_made_has_no_overlap_and_says_what_was_compared(made):
    for name, items in (("humaneval", 80), ("mbpp", 14)):
        finding = find(made)[name]
        assert finding.passed
        assert finding.evidence["items"] == items
        assert finding.evidence["solutions_read"] == 100
        assert finding.evidence["threshold"] == 0.7
        tenths = finding.evidence["items_by_containment"]
        assert sum(tenths["prompt"].values()) + sum(tenths["solution"].values()) == items


def test_a_solution_inside_programs_is_named_with_where_and_how_much(damaged):
    change_line(damaged, "humaneval", "test", 7, output=FUNCTION)
    wrapped = "import sys\n" + FUNCTION.replace("    ", "\t") + "print(below([1], 2))\n"
    change_line(damaged, "codecontests", "train", 3, output=wrapped)
    change_line(damaged, "codecontests", "valid", 4, output="# again\n" + wrapped)
    found = find(damaged)
    assert found["mbpp"].passed
    finding = found["humaneval"]
    task_id = json.loads(lines_of(damaged.store.dataset("codecontests").jsonl("train"))[2])[
        "task_id"
    ]
    assert finding.evidence["culprits"] == [
        f"test HumanEval/6 solution 1.00 in train {task_id} and 1 more"
    ]
    [row] = finding.evidence[leakage.OVERLAPS]
    assert row == {
        "item": "test HumanEval/6",
        "part": "solution",
        "containment": 1.0,
        "exact": False,
        "records": 2,
        "where": f"train {task_id}",
        "shared": "def below numbers limit for number in numbers",
    }


def test_a_prompt_that_is_a_description_is_named_as_equal(damaged):
    text = json.loads(lines_of(damaged.store.dataset("codecontests").jsonl("test"))[0])
    change_line(damaged, "mbpp", "validation", 2, instruction=text["instruction"].upper())
    finding = find(damaged)["mbpp"]
    assert not finding.passed
    assert finding.evidence["exact"] == 1
    assert finding.evidence["culprits"] == [
        f"validation 512 prompt equal in test {text['task_id']}"
    ]


def test_a_solution_is_not_looked_for_in_descriptions(damaged):
    text = json.loads(lines_of(damaged.store.dataset("codecontests").jsonl("test"))[0])
    change_line(damaged, "mbpp", "train", 1, output=text["instruction"])
    assert find(damaged)["mbpp"].passed


@pytest.mark.parametrize("benchmark", ["humaneval", "mbpp"])
def test_the_check_of_each_benchmark_fails_with_a_table_and_can_be_accepted(damaged, benchmark):
    change_line(damaged, benchmark, "test", 1, output=FUNCTION)
    change_line(damaged, "codecontests", "test", 1, output=FUNCTION)
    findings = decide(damaged)
    name = no_overlap_with(benchmark)
    other = no_overlap_with({"humaneval": "mbpp", "mbpp": "humaneval"}[benchmark])
    assert findings[other].passed
    found = findings[name]
    assert not found.passed
    [row] = found.evidence[leakage.OVERLAPS].records
    assert row.data["exact"] is True
    accepted = AcceptedFinding("codecontests/stats", name, found.summary, "seen")
    assert accept({name: found}, "codecontests/stats", [accepted])[name].passed


def test_these_checks_warn_and_block_nothing():
    propositions = [r.propositions for r in stats_check_groups(dataset="codecontests")]
    [of_benchmarks] = [of for of in propositions if no_overlap_with("mbpp") in of]
    assert {of.kind for of in of_benchmarks.values()} == {Kind.UPSTREAM}
