"""Accepted findings let exactly what was found pass, and nothing beyond it."""

import dataclasses

import pytest

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.checking.accepted import accept, require_declared
from wmtp_assets.checking.findings import Finding, undecided, verdict
from wmtp_assets.datasets.convert.culprits import Culprits
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.definitions import build_definitions
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.published import PUBLISHED


def row(found: str, asset: str = "mbpp/stats", check: str = "odd") -> AcceptedFinding:
    return AcceptedFinding(asset, check, found, "as published")


def decide(finding: Finding, *rows: AcceptedFinding) -> Finding:
    return accept({"odd": finding}, "mbpp/stats", rows)["odd"]


TWO = Culprits(["a ~ b", "c ~ d"]).finding("none", "pairs")


def test_rows_for_every_culprit_let_a_finding_pass_with_their_reasons():
    finding = decide(TWO, row("a ~ b"), row("c ~ d"))
    assert finding.passed
    assert finding.summary == (
        "accepted in the catalog: a ~ b (as published); c ~ d (as published)"
    )
    assert finding.evidence["culprit_count"] == 2


def test_a_culprit_beyond_the_rows_fails_and_is_named_first():
    finding = decide(TWO, row("c ~ d"))
    assert not finding.passed
    assert finding.summary.startswith("a ~ b; beside what is accepted")
    assert finding.evidence["beyond_the_accepted"] == ["a ~ b"]


@pytest.mark.parametrize(
    "other", [row("a ~ b", asset="mbpp/test"), row("a ~ b", check="other"), row("a ~ b ")]
)
def test_a_row_of_another_asset_check_or_culprit_accepts_nothing(other):
    assert decide(TWO, other, row("c ~ d")) != decide(TWO, row("a ~ b"), row("c ~ d"))
    assert not decide(TWO, other, row("c ~ d")).passed


@pytest.mark.parametrize("make", [Culprits, list])
def test_of_more_culprits_than_are_kept_only_the_whole_sentence_is_accepted(make):
    many = [f"pair {n}" for n in range(25)]
    found = Culprits(many).finding("", "bad") if make is Culprits else verdict(many, "", "bad")
    each = [row(culprit) for culprit in many]
    assert not decide(found, *each).passed
    assert decide(found, row(found.summary)).passed


def test_what_could_not_be_judged_is_never_accepted():
    finding = undecided("train.jsonl is cut")
    assert not decide(finding, row("train.jsonl is cut")).passed


def test_a_pass_stays_as_it_is():
    good = Culprits().finding("none", "pairs")
    assert decide(good, row("a ~ b")) is good


def test_a_row_that_names_no_declared_check_is_refused_with_the_nearest():
    declared = {("mbpp/stats", "splits_share_no_problem")}
    require_declared(DATASETS["mbpp"].accepted, declared)
    with pytest.raises(BadInput, match="nearest: mbpp/stats splits_share_no_problem"):
        require_declared([row("x", check="splits_share_no_problems")], declared)


def test_the_graph_is_not_built_with_a_misspelt_row(tmp_path):
    catalog = dataclasses.replace(PUBLISHED, accepted_findings=(row("x", check="misspelt"),))
    with pytest.raises(BadInput, match="mbpp/stats misspelt"):
        build_definitions(
            catalog=catalog,
            source=MirrorSource(tmp_path),
            storage_root=tmp_path / "s",
            docs_root=tmp_path / "d",
        )
