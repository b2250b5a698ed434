"""The published catalog on what upstream really published, from phase1 to a standing approval.

What is not the published one is named in `upstream.REPLACED`. One storage for the whole file.
"""

import json
import re

import pytest

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets.published import PUBLISHED
from wmtp_assets_tests.rehearsal.__main__ import show
from wmtp_assets_tests.rehearsal.rows import (
    count_tokens,
    humaneval_records,
    jsonl_bytes,
    mbpp_records,
)
from wmtp_assets_tests.rehearsal.upstream import LLAMA, MBPP_SPLITS, needs_upstream

pytestmark = [pytest.mark.long, needs_upstream]

# "asset check" -> parts of its sentence. All else passes.
WARNINGS = {
    # As published: four solutions stand in two splits each.
    "mbpp/stats no_near_duplicates_across_splits": (
        "4 of 964 descriptions and 964 solutions",
        "train 608 ~ test 67 (solution, 1.0000)",
        "train 625 ~ validation 591 (solution, 1.0000)",
        "train 699 ~ validation 595 (solution, 1.0000)",
        "train 704 ~ test 248 (solution, 1.0000)",
    ),
    # The sample's planted pair.
    "codecontests/stats no_near_duplicates_across_splits": ("1 of 78 descriptions",),
    # The catalog's counts are those of the sample's vocabulary: with LLaMA's one record is longer.
    "codecontests/train row_counts_equal_catalog": ("2,629", "2,628", "1,558", "1,557"),
}
PAIRS = (
    "train '602' has the description of test '217'",
    "train '704' has the description of test '248'",
    "train '872' has the description of test '216'",
)
ROWS = {
    "mbpp/train": 374,
    "mbpp/validation": 90,
    "mbpp/test": 500,
    "humaneval/test": 164,
}


def test_both_jobs_succeed(rehearsal):
    assert rehearsal.succeeded == {"phase1": True, "report": True}, rehearsal.status()[1]


def test_every_check_is_evaluated_and_only_what_upstream_published_warns(rehearsal):
    found = {name: judged.outcome for name, judged in rehearsal.open_checks.items()}
    assert found == dict.fromkeys(WARNINGS, Outcome.WARNED)


@pytest.mark.parametrize("check", WARNINGS)
def test_a_warning_says_what_was_found(rehearsal, check):
    said = rehearsal.open_checks[check].finding
    assert [part for part in WARNINGS[check] if part not in said] == []


def test_the_three_shared_problems_are_accepted_by_rows_of_the_published_catalog(rehearsal):
    [judged] = [
        judged
        for judged in rehearsal.evidence.of("mbpp/stats")
        if judged.check.name == "splits_share_no_problem"
    ]
    assert judged.outcome == Outcome.PASSED
    assert judged.finding.startswith("accepted in the catalog: ")
    assert [pair for pair in PAIRS if f"{pair} (as published" not in judged.finding] == []
    notes = (rehearsal.docs / "migration_notes.md").read_text()
    assert [pair for pair in PAIRS if pair not in notes] == []


def test_status_exits_0_and_asks_for_a_reviewer(rehearsal):
    fine, lines = rehearsal.status()
    assert fine
    assert sum(line.startswith("warned ") for line in lines) == len(WARNINGS)
    [summary] = [line for line in lines if " declared checks (" in line]
    assert re.fullmatch(rf"\d+ declared checks \(.*\): \d+ passed, {len(WARNINGS)} warned", summary)


def test_the_readme_of_the_storage_names_a_commit_for_every_asset_and_no_branch(rehearsal):
    [revisions] = re.findall(
        r"## Revisions\n(.*?)\n## ", (rehearsal.storage / "README.md").read_text(), re.S
    )
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \|$", revisions, re.M)
    assert {"meta_mtp/configs", "ref_sheared/configs", "mbpp/train"} <= dict(rows).keys()
    assert [row for row in rows if not re.fullmatch("[0-9a-f]{40}", row[1])] == []


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_mbpp_equals_an_independent_reading_byte_for_byte(rehearsal, split):
    records = mbpp_records(split)
    assert len(records) == ROWS[f"mbpp/{split}"]
    stored = rehearsal.deployment.store.dataset("mbpp").jsonl(split).read_bytes()
    assert stored == jsonl_bytes(records)


def test_the_published_line_ends_are_kept(rehearsal):
    folder = rehearsal.deployment.store.dataset("mbpp")
    stored = [folder.jsonl(split).read_bytes() for split in ("train", "validation", "test")]
    with_crlf = sum(rb"\r\n" in line for jsonl in stored for line in jsonl.split(b"\n"))
    expected = [r for split in ("train", "validation", "test") for r in mbpp_records(split)]
    assert with_crlf == sum("\r\n" in record["output"] for record in expected) == 962


def test_humaneval_equals_an_independent_reading_byte_for_byte(rehearsal):
    records = humaneval_records()
    assert len(records) == ROWS["humaneval/test"]
    stored = rehearsal.deployment.store.dataset("humaneval").jsonl("test").read_bytes()
    assert stored == jsonl_bytes(records)


@pytest.mark.parametrize("asset", ROWS)
def test_token_counts_are_those_of_sentencepiece_and_every_record_is_kept(rehearsal, asset):
    name, split = asset.split("/")
    records = humaneval_records() if name == "humaneval" else mbpp_records(split)
    path = rehearsal.deployment.store.dataset(name).line_metadata(split)
    lengths = json.loads(path.read_bytes())["stats"]["token_lengths"]
    expected = count_tokens(records)
    assert lengths == expected
    assert max(map(int, lengths["total"])) <= 2048


@pytest.mark.parametrize(
    "model", [PUBLISHED.model("meta_mtp").folder, PUBLISHED.model("ref_sheared").folder]
)
def test_the_stored_tokenizer_gives_sentencepieces_ids_for_every_published_text(rehearsal, model):
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

    folder = rehearsal.deployment.store.model(model).tokenizer
    assert (folder / "tokenizer.model").read_bytes() == LLAMA.read_bytes()
    fast = Tokenizer.from_file(str(folder / "tokenizer.json"))
    exact = SentencePieceProcessor(model_file=str(LLAMA))
    mbpp = [record for split in MBPP_SPLITS for record in mbpp_records(split)]
    records = [*humaneval_records(), *mbpp]
    texts = [record[part] for record in records for part in ("instruction", "output")]
    assert len(texts) == 2 * (164 + 974)
    ids = [encoded.ids for encoded in fast.encode_batch(texts, add_special_tokens=False)]
    assert ids == exact.encode(texts)


def test_an_approval_is_refused_until_each_warning_is_acknowledged_and_then_stands(rehearsal):
    with pytest.raises(BadInput) as refused:
        rehearsal.approve([])
    reasons = [str(culprit) for culprit in refused.value.culprits]
    assert len(reasons) == len(WARNINGS)
    for check in WARNINGS:
        assert [reason for reason in reasons if check in reason], reasons

    digests = [judged.digest for judged in rehearsal.open_checks.values()]
    rehearsal.approve(digests)
    assert rehearsal.run("report").success
    assert rehearsal.approval.state == ApprovalState.APPROVED, rehearsal.approval.summary
    fine, lines = rehearsal.status()
    assert fine and "approval: approved by Ann" in "\n".join(lines)
    report = (rehearsal.docs / "phase1_completion_report.md").read_text()
    assert "- [x] the reviewer approved" in report
    assert [digest for digest in digests if digest not in report] == []


def test_the_command_shows_the_warnings_the_refusal_and_the_approval(rehearsal, capsys):
    assert show(rehearsal) == 0
    told = capsys.readouterr().out
    before, after = told.split("approve: refused\n")
    for check in WARNINGS:
        assert f"warned {check} " in before and f"not acknowledged: warned {check} " in after
    assert f"approve: {len(WARNINGS)} warnings acknowledged" in after
    assert "approval: approved by Ann" in after
