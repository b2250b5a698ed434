"""The two jobs on a small graph: what the run says, the approval, and what it refuses."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.deployment import Deployment
from wmtp_assets.evidence.read import Declared
from wmtp_assets.files import file_io
from wmtp_assets.record import materialized
from wmtp_assets.training_view.jobs import check_training_view, write_training_view
from wmtp_assets.training_view.view_json import read_view
from wmtp_assets_tests.signoff.world import GOOD, World
from wmtp_assets_tests.training_view.world import CATALOG, WEIGHTS, ViewWorld, files_in

ROWS = replace(CATALOG, datasets=(CATALOG.dataset("codecontests"),))


@dg.asset(key=["micro_mtp_untied"], group_name="mbpp", description="All that a view shows.")
def stored(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    store = deployment.store
    made = ViewWorld(store.root.parent, store, ROWS)
    wanted = store.root.parent / "wanted_weights"
    if wanted.exists():
        made.write(WEIGHTS, wanted.read_bytes())
    # The others are of the assets of the smaller world.
    files = [store.root / path for path in made.recorded if "/mbpp/" not in path]
    return materialized(deployment, store.root, [file_io.stored(path) for path in files])


class ApprovableWorld(World):
    """The world of the sign-off with models and rows in it, and the jobs of views."""

    def __init__(self, root: Path, instance: dg.DagsterInstance):
        super().__init__(root, instance)
        self.deployment = replace(self.deployment, catalog=ROWS)
        self.at(self.backups)
        self.target = root / "view"

    def code(self, checks_of_train: dg.AssetChecksDefinition) -> None:
        super().code(checks_of_train)
        checks, defs = checks_on("micro_mtp_untied"), self.defs
        self.declared = Declared(
            (*self.declared.assets, *stored.specs), (*self.declared.checks, *checks.check_specs)
        )
        self.defs = dg.Definitions(
            assets=[*defs.assets, stored],
            asset_checks=[*defs.asset_checks, checks],
            jobs=[*defs.jobs, write_training_view, check_training_view],
            resources={**defs.resources, "declared": self.declared},
            loggers=defs.loggers,
        )

    def make_view(self, **config: str) -> list[str]:
        """Run the job; what the run logged."""
        config = {"target": str(self.target), "layout": "current", **config}
        return self._logged("write_training_view", "write_view_folder", config)

    def check_view(self) -> list[str]:
        config = {"target": str(self.target)}
        return self._logged("check_training_view", "check_view_folder", config)

    def _logged(self, job: str, op: str, config: dict[str, str]) -> list[str]:
        done = self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={"ops": {op: {"config": config}}},
        )
        failures = [
            event.step_failure_data.error.cause.message
            for event in done.all_events
            if event.is_step_failure
        ]
        logs = self.instance.all_logs(done.run_id)
        return [*failures, *(e.user_message for e in logs if e.dagster_event is None)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApprovableWorld]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield ApprovableWorld(tmp_path, instance)


def test_a_view_names_the_decision_that_approved_what_it_shows(world: ApprovableWorld):
    world.make_approvable()
    logged = world.make_view()
    assert any("not approved; absent: awaiting approval" in line for line in logged)
    assert read_view(world.target).approved_by_decision is None
    assert any("made anew are as counted again" in line for line in world.check_view())
    world.approve()
    # What was true when it was written stays right.
    assert any("made anew are as counted again" in line for line in world.check_view())
    logged = world.make_view()
    view = read_view(world.target)
    assert view.approved_by_decision == 1
    assert view.storage_digest == world.evidence.storage_digest
    assert view.storage_digest == world.chain.entries[0].decision.storage_digest
    assert any(
        f"files of {view.storage_digest}, approved by decision 0001" in line for line in logged
    )


def test_a_view_that_claims_an_approval_is_found(world: ApprovableWorld):
    world.make_approvable()
    world.make_view()
    path = world.target / "VIEW.json"
    path.write_text(path.read_text().replace('decision": null', 'decision": 1'))
    assert any("names decision 0001, which did not approve" in line for line in world.check_view())


def test_content_made_anew_makes_a_view_stale_until_it_is_written_again(world: ApprovableWorld):
    world.make_approvable().approve()
    world.make_view()
    (world.root / "wanted_weights").write_bytes(b"other weights")
    assert world.run("phase1")
    told = "\n".join(world.check_view())
    assert "VIEW.json names sample storage sha256:" in told and "Fix: write the view again" in told
    logged = world.make_view()
    assert any("is not approved; suspended" in line for line in logged)
    assert any("are the storage's" in line for line in world.check_view())


def test_a_storage_that_is_not_as_recorded_is_not_shown(world: ApprovableWorld):
    world.run("phase1", GOOD)
    (world.store.root / WEIGHTS).write_bytes(b"rot")
    assert "files of the storage are not as recorded" in world.make_view()[0]
    assert not world.target.exists()


def test_what_a_deep_check_found_to_be_other_bytes_is_not_shown(world: ApprovableWorld):
    world.run("phase1", GOOD)
    before = world.file.stat()
    world.file.write_bytes(b"rot!")
    os.utime(world.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    world.run("verify")
    told = world.make_view()[0]
    assert "not as recorded: mbpp/train " in told and "it read content sha256:" in told


def test_a_storage_that_lacks_an_asset_is_not_shown(world: ApprovableWorld):
    assert world.run("only_raw")
    assert "assets that are not stored: mbpp/train; micro_mtp_untied" in world.make_view()[0]


def test_a_target_in_the_storage_and_a_folder_that_is_no_view_are_refused(world: ApprovableWorld):
    world.run("phase1", GOOD)
    assert "apart from the storage" in world.make_view(target=str(world.store.root / "v"))[0]
    assert "no view: the folder has no VIEW.json" in world.check_view()[0]


def test_what_lies_beside_a_view_is_told_and_tolerated(world: ApprovableWorld):
    world.run("phase1", GOOD)
    world.make_view(link="copy")
    (world.target / "checkpoints").mkdir()
    (world.target / "checkpoints" / "x.pt").write_bytes(b"x")
    assert any(line == "beside the view, not of it: checkpoints" for line in world.check_view())
    assert "checkpoints/x.pt" in files_in(world.target)
    (world.target / "models" / "x.pt").write_bytes(b"x")
    assert "models/x.pt does not belong to the view" in world.check_view()[0]
