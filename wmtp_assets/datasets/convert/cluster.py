"""Runs units of work on a Dask cluster and hands their parts back in the order of the units.

In: units, and the address of a scheduler. Out: the parts, on the storage that all workers share
with this process under the same path; over the network go only units, counts and line metadata. A
unit whose worker dies is given to another one, so that it may be run twice, even by two workers at
once: each attempt writes a file of its own, which gets the name of the part when it is whole. The
bytes are those of a run without a cluster, because a worker first proves that it sees the storage
and has what decides them.

Not here: what starts scheduler and workers (docs/cluster.md). `distributed` is imported when a
cluster is asked for, and not before.
"""

import asyncio
import contextlib
import functools
import hashlib
import os
import pickle
import platform
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wmtp_assets import datasets
from wmtp_assets.datasets.convert.pool import in_order
from wmtp_assets.datasets.convert.units import Part, Unit, convert_unit
from wmtp_assets.errors import BadInput
from wmtp_assets.files.temporaries import new_maker

CONNECT_SECONDS = 10.0
# A worker that its nanny or a batch system starts anew is there before: 2 s here, with its imports.
NO_WORKERS_SECONDS = 30.0
LOOK_SECONDS = 1.0
# What decides the bytes; the version of this project stays the same between two commits, the digest
# of its modules does not.
PACKAGES = ("wmtp-assets", "pyarrow", "sentencepiece", "orjson", "numpy")
PYTHON = ".".join(platform.python_version_tuple()[:2])
SOURCE = "source of wmtp_assets/datasets"

Environment = Mapping[str, str]


def convert_on_cluster(
    units: Sequence[Unit], new_part: Callable[[], Path], scheduler: str
) -> Iterator[tuple[Unit, Part]]:
    """Convert units on the workers of a scheduler and yield (unit, part) in their order.

    Args:
        new_part: Gives the path of the next part, on the shared storage.
        scheduler: Its address, tcp://host:port or tls://host:port.

    Raises:
        BadInput: No scheduler answers or it is lost, it has no workers, a worker may not convert
            or died too often, or a unit cannot be converted.
    """
    with contextlib.closing(_Cluster(scheduler)) as cluster:
        for unit, future in in_order(
            lambda unit: cluster.submit(unit, new_part()), units, cluster.ahead
        ):
            yield unit, cluster.part_of(unit, future)


def convert_attempt(unit: Unit, part: Path, needed: Environment) -> Part:
    """Convert one unit on a worker; `part` appears whole, or not at all.

    Args:
        needed: `environment()` of the process that joins the parts.

    Raises:
        BadInput: This worker does not see the folder of the part or has another environment, or the
            unit cannot be converted.
    """
    here = f"{socket.gethostname()}, process {os.getpid()}"
    if not os.access(part.parent, os.W_OK | os.X_OK):
        raise BadInput(
            "a worker does not see the storage, or may not write there",
            [f"worker on {here}: {part.parent}"],
            "give every worker the storage root under the same path, as the same user",
        )
    found = environment()
    differing = [
        f"worker on {here}: {name} {found.get(name)}, needed is {wanted}"
        for name, wanted in needed.items()
        if found.get(name) != wanted
    ]
    if differing:
        raise BadInput(
            "a worker would not write the same bytes",
            differing,
            "install the same versions on every worker, then start the workers anew",
        )
    attempt = part.with_name(f"{part.name}.{new_maker()}")
    made = convert_unit(unit, attempt)
    os.replace(attempt, part)
    return replace(made, path=part)


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


class _Call:
    """A call that is made where it is unpickled.

    It travels as bytes: a worker that cannot unpickle what it is sent, because it lacks this
    project, ends without a word, and a scheduler would need the project too.
    """

    def __init__(self, *call: object):
        self._call = call

    def __reduce__(self):
        function, *arguments = self._call
        return function, tuple(arguments)


class _Cluster:
    """A connection to a scheduler; whatever breaks between the two is one error that names it."""

    def __init__(self, scheduler: str):
        _require_scheduler(scheduler)
        _require_no_worker(scheduler)
        from distributed import Client

        self._scheduler = scheduler
        with self._loss_is_named():
            self._client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)

    def submit(self, unit: Unit, part: Path):
        """Let the next free worker convert a unit."""
        work = pickle.dumps(_Call(convert_attempt, unit, part, environment()))
        with self._loss_is_named():
            # Shown on the pages of the scheduler; the folder of parts is of this conversion alone.
            key = f"{part.parent.name}-{part.name}"
            return self._client.submit(pickle.loads, work, key=key, pure=False)

    def ahead(self) -> int:
        """Two units for each thread that the workers have at the moment."""
        return 2 * self._threads()

    def part_of(self, unit: Unit, future) -> Part:
        """Wait for a unit, for as long as there are workers that may convert it."""
        alone_since = None
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except Exception as error:
                ended = error
            if future.status == "error":
                self._raise_of_unit(unit, future)
            if not isinstance(ended, TimeoutError):
                raise self._lost(ended) from ended
            now = time.monotonic()
            alone_since = None if self._threads() else alone_since or now
            if alone_since and now - alone_since >= NO_WORKERS_SECONDS:
                raise BadInput(
                    f"the Dask scheduler has no workers, for {NO_WORKERS_SECONDS:g} s",
                    [self._scheduler],
                    f"start some (dask worker {self._scheduler} --nthreads 1), or look at the logs "
                    "of those that ended; then materialize again",
                )

    def close(self) -> None:
        """Leave the scheduler, which forgets what was submitted and is not done."""
        with contextlib.suppress(TimeoutError):
            self._client.close()

    def _threads(self) -> int:
        with self._loss_is_named():
            return sum(self._client.nthreads().values())

    def _raise_of_unit(self, unit: Unit, future) -> None:
        """Raise what ended a unit: its own error as it is, that of the cluster in our words."""
        from distributed.scheduler import KilledWorker

        error = future.exception()
        if isinstance(error, KilledWorker):
            raise BadInput(
                f"{error.allowed_failures + 1} workers died while they converted the same rows",
                [unit.place, f"last on {error.last_worker.address}"],
                "look at the logs of the workers; if memory ran out, give each more "
                "(--memory-limit), then materialize again",
            ) from error
        if isinstance(error, ImportError):
            raise BadInput(
                f"a worker has another environment ({error})",
                [self._scheduler],
                "install the same versions on every worker, then start the workers anew",
            ) from error
        raise error.with_traceback(future.traceback())

    @contextlib.contextmanager
    def _loss_is_named(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> BadInput:
        return BadInput(
            f"the Dask scheduler was lost ({type(error).__name__})",
            [self._scheduler],
            "look at its log, start it and its workers anew, then materialize again",
        )


def _require_scheduler(address: str) -> None:
    """Prove that a scheduler answers: a client waits for ever where something else listens."""
    try:
        from distributed import Security
        from distributed.core import rpc
    except ImportError as error:
        raise BadInput(
            f"WMTP_DASK_SCHEDULER needs a package that is not installed ({error.name})",
            [address],
            "pip install 'wmtp-assets[dask]', or unset WMTP_DASK_SCHEDULER",
        ) from error

    async def kind() -> str:
        arguments = Security().get_connection_args("client")
        async with rpc(address, timeout=CONNECT_SECONDS, connection_args=arguments) as server:
            return (await server.identity())["type"]

    async def kind_in_time() -> str:
        return await asyncio.wait_for(kind(), CONNECT_SECONDS + 1)

    fix = "start it (dask scheduler), or set WMTP_DASK_SCHEDULER to where it is"
    try:
        found = asyncio.run(kind_in_time())
    except Exception as error:
        reason = str(error) or f"silent for {CONNECT_SECONDS:g} s"
        raise BadInput(f"no Dask scheduler answers ({reason})", [address], fix) from error
    if found != "Scheduler":
        raise BadInput(f"this is no Dask scheduler but a {found}", [address], fix)


def _require_no_worker(address: str) -> None:
    """A task that waits for other tasks holds the thread that they may be waiting for."""
    from distributed import get_worker

    with contextlib.suppress(ValueError):
        here = get_worker().address
        raise BadInput(
            "a step on a Dask worker cannot hand its units to Dask: they could wait for its thread",
            [f"worker {here}", f"scheduler {address}"],
            "unset WMTP_DASK_SCHEDULER where the steps of Dagster run on Dask",
        )
