"""Findings give evidence both ways, and cap what they show, never what they count."""

from wmtp_assets.checking.findings import compare, flatten, verdict
from wmtp_assets.errors import BadInput


def test_equal_mappings_pass_and_still_report_the_numbers():
    finding = compare("files", {"a": 1}, {"a": 1})
    assert finding.passed
    assert finding.evidence == {
        "expected": 1,
        "actual": 1,
        "missing": 0,
        "extra": 0,
        "different": 0,
    }


def test_missing_extra_and_different_keys_are_all_named():
    finding = compare("files", {"a": 1, "b": 2}, {"b": 3, "c": 4})
    assert not finding.passed
    assert finding.evidence["culprits"] == ["missing a", "unexpected c", "b: expected 2, found 3"]


def test_nested_fields_get_dotted_names_and_empty_ones_stay():
    assert flatten({"a": {"b": 1, "c": {}}, "d": {}, "e": []}) == {
        "a.b": 1,
        "a.c": {},
        "d": {},
        "e": [],
    }


def test_two_nestings_never_become_the_same_fields():
    nestings = ({"a": {"b": 1}}, {"a.b": 1}, {'"a': {'b"': 1}}, {'"a.b"': 1})
    assert len({tuple(flatten(fields)) for fields in nestings}) == len(nestings)


def test_fields_may_nest_as_deep_as_the_reader_lets_them():
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert list(flatten(deep).values()) == [{}]


def test_culprits_are_counted_exactly_and_shown_up_to_twenty():
    finding = verdict(range(25), "good", "25 bad")
    assert len(finding.evidence["culprits"]) == 20
    assert finding.summary.endswith("; and 5 more")


def test_an_error_names_thing_culprits_and_fix():
    text = str(BadInput("rows", [f"row {n}" for n in range(22)], "mend them"))
    assert text.startswith("rows: row 0; row 1") and "and 2 more. Fix: mend them" in text
