"""deploy/team/compose.yaml as processes of this machine: its commands, environment and files.

Other are the ports, the root of the paths that it mounts, and the place of Postgres.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

TEAM = Path(__file__).parents[2] / "deploy/team"
COMPOSE = yaml.safe_load((TEAM / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGE = "wmtp-assets:"
# What is ours runs here; Postgres is that of the tests, nginx and oauth2-proxy are others' images.
OURS = [name for name, service in SERVICES.items() if service["image"].startswith(IMAGE)]
ASKED = re.compile(r"\$\{(\w+):\?\}")
PORTS = ("3000", "3001", "4266")
DATABASE = "127.0.0.1:5432"
START_SECONDS, STOP_SECONDS = 180, 60


def mounts(service: Mapping[str, Any]) -> dict[str, str]:
    """Path in the container -> what is mounted there."""
    parts = (volume.split(":") for volume in service.get("volumes", ()))
    return {target: source for source, target, *_ in parts}


def in_order() -> list[str]:
    """Our services, each after those that it waits for."""
    order: list[str] = []
    while waiting := [name for name in OURS if name not in order]:
        needs = {name: set(SERVICES[name]["depends_on"]) & set(OURS) for name in waiting}
        order += [name for name in waiting if needs[name] <= set(order)]
    return order


class Place:
    """A folder in which the mounted files lie, and ports that are free."""

    def __init__(self, root: Path, database: str, values: Mapping[str, str]):
        """`database` takes the place of host and port in the addresses of the record."""
        self.root, self.database, self.values = root, database, values
        self.ports = {port: free_port() for port in PORTS}
        self.targets = sorted({t for name in OURS for t in mounts(SERVICES[name])}, reverse=True)
        for name in OURS:
            for target, source in mounts(SERVICES[name]).items():
                self._mount(source, Path(f"{root}{target}"))

    def _mount(self, source: str, target: Path) -> None:
        if source.startswith("./"):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.here((TEAM / source).read_text()))
        else:
            target.mkdir(parents=True, exist_ok=True)

    def here(self, text: str) -> str:
        """A text of compose.yaml, or of a file that it mounts, as it has to be here."""
        text = ASKED.sub(lambda asked: self.values[asked[1]], text)
        text = text.replace(f"@{DATABASE}/wmtp", f"@/wmtp?host={self.database}")
        for target in self.targets:
            text = re.sub(rf"(?<![\w/.]){re.escape(target)}", f"{self.root}{target}", text)
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(free), text)
        return text

    def environment(self, name: str) -> dict[str, str]:
        """What a service has in its environment, and of ours only where programs are."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        stated = {k: self.here(v) for k, v in SERVICES[name]["environment"].items()}
        imports = {"PYTHONPATH": str(TEAM.parents[1]), "PYTHONWARNINGS": "ignore"}
        return {"PATH": path, "HOME": str(self.root), **imports, **stated}

    def healthy(self, name: str) -> bool:
        """Whether the command of the health check succeeds."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        command = [self.here(word) for word in command]
        done = subprocess.run(command, env=self.environment(name), capture_output=True)
        return done.returncode == 0

    @contextmanager
    def running(self, name: str) -> Iterator[subprocess.Popen]:
        """A service, healthy; it is sent the signal of `docker stop` and has to heed it."""
        log = self.root / f"{name}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [self.here(word) for word in SERVICES[name]["command"]],
                cwd=self.root,
                env=self.environment(name),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not self.healthy(name):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextmanager
    def running_all(self) -> Iterator[dict[str, subprocess.Popen]]:
        """All our services, stopped in the opposite order."""
        with ExitStack() as stack:
            yield {name: stack.enter_context(self.running(name)) for name in in_order()}


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
