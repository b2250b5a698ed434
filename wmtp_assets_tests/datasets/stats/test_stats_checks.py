"""Every check of the statistics passes on what was made and fails on one corruption, naming it."""

import dataclasses
import json

import pytest
from markdown_it import MarkdownIt

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.checking.accepted import accept
from wmtp_assets.datasets.convert.inputs import length_filter
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.datasets.schema.card import build_card
from wmtp_assets.datasets.schema.schema_json import read_stored_splits
from wmtp_assets.datasets.stats import inspection
from wmtp_assets.datasets.stats.checks import no_overlap_with, stats_check_groups
from wmtp_assets.datasets.stats.inputs import summary_content
from wmtp_assets.datasets.stats.summary import summary_bytes
from wmtp_assets_tests.datasets.world import DAY, judge, lines_of

PLANTED = "train walk_correct_0 ~ test tour_correct_0 (description, 0.8696)"


def decide(deployment, dataset="codecontests"):
    files = sorted(deployment.store.dataset(dataset).stats.iterdir())
    return judge(deployment, stats_check_groups(dataset=dataset), files)


def summary_of(deployment, dataset="codecontests"):
    return deployment.store.dataset(dataset).stats / f"{DAY}_summary.json"


def replace_in(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def change_records(deployment, split, change, dataset="codecontests"):
    path = deployment.store.dataset(dataset).jsonl(split)
    records = [change(json.loads(line)) for line in lines_of(path)]
    path.write_bytes(b"".join(dump_json(record).encode() + b"\n" for record in records))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_check_passes_but_the_planted_warning(made, dataset):
    findings = decide(made, dataset)
    failed = {name for name, finding in findings.items() if not finding.passed}
    assert failed == ({inspection.NO_NEAR_DUPLICATES} if dataset == "codecontests" else set())


def test_the_planted_near_duplicate_is_named_with_a_table(made):
    finding = decide(made)[inspection.NO_NEAR_DUPLICATES]
    assert finding.evidence["culprits"] == [PLANTED]
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
    assert accepted.evidence["accepted_because"] == {found.summary: "seen and left"}
    [other] = accept({inspection.NO_NEAR_DUPLICATES: found}, "mbpp/stats", [row]).values()
    assert not other.passed


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"correct": 42', b'"correct": 43', "train.correct: expected 42, found 43"),
        (b'"texts": 1', b'"texts": 2', "labelled_both.space_aside.texts: expected 1, found 2"),
        (b'"labelled_both"', b'"labelled_once"', "missing train.labelled_both.exact.records"),
        (b'"train": {', b'"drain": {', "missing train.rows"),
    ],
)
def test_numbers_other_than_a_recount_are_named(damaged, old, new, says):
    replace_in(summary_of(damaged), old, new)
    finding = decide(damaged)[inspection.EQUAL_RECOUNT]
    assert not finding.passed
    assert says in finding.summary


def test_records_other_than_the_summary_says_are_named(damaged):
    change_records(damaged, "valid", lambda r: {**r, "is_correct": True})
    finding = decide(damaged)[inspection.EQUAL_RECOUNT]
    assert "valid.correct: expected 18, found 9" in finding.summary
    assert "missing valid.difficulty.incorrect.7" not in finding.summary
    assert "unexpected valid.difficulty.incorrect.7" in finding.summary


def test_contradictory_labels_are_recounted_prompt_by_prompt(damaged):
    change_records(damaged, "valid", lambda r: {**r, "output": "print(1)"})
    finding = decide(damaged)[inspection.EQUAL_RECOUNT]
    assert "valid.labelled_both.exact.texts: expected 3, found 0" in finding.summary
    assert "valid.labelled_both.exact.records: expected 18, found 0" in finding.summary


def test_what_is_said_of_programs_is_said_of_datasets_of_programs_alone(made, monkeypatch):
    for name, row in list(DATASETS.items()):
        facts = dataclasses.replace(row.facts, programs=False)
        monkeypatch.setitem(DATASETS, name, dataclasses.replace(row, facts=facts))
    told = [
        decide(made)[inspection.EQUAL_RECOUNT].summary,
        build_card(*described(made)).decode().split("## Files")[1].split("## Citation")[0],
        *(
            stated.statement + stated.why
            for group in stats_check_groups(dataset="codecontests")
            for stated in group.propositions.values()
        ),
    ]
    assert "; solutions published with both labels: 0 in train" in told[0]
    assert "(texts may hold carriage returns and U+2028: split" in told[1]
    assert not any("program" in words for words in told)


def test_contradictory_labels_are_told_where_the_recount_agrees(made):
    finding = decide(made)[inspection.EQUAL_RECOUNT]
    assert finding.passed
    assert "both labels: 0 in train (0 records), 0 in valid (0 records)" in finding.summary


def test_text_that_was_dropped_is_counted_and_named(damaged):
    path = damaged.store.dataset("codecontests").line_metadata("valid")
    candidates = read_facts(path, DATASETS["codecontests"].format).tally.candidates
    place = b'"row_group":2,"row":7,"place":"solutions.solution[5]"'
    entry = b'{"file":"v.parquet",' + place + b',"dropped":3}'
    for old, new in (
        (b'"over_length":0}', b'"over_length":0,"invalid_utf8":3}'),
        (b'"candidates":%d' % candidates, b'"candidates":%d' % (candidates + 3)),
        (b'"repeated_names":[]', b'"repeated_names":[],"invalid_utf8":[' + entry + b"]"),
    ):
        replace_in(path, old, new)
    finding = decide(damaged)[inspection.TEXT_IS_UTF8]
    assert not finding.passed
    assert finding.summary == (
        "3 candidates were dropped, their text is not UTF-8 (0 in train, 3 in valid, 0 in test): "
        "valid: v.parquet row group 2 row 7 solutions.solution[5] (3 dropped)"
    )
    assert finding.evidence["valid_invalid_utf8"] == 3
    card = build_card(*described(damaged)).decode()
    assert "| dropped: over length | dropped: invalid utf8 |" in card


def test_the_card_shows_a_published_name_as_it_is(made):
    row, commit, splits, settings = described(made)
    name = "`[x](javascript:alert(1))`<img src=x>\x1b[2K\n# Approved"
    entry = {"file": "v.parquet", "row": 7, "name": name, "written": f"{name}__2"}
    facts = dataclasses.replace(splits[0].facts, repeated_names=[entry])
    hostile = [dataclasses.replace(splits[0], facts=facts), *splits[1:]]
    card = build_card(row, commit, hostile, settings).decode()
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(card)
    assert "<img" not in page and 'href="javascript' not in page
    assert page.count("`[x](javascript:alert(1))`&lt;img src=x&gt;\\x1b[2K\\n# Approved") == 2


def described(deployment):
    """What the card of CodeContests is made of."""
    row = deployment.catalog.dataset("codecontests")
    splits = read_stored_splits(row, deployment.store.dataset(row.name))
    return row, "c" * 40, splits, length_filter(deployment.catalog, deployment.store)


def test_labels_that_the_line_metadata_alone_counts_otherwise_are_named(damaged):
    claim_a_conflict(damaged)
    finding = decide(damaged)[inspection.SUMMARY_AGREES]
    assert "splits.valid.labelled_both.exact.texts: expected 1, found 0" in finding.summary


def test_labels_that_a_summary_has_of_wrong_line_metadata_are_named(damaged):
    claim_a_conflict(damaged)
    catalog, store = damaged.catalog, damaged.store
    splits = read_stored_splits(
        catalog.dataset("codecontests"), damaged.store.dataset("codecontests")
    )
    content = summary_content(catalog, store, "codecontests", splits)
    summary_of(damaged).write_bytes(summary_bytes(content, DAY))
    findings = decide(damaged)
    assert findings[inspection.SUMMARY_AGREES].passed
    assert (
        "valid.labelled_both.exact.texts: expected 0, found 1"
        in findings[inspection.EQUAL_RECOUNT].summary
    )


def claim_a_conflict(deployment):
    """Let the line metadata of a split count a solution with both labels that it has not."""
    path = deployment.store.dataset("codecontests").line_metadata("valid")
    counts = b'"labelled_both":{"exact":{"texts":%d,"records":%d},"space_aside":{"texts":%d,'
    replace_in(path, counts % (0, 0, 0) + b'"records":0', counts % (1, 2, 1) + b'"records":2')


@pytest.mark.parametrize("data", [b"", b"[]", b'{"splits": []}', b'{"splits": {"train": 1}}'])
def test_a_summary_of_another_form_fails_and_does_not_crash(damaged, data):
    summary_of(damaged).write_bytes(data)
    findings = decide(damaged)
    assert not findings[inspection.EQUAL_RECOUNT].passed
    assert not findings[inspection.SUMMARY_AGREES].passed


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"mean": 1', b'"mean": 2', "train.token_lengths.instruction.mean"),
        (b'"p99": ', b'"p98": ', "missing splits.train.token_lengths"),
        (b'"mbpp/test": "', b'"mbpp/test": "0', "compared_with.mbpp/test"),
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


@pytest.mark.parametrize(
    ("field", "says"), [("instruction", "(description, 0."), ("output", "(solution, 1.0000)")]
)
def test_a_near_duplicate_of_two_mbpp_splits_is_named_and_its_exact_twin_is_not(
    damaged, field, says
):
    text = " ".join(f"word{n}" for n in range(60))
    change_records(damaged, "train", lambda r: {**r, field: f"{text} {r['task_id']}"}, "mbpp")
    near = text if field == "instruction" else f"{text} 601"
    change_records(damaged, "test", lambda r: {**r, field: near}, "mbpp")
    finding = decide(damaged, "mbpp")[inspection.NO_NEAR_DUPLICATES]
    assert not finding.passed
    assert "train 601 ~ test 11 " in finding.summary
    assert says in finding.summary
    assert decide(damaged, "mbpp")[inspection.SHARE_NO_PROBLEM].passed is True


def test_a_line_that_cannot_be_read_leaves_nothing_decided(damaged):
    path = damaged.store.dataset("codecontests").jsonl("valid")
    replace_in(path, b'{"instruction"', b"[")
    findings = decide(damaged)
    for name in (inspection.EQUAL_RECOUNT, inspection.SHARE_NO_PROBLEM):
        assert not findings[name].passed
    assert "valid.jsonl line 1 " in findings[inspection.SHARE_NO_PROBLEM].summary
    for name in (inspection.NO_NEAR_DUPLICATES, *map(no_overlap_with, ("humaneval", "mbpp"))):
        assert not findings[name].passed
        assert "valid.jsonl line 1 " in findings[name].summary


def test_a_plot_that_is_missing_or_damaged_is_named(damaged):
    folder = damaged.store.dataset("codecontests").stats
    (folder / f"{DAY}_difficulty.png").unlink()
    replace_in(folder / f"{DAY}_token_length.png", b"IDAT", b"IDAX")
    finding = decide(damaged)[inspection.PLOTS_PRESENT]
    assert finding.evidence["culprit_count"] == 2
    assert f"{DAY}_difficulty.png is missing" in finding.summary
    assert f"damaged: {DAY}_token_length.png" in finding.summary


def test_a_record_without_a_summary_fails_and_does_not_crash(made):
    findings = judge(made, stats_check_groups(dataset="mbpp"), [])
    assert "names no summary" in findings[inspection.EQUAL_RECOUNT].summary
