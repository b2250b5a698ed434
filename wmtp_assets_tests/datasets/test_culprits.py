"""Findings stay exact when their culprits are too many to show."""

import hashlib

from wmtp_assets.checking.findings import Finding
from wmtp_assets.datasets.convert.culprits import Culprits, undecided_where


def test_nothing_found_passes_with_zero_as_zero():
    finding = Culprits().finding("all 3 good", "bad", rows=3)
    assert finding == Finding(True, "all 3 good", {"rows": 3, "culprit_count": 0})


def test_all_are_counted_and_twenty_are_kept():
    finding = Culprits(range(1000)).finding("good", "bad")
    assert finding.evidence["culprit_count"] == 1000
    assert finding.evidence["culprits"] == [str(n) for n in range(20)]
    assert "and 980 more" in finding.summary


def test_the_sentence_tells_two_long_findings_apart():
    one = Culprits(range(1000)).finding("good", "bad")
    other = Culprits([*range(999), "other"]).finding("good", "bad")
    assert one.summary != other.summary
    listed = "".join(f"{n}\n" for n in range(1000)).encode()
    assert hashlib.sha256(listed).hexdigest() in one.summary


def test_what_passed_on_a_part_of_the_lines_is_undecided():
    findings = {"a": Finding(True, "fine"), "b": Finding(False, "worse")}
    decided = undecided_where(findings, Culprits(["line 3 is cut"]))
    assert not decided["a"].passed
    assert "undecided" in decided["a"].summary
    assert "line 3 is cut" in decided["a"].summary
    assert decided["b"].summary == "worse"
    assert not any(finding.decided for finding in decided.values())
    assert undecided_where(findings, Culprits()) == findings


def test_undecided_counts_all_lines_that_cannot_be_read():
    faults = Culprits(f"line {n} is cut" for n in range(5000))
    finding = undecided_where({"a": Finding(True, "fine")}, faults)["a"]
    assert finding.evidence["culprit_count"] == 5000
    assert len(finding.evidence["culprits"]) == 20
    listed = "".join(f"line {n} is cut\n" for n in range(5000)).encode()
    whole = hashlib.sha256(listed).hexdigest()
    assert "undecided, 5,000 lines cannot be read: line 0 is cut; line 1" in finding.summary
    assert f"and 4,980 more (sha256 of all: {whole})" in finding.summary
