"""A small file and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Look = Callable[[], object]


@dataclass(frozen=True)
class Target:
    """A small file.

    Attributes:
        kind: What it is, as the numbers name it.
        paths: Where it lies; each of them gets the damaged bytes.
        looks: What reads it, by name.
    """

    kind: str
    paths: tuple[Path, ...]
    looks: dict[str, Look]
