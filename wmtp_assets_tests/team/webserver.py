"""A `dagster-webserver` of the real graph on this machine, asked as a browser asks it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER = Path(sys.executable).parent / "dagster-webserver"
START_SECONDS = 60
STOP_SECONDS = 60
# A shell without job control starts `make test-all &` with SIGINT ignored, and so its children.
HEEDING_SIGINT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Webserver:
    """A running webserver."""

    def __init__(self, port: int):
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: dict | None = None, **headers: str) -> tuple[int, str]:
        """POST with a body, GET without; status and text."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def query(self, query: str) -> dict:
        return json.loads(self.ask("/graphql", {"query": query})[1])

    @property
    def serves_pages_and_runs(self) -> bool:
        told = self.query("{ runsOrError { ... on Runs { count } } }")
        return self.ask("/")[0] == 200 and told["data"]["runsOrError"]["count"] > 0


@contextmanager
def running_webserver(*options: str, **environment: str) -> Iterator[Webserver]:
    """A webserver on the record of DAGSTER_HOME, for the graph with its default settings."""
    with _running([SERVER, *options], environment) as webserver:
        yield webserver


@contextmanager
def running_page(**environment: str) -> Iterator[Webserver]:
    """The same with the daemon, whose sensors and queue run too: what `make ui` starts."""
    with _running([SERVER.with_name("dagster"), "dev"], environment) as webserver:
        yield webserver


@contextmanager
def _running(command: list, environment: dict[str, str]) -> Iterator[Webserver]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("WMTP_")}
    served = [*command, "-h", "127.0.0.1", "-p", str(port), "-m", "wmtp_assets.definitions"]
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDING_SIGINT, *served],
        cwd=os.environ["DAGSTER_HOME"],
        env={**inherited, "PYTHONWARNINGS": "ignore", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        webserver = Webserver(port)
        _wait(webserver, process)
        yield webserver
    finally:
        # Not SIGTERM: `dagster dev` ends its daemon and servers only when interrupted.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        finally:
            # Nothing of it outlives the test, also where it did not heed.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(webserver: Webserver, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            assert webserver.ask("/server_info")[0] == 200
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
