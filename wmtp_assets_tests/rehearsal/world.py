"""A storage made from the rehearsal's mirror, its Dagster record on disk, and what is read of both.

The graph is the one of `build_definitions`, the catalog the published one as far as it can be.
"""

import argparse
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.chain import Role, Verdict
from wmtp_assets.approval.events import read_approval
from wmtp_assets.approval.signing import NoSigner
from wmtp_assets.approval.state import Approval
from wmtp_assets.catalog import Catalog
from wmtp_assets.definitions import build_definitions
from wmtp_assets.evidence.judge import Evidence, JudgedCheck, Outcome
from wmtp_assets.evidence.read import read_evidence
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.signoff.__main__ import decide, record
from wmtp_assets.signoff.status import is_fine, status_lines
from wmtp_assets_tests.rehearsal.upstream import rehearsal_catalog, write_mirror

# What the statistics of MBPP are made from: a graph of ten seconds.
MBPP_JOB = dg.define_asset_job(
    "mbpp", selection=dg.AssetSelection.assets(["mbpp", "stats"]).upstream()
)


class Rehearsal:
    """A storage and its record, below the folder that holds `mirror`."""

    def __init__(self, root: Path, catalog: Catalog, instance: dg.DagsterInstance):
        self.instance = instance
        self.storage = root / "storage"
        self.docs = root / "docs"
        graph = build_definitions(
            catalog=catalog,
            source=MirrorSource(root / "mirror"),
            storage_root=self.storage,
            docs_root=self.docs,
            with_reward_model=False,
        )
        self.definitions = dg.Definitions.merge(graph, dg.Definitions(jobs=[MBPP_JOB]))
        self.deployment = graph.resources["deployment"]
        self.declared = graph.resources["declared"]
        self.succeeded: dict[str, bool] = {}

    def run(self, job: str) -> dg.ExecuteInProcessResult:
        definition = self.definitions.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False)

    @property
    def evidence(self) -> Evidence:
        return read_evidence(self.instance, self.declared, self.deployment)

    @property
    def approval(self) -> Approval:
        return read_approval(self.instance, self.deployment, self.evidence)

    @property
    def open_checks(self) -> dict[str, JudgedCheck]:
        """ "asset check" -> its outcome, of those that are not simply passed."""
        return {
            f"{judged.check.asset} {judged.check.name}": judged
            for judged in self.evidence.counting
            if judged.outcome != Outcome.PASSED
        }

    def status(self) -> tuple[bool, list[str]]:
        """As the command `signoff status`: whether it exits 0, and its lines."""
        evidence = self.evidence
        approval = read_approval(self.instance, self.deployment, evidence)
        return is_fine(evidence, approval), list(status_lines(evidence, approval))

    def approve(self, acknowledge: Iterable[str]) -> None:
        """As the command `signoff approve`; raises BadInput when it is refused."""
        options = argparse.Namespace(
            reviewer="Ann",
            role=Role.REVIEWER,
            decision=Verdict.APPROVED,
            note="rehearsed",
            acknowledge=list(acknowledge),
        )
        decide(self.definitions, self.instance, options, NoSigner())


@contextlib.contextmanager
def rehearsed(root: Path) -> Iterator[Rehearsal]:
    """Mirror, phase1 and report below a folder, on a record on disk: about 40 s.

    Whether each job succeeded stands in `succeeded`.
    """
    catalog = rehearsal_catalog()
    write_mirror(root / "mirror", catalog)
    (root / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(root / "home"))
        with record() as instance:
            rehearsal = Rehearsal(root, catalog, instance)
            rehearsal.succeeded = {job: rehearsal.run(job).success for job in ("phase1", "report")}
            yield rehearsal
