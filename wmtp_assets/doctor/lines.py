"""One line of the table: the state, what was looked at, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wmtp_assets.printable import printable
from wmtp_assets.setting_values import without_credentials

# A line that says more than this takes the room it needs.
WIDTH = 90


class State(StrEnum):
    """`fail` is what a run would fail on; `warn` is what a person should know."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Line:
    """A finding; `fix` is what to do, or advice where all is well, if there is any."""

    state: State
    what: str
    fix: str = ""


def ok(what: str, advice: str = "") -> Line:
    return _line(State.OK, what, advice)


def warn(what: str, fix: str) -> Line:
    return _line(State.WARN, what, fix)


def fail(what: str, fix: str) -> Line:
    return _line(State.FAIL, what, fix)


def _line(state: State, what: str, fix: str = "") -> Line:
    return Line(state, without_credentials(printable(what)), printable(fix))


def table(lines: Iterable[Line]) -> str:
    """The lines as `ok|warn|fail  what  fix`, the first two in columns."""
    lines = list(lines)
    width = min(WIDTH, max((len(line.what) for line in lines if line.fix), default=0))
    return "\n".join(
        f"{line.state:<4}  {line.what:<{width}}  {line.fix}".rstrip() for line in lines
    )
