"""What is true when a check passes, and whose doing it is when it fails.

There are two kinds. Ours is what this project did to bytes (converted, cast, filtered, counted,
wrote), and what training relies on: a failure is an error, blocks what lies downstream, and no
reviewer can wave it through. Upstream's is what was published (problems in two splits,
near-duplicates, the counts of another program): nothing here can mend it, so a failure warns and
blocks nothing, and a reviewer acknowledges it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Whose doing a failure is."""

    OURS = "ours"
    UPSTREAM = "upstream"


# What follows from the kind, for the person at the UI.
CONSEQUENCE = {
    Kind.OURS: "An error that blocks",
    Kind.UPSTREAM: "A finding that warns and blocks nothing",
}


@dataclass(frozen=True)
class Proposition:
    """The sentence that is true when a check passes; its kind, and one sentence why that kind."""

    statement: str
    kind: Kind
    why: str

    @property
    def description(self) -> str:
        """What the UI shows: the statement, and below it the kind with its reason."""
        return f"{self.statement}\n\n{CONSEQUENCE[self.kind]}: {self.why}."


def ours(statement: str, why: str) -> Proposition:
    """A proposition about what this project did, or about what training relies on."""
    return Proposition(statement, Kind.OURS, why)


def upstream(statement: str, why: str) -> Proposition:
    """A proposition about what upstream published."""
    return Proposition(statement, Kind.UPSTREAM, why)
