"""docs/checks.md is what the declarations say, and the two kinds are told apart everywhere."""

from pathlib import Path

from wmtp_assets.checking.asset_checks import KIND, WHY
from wmtp_assets.checking.propositions import CONSEQUENCE, Kind
from wmtp_assets.checks_page import render_checks
from wmtp_assets.definitions import CHECKS, defs

SPECS = [spec for of in CHECKS for spec in of.check_specs]
PAGE = Path(__file__).parents[1] / "docs" / "checks.md"


def test_the_page_is_generated_from_the_declarations():
    assert PAGE.read_text("utf-8") == render_checks(SPECS)


def test_the_page_counts_what_a_deep_run_judges():
    judged = defs.resolve_job_def("verify_storage_deep").asset_layer.asset_graph.asset_check_keys
    assets = {key.asset_key for key in judged}
    assert f"{len(judged)} checks on {len(assets)} assets." in render_checks(SPECS)


def test_every_check_has_a_kind_that_its_description_and_its_blocking_follow():
    beside = [spec for spec in SPECS if KIND not in spec.metadata]
    # A report about a suspended approval is no failed run.
    assert [(spec.name, spec.blocking) for spec in beside] == [("approved_by_reviewer", False)]
    for spec in (spec for spec in SPECS if spec not in beside):
        kind = Kind(spec.metadata[KIND])
        assert spec.blocking is (kind is Kind.OURS), spec.name
        assert CONSEQUENCE[kind] in spec.description, spec.name
        assert spec.metadata[WHY] in spec.description, spec.name


def test_what_upstream_published_is_exactly_these_checks():
    upstream = {
        f"{spec.asset_key.to_user_string()} {spec.name}"
        for spec in SPECS
        if spec.metadata.get(KIND) == Kind.UPSTREAM
    }
    assert upstream == {
        "codecontests/stats no_near_duplicates_across_splits",
        "codecontests/stats no_overlap_with_humaneval",
        "codecontests/stats no_overlap_with_mbpp",
        "codecontests/stats published_text_is_utf8",
        "codecontests/stats splits_share_no_problem",
        "codecontests/test row_counts_equal_catalog",
        "codecontests/train row_counts_equal_catalog",
        "codecontests/valid row_counts_equal_catalog",
        "humaneval/stats published_text_is_utf8",
        "mbpp/stats no_near_duplicates_across_splits",
        "mbpp/stats published_text_is_utf8",
        "mbpp/stats splits_share_no_problem",
    }
