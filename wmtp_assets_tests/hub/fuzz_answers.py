"""`python -m wmtp_assets_tests.hub.fuzz_answers [--examples N]`: every answer of the Hub, damaged.

Each example damages the answers to one kind of question of the hub on loopback, always or once, and
runs the commands that ask it: a fetch, the watch, the doctor. Each must end well with the right
bytes, or refused by name, in bounded time. Every hostile header and status in turn comes before N
examples of hypothesis, the same ones each time. The last line printed is a JSON object of numbers
and of the faults found.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wmtp_assets_tests.fuzzing.worker import peak_bytes
from wmtp_assets_tests.hub.damaged_answers import Wrong, each_header_and_status, wrong_answers
from wmtp_assets_tests.hub.loopback_hub import Answer, Asked, FakeHub
from wmtp_assets_tests.hub.three_commands import (
    COMMANDS,
    FILES,
    REPO,
    TOKEN,
    Outcome,
    hub,
    outcome,
    reachable,
)

MOST_SECONDS = 10.0
ALWAYS = 1000
# The kinds whose every header and status is tried; the others are read by the same code.
SWEPT = ("GET listing", "GET weights.parquet", "HEAD weights.parquet", "GET cdn")
# The listing says most, in JSON.
WEIGHTIER = ("GET listing",) * 5 + ("GET cdn",) * 2


@dataclass
class Numbers:
    """What the examples came to."""

    examples: int = 0
    kinds: Counter = field(default_factory=Counter)
    ends: Counter = field(default_factory=Counter)
    worst_seconds: float = 0.0
    slowest: str = ""
    peak_mib: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self, kind: str, wrong: Wrong, command: str, told: Outcome) -> None:
        """Count one run of a command, and judge how it ended."""
        where = f"{command}, {kind}, {wrong.what}"
        self.ends[f"{command} {told.end}"] += 1
        if told.seconds > self.worst_seconds:
            self.worst_seconds, self.slowest = round(told.seconds, 2), where
        judged = {
            "raw": told.end == "raw",
            "a secret is told": TOKEN in told.says or "secret" in told.says,
            "a control character is told": any(ord(letter) < 32 for letter in told.says),
            "no fix is told": told.end == "refused" and "Fix: " not in told.says,
            "too slow": told.seconds > MOST_SECONDS,
        }
        if wrong_with_it := [name for name, holds in judged.items() if holds]:
            self.faults.append(f"{where}: {', '.join(wrong_with_it)}: {ascii(told.says)[:400]}")


def kind_of(asked: Asked) -> str:
    """The question that an answer is for."""
    place = asked.path.rsplit("/", 1)[-1] if asked.server == "hub" else "cdn"
    return f"{asked.method} {'listing' if place == 'main' else place}"


def commands_of(kind: str) -> Iterable[str]:
    """The commands that ask such a question."""
    if kind == "GET listing":
        return COMMANDS
    return ["doctor"] if kind in ("GET whoami-v2", "GET auth-check") else ["fetch"]


def ask_heads(world: FakeHub, wanted: bool) -> None:
    """Let the listing leave open what there is to say of the files: then each is asked for."""
    world.listed.clear()
    if wanted:
        world.listed[REPO.id] = [{"rfilename": name} for name in FILES]


def right_answers(world: FakeHub) -> dict[str, Answer]:
    """Kind of question -> the right answer, as the three commands get them."""
    seen: dict[str, Answer] = {}

    def noted(asked: Asked, right: Answer) -> Iterable[bytes]:
        seen.setdefault(kind_of(asked), right)
        return [right.raw]

    world.changed = noted
    for name in ("fetch", "watch", "doctor", "fetch"):
        assert (end := outcome(COMMANDS[name])).end == "well", end
        ask_heads(world, wanted=name == "doctor")
    return seen


def fuzz(world: FakeHub, examples: int) -> Numbers:
    """Run the examples; a fault ends none of the others."""
    numbers, right = Numbers(), right_answers(world)

    def run(kind: str, wrong: Wrong, times: int) -> None:
        numbers.examples += 1
        numbers.kinds[kind] += 1
        _run(world, numbers, kind, wrong, times)

    for kind in SWEPT:
        for wrong in each_header_and_status(right[kind]):
            run(kind, wrong, ALWAYS)

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from((*sorted(right), *WEIGHTIER)).flatmap(
            lambda kind: st.tuples(st.just(kind), wrong_answers(right[kind]))
        ),
        st.sampled_from((1, ALWAYS)),
    )
    def example(what: tuple[str, Wrong], times: int) -> None:
        run(*what, times)

    example()
    numbers.peak_mib = peak_mib()
    return numbers


def _run(world: FakeHub, numbers: Numbers, kind: str, wrong: Wrong, times: int) -> None:
    """Damage the answers to one kind of question, and run the commands that ask it."""
    from huggingface_hub import close_session

    ask_heads(world, kind.startswith("HEAD"))
    for name in commands_of(kind):
        left = [wrong.raw] * times
        world.changed = lambda asked, answer, left=left: [
            left.pop() if left and kind_of(asked) == kind else answer.raw
        ]
        numbers.note(kind, wrong, name, outcome(COMMANDS[name]))
    close_session()  # what a damaged answer left of a connection is of its own example


def peak_mib() -> int:
    """The most memory this process has held."""
    return peak_bytes() // 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    world = hub()
    with reachable(world):
        numbers = fuzz(world, parser.parse_args().examples)
    print(json.dumps(vars(numbers)))


if __name__ == "__main__":
    main()
