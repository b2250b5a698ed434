"""The graph that `benchmarks.jobs` runs: `-m benchmarks.jobs_definitions`, in its scratch folder.

As `wmtp_assets.definitions` builds it for a mirror, with the catalog of the generated one. Its
verifications evaluate what the benchmark's job stored: the rest of the graph is not there. Each
process of a step leaves in `steps/<pid>.json` what it and its pools took of processors, and read.
"""

import json
import os
import pickle
from multiprocessing import forkserver, util
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF

import dagster as dg

from benchmarks.usage import cpu_seconds, io_bytes
from wmtp_assets.definitions import CHECKS, build_definitions
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.jobs import ASSET_JOBS, PRELOADED, verification_jobs

# The name of the job, and the catalog.
PLAN, MIRROR, STEPS = Path("plan.pickle"), Path("mirror"), Path("steps")
STORAGE, DOCS = Path("storage"), Path("docs")

# Loaded before the steps begin, as the published graph is: a step that builds it pays for it.
PRELOADED.append(__name__)


class StepProcess:
    """Notes at the end of every process that is forked from here what it took."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()
        util.register_after_fork(self, StepProcess.began)

    def began(self) -> None:
        # After the pools of the step, which end with its other finalizers.
        util.Finalize(None, self.note, exitpriority=-100)

    def note(self) -> None:
        # The server of its pools would end after it: what they took counts once it is waited for.
        forkserver._forkserver._stop()
        read = io_bytes().get("read_bytes")
        taken = {"cpu_seconds": cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN)}
        note = self.folder / f"{os.getpid()}.json"
        note.write_text(json.dumps(taken | {"read_bytes": read}))


def restricted(graph: dg.Definitions, job: str) -> dg.Definitions:
    """A graph with one job, and the verifications of what that job stores."""
    stored = ASSET_JOBS[job][0].resolve(graph.resolve_asset_graph())
    checked = [one for one in CHECKS if {spec.asset_key for spec in one.check_specs} <= stored]
    return dg.Definitions(
        assets=graph.assets,
        asset_checks=graph.asset_checks,
        jobs=[
            *(one for one in graph.jobs if one.name == job),
            *verification_jobs(checked),
        ],
        resources=graph.resources,
        executor=graph.executor,
        loggers=graph.loggers,
    )


step_process = StepProcess(STEPS)
_job, _catalog = pickle.loads(PLAN.read_bytes())
defs = restricted(
    build_definitions(
        catalog=_catalog,
        source=MirrorSource(MIRROR.absolute()),
        storage_root=STORAGE.absolute(),
        docs_root=DOCS.absolute(),
        workers=os.cpu_count() or 1,
        with_reward_model=False,
    ),
    _job,
)
