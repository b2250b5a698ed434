"""A Dask scheduler and its workers as processes of this machine, on the loopback."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from wmtp_assets_tests.datasets.gate import wait_until

REPOSITORY = Path(__file__).parents[2]


class Cluster(contextlib.AbstractContextManager):
    """A scheduler on a free port, and workers of one thread; all are killed at the end.

    Args:
        folder: Where they keep their files and logs.
        settings: Of Dask, as environment variables.
    """

    def __init__(self, folder: Path, **settings: str):
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **settings}
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen] = []
        # Should the tests be killed themselves, these processes end for want of one another.
        self.scheduler = self._start("scheduler", "--port", "0", "--idle-timeout", "120")
        self.address = wait_until(self._written_address)

    def have_workers(self, count: int, gate: bool = True) -> "Cluster":
        """Start workers in the place of dead ones, and wait until there are as many as wanted."""
        from distributed import Client

        self.workers = [worker for worker in self.workers if worker.poll() is None]
        for _ in range(count - len(self.workers)):
            options = ["--worker-port", "0", "--nthreads", "1", "--no-nanny"]
            options += ["--death-timeout", "20", "--local-directory", str(self._folder)]
            options += ["--preload", "wmtp_assets_tests.datasets.gate"] if gate else []
            self.workers.append(self._start("worker", *options))
        with Client(self.address, set_as_default=False) as client:
            wait_until(lambda: len(client.nthreads()) == count)
        return self

    def tasks(self) -> int:
        """The tasks that the scheduler knows."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def finish(self) -> None:
        """Wait until each worker has ended what it was doing."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            asked = [
                client.submit(os.getpid, workers=[worker], pure=False)
                for worker in client.nthreads()
            ]
            client.gather(asked)

    def __exit__(self, *error: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _written_address(self) -> str | None:
        try:
            return json.loads(self._file.read_bytes())["address"]
        except (FileNotFoundError, ValueError):
            return None  # not written, or not to the end

    def _start(self, what: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1"]
        command += ["--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
        command += ["--scheduler-file", str(self._file), *options]
        with open(self._folder / f"{what}.log", "ab") as log:
            return subprocess.Popen(
                command, env=self._environment, cwd=self._folder, stdout=log, stderr=log
            )
