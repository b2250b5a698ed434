"""Every check of the statistics passes on what was made and fails on one corruption, naming it."""

import json

import pytest

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.corpora.culprits import FINDING_SHA256, accept
from wmtp_assets.corpora.formats import FORMATS
from wmtp_assets.corpora.records import dump_json
from wmtp_assets.stats import inspection
from wmtp_assets.stats.checks import stats_readings
from wmtp_assets_tests.corpora.world import DAY, judge, lines_of

PLANTED = "train walk_correct_0 ~ test tour_correct_0 (0.8696)"


def decide(setup, dataset="codecontests"):
    files = sorted(setup.store.dataset(dataset).stats.iterdir())
    return judge(setup, stats_readings(dataset=dataset), files)


def summary_of(setup, dataset="codecontests"):
    return setup.store.dataset(dataset).stats / f"{DAY}_summary.json"


def replace_in(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def change_records(setup, split, change, dataset="codecontests"):
    path = setup.store.dataset(dataset).jsonl(split)
    records = [change(json.loads(line)) for line in lines_of(path)]
    path.write_bytes(b"".join(dump_json(record).encode() + b"\n" for record in records))


@pytest.mark.parametrize("dataset", FORMATS)
def test_every_check_passes_but_the_planted_warning(made, dataset):
    findings = decide(made, dataset)
    failed = {name for name, finding in findings.items() if not finding.passed}
    assert failed == ({inspection.NO_NEAR_DUPLICATES} if dataset == "codecontests" else set())
    assert len(findings) == (3 if dataset == "humaneval" else 5)


def test_the_planted_near_duplicate_is_named_with_a_digest_and_a_table(made):
    finding = decide(made)[inspection.NO_NEAR_DUPLICATES]
    assert finding.evidence["culprits"] == [PLANTED]
    assert len(finding.evidence[FINDING_SHA256]) == 64
    records = finding.evidence[inspection.PAIRS].records
    assert [record.data["similarity"] for record in records] == [0.8696]
    assert finding.evidence["threshold"] == 0.8


def test_near_duplicates_can_be_accepted_exactly(made):
    found = decide(made)[inspection.NO_NEAR_DUPLICATES]
    row = AcceptedFinding(
        "codecontests/stats", inspection.NO_NEAR_DUPLICATES, found.summary, "seen and left"
    )
    [accepted] = accept(
        {inspection.NO_NEAR_DUPLICATES: found}, "codecontests/stats", [row]
    ).values()
    assert accepted.passed
    assert accepted.evidence["accepted_because"] == "seen and left"
    [other] = accept({inspection.NO_NEAR_DUPLICATES: found}, "mbpp/stats", [row]).values()
    assert not other.passed


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"mean": 1', b'"mean": 2', "train.token_lengths.instruction.mean"),
        (b'"correct": 42', b'"correct": 43', "train.correct: expected 42, found 43"),
        (b'"p99": ', b'"p98": ', "missing train.token_lengths"),
        (b'"train": {', b'"drain": {', "missing train.rows"),
    ],
)
def test_numbers_other_than_a_recount_are_named(damaged, old, new, says):
    replace_in(summary_of(damaged), old, new)
    findings = decide(damaged)
    assert not findings[inspection.EQUAL_RECOUNT].passed
    assert says in findings[inspection.EQUAL_RECOUNT].summary
    assert not findings[inspection.SUMMARY_AGREES].passed


@pytest.mark.parametrize("data", [b"", b"[]", b'{"splits": []}', b'{"splits": {"train": 1}}'])
def test_a_summary_of_another_form_fails_and_does_not_crash(damaged, data):
    summary_of(damaged).write_bytes(data)
    findings = decide(damaged)
    assert not findings[inspection.EQUAL_RECOUNT].passed
    assert not findings[inspection.SUMMARY_AGREES].passed


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"over_length": 2', b'"over_length": 3', "splits.train.dropped.over_length"),
        (b'"sha256": "', b'"sha256": "0', "splits.train.sha256"),
        (DAY.encode(), b"2025-11-15", "date: expected 2025-11-14, found 2025-11-15"),
    ],
)
def test_a_summary_other_than_the_line_metadata_is_named(damaged, old, new, says):
    replace_in(summary_of(damaged), old, new)
    finding = decide(damaged)[inspection.SUMMARY_AGREES]
    assert not finding.passed
    assert says in finding.summary


def test_a_problem_in_two_splits_is_named_by_name(damaged):
    def rename(record):
        return {**record, "task_id": record["task_id"].replace("v-0. Add", "same")}

    change_records(damaged, "valid", rename)
    finding = decide(damaged)[inspection.SHARE_NO_PROBLEM]
    assert finding.evidence["culprits"] == ["name 'same' is in train and valid"]


def test_a_problem_in_two_splits_is_named_by_description(damaged):
    text = json.loads(lines_of(damaged.store.dataset("mbpp").jsonl("train"))[0])["instruction"]
    change_records(damaged, "test", lambda r: {**r, "instruction": text.upper()}, "mbpp")
    finding = decide(damaged, "mbpp")[inspection.SHARE_NO_PROBLEM]
    assert finding.evidence["culprits"] == ["train '601' has the description of test '11'"]


def test_a_line_that_cannot_be_read_leaves_nothing_decided(damaged):
    path = damaged.store.dataset("codecontests").jsonl("valid")
    replace_in(path, b'{"instruction"', b"[")
    findings = decide(damaged)
    for name in (inspection.EQUAL_RECOUNT, inspection.SHARE_NO_PROBLEM):
        assert not findings[name].passed
    assert "valid.jsonl line 1 " in findings[inspection.SHARE_NO_PROBLEM].summary
    assert "valid.jsonl line 1 " in findings[inspection.NO_NEAR_DUPLICATES].summary


def test_a_plot_that_is_missing_or_damaged_is_named(damaged):
    folder = damaged.store.dataset("codecontests").stats
    (folder / f"{DAY}_difficulty.png").unlink()
    replace_in(folder / f"{DAY}_token_length.png", b"IDAT", b"IDAX")
    finding = decide(damaged)[inspection.PLOTS_PRESENT]
    assert finding.evidence["culprit_count"] == 2
    assert f"{DAY}_difficulty.png is missing" in finding.summary
    assert f"damaged: {DAY}_token_length.png" in finding.summary


def test_a_record_without_a_summary_fails_and_does_not_crash(made):
    findings = judge(made, stats_readings(dataset="mbpp"), [])
    assert "names no summary" in findings[inspection.EQUAL_RECOUNT].summary
