"""The reports and the checklist of a sample say that it is one; those of the real thing do not."""

import json

import pytest

from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.catalog import Catalog
from wmtp_assets.documents.checklist import build_checklist, render_checklist
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.markdown import STATE_HEADING
from wmtp_assets.documents.reports import render_report
from wmtp_assets.evidence.judge import AssetRow, Evidence, Materialization
from wmtp_assets.evidence.steps import REPORTS
from wmtp_assets.hub.field_values import NO_COMMIT
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE, SAMPLE_NOTICE


def documents_of(catalog: Catalog) -> dict[str, str]:
    evidence = Evidence("", "", catalog.name, (), ())
    dossier = Dossier(evidence, catalog, Approval(ApprovalState.ABSENT, ""))
    content = build_checklist(dossier, {})
    reports = {key: render_report(key, dossier) for key in REPORTS}
    return {**reports, "md": render_checklist(content), "json": json.dumps(content)}


@pytest.mark.parametrize("name", documents_of(SAMPLE))
def test_a_document_of_the_sample_says_so_and_one_of_the_real_thing_does_not(name: str):
    sample, published = documents_of(SAMPLE)[name], documents_of(PUBLISHED)[name]
    assert SAMPLE_NOTICE in sample.split(STATE_HEADING)[0]
    assert "random weights" not in published and "**" not in published.split("\n##")[0]


def test_the_sample_s_readme_claims_no_licence_of_the_published_weights():
    readme = documents_of(SAMPLE)["reports/storage_readme"]
    for model in PUBLISHED.models:
        assert model.repo.licence not in readme
        assert model.repo.licence in documents_of(PUBLISHED)["reports/storage_readme"]


@pytest.mark.parametrize(("commit", "shown"), [("a" * 40, "a" * 40), ("main", NO_COMMIT)])
def test_the_readme_shows_the_locked_commit_and_never_a_branch(commit: str, shown: str):
    latest = Materialization(1, "sha256:0", "run", 1.0, {}, {"revision": commit})
    evidence = Evidence("", "", "sample", (AssetRow("mbpp/raw", "mbpp", "", latest),), ())
    dossier = Dossier(evidence, SAMPLE, Approval(ApprovalState.ABSENT, ""))
    readme = render_report("reports/storage_readme", dossier)
    assert f"| `mbpp/raw` | {shown} |" in readme


def test_the_notice_of_a_catalog_is_that_of_its_rows():
    assert SAMPLE.notice == SAMPLE_NOTICE and PUBLISHED.notice == ""
