"""A Dask scheduler for one step: calls go to its workers, results come back in their order.

A call whose worker dies is given to another one, so that it may be made twice, even by two workers
at once. Over the network go only calls and results. Whatever breaks is one error that names it.

Not here: what is called (`cluster`), and what starts scheduler and workers (docs/cluster.md).
`distributed` is imported when a cluster is asked for, and not before.
"""

import asyncio
import contextlib
import pickle
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Protocol, TypeVar, cast

from wmtp_assets.datasets.convert.pool import in_order
from wmtp_assets.errors import BadInput

CONNECT_SECONDS = 10.0
# A worker that its nanny or a batch system starts anew is there before: 2 s here, with its imports.
NO_WORKERS_SECONDS = 30.0
LOOK_SECONDS = 1.0


class Placed(Protocol):
    """Work of which a message can say where it is."""

    @property
    def place(self) -> str: ...


Work = TypeVar("Work", bound=Placed)


def call_on_cluster(
    units: Iterable[Work],
    call: Callable[[Work], tuple[str, Callable[..., Any], tuple[Any, ...]]],
    scheduler: str,
    *,
    doing: str,
    again: str,
) -> Generator[tuple[Work, Any]]:
    """Make a call a unit on the workers of a scheduler; yield (unit, its result) in their order.

    Args:
        call: Gives a name of its own, shown on the pages of the scheduler, the function, and its
            arguments; all can be pickled.
        scheduler: Its address, tcp://host:port or tls://host:port.
        doing: What a worker does, for a message: "converted the same rows".
        again: What helps in the end: "materialize".

    Raises:
        BadInput: No scheduler answers or it is lost, it has no workers, or they died too often.
        Exception: What a call raised.
    """
    with contextlib.closing(_Cluster(scheduler, doing, again)) as cluster:
        for unit, future in in_order(
            lambda unit: cluster.submit(*call(unit)), units, cluster.ahead
        ):
            yield unit, cluster.result_of(unit, future)


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

    def __init__(self, scheduler: str, doing: str, again: str):
        _require_scheduler(scheduler)
        _require_no_worker(scheduler)
        from distributed import Client

        self._scheduler, self._doing, self._again = scheduler, doing, again
        with self._loss_is_named():
            self._client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)

    def submit(self, key: str, function: Callable[..., Any], arguments: tuple[Any, ...]):
        """Let the next free worker make a call."""
        work = pickle.dumps(_Call(function, *arguments))
        with self._loss_is_named():
            return self._client.submit(pickle.loads, work, key=key, pure=False)

    def ahead(self) -> int:
        """Two calls for each thread that the workers have at the moment."""
        return 2 * self._threads()

    def result_of(self, unit: Placed, future) -> Any:
        """Wait for a unit, for as long as there are workers that may take it."""
        alone_since = None
        is_done = threading.Event()
        future.add_done_callback(lambda _: is_done.set())
        while True:
            looked = time.monotonic()
            try:
                # Only then asked for: a result that is broken off on its way spoils all later ones
                # (Client._gather_future stays cancelled; UnboundLocalError in distributed.sync).
                if is_done.wait(LOOK_SECONDS):
                    return future.result(timeout=NO_WORKERS_SECONDS)
                raise TimeoutError
            except Exception as error:
                ended = error
            if future.status == "error":
                self._raise_of_unit(unit, future)
            if not isinstance(ended, TimeoutError):
                raise self._lost(ended) from ended
            alone_since = None if self._threads() else alone_since or looked
            if alone_since and time.monotonic() - alone_since >= NO_WORKERS_SECONDS:
                raise BadInput(
                    f"the Dask scheduler has no workers, for {NO_WORKERS_SECONDS:g} s",
                    [self._scheduler],
                    f"start some (dask worker {self._scheduler} --nthreads 1), or look at the logs "
                    f"of those that ended; then {self._again} again",
                )

    def close(self) -> None:
        """Leave the scheduler, which forgets what was submitted and is not done."""
        with contextlib.suppress(TimeoutError):
            self._client.close()

    def _threads(self) -> int:
        with self._loss_is_named():
            return sum(cast(dict[str, int], self._client.nthreads()).values())

    def _raise_of_unit(self, unit: Placed, future) -> None:
        """Raise what ended a unit: its own error as it is, that of the cluster in our words."""
        from distributed.scheduler import KilledWorker

        error = future.exception()
        if isinstance(error, KilledWorker):
            raise BadInput(
                f"{error.allowed_failures + 1} workers died while they {self._doing}",
                [unit.place, f"last on {error.last_worker.address}"],
                "look at the logs of the workers; if memory ran out, give each more "
                f"(--memory-limit), then {self._again} again",
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
            f"look at its log, start it and its workers anew, then {self._again} again",
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
            return cast(dict[str, Any], await server.identity())["type"]

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
