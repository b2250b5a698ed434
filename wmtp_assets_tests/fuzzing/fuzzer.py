"""Damages every small file, example by example, and keeps the account of how the reading ended."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from wmtp_assets_tests.fuzzing.mutations import Damage, damaged
from wmtp_assets_tests.fuzzing.worker import GIB, Outcome, serve

SECONDS, BYTES = 10.0, GIB
START_SECONDS = 300


@dataclass
class Account:
    """How the examples of one kind of file ended."""

    examples: int = 0
    passed: int = 0
    failed: int = 0
    refused: int = 0
    worst_seconds: float = 0.0
    worst_bytes: int = 0
    slowest: str = ""
    faults: list[str] = field(default_factory=list)


class Fuzzer:
    """The targets, and the worker that looks at them; a worker that hangs or dies is replaced."""

    def __init__(self, root: Path):
        self.seconds = SECONDS
        self._root = root
        self._started = 0
        self._pipe, self._worker, self.targets = self._start()
        self.accounts: dict[str, Account] = {kind: Account() for kind, _ in self.targets}

    @property
    def kinds(self) -> Counter:
        return Counter(kind for kind, _ in self.targets)

    def run(self, kind: str, examples: int) -> Account:
        """Damage the files of a kind so many times; the same damage every time."""
        numbers = [n for n, (of, _) in enumerate(self.targets) if of == kind]
        example = st.sampled_from(numbers).flatmap(
            lambda n: damaged(self.targets[n][1]).map(lambda damage: (n, damage))
        )

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(example)
        def look(drawn: tuple[int, Damage]) -> None:
            self._look(kind, *drawn)

        look()
        return self.accounts[kind]

    def _look(self, kind: str, number: int, damage: Damage) -> None:
        account = self.accounts[kind]
        account.examples += 1
        outcome = self.ask(number, damage.data)
        faults = list(outcome.faults)
        if outcome.seconds > self.seconds:
            faults.append(f"took {outcome.seconds:.1f} s")
        if outcome.peak_bytes > BYTES:
            faults.append(f"took {outcome.peak_bytes:,} bytes")
        account.faults += [f"{kind}, {damage.what}: {fault}" for fault in faults]
        account.passed += outcome.passed
        account.failed += outcome.failed
        account.refused += outcome.refused
        account.worst_bytes = max(account.worst_bytes, outcome.peak_bytes)
        if outcome.seconds > account.worst_seconds:
            account.worst_seconds, account.slowest = outcome.seconds, damage.what

    def ask(self, number: int, data: bytes) -> Outcome:
        """Let the worker look, for as long as it may take."""
        if not self._worker.is_alive():
            self._pipe, self._worker, self.targets = self._start()
        try:
            self._pipe.send((number, data))
            if self._pipe.poll(2 * self.seconds):
                return self._pipe.recv()
            told = f"no end after {2 * self.seconds:.0f} s"
        except (EOFError, OSError):
            told = "the process died"
        self.close()
        return Outcome(0.0, 0, 0, 0, 0, (told,))

    def stop_worker(self) -> None:
        """Let the worker be as one that hangs."""
        os.kill(self._worker.pid, signal.SIGSTOP)

    def close(self) -> None:
        self._pipe.close()
        self._worker.kill()
        self._worker.join()

    def _start(self):
        # Not forked: libraries of the parent have threads.
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        root = self._root / f"worker{self._started}"
        self._started += 1
        root.mkdir(parents=True)
        worker = context.Process(target=serve, args=(theirs, root), daemon=True)
        worker.start()
        theirs.close()
        try:
            if mine.poll(START_SECONDS):
                targets: Sequence[tuple[str, bytes]] = mine.recv()
                return mine, worker, targets
            told = f"made no storages in {START_SECONDS} s"
        except EOFError:
            told = "ended: " + (root / "said.txt").read_text()[-2000:]
        worker.kill()
        raise AssertionError(f"the worker {told}")


@contextmanager
def fuzzer(root: Path) -> Iterator[Fuzzer]:
    """A fuzzer whose worker ends with it."""
    made = Fuzzer(root)
    try:
        yield made
    finally:
        made.close()


# Kinds whose reading opens a model or a vocabulary, a second each: fewer examples.
SLOW = {
    "a small set": 20,
    "tokenizer.json": 15,
    "tokenizer.model": 15,
    "tokenizer_config.json": 10,
    "two alike: config.json": 40,
    "two alike: generation_config.json": 20,
    "two alike: tokenizer_config.json": 15,
}


def plan(kinds: Counter, examples: int) -> dict[str, int]:
    """How many examples each kind gets of so many: the slow ones theirs, the others the rest."""
    scale = examples / 2000
    slow = {kind: max(1, round(n * scale)) for kind, n in SLOW.items() if kind in kinds}
    others = [kind for kind in kinds if kind not in slow]
    each, more = divmod(max(0, examples - sum(slow.values())), len(others))
    return slow | {kind: each + (place < more) for place, kind in enumerate(others)}
