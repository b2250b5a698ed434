"""The checks of raw assets, passing and failing."""

import dataclasses
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.hub.lock import extend_lock, locked_commit
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.checks import digests_match, locked_files
from wmtp_assets.store import Store

REPO = Repo(id="org/data", kind="dataset", revision="main", licence="MIT")
WANTED = (Files("a.parquet"),)


@pytest.fixture
def raw(tmp_path: Path):
    here = Store(tmp_path, tmp_path / "docs")
    folder = here.dataset("mbpp").raw
    written = file_io.write_bytes(folder / "a.parquet", b"rows")
    facts = {"a.parquet": (written.size_bytes, written.sha256)}
    extend_lock(here.lock, REPO, "c" * 40, facts)
    return here, folder, written


def test_files_with_the_locked_digest_pass(raw):
    here, folder, written = raw
    digests = {here.relative(written.path): written.sha256}
    assert digests_match(here, REPO, WANTED, folder, digests).passed


def test_another_digest_fails_and_names_file_and_both_digests(raw):
    here, folder, written = raw
    finding = digests_match(here, REPO, WANTED, folder, {here.relative(written.path): "0" * 64})
    assert not finding.passed
    assert "a.parquet" in finding.summary and written.sha256 in finding.summary


def test_a_pin_of_the_catalog_overrules_the_lock(raw):
    here, folder, written = raw
    pinned = dataclasses.replace(REPO, pins={"a.parquet": "1" * 64})
    digests = {here.relative(written.path): written.sha256}
    assert "1" * 64 in digests_match(here, pinned, WANTED, folder, digests).summary


def test_a_file_missing_from_the_lock_is_named(raw):
    here, _, _ = raw
    with pytest.raises(BadInput, match=r"b\.parquet matches 0 files"):
        locked_files(here, REPO, (Files("b.parquet"),))


def test_a_repository_that_is_not_locked_is_named_with_what_to_do(raw):
    here, folder, _ = raw
    other = dataclasses.replace(REPO, id="org/other")
    for look in (
        lambda: locked_commit(here.lock, other),
        lambda: locked_files(here, other, WANTED),
        lambda: digests_match(here, other, WANTED, folder, {}),
    ):
        with pytest.raises(
            BadInput, match=r"lock\.json does not hold: org/other\. Fix: materialize"
        ):
            look()


def test_the_published_rows_agree_with_the_known_arithmetic():
    meta, sheared = PUBLISHED.model("meta_mtp"), PUBLISHED.model("ref_sheared")
    assert meta.parameters * 4 == meta.raw_bytes == 26_953_662_464
    assert sheared.parameters * 4 == 10_806_241_280
    train = PUBLISHED.dataset("codecontests").splits[0]
    assert train.rows == train.correct + train.incorrect == 3_691_981
