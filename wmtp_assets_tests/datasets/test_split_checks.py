"""Every check of a split passes on what was made and fails on one corruption, naming it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from sentencepiece import SentencePieceProcessor

from wmtp_assets.checking.check_group import AssetState
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import Kind
from wmtp_assets.datasets.checks import ADDS_UP, DROPS_EQUAL_SOURCE, split_check_groups
from wmtp_assets.datasets.convert import (
    accounting,
    independent_counts,
    inspection,
    range_inspection,
    records,
)
from wmtp_assets.datasets.convert.accounting import judge_sum
from wmtp_assets.datasets.convert.independent_counts import BY_BOTH, BY_TUETOKEN
from wmtp_assets.datasets.convert.inputs import source_files
from wmtp_assets.datasets.convert.line_metadata import read_facts
from wmtp_assets.datasets.convert.records import dump_json
from wmtp_assets.datasets.convert.split import convert_split
from wmtp_assets.datasets.formats import ALPACA, INVALID_UTF8
from wmtp_assets.datasets.languages import program_columns
from wmtp_assets.datasets.mbpp import MBPP
from wmtp_assets.datasets.problem import LabelledSolutions, Problem, Row
from wmtp_assets.datasets.row import DatasetRow
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.deployment import Deployment
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import open_regular
from wmtp_assets.record import file_facts
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows
from wmtp_assets_tests.datasets.rows import CODECONTESTS, LONG, problem, write_parquet
from wmtp_assets_tests.datasets.world import FILTER, TOKENIZER, judge, lines_of

SPLITS = [(name, split) for name, row in DATASETS.items() for split in row.splits]


def decide(deployment: Deployment, dataset: str = "codecontests", split: str = "train"):
    folder = deployment.store.dataset(dataset)
    files = [p for p in (folder.jsonl(split), folder.line_metadata(split)) if p.exists()]
    return judge(deployment, split_check_groups(dataset=dataset, split=split), files)


def failed(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if not finding.passed}


def change_line(deployment: Deployment, number: int, change: Callable[[bytes], bytes]) -> None:
    path = deployment.store.dataset("codecontests").jsonl("train")
    lines = lines_of(path)
    lines[number - 1] = change(lines[number - 1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def change_record(deployment: Deployment, number: int, **values) -> None:
    change_line(deployment, number, lambda raw: dump_json({**json.loads(raw), **values}).encode())


def change_head(deployment: Deployment, change: Callable[[dict], None]) -> None:
    path = deployment.store.dataset("codecontests").line_metadata("train")
    first, rest = path.read_bytes().split(b"\n", 1)
    head = json.loads(first[:-1] + b"}")
    change(head)
    path.write_bytes(dump_json(head)[:-1].encode() + b",\n" + rest)


@pytest.mark.parametrize(("dataset", "split"), SPLITS)
def test_every_check_passes_on_what_was_made(made, dataset, split):
    findings = decide(made, dataset, split)
    assert failed(findings) == set()
    form = DATASETS[dataset].format
    programs = bool(program_columns(form))
    assert (inspection.LABELS_AGREE in findings) is form.labelled
    assert (DROPS_EQUAL_SOURCE in findings) is programs
    assert len(findings) == 7 + form.labelled + programs


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-1],
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw[:30] + b"\xff" + raw[31:],
        lambda raw: raw.replace(b'"input":', b'"input": ', 1),
        lambda raw: raw.replace(b"print", b"\\u0070rint", 1),
        lambda raw: raw + b"\r",
        lambda raw: raw[:20] + b"\n" + raw[20:],
        lambda raw: dump_json({**json.loads(raw), "is_correct": 1}).encode(),
        lambda raw: dump_json({**json.loads(raw), "extra": 1}).encode(),
        lambda raw: dump_json(dict(reversed(json.loads(raw).items()))).encode(),
        lambda raw: raw.replace(b'"difficulty":1', b'"difficulty":true', 1),
        lambda raw: raw.replace(b'"task_id":', b'"task_id":"x","task_id":', 1),
        lambda raw: b"",
        lambda raw: b"[]",
        lambda raw: b'"\\ud800"',
        lambda raw: raw.replace(b'"output":"', b'"output":"\\ud800', 1),
        lambda raw: raw.replace(b'"output":"', b'"output":"\xed\xa0\x80', 1),
        lambda raw: raw.replace(b'"task_id":"', b'"task_id":"\\udfff', 1),
        lambda raw: b"[" * 100_000,
        lambda raw: b'{"instruction":' * 100_000,
    ],
)
def test_a_line_that_is_not_of_the_schema_is_named(damaged, change):
    change_line(damaged, 3, change)
    findings = decide(damaged)
    finding = findings[inspection.LINES_PARSE]
    assert not finding.passed
    assert "train.jsonl line 3 " in finding.summary
    # What could only be read in part is not claimed.
    assert not findings[inspection.WITHIN_LIMIT].passed
    assert not findings[inspection.TASK_IDS_UNIQUE].passed


def test_the_lines_are_read_once_for_their_propositions_and_their_digest(made, monkeypatch):
    folder = made.store.dataset("codecontests")
    jsonl = folder.jsonl("train")
    recorded = {made.store.relative(jsonl): file_facts(file_io.stored(jsonl))}
    state = AssetState({}, recorded, Digests(made.store, recorded, deep=True))
    monkeypatch.setattr(file_io, "sha256_of", None)  # nobody else hashes it
    opened = []
    monkeypatch.setattr(
        records, "open_regular", lambda path: opened.append(path) or open_regular(path)
    )
    for group in split_check_groups(dataset="codecontests", split="train"):
        assert all(finding.passed for finding in group.evaluate(made, state).values())
    assert dict(state.digests) == {path: facts["sha256"] for path, facts in recorded.items()}
    assert opened == [jsonl]


def test_a_missing_line_feed_at_the_end_is_named(damaged):
    path = damaged.store.dataset("codecontests").jsonl("train")
    path.write_bytes(path.read_bytes()[:-1])
    assert "line 61 does not end" in decide(damaged)[inspection.LINES_PARSE].summary


def test_a_record_over_the_limit_is_named(damaged):
    change_record(damaged, 5, output=LONG)
    finding = decide(damaged)[inspection.WITHIN_LIMIT]
    assert not finding.passed
    assert "line 5 same__2_correct_3: 15," in finding.summary


def test_texts_are_counted_by_two_implementations_and_it_is_said_by_which(made):
    pytest.importorskip("tuetoken", reason="no wheel for Linux on ARM")
    findings = decide(made)
    counted = findings[inspection.WITHIN_LIMIT].evidence[inspection.TEXTS_COUNTED_BY]
    assert list(counted) == [BY_TUETOKEN, BY_BOTH]
    assert counted[BY_TUETOKEN] > counted[BY_BOTH] > 0
    assert sum(counted.values()) == 3 * 61
    assert (
        findings[inspection.COUNTS_EQUAL_RECOUNT].evidence[inspection.TEXTS_COUNTED_BY] == counted
    )


def with_tuetoken(monkeypatch, count: Callable[[str], int] | None, unused: str = "") -> None:
    monkeypatch.setattr(independent_counts, "_load_tuetoken", lambda *_: (count, unused))


def test_a_text_that_tuetoken_counts_otherwise_fails_what_is_counted_and_is_named(
    damaged, monkeypatch
):
    text = "print('é', 12345)"
    plain = SentencePieceProcessor(model_file=str(TOKENIZER)).encode
    change_record(damaged, 5, output=text)
    with_tuetoken(monkeypatch, lambda asked: len(plain(asked)) - (asked == text))
    findings = decide(damaged)
    digest, count = hashlib.sha256(text.encode()).hexdigest(), len(plain(text))
    culprit = (
        f"line 5 same__2_correct_3 {text!r} (sha256 {digest}): "
        f"{count - 1} by tuetoken, {count} by sentencepiece"
    )
    within = findings[inspection.WITHIN_LIMIT]
    assert not within.passed and within.decided
    assert within.evidence["culprits"] == [culprit]
    assert within.evidence["max_tokens"] == FILTER.max_tokens
    recount = findings[inspection.COUNTS_EQUAL_RECOUNT]  # the lengths differ besides
    assert not recount.passed and not recount.decided
    assert "token_lengths.output" in recount.summary and culprit in recount.summary
    assert findings[inspection.LINES_PARSE].passed and findings[inspection.TASK_IDS_UNIQUE].passed


def test_tuetoken_wrong_everywhere_is_found_by_the_records_that_are_drawn(made, monkeypatch):
    with_tuetoken(monkeypatch, len)
    findings = decide(made)
    for name in (inspection.WITHIN_LIMIT, inspection.COUNTS_EQUAL_RECOUNT):
        assert not findings[name].passed
        assert (
            "texts are counted differently by tuetoken and sentencepiece" in findings[name].summary
        )


def test_sentencepiece_counts_alone_where_tuetoken_is_not_used_and_it_is_said(made, monkeypatch):
    with_tuetoken(monkeypatch, None, "it is not known to agree")
    findings = decide(made)
    assert failed(findings) == set()
    assert findings[inspection.COUNTS_EQUAL_RECOUNT].evidence[inspection.TEXTS_COUNTED_BY] == {
        BY_TUETOKEN: 0,
        BY_BOTH: 0,
        "sentencepiece, because it is not known to agree": 183,
    }


def test_a_record_over_the_limit_is_found_by_tuetoken_alone_too(damaged, monkeypatch):
    monkeypatch.setattr(independent_counts, "NEAR_PERCENT", 10**6)
    change_record(damaged, 5, output=LONG)
    assert "line 5 same__2_correct_3: 15," in decide(damaged)[inspection.WITHIN_LIMIT].summary


def test_a_task_id_that_occurs_twice_is_named_with_both_lines(damaged):
    change_record(damaged, 2, task_id="odd/name_correct_0")
    finding = decide(damaged)[inspection.TASK_IDS_UNIQUE]
    assert finding.evidence["culprits"] == ["'odd/name_correct_0' in lines 1 and 2"]


def test_digests_that_collide_are_told_apart_by_reading_again(made, monkeypatch):
    monkeypatch.setattr(range_inspection, "digest_of", lambda task_id: 1)
    assert failed(decide(made)) == set()


def test_a_task_id_that_contradicts_is_correct_is_named(damaged):
    change_record(damaged, 1, is_correct=False)
    findings = decide(damaged)
    assert "line 1: 'odd/name_correct_0' with is_correct false" in (
        findings[inspection.LABELS_AGREE].summary
    )
    change_record(damaged, 1, is_correct=True, task_id="odd/name_correct_")
    assert not decide(damaged)[inspection.LABELS_AGREE].passed


def test_row_counts_other_than_those_of_the_catalog_are_named(made):
    dataset = made.catalog.dataset("codecontests")
    train = replace(dataset.splits[0], rows=62, correct=41)
    changed = replace(dataset, splits=(train, *dataset.splits[1:]))
    catalog = with_rows(made.catalog, changed)
    finding = decide(replace(made, catalog=catalog))[inspection.ROWS_EQUAL_CATALOG]
    assert finding.evidence["culprits"] == [
        "rows: expected 62, found 61",
        "correct: expected 41, found 42",
    ]


def test_another_count_than_that_of_another_program_says_what_may_explain_it(made):
    dataset = made.catalog.dataset("codecontests")
    train = replace(dataset.splits[0], rows=56)
    catalog = with_rows(made.catalog, replace(dataset, splits=(train, *dataset.splits[1:])))
    found = decide(replace(made, catalog=catalog))[inspection.ROWS_EQUAL_CATALOG]
    assert "rows: expected 56, found 61" in found.summary
    for explained in ("dropped as over_length", "problems renamed", "rows without tests"):
        assert explained in found.evidence["may_explain"]
    kinds = {
        (dataset, group.propositions[inspection.ROWS_EQUAL_CATALOG].kind)
        for dataset, split in (("codecontests", "train"), ("mbpp", "train"), ("humaneval", "test"))
        for group in split_check_groups(dataset=dataset, split=split)
        if inspection.ROWS_EQUAL_CATALOG in group.propositions
    }
    assert kinds == {
        ("codecontests", Kind.UPSTREAM),
        ("mbpp", Kind.OURS),
        ("humaneval", Kind.OURS),
    }


def test_counts_of_labelled_rows_are_an_error_unless_the_row_says_who_else_counted(monkeypatch):
    row = replace(DATASETS["codecontests"], counted_elsewhere="")
    monkeypatch.setitem(DATASETS, "codecontests", row)
    [stated] = [
        group.propositions[inspection.ROWS_EQUAL_CATALOG]
        for group in split_check_groups(dataset="codecontests", split="train")
        if inspection.ROWS_EQUAL_CATALOG in group.propositions
    ]
    assert stated.kind is Kind.OURS and "program" not in stated.why


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'{"is_correct":true,"difficulty":1}', b'{"is_correct":true,"difficulty":2}', "line 1:"),
        (b'{"is_correct":true,"difficulty":1},\n', b"", "no item for line 61"),
        (b"\n]}\n", b",\n{}\n]}\n", "1 items beyond"),
        (b"\n]}\n", b"\n", "without"),
        (b"\n]}\n", b"\n]}\nx", "text after the end"),
        (b'"metadata":[\n', b'"metadata":[', "line 1"),
        (b'{"dataset"', b'"dataset"', "line 1"),
        (b'"sha256":"', b'"sha256":"0', "sha256 is '0"),
        (b'"source_file":"train.jsonl"', b'"source_file":"test.jsonl"', "source_file is"),
        (b'"stats":{', b'"stats":3,"x":{', "keys are not"),
        (b'"stats":{', b'"stats":' + b"[" * 100_000, "nested deeper"),
    ],
)
def test_line_metadata_that_is_not_that_of_the_lines_is_named(damaged, old, new, says):
    path = damaged.store.dataset("codecontests").line_metadata("train")
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    findings = decide(damaged)
    assert not findings[inspection.METADATA_ALIGNED].passed
    assert says in findings[inspection.METADATA_ALIGNED].summary
    assert findings[inspection.LINES_PARSE].passed


def test_a_changed_line_no_longer_has_the_named_digest(damaged):
    change_record(damaged, 1, output="print(7)")
    assert "sha256 is" in decide(damaged)[inspection.METADATA_ALIGNED].summary


def test_recorded_counts_other_than_a_recount_are_named(damaged):
    def change(head):
        lengths = head["stats"]["token_lengths"]["total"]
        lengths["101"] += 1
        lengths["102"] -= 1

    change_head(damaged, change)
    finding = decide(damaged)[inspection.COUNTS_EQUAL_RECOUNT]
    assert "token_lengths.total.101: expected 3, found 2" in finding.summary


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["stats"].pop("rows"),
        lambda head: head["stats"].update(rows="61"),
        lambda head: head["stats"].update(rows=60),
        lambda head: head["stats"]["token_lengths"].update(total=[]),
        lambda head: head["stats"]["token_lengths"]["total"].update(x=1),
        lambda head: head["stats"]["difficulty"].pop("correct"),
        lambda head: head["stats"]["repeated_names"][0].pop("name"),
        lambda head: head["stats"]["dropped"].pop("over_length"),
        lambda head: head["stats"].update(candidates=-1),
        lambda head: head["stats"].pop("labelled_both"),
        lambda head: head["stats"]["labelled_both"].pop("exact"),
        lambda head: head["stats"]["labelled_both"]["exact"].update(texts="0"),
        lambda head: head["stats"]["labelled_both"]["exact"].update(records=-1),
        lambda head: head["stats"]["labelled_both"]["exact"].update(texts=40),
        lambda head: head["stats"]["labelled_both"]["space_aside"].update(records=99),
        lambda head: head["stats"]["labelled_both"]["exact"].update(records=60),
    ],
)
def test_stats_of_another_form_fail_and_do_not_crash(damaged, change):
    change_head(damaged, change)
    findings = decide(damaged)
    assert not findings[inspection.COUNTS_EQUAL_RECOUNT].passed
    assert not findings[ADDS_UP].passed
    assert not findings[DROPS_EQUAL_SOURCE].passed
    assert findings[inspection.LINES_PARSE].passed


def test_source_rows_other_than_in_the_parquet_files_are_named(damaged):
    dataset = damaged.catalog.dataset("codecontests")
    [path] = source_files(damaged.store, dataset, dataset.splits[1])
    write_parquet("codecontests", CODECONTESTS["valid"][:2], path)
    findings = decide(damaged, split="valid")
    assert findings[ADDS_UP].evidence["culprits"] == [
        "source rows in the parquet footers: expected 2, recorded 3"
    ]
    assert "candidates: 20 in the source, recorded 30" in findings[DROPS_EQUAL_SOURCE].summary


def test_candidates_that_are_neither_written_nor_dropped_are_named(damaged):
    change_head(damaged, lambda head: head["stats"]["dropped"].update(over_length=1))
    findings = decide(damaged)
    assert "records written or dropped: expected 105, recorded 104" in findings[ADDS_UP].summary
    assert "over_length: 63 in the source, recorded 62" in findings[DROPS_EQUAL_SOURCE].summary


def labelled_tasks(candidates: Callable[[int], int]) -> DatasetRow:
    """MBPP as a labelled dataset; `candidates` says how many its reader makes of a task."""

    def read(row: Row, renamed: None) -> Problem:
        problem = MBPP.read(row, renamed)
        number = row["task_id"].as_py()
        ids = [f"{number}_correct_{place}" for place in range(candidates(number))]
        [task] = problem.candidates
        solutions = LabelledSolutions(True, ids, [*task.outputs] * len(ids))
        metadata = {"source": "mbpp", "difficulty": 1}
        return replace(problem, input="", metadata=metadata, candidates=[solutions])

    fields = {**ALPACA, "is_correct": bool, "metadata": {"source": str, "difficulty": int}}
    return replace(MBPP, format=replace(MBPP.format, fields=fields), read=read)


@pytest.mark.parametrize(
    ("candidates", "culprits"),
    [
        (lambda number: 1 + number % 2, []),
        # As many candidates as rows in all, and two rows that left nothing behind.
        (
            lambda number: 2 * (number % 2),
            ["source rows without a candidate: expected 0, recorded 2"],
        ),
    ],
)
def test_a_row_that_a_reader_makes_nothing_of_is_counted_where_no_language_is_filtered(
    made, tmp_path, monkeypatch, candidates, culprits
):
    monkeypatch.setitem(DATASETS, "mbpp", labelled_tasks(candidates))
    dataset = made.catalog.dataset("mbpp")
    split = dataset.splits[0]
    sources = source_files(made.store, dataset, split)
    folder = Store(tmp_path / "storage", tmp_path / "docs").dataset("mbpp")
    convert_split("mbpp", split.name, sources, folder, FILTER)
    finding = judge_sum("mbpp", split, folder.line_metadata(split.name), sources)
    assert finding.evidence.get("culprits", []) == culprits
    assert finding.passed is not bool(culprits)
    groups = split_check_groups(dataset="mbpp", split=split.name)
    assert all(group.deep for group in groups if ADDS_UP in group.propositions)


def test_candidates_other_than_in_the_source_are_named_where_no_language_is_filtered(
    made, tmp_path, monkeypatch
):
    dataset = made.catalog.dataset("mbpp")
    split = dataset.splits[0]
    sources = source_files(made.store, dataset, split)
    folder = Store(tmp_path / "storage", tmp_path / "docs").dataset("mbpp")
    monkeypatch.setitem(DATASETS, "mbpp", labelled_tasks(lambda number: 2))
    convert_split("mbpp", split.name, sources, folder, FILTER)
    monkeypatch.setitem(DATASETS, "mbpp", labelled_tasks(lambda number: 3))
    finding = judge_sum("mbpp", split, folder.line_metadata(split.name), sources)
    assert finding.evidence["culprits"] == ["candidates in the source: expected 12, recorded 8"]


def test_rows_are_read_again_once_for_all_that_is_counted_of_them(made, tmp_path, monkeypatch):
    dataset = made.catalog.dataset("mbpp")
    split = dataset.splits[0]
    sources = source_files(made.store, dataset, split)
    folder = Store(tmp_path / "storage", tmp_path / "docs").dataset("mbpp")
    monkeypatch.setitem(DATASETS, "mbpp", labelled_tasks(lambda number: 2))
    convert_split("mbpp", split.name, sources, folder, FILTER)
    facts = read_facts(folder.line_metadata(split.name), DATASETS["mbpp"].format)
    facts.tally.dropped[INVALID_UTF8] = 1
    monkeypatch.setattr(accounting, "read_facts", lambda *_: facts)
    read, read_problems = [], accounting.read_problems
    monkeypatch.setattr(
        accounting, "read_problems", lambda *of: read.append(of[1]) or read_problems(*of)
    )
    finding = judge_sum("mbpp", split, folder.line_metadata(split.name), sources)
    assert "rows that are not UTF-8: expected 0, recorded 1" in finding.summary
    assert read == sources


def test_other_languages_in_the_source_are_named(damaged):
    dataset = damaged.catalog.dataset("codecontests")
    [path] = source_files(damaged.store, dataset, dataset.splits[1])
    rows = [{**row} for row in CODECONTESTS["valid"]]
    rows[0]["solutions"] = problem("x", "d", [(2, "a")] * 4 + [(8, "b")])["solutions"]
    write_parquet("codecontests", rows, path)
    summary = decide(damaged, split="valid")[DROPS_EQUAL_SOURCE].summary
    assert "other_language: 14 in the source, recorded 12" in summary
    assert "unknown_language: 1 in the source, recorded 0" in summary


def test_missing_files_fail_the_checks_that_need_them(damaged):
    folder = damaged.store.dataset("codecontests")
    folder.line_metadata("train").unlink()
    findings = decide(damaged)
    assert failed(findings) == {
        inspection.METADATA_ALIGNED,
        inspection.COUNTS_EQUAL_RECOUNT,
        ADDS_UP,
        DROPS_EQUAL_SOURCE,
    }
    folder.jsonl("train").unlink()
    assert "the JSONL is missing" in decide(damaged)[inspection.LINES_PARSE].summary


def test_a_missing_tokenizer_or_raw_file_fails_and_does_not_crash(damaged):
    model = damaged.store.model(damaged.catalog.model("ref_sheared").folder)
    model.tokenizer_model.unlink()
    findings = decide(damaged)
    assert "the tokenizer cannot be read" in findings[inspection.WITHIN_LIMIT].summary
    dataset = damaged.catalog.dataset("codecontests")
    source_files(damaged.store, dataset, dataset.splits[0])[0].unlink()
    assert "raw files are missing" in decide(damaged)[ADDS_UP].summary
    damaged.store.lock.unlink()
    assert "materialize codecontests/raw first" in decide(damaged)[ADDS_UP].summary
