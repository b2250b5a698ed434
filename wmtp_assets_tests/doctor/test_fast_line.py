"""What is large and not here yet has a line with the command of the Hub's own client."""

import dataclasses

import pytest

from wmtp_assets.doctor.fast_line import LARGE_BYTES, fast_line_lines
from wmtp_assets.doctor.lines import State
from wmtp_assets.doctor.plans import wanted_by
from wmtp_assets.doctor.repositories import asked
from wmtp_assets.hub.fast_line import into_storage
from wmtp_assets.hub.lock import extend_lock
from wmtp_assets.hub.stored import raw_folder
from wmtp_assets.published import PUBLISHED

CODECONTESTS = PUBLISHED.dataset("codecontests")


def lines(store, jobs: list[str], known: dict[str, int] | None = None) -> list:
    repos = [asked(store, wanted) for wanted in wanted_by(PUBLISHED, jobs)]
    return list(fast_line_lines(repos, store, known or {}))


def test_each_large_repository_of_the_job_has_its_command_and_small_ones_have_none(store):
    found = lines(store, ["phase1"])
    rows = (*(PUBLISHED.model(name) for name in ("meta_mtp", "ref_sheared")), CODECONTESTS)
    assert [line.state for line in found] == [State.OK] * 3
    for line, row in zip(found, rows, strict=True):
        assert f"{row.raw_bytes / 1e9:.1f} GB of {row.repo.id}" in line.what
        assert line.fix == "faster: " + " ".join(into_storage(row, store, row.repo.revision))


def test_the_tokenizer_alone_is_no_reason_to_fetch_the_reference_model(store):
    [line] = lines(store, ["datasets"])
    assert CODECONTESTS.repo.id in line.what


@pytest.mark.parametrize(("missing", "told"), [(LARGE_BYTES, 1), (LARGE_BYTES - 1, 0)])
def test_what_is_here_is_not_counted(store, missing, told):
    here = raw_folder(store, CODECONTESTS) / "data" / "part.parquet"
    here.parent.mkdir(parents=True)
    with open(here, "wb") as handle:
        handle.truncate(1_000)
    known = {CODECONTESTS.repo.id: missing + 1_000}
    assert len(lines(store, ["datasets"], known)) == told


def test_the_locked_commit_is_the_one_to_fetch(store):
    reference = PUBLISHED.model("ref_sheared")
    extend_lock(store.lock, reference.repo, "a" * 40, {"config.json": (1, "0" * 64)})
    [line] = lines(store, ["reference_model"])
    assert f"--revision {'a' * 40} --include" in line.fix


def test_a_folder_with_a_blank_is_quoted(store):
    spaced = dataclasses.replace(store, root=store.root / "a b")
    [line] = lines(spaced, ["datasets"])
    assert line.fix.endswith(f"--local-dir '{raw_folder(spaced, CODECONTESTS)}'")
