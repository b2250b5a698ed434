"""One signal ends a command: one line, exit 130 or 143, and nothing of it lives on.

Commands run in a session of their own: a signal to all of it is what Ctrl-C at a terminal is.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.files.temporaries import is_temporary

PROJECT = Path(__file__).parents[1]
BEGIN = """
import subprocess, sys, threading, time
from wmtp_assets import stopping

stopping.SECONDS_TO_END = 0.3

def ready():
    print("ready", flush=True)

def caught():
    ready()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass

def in_processes(*work):
    from wmtp_assets.datasets.convert.pool import processes

    with processes(2) as pool:
        started = [pool.submit(*work) for _ in range(4)]
        started[0].result()

def work(stop):
    stop.at = "at work"
    """
# How a command may wait when the signal comes.
WAITS = {
    "sleeping": "ready(); time.sleep(60)",
    "for a lock": "lock = threading.Lock(); lock.acquire(); ready(); lock.acquire()",
    "for a program": "ready(); subprocess.run(['sleep', '60'])",
    "for processes": "ready(); in_processes(time.sleep, 60)",
    # Not for ever: of a test that was killed it would take a core until the machine is off.
    "computing": "ready(); end = time.monotonic() + 60\n    while time.monotonic() < end: pass",
    "returning all the same": "caught(); return 0",
    "once lost": "caught(); time.sleep(60)",
}


class Command:
    """A command in its own session."""

    def __init__(self, process: subprocess.Popen, told: Path):
        self.process, self.told = process, told

    @property
    def text(self) -> str:
        return self.told.read_text(errors="replace")

    def wait_for(self, happened: Callable[[], object], seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert self.process.poll() is None and time.monotonic() < end, self.text[-3000:]
            time.sleep(0.02)

    def ready(self) -> "Command":
        self.wait_for(lambda: "ready\n" in self.text)
        return self

    def signal(self, number: signal.Signals, *, to_all: bool = False) -> None:
        (os.killpg if to_all else os.kill)(self.process.pid, number)

    def end(self) -> tuple[int, str]:
        """The exit code and what was said; nothing lives on."""
        code = self.process.wait(120)
        # Those of Dagster notice the end a little later.
        end = time.monotonic() + 20
        while (left := self.others()) and time.monotonic() < end:
            time.sleep(0.1)
        assert left == []
        return code, self.text.replace("ready\n", "")

    def others(self) -> list[str]:
        """What the other processes of the session run now."""
        listed = subprocess.run(
            ["ps", "-eo", "sid=,stat=,pid=,args="], capture_output=True, text=True
        ).stdout.splitlines()
        rows = [line.split(None, 3) for line in listed]
        return [
            row[3] for row in rows if row[0] == str(self.process.pid) and not row[1].startswith("Z")
        ]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    started = []

    def start(*arguments: str, **settings: str) -> Command:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
        environment |= {"PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore", **settings}
        told = tmp_path / "told"
        with open(told, "wb") as out:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        started.append(process)
        return Command(process, told)

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def program(body: str) -> str:
    return f"{BEGIN}{body}\n\nif __name__ == '__main__':\n    stopping.stoppable(work, 'go on')\n"


SIGNALS = {
    "Ctrl-C": (signal.SIGINT, True, 130, "stopped by Ctrl-C at work; go on\n"),
    "SIGINT": (signal.SIGINT, False, 130, "stopped by Ctrl-C at work; go on\n"),
    "SIGTERM": (signal.SIGTERM, False, 143, "stopped by SIGTERM at work; go on\n"),
}


@pytest.mark.parametrize("sent", SIGNALS)
@pytest.mark.parametrize("wait", WAITS)
def test_one_signal_ends_a_command_wherever_it_waits(start, wait: str, sent: str):
    number, to_all, code, line = SIGNALS[sent]
    command = start("-c", program(WAITS[wait])).ready()
    if wait == "for processes":
        command.wait_for(lambda: len(command.others()) >= 4)
    if wait == "for a program":
        # Popen cannot be interrupted before it has started the program: nobody would end it.
        command.wait_for(lambda: "sleep 60" in command.others())
    command.signal(number, to_all=to_all)
    assert command.end() == (code, line)


def test_a_caller_that_blocks_sigint_takes_it_from_no_command(start):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        command = start("-c", program(WAITS["for a lock"])).ready()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    command.signal(signal.SIGINT)
    assert command.end() == (130, SIGNALS["SIGINT"][3])


def test_many_signals_are_as_one(start):
    command = start("-c", program(WAITS["once lost"])).ready()
    for _ in range(5):
        command.signal(signal.SIGINT, to_all=True)
        command.signal(signal.SIGTERM)
    assert command.end() in [(130, SIGNALS["Ctrl-C"][3]), (143, SIGNALS["SIGTERM"][3])]


def test_what_does_not_heed_a_signal_is_ended_all_the_same(start):
    command = start("-c", program("\n    while True: caught()")).ready()
    command.signal(signal.SIGINT)
    assert command.end() == (130, "stopped by Ctrl-C at work\n")


@pytest.mark.parametrize("body", ["return 3", "sys.exit(3)", "1 / 0"])
def test_without_a_signal_a_command_ends_as_ever(start, body: str):
    code, told = start("-c", program(body)).end()
    assert (code, told) == (3, "") or (code == 1 and "ZeroDivisionError" in told)


# Command -> a module that it imports late, and what its line says to do next.
COMMANDS = {
    "sample": ("pydantic_settings", "; the same command goes on"),
    "signoff status": ("dagster", ""),
    "doctor": ("huggingface_hub", ""),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_ended_while_it_imports_too(start, tmp_path: Path, command: str):
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    module, then = COMMANDS[command]
    endless = "print('ready', flush=True); import time; time.sleep(60)"
    (tmp_path / f"{module}.py").write_text(endless)
    package, *arguments = command.split()
    settings = {"PYTHONPATH": f"{tmp_path}:{PROJECT}", "DAGSTER_HOME": str(tmp_path)}
    settings["WMTP_SOURCE"] = "sample" if package == "sample" else "hub"
    started = start("-m", f"wmtp_assets.{package}", *arguments, **settings)
    started.ready().signal(signal.SIGINT, to_all=True)
    assert started.end() == (130, f"stopped by Ctrl-C{then}\n")


def runs_of(home: Path) -> list[dg.DagsterRun]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            return list(instance.get_runs())


def unfinished(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if is_temporary(path)]


@pytest.mark.long
@pytest.mark.parametrize("sent", SIGNALS)
def test_one_signal_ends_the_sample_with_all_that_it_started(start, tmp_path: Path, sent: str):
    """While the mirror is written, then in a job, on the same storage."""
    number, to_all, code, _ = SIGNALS[sent]
    sample = tmp_path / ".sample"

    def stop(is_time: Callable[[Command], object], at: str) -> None:
        command = start("-m", "wmtp_assets.sample")
        command.wait_for(lambda: is_time(command))
        said = len(command.text)
        command.signal(number, to_all=to_all)
        ended, text = command.end()
        last = f"stopped by {sent.replace('SIGINT', 'Ctrl-C')}{at}; the same command goes on\n"
        # A step may have ended between the look and the signal.
        assert ended == code and re.fullmatch(f"(done [a-z_]+\n)?{last}", text[said:]), text[said:]
        assert unfinished(sample) == []

    # The job begins beside the writing; which of them is earlier depends on the machine.
    made = ", [0-9]+ of [0-9]+ assets made"
    stop(lambda _: any(sample.glob(".mirror.*.tmp")), f"( in job phase1({made})?)?")
    stop(
        lambda command: "done meta_mtp__raw" in command.text,
        f" in job phase1{made}",
    )
    assert all(run.is_finished for run in runs_of(sample / "dagster_home"))
