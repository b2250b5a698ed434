"""The last lines of a run that stopped, and the command in them."""

import shlex

import pytest

from wmtp_assets.runs.stopped import MAX_NAMES, MAX_REASONS, RunProgress, resume_command, stop_lines

CHECKS = {name: frozenset({"sound", "whole"}) for name in "abc"}


def progress(job: str | None = None, **known) -> RunProgress:
    """A run of a, b, c with two checks each."""
    return RunProgress(job, assets=frozenset("abc"), checks=CHECKS, **known)


def make(run: RunProgress, *assets: str) -> RunProgress:
    for asset in assets:
        run.made.add(asset)
        for name in CHECKS[asset]:
            run.check(asset, name, None)
    return run


def verification(*failed: str, job: str = "verify_storage_deep") -> RunProgress:
    """A run of checks alone."""
    run = RunProgress(job, checks=CHECKS)
    for asset, names in CHECKS.items():
        for name in names:
            run.check(asset, name, "it is not" if asset in failed else None)
    return run


def lines(run: RunProgress) -> list[str]:
    return [*stop_lines(run, resume_command(run, "dagster"))]


def test_a_run_that_did_not_stop_says_nothing():
    assert lines(make(progress(), "a", "b", "c")) == []


def test_a_warning_stops_nothing():
    run = make(progress(), "a", "b", "c")
    run.check("a", "sound", None)
    assert not run.stopped


def test_a_failed_step_is_told_with_what_was_made_and_only_the_rest_is_selected():
    run = make(progress("phase1"), "a")
    run.failure("b", "no such\n   file. Fix: put it there")
    assert lines(run) == [
        "made: 1 (a) of 3",
        "not made: 2 (b, c)",
        "because: b: no such file. Fix: put it there",
        "go on: dagster asset materialize -m wmtp_assets.definitions --select b,c",
    ]


def test_an_asset_whose_check_failed_is_made_again():
    run = make(progress("phase1"), "a", "b")
    run.check("b", "sound", "row 3 is broken")
    assert lines(run) == [
        "made: 2 (a, b) of 3",
        "not made: 1 (c)",
        "not proven, a check failed or did not run: 1 (b)",
        "because: b sound: row 3 is broken",
        "go on: dagster asset materialize -m wmtp_assets.definitions --select b,c",
    ]


def test_an_asset_whose_checks_did_not_run_is_made_again():
    run = make(progress(), "a")
    run.made.add("b")
    run.check("b", "sound", None)
    run.interrupted = True
    assert lines(run)[2:4] == [
        "not proven, a check failed or did not run: 1 (b)",
        "because: it was interrupted (Ctrl-C, SIGTERM)",
    ]
    assert resume_command(run, "dagster").endswith("--select b,c")


def test_where_nothing_was_made_the_job_is_run_again_with_its_config():
    run = progress("phase1", config={"loggers": {"console": {}}, "execution": {"x": "it's"}})
    run.failure("a", "broken")
    command = resume_command(run, "dagster")
    assert command.startswith("dagster job execute -m wmtp_assets.definitions -j phase1 -c <(echo ")
    told = command.removesuffix(")").split("-c <(")[1]
    assert shlex.split(told) == ["echo", '{"execution": {"x": "it\'s"}}']


def test_selected_assets_go_on_as_they_ran_and_logged():
    config = {"execution": {"config": 1}, "loggers": {"console": {}}, "ops": {"z": 1}}
    run = progress(config=config)
    run.failure("a", "broken")
    words = shlex.split(resume_command(run, "dagster"))
    assert words[-4:-1] == ["--select", "a,b,c", "--config-json"]
    assert words[-1] == '{"execution": {"config": 1}, "loggers": {"console": {}}}'


def test_a_job_that_also_judges_what_it_does_not_make_is_run_again():
    run = make(progress("report"), "a", "b")
    run.checks = {**CHECKS, "signoff/approval": frozenset({"approved"})}
    run.failure("c", "broken")
    assert resume_command(run, "dagster").endswith("-j report")


def test_after_a_failed_verification_what_failed_is_made_anew():
    run = verification("b")
    assert lines(run)[0] == "passed: 2 (a, c) of 3 assets"
    assert resume_command(run, "dagster").endswith(
        "asset materialize -m wmtp_assets.definitions --select b"
    )


@pytest.mark.parametrize(
    ("asset", "job", "wanted"),
    [
        ("reports/storage_readme", "verify_storage_deep", "-j report"),
        ("signoff/backup", "verify_backup", "-j backup_storage"),
    ],
)
def test_what_no_materialization_mends_names_the_job_that_does(asset, job, wanted):
    run = RunProgress(job, checks={asset: frozenset({"right"})})
    run.check(asset, "right", "it changed")
    assert resume_command(run, "dagster").endswith(wanted)


@pytest.mark.parametrize("job", ["report", "verify_storage"])
def test_where_only_the_approval_fails_the_status_says_what_helps(job):
    """Job report would end in the same way, and verify_storage has found the artifacts right."""
    checks = {"signoff/approval": frozenset({"approved"}), "reports/x": frozenset({"right"})}
    run = RunProgress(
        job, assets=frozenset({"reports/x"} if job == "report" else ()), checks=checks
    )
    run.made |= run.assets
    run.check("signoff/approval", "approved", "it is suspended")
    run.check("reports/x", "right", None if job == "report" else "it is outdated")
    assert resume_command(run, ".venv/bin/dagster") == (
        ".venv/bin/python -m wmtp_assets.signoff status"
    )
    run.evaluated.pop("reports/x")
    run.failed.pop("reports/x", None)
    assert resume_command(run, "dagster").endswith("-j report"), "a check did not run"


@pytest.mark.parametrize("interrupted", [True, False])
def test_checks_that_did_not_all_run_are_run_again(interrupted: bool):
    run = RunProgress("verify_storage", checks=CHECKS, interrupted=interrupted)
    if interrupted:
        run.check("a", "sound", "it is not")
    else:
        run.failure("a_checks", "a mistake of ours")
    assert resume_command(run, "dagster").endswith("-j verify_storage")


def test_a_job_without_assets_is_run_again_with_its_config():
    run = RunProgress("renew_lock", config={"ops": {"o": {"config": {"renew": True}}}})
    run.failure("o", "refused")
    assert lines(run)[0] == "not done: job renew_lock"
    assert '-j renew_lock -c <(echo \'{"ops"' in resume_command(run, "dagster")


def test_names_and_reasons_are_capped_and_the_command_names_all():
    names = [f"n{i:02}" for i in range(40)]
    run = RunProgress(None, assets=frozenset(names))
    for name in names:
        run.failure(name, "x" * 10_000)
    told = lines(run)
    assert f"{names[MAX_NAMES - 1]}, and {40 - MAX_NAMES} more)" in told[1]
    assert len(told) == 2 + MAX_REASONS + 1 + 1 and max(map(len, told[:-1])) < 500
    assert ",".join(names) in told[-1]
