"""The problems that MBPP published in two splits: without their rows, and beside another one.

That the known ones pass is seen in `test_phase1`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from wmtp_assets.checking.accepted import ACCEPTED, BEYOND
from wmtp_assets.checking.findings import CULPRITS
from wmtp_assets_tests.rehearsal.upstream import (
    needs_upstream,
    read_mbpp,
    rehearsal_catalog,
    write_mbpp_mirror,
)
from wmtp_assets_tests.rehearsal.world import Rehearsal

pytestmark = [pytest.mark.long, needs_upstream]

KNOWN = [
    "train '602' has the description of test '217'",
    "train '704' has the description of test '248'",
    "train '872' has the description of test '216'",
]
PLANTED = "train '700' has the description of test '300'"


def judged(
    root: Path, problems: list[Mapping[str, Any]], *, with_rows: bool
) -> dg.AssetCheckEvaluation:
    """Materialize and check MBPP with these problems; what splits_share_no_problem found."""
    catalog = rehearsal_catalog()
    if not with_rows:
        catalog = replace(catalog, accepted_findings=())
    write_mbpp_mirror(root / "mirror", catalog, problems)
    with dg.DagsterInstance.ephemeral() as instance:
        done = Rehearsal(root, catalog, instance).run("mbpp")
    results = {
        (e.asset_key.to_user_string(), e.check_name): e for e in done.get_asset_check_evaluations()
    }
    assert done.success, [e for e in results.values() if not e.passed]
    return results["mbpp/stats", "splits_share_no_problem"]


def with_text(problems: list[dict[str, Any]], task_id: int, text: str) -> list[dict[str, Any]]:
    return [row | {"text": text} if row["task_id"] == task_id else row for row in problems]


def test_without_the_accepted_rows_the_three_pairs_warn(tmp_path):
    found = judged(tmp_path, read_mbpp(), with_rows=False)
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert sorted(found.metadata[CULPRITS].value) == KNOWN


def test_a_fourth_pair_warns_by_name_and_one_that_upstream_mended_needs_no_row(tmp_path):
    problems = read_mbpp()
    [text] = [row["text"] for row in problems if row["task_id"] == 700]
    problems = with_text(problems, 300, f" {text.upper()}\n")
    problems = with_text(problems, 217, "Write a function for something else altogether.")
    found = judged(tmp_path, problems, with_rows=True)
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert found.description.startswith(f"{PLANTED}; beside what is accepted in the catalog: ")
    assert found.metadata[BEYOND].value == [PLANTED]
    assert sorted(found.metadata[ACCEPTED].value) == KNOWN[1:]
