"""One small graph with everything that a decision depends on, on a real record.

mbpp/raw -> mbpp/train -> documents -> approval. What `mbpp/train` holds decides what its checks do.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from wmtp_assets.approval.assets import approval
from wmtp_assets.approval.chain import Chain, Role, Verdict, read_chain
from wmtp_assets.approval.checks import approval_checks
from wmtp_assets.approval.events import read_approval
from wmtp_assets.approval.jobs import review_phase1
from wmtp_assets.approval.signing import NoSigner, Signer
from wmtp_assets.approval.state import Approval
from wmtp_assets.backup.jobs import backup, backup_checks, backup_storage, verify_backup
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours, upstream
from wmtp_assets.deployment import Deployment
from wmtp_assets.documents.assets import checklist, report_assets
from wmtp_assets.documents.checks import document_checks
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Evidence, JudgedCheck
from wmtp_assets.evidence.read import Declared, read_evidence
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.moving.jobs import record_move
from wmtp_assets.published import PUBLISHED
from wmtp_assets.record import CONTENT, STORAGE_ROOT, materialized
from wmtp_assets.runs.console import one_line_console
from wmtp_assets.signoff.__main__ import decide, tell_moved
from wmtp_assets.store import Store
from wmtp_assets_tests.signoff.approvable import copy_or_make

GOOD, WRONG, CRASH, WARN, EXPLODE = b"good", b"wrong", b"crash", b"warn", b"explode"
RAISE, UNREADABLE = b"bad input", b"unreadable"
TRAIN = dg.AssetKey(["mbpp", "train"])
DOCUMENTS = [asset.key.to_python_identifier() for asset in [*report_assets, checklist]]


@dg.asset(key=["mbpp", "raw"], group_name="mbpp", description="MBPP as published.")
def raw(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    path = deployment.store.dataset("mbpp").raw / "raw.bin"
    wanted = (deployment.store.root.parent / "wanted_raw").read_bytes()
    return materialized(deployment, path, [file_io.write_bytes(path, wanted)])


@dg.asset(key=TRAIN, deps=[raw], group_name="mbpp", description="MBPP: split train.")
def train(deployment: dg.ResourceParam[Deployment]) -> dg.MaterializeResult:
    path = deployment.store.dataset("mbpp").jsonl("train")
    wanted = (deployment.store.root.parent / "wanted").read_bytes()
    if wanted == EXPLODE:
        raise BadInput("the asset cannot be made", [], "give it other input")
    return materialized(
        deployment,
        path,
        [file_io.write_bytes(path, wanted)],
        repeated_names=[(deployment.store.root.parent / "repeated_name").read_text("utf-8")],
        candidates=1004,
        dropped_over_length=3,
        dropped_other_language=0,
        **{"dagster/row_count": 1001},
    )


def _data(deployment: Deployment) -> bytes:
    return read_small(deployment.store.dataset("mbpp").jsonl("train"))


def _rows_parse(deployment: Deployment, state) -> dict[str, Finding]:
    data = _data(deployment)
    if data == CRASH:
        raise ZeroDivisionError("a mistake of ours")
    if data == RAISE:
        raise BadInput("row 3 is broken", ["train.jsonl"], "mend it")
    if data == UNREADABLE:
        (deployment.store.root / "gone.jsonl").read_bytes()
    return {"rows_parse": Finding(data != WRONG, f"row 3 of {data!r} | looked at")}


def _no_oddities(deployment: Deployment, state) -> dict[str, Finding]:
    odd = _data(deployment) == WARN
    return {"no_oddities": Finding(not odd, "row 3 is odd" if odd else "all even")}


PARSE = CheckGroup(
    _rows_parse, {"rows_parse": ours("Every row parses", "this project wrote them")}, deep=True
)
ODD = CheckGroup(
    _no_oddities, {"no_oddities": upstream("Nothing is odd", "the rows are upstream's")}
)
raw_checks = checks_on("mbpp/raw")
train_checks = checks_on("mbpp/train", PARSE, ODD)
# The same asset in earlier or later code.
train_checks_without_parse = checks_on("mbpp/train", ODD)


class World:
    """A storage, its record, and the ways to change them."""

    def __init__(self, root: Path, instance: dg.DagsterInstance):
        self.root = root
        self.instance = instance
        self.store = Store(root / "s", root / "d")
        self.deployment = Deployment(PUBLISHED, MirrorSource(root), self.store)
        (root / "wanted_raw").write_bytes(b"published")
        (root / "repeated_name").write_text("foo -> foo__2")
        self.file = self.store.dataset("mbpp").jsonl("train")
        self.at(root / "backups")

    def at(self, backups: Path) -> None:
        """Load the graph with this place for backups."""
        self.backups = backups
        self.code(train_checks)

    def code(self, checks_of_train: dg.AssetChecksDefinition) -> None:
        """Load the graph with these checks of mbpp/train in the code."""
        assets = [raw, train, *report_assets, checklist]
        checks = [raw_checks, checks_of_train, *document_checks, approval_checks]
        self.declared = Declared(
            tuple(spec for asset in assets for spec in asset.specs),
            tuple(spec for definition in checks for spec in definition.check_specs),
        )
        self.checks_of_train = checks_of_train
        artifacts = dg.AssetSelection.groups("mbpp")
        documents = dg.AssetSelection.groups("reports", "signoff") & dg.AssetSelection.all()
        approved = dg.AssetSelection.checks(*(spec.key for spec in approval_checks.check_specs))
        selections = {
            "phase1": artifacts,
            "unchecked": artifacts.without_checks(),
            "only_raw": dg.AssetSelection.assets(raw),
            "verify": dg.AssetSelection.checks_for_assets(raw, train),
            "report": documents | approved,
            "verify_documents": dg.AssetSelection.checks_for_assets(*report_assets, checklist),
            **{name: dg.AssetSelection.checks_for_assets(name.split("__")) for name in DOCUMENTS},
        }
        self.defs = dg.Definitions(
            assets=[*assets, approval, backup],
            asset_checks=[*checks, backup_checks],
            jobs=[
                review_phase1,
                record_move,
                backup_storage,
                verify_backup,
                *(
                    dg.define_asset_job(name, selection=selection)
                    for name, selection in selections.items()
                ),
            ],
            loggers={"console": one_line_console},
            resources={
                "deployment": self.deployment,
                "declared": self.declared,
                "signer": NoSigner(),
                "backup_url": str(self.backups),
            },
        )

    def run(self, job: str, content: bytes | None = None) -> bool:
        """Run a job; whether it succeeded."""
        return self._execute(job, content).success

    def results(self, job: str, content: bytes | None = None) -> dict[str, tuple[bool, str]]:
        """Run a job; "asset check" -> (passed, description)."""
        return {
            f"{e.asset_key.to_user_string()} {e.check_name}": (e.passed, e.description)
            for e in self._execute(job, content).get_asset_check_evaluations()
        }

    def _execute(self, job: str, content: bytes | None) -> dg.ExecuteInProcessResult:
        if content is not None:
            (self.root / "wanted").write_bytes(content)
        definition = self.defs.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False)

    def failed(self, job: str, content: bytes | None = None) -> dict[str, str]:
        """Run a job; "asset check" -> what it says, of those that did not pass."""
        return {
            name: told for name, (passed, told) in self.results(job, content).items() if not passed
        }

    def make_approvable(self) -> "World":
        return copy_or_make(self, World._run_to_approvable)

    def _run_to_approvable(self) -> None:
        assert self.run("phase1", GOOD) and self.run("report")

    @property
    def is_usual(self) -> bool:
        """Whether code and settings are those that a world is made with."""
        usual = Deployment(PUBLISHED, MirrorSource(self.root), self.store)
        return self.checks_of_train is train_checks and self.deployment == usual

    @property
    def evidence(self) -> Evidence:
        return read_evidence(self.instance, self.declared, self.deployment)

    def judged(self, name: str) -> JudgedCheck | None:
        found = [j for j in self.evidence.of("mbpp/train") if j.check.name == name]
        return found[0] if found else None

    @property
    def approval(self) -> Approval:
        return read_approval(self.instance, self.deployment, self.evidence)

    @property
    def chain(self) -> Chain:
        return read_chain(self.store.signoff)

    def approve(
        self,
        *,
        acknowledge: Iterable[str] = (),
        signer: Signer | None = None,
        verdict: Verdict = Verdict.APPROVED,
        role: Role = Role.REVIEWER,
        reviewer: str = "Ann",
        note: str = "read it all",
    ) -> None:
        """As the command does it; raises BadInput when it is refused."""
        options = argparse.Namespace(
            reviewer=reviewer,
            role=role,
            decision=verdict,
            note=note,
            acknowledge=list(acknowledge),
        )
        decide(self.defs, self.instance, options, signer or NoSigner())

    def approve_in_ui(self, acknowledge: Iterable[str] = ()) -> bool:
        """As the UI's launchpad does it; whether the run succeeded."""
        config = {"reviewer": "Ben", "decision": "approved", "acknowledge": list(acknowledge)}
        job = self.defs.resolve_job_def("review_phase1")
        return job.execute_in_process(
            instance=self.instance,
            raise_on_error=False,
            run_config={"ops": {"record_decision": {"config": config}}},
        ).success

    def move(self, name: str) -> "World":
        """The same storage at another root, unknown to the record; its docs stay."""
        moved = World.__new__(World)
        moved.root, moved.instance = self.root, self.instance
        moved.store = Store(self.root / name, self.root / "d")
        self.store.root.rename(moved.store.root)
        moved.deployment = Deployment(PUBLISHED, MirrorSource(self.root), moved.store)
        moved.file = moved.store.dataset("mbpp").jsonl("train")
        moved.at(self.backups)
        return moved

    def trusting(self, keys: Path) -> "World":
        """The same with WMTP_REVIEWER_KEYS set to this folder."""
        self.deployment = replace(self.deployment, reviewer_keys=keys)
        self.at(self.backups)
        return self

    def on(self, instance: dg.DagsterInstance) -> "World":
        """The same storage with another record, on a machine without the documents."""
        other = World.__new__(World)
        other.root, other.instance = self.root, instance
        other.store = Store(self.store.root, self.root / "documents")
        other.deployment, other.file = replace(self.deployment, store=other.store), self.file
        other.at(self.backups)
        return other

    def tell_moved(self, old: Path | str) -> None:
        """As the command does it; raises BadInput when it is refused."""
        tell_moved(self.defs, self.instance, str(old))

    def latest(self, key: dg.AssetKey = TRAIN) -> dg.EventLogRecord:
        [record] = self.instance.fetch_materializations(key, limit=1).records
        return record

    def post_pass(self, check: str) -> None:
        """What anybody can do who reaches the webserver, with all that a run's result has."""
        target = self.latest()
        version = target.asset_materialization.tags["dagster/data_version"]
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=TRAIN,
                check_name=check,
                passed=True,
                metadata={CONTENT: version, STORAGE_ROOT: str(self.store.root)},
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=target.storage_id, run_id=target.run_id, timestamp=target.timestamp
                ),
            )
        )

    def post_materialization(self) -> None:
        """The same, for bytes that no run wrote."""
        made = self.latest().asset_materialization
        posted = dg.AssetMaterialization(TRAIN, metadata=made.metadata, tags=made.tags)
        self.instance.report_runless_asset_event(posted)
