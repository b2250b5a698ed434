"""What each job needs of disk and repositories."""

from wmtp_assets.catalog import Files
from wmtp_assets.doctor import plans
from wmtp_assets.doctor.lines import State
from wmtp_assets.doctor.plans import disk_lines, disk_need, wanted_by
from wmtp_assets.doctor.repositories import asked
from wmtp_assets.files.walking import remove_tree
from wmtp_assets.published import PUBLISHED
from wmtp_assets_tests.doctor.world import MBPP, META, fetched
from wmtp_assets_tests.test_walking import nested


def test_the_disk_of_an_empty_storage_is_that_of_the_real_run(store):
    def need(job: str) -> float:
        return disk_need(PUBLISHED, job, store).least / 1e9

    told = {job: round(need(job), 1) for job in plans.JOBS}
    assert told == {
        "phase1": 79.8,
        "models": 56.9,
        "datasets": 22.9,
        "reference_model": 16.2,
        "reward_model": 40.2,
    }


def test_what_is_there_is_not_needed_again_but_derived_files_are_made_beside_the_old(store):
    sparse = {
        store.model(PUBLISHED.model("ref_sheared").folder).raw / "a.bin": 10_000_000_000,
        store.model(PUBLISHED.model("ref_sheared").folder).weights: 5_000_000_000,
    }
    for path, size in sparse.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as handle:
            handle.truncate(size)
    row = PUBLISHED.model("ref_sheared")
    need = disk_need(PUBLISHED, "reference_model", store)
    assert need.least == row.raw_bytes - 10_000_000_000 + row.parameters * 2 - 5_000_000_000
    assert need.most == row.raw_bytes - 10_000_000_000 + row.parameters * 2


def test_a_disk_too_small_names_needed_and_free(store):
    lines = disk_lines(["reference_model", "models"], PUBLISHED, store, 20_000_000_000)
    good, bad = lines
    assert good.state == State.OK and bad.state == State.FAIL
    need = disk_need(PUBLISHED, "models", store).least / 1e9
    assert (
        f"models: {need:.1f} GB needed, 20.0 GB free" in bad.what and "WMTP_STORAGE_ROOT" in bad.fix
    )


def test_a_disk_too_small_for_a_repeated_run_is_a_warning(store):
    weights = store.model(PUBLISHED.model("ref_sheared").folder).weights
    weights.parent.mkdir(parents=True)
    with open(weights, "wb") as handle:
        handle.truncate(5_403_120_640)
    [line] = disk_lines(["reference_model"], PUBLISHED, store, 12_000_000_000)
    assert line.state == State.WARN and "16.2 GB" in line.what


def test_datasets_want_the_open_tokenizer_alone_and_meta_its_own_too():
    wanted = {w.row.repo.id: w for w in wanted_by(PUBLISHED, ["datasets"])}
    assert PUBLISHED.model("meta_mtp").repo.id not in wanted
    assert wanted[PUBLISHED.model("ref_sheared").repo.id].files == (Files("tokenizer.model"),)
    assert META.row is PUBLISHED.model("meta_mtp") and Files("tokenizer.model") in META.files
    both = {w.row.repo.id: w for w in wanted_by(PUBLISHED, ["phase1", "datasets"])}
    assert both[PUBLISHED.model("ref_sheared").repo.id].files == PUBLISHED.model("ref_sheared").raw


def test_a_repository_is_complete_when_its_locked_files_are_all_there(store):
    assert not asked(store, MBPP).complete
    fetched(store, MBPP)
    assert asked(store, MBPP).complete and asked(store, MBPP).locked.commit == "a" * 40
    next(store.dataset("mbpp").raw.rglob("*.parquet")).unlink()
    assert not asked(store, MBPP).complete


def test_folders_nested_without_end_are_a_line(store):
    raw = store.dataset("mbpp").raw
    nested(raw, ["n" * 255] * 100)
    try:
        [line] = disk_lines(["datasets"], PUBLISHED, store, 10**14)
        assert line.state == State.FAIL and "nested deeper" in str(line)
    finally:
        remove_tree(raw)


def test_a_folder_that_leads_out_of_the_storage_is_a_line(store, tmp_path):
    processed = store.dataset("mbpp").processed
    processed.parent.mkdir(parents=True)
    processed.symlink_to(tmp_path)
    [line] = disk_lines(["datasets"], PUBLISHED, store, 10**14)
    assert line.state == State.FAIL and f"{processed} -> " in str(line)
