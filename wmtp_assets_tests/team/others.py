"""What another process of the team does on the same record. Imported there, so kept light."""

import time
from pathlib import Path

import dagster as dg

from wmtp_assets.runs.executor import run_here

POOL = "fetch_mbpp"


@dg.op(pool=POOL, config_schema={"seconds": int})
def fetch(context: dg.OpExecutionContext) -> None:
    time.sleep(context.op_config["seconds"])


@dg.job(executor_def=dg.in_process_executor)
def fetching():
    fetch()


def run_fetching(seconds: int) -> bool:
    """Fetch for some seconds, in the pool; whether it succeeded."""
    with dg.DagsterInstance.get() as instance:
        config = {"ops": {"fetch": {"config": {"seconds": seconds}}}}
        done = run_here(fetching, instance, "", run_config=config, raise_on_error=False)
        return done.success


def run_world(root: Path, start) -> None:
    """Materialize and check the small graph, beginning when the others do."""
    from wmtp_assets_tests.signoff.world import GOOD, World

    with dg.DagsterInstance.get() as instance:
        world = World(root, instance)
        start.wait(60)
        assert world.run("phase1", GOOD)
