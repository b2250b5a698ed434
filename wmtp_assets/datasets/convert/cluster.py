"""Runs units of work on a Dask cluster and hands back what they made in the order of the units.

In: units to convert, or a JSONL to check, and the address of a scheduler. Out: parts on the storage
that all workers share with this process under the same path, or facts; over the network go only
units, counts and line metadata. Parts may be made by two workers at once (`dask_client`): each
attempt writes a file of its own, which gets the name of the part when it is whole. Bytes and facts
are those of a run without a cluster, because a worker first proves that it sees the storage and has
what decides them.
"""

import contextlib
import functools
import hashlib
import os
import platform
import socket
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wmtp_assets import datasets
from wmtp_assets.datasets.convert.dask_client import call_on_cluster
from wmtp_assets.datasets.convert.line_blocks import Digest
from wmtp_assets.datasets.convert.line_ranges import LineRange, plan_ranges, read_range
from wmtp_assets.datasets.convert.range_inspection import RangeFacts, in_parts, inspect_lines
from wmtp_assets.datasets.convert.records import open_lines
from wmtp_assets.datasets.convert.tokens import LengthFilter
from wmtp_assets.datasets.convert.units import Part, Unit, convert_unit
from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import new_maker

CONVERTED, CHECKED = "converted the same rows", "checked the same lines"
# What decides the bytes and the findings; the version of this project stays the same between two
# commits, the digest of its modules does not.
PACKAGES = ("wmtp-assets", "pyarrow", "sentencepiece", "tuetoken", "orjson", "numpy")
PYTHON = ".".join(platform.python_version_tuple()[:2])
SOURCE = "source of wmtp_assets/datasets"

Environment = Mapping[str, str]


def convert_on_cluster(
    units: Sequence[Unit], new_part: Callable[[], Path], scheduler: str
) -> Generator[tuple[Unit, Part]]:
    """Convert units on the workers of a scheduler and yield (unit, part) in their order.

    Args:
        new_part: Gives the path of the next part, on the shared storage.
        scheduler: Its address, tcp://host:port or tls://host:port.

    Raises:
        BadInput: No scheduler answers or it is lost, it has no workers, a worker may not convert
            or died too often, or a unit cannot be converted.
    """

    def call(unit: Unit):
        part = new_part()
        # The folder of parts is of this conversion alone.
        return f"{part.parent.name}-{part.name}", convert_attempt, (unit, part, environment())

    return call_on_cluster(units, call, scheduler, doing=CONVERTED, again="materialize")


def inspect_on_cluster(
    dataset: str,
    path: Path,
    settings: LengthFilter,
    scheduler: str,
    digest: Digest,
    range_bytes: int,
) -> Generator[RangeFacts]:
    """Inspect a JSONL on the workers of a scheduler; yield what its ranges hold in their order.

    This process reads after the workers, and proves that its bytes are those that they looked at.

    Args:
        digest: Given every byte of the file, in order.

    Raises:
        BadInput: As `convert_on_cluster`; or a worker read other bytes than this process.
    """
    token = new_maker()

    def call(lines: LineRange):
        key = f"{path.name}.{token}-{lines.start}"
        return key, inspect_attempt, (dataset, lines, settings, environment())

    ranges = plan_ranges(path, range_bytes)
    inspected = call_on_cluster(ranges, call, scheduler, doing=CHECKED, again="check")
    with open_lines(path) as handle, contextlib.closing(inspected):
        for lines, found in inspected:
            data = handle.read(found.size_bytes)
            digest.update(data)
            if hashlib.sha256(data).hexdigest() != found.sha256:
                raise _other_bytes(lines.place)
            yield from in_parts(found.facts, dataset, memoryview(data), settings)
        if handle.read(1):
            raise _other_bytes(f"{path}, beyond byte {handle.tell() - 1:,}")


def _other_bytes(place: str) -> BadInput:
    return BadInput(
        "workers have read other bytes than are here",
        [place],
        "let nothing write there; if nothing did, look at the shared storage; then check again",
    )


def convert_attempt(unit: Unit, part: Path, needed: Environment) -> Part:
    """Convert one unit on a worker; `part` appears whole, or not at all.

    Args:
        needed: `environment()` of the process that joins the parts.

    Raises:
        BadInput: This worker does not see the folder of the part or has another environment, or the
            unit cannot be converted.
    """
    if not os.access(part.parent, os.W_OK | os.X_OK):
        raise _unseen("write", part.parent)
    _require(needed, "write the same bytes")
    attempt = part.with_name(f"{part.name}.{new_maker()}")
    made = convert_unit(unit, attempt)
    os.replace(attempt, part)
    return replace(made, path=part)


@dataclass(frozen=True)
class InspectedRange:
    """What a range holds, and the size and SHA-256 of its lines as the worker read them."""

    facts: RangeFacts
    size_bytes: int
    sha256: str


def inspect_attempt(
    dataset: str, lines: LineRange, settings: LengthFilter, needed: Environment
) -> InspectedRange:
    """Inspect one range on a worker.

    Args:
        needed: `environment()` of the process that joins the facts.

    Raises:
        BadInput: This worker does not see the file or has another environment, or the tokenizer
            cannot be read.
    """
    if not os.access(lines.path, os.R_OK):
        raise _unseen("read", lines.path)
    _require(needed, "find the same")
    data = read_range(lines)
    facts = inspect_lines(dataset, data, settings)
    return InspectedRange(facts, len(data), hashlib.sha256(data).hexdigest())


def _unseen(may: str, path: Path) -> BadInput:
    return BadInput(
        f"a worker does not see the storage, or may not {may} there",
        [f"worker on {_here()}: {path}"],
        "give every worker the storage root under the same path, as the same user",
    )


def _require(needed: Environment, what: str) -> None:
    """Prove that this worker has what decides the result."""
    found = environment()
    differing = [
        f"worker on {_here()}: {name} {found.get(name)}, needed is {wanted}"
        for name, wanted in needed.items()
        if found.get(name) != wanted
    ]
    if differing:
        raise BadInput(
            f"a worker would not {what}",
            differing,
            "install the same versions on every worker, then start the workers anew",
        )


def _here() -> str:
    return f"{socket.gethostname()}, process {os.getpid()}"


@functools.cache
def environment() -> Environment:
    """What of this process decides the bytes: name -> version or digest, as first looked at."""
    source = hashlib.sha256()
    rooms = (Path(__file__).parent, Path(datasets.__file__).parent)
    for path in (path for room in rooms for path in sorted(room.glob("*.py"))):
        source.update(f"{path.name}\n".encode() + path.read_bytes())
    packages = {name: _version(name) for name in PACKAGES}
    return {"Python": PYTHON, **packages, SOURCE: source.hexdigest()[:16]}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "that is not installed"
