"""A fetch, the watch and the doctor's questions on one small repository of the hub on loopback.

They run in a process of their own, which holds the hub as well: huggingface_hub reads HF_ENDPOINT
when it is imported.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.doctor.plans import RepoRequest
from wmtp_assets.doctor.repositories import Asked, hub_lines
from wmtp_assets.errors import BadInput
from wmtp_assets.hub import retry
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.field_values import is_commit
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.sources import HubSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.upstream.watch import observed
from wmtp_assets_tests.hub.loopback import serve
from wmtp_assets_tests.hub.loopback_hub import FakeHub

REPO = Repo(id="org/thing", kind="model", revision="main", licence="MIT", gated=True)
SMALL, LARGE = "config.json", "weights.parquet"
FILES = {SMALL: b'{"a": 1}', LARGE: b"PAR1" + bytes(range(256)) * 12 + b"PAR1"}
TOKEN = "hf_" + "s" * 34


@dataclass(frozen=True)
class Outcome:
    """How a command ended: `well`, `refused` by name, or `raw`, which is a fault of ours."""

    end: str
    says: str
    seconds: float = 0.0


def hub() -> FakeHub:
    """The hub with the repository."""
    return FakeHub({REPO.id: FILES}, lfs={LARGE}, cdn=True, tokens={TOKEN: {REPO.id}})


@contextlib.contextmanager
def reachable(hub: FakeHub) -> Iterator[str]:
    """Serve it, with the environment set; nothing of the library may be imported yet."""
    with serve(hub) as endpoint, tempfile.TemporaryDirectory() as home:
        mine = {name: os.environ.pop(name) for name in [*os.environ] if "proxy" in name.lower()}
        os.environ |= {"HF_ENDPOINT": endpoint, "HF_HOME": home, "HF_TOKEN": TOKEN}
        os.environ["HF_HUB_DOWNLOAD_TIMEOUT"] = "2"
        retry.FIRST_WAIT_SECONDS = 0.001
        yield endpoint
        os.environ |= mine


def fetch() -> str:
    """Fetch both files into an empty folder; says what is wrong there afterwards."""
    root = Path(tempfile.mkdtemp())
    try:
        wanted = (Files(SMALL), Files("*.parquet"))
        try:
            fetch_files(HubSource(), REPO, wanted, root / "raw", root / "lock.json")
        except BadInput as error:
            assert_nothing_wrong(root, complete=False)
            named = [name for name in FILES if f"{name}.rejected" in str(error)]
            lying = [name for name in FILES if (root / "raw" / f"{name}.rejected").exists()]
            assert named == [name for name in named if name in lying], "names what does not lie"
            raise
        assert_nothing_wrong(root, complete=True)
        return "fetched"
    finally:
        shutil.rmtree(root)


def assert_nothing_wrong(root: Path, complete: bool) -> None:
    """Only right bytes under final names, and nothing else in the lock."""
    there = {name: root / "raw" / name for name in FILES if (root / "raw" / name).exists()}
    assert all(path.read_bytes() == FILES[name] for name, path in there.items()), "wrong bytes"
    assert not complete or len(there) == len(FILES), "a file is missing"
    locked = read_lock(root / "lock.json")["repos"] if (root / "lock.json").exists() else {}
    assert not complete or locked, "nothing is locked"
    for repo, entry in locked.items():
        assert (repo, entry["commit"]) == (REPO.id, "c" * 40), "a wrong commit is locked"
        for name, facts in entry["files"].items():
            assert facts["size_bytes"] == len(FILES[name]), "a wrong size is locked"


def watch() -> str:
    """Where main is."""
    main, facts = observed(HubSource(), REPO, None)
    assert is_commit(main), "what is no commit is seen"
    return facts["says"]


def doctor() -> str:
    """The lines on the Hub."""
    from wmtp_assets.hub import api, client

    row = replace(PUBLISHED.dataset("mbpp"), repo=REPO)
    asked = Asked(RepoRequest(row, row.raw, ("datasets",)))
    lines = list(hub_lines(api, client.endpoint(), False, client.has_token(), [asked]))
    told = "; ".join(f"{line.state.name} {line.what} {line.fix}" for line in lines)
    if any(line.state.name == "FAIL" for line in lines):
        raise BadInput(told, (), "see each")
    return told


COMMANDS: dict[str, Callable[[], str]] = {"fetch": fetch, "watch": watch, "doctor": doctor}


def outcome(command: Callable[[], str]) -> Outcome:
    """Run a command; an error of ours in one of its threads counts as well."""
    raised: list[str] = []
    started = time.monotonic()
    threading.excepthook = lambda said: raised.append(_tail(said.exc_value))
    try:
        told = Outcome("well", command())
    except BadInput as error:
        told = Outcome("refused", str(error))
    except Exception as error:
        told = Outcome("raw", _tail(error))
    if raised:
        told = Outcome("raw", raised[0])
    return replace(told, seconds=time.monotonic() - started)


def _tail(error: BaseException | None) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:] if error else ()
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:200]} ({where})"


def as_json(found: dict[str, dict[str, Outcome]]) -> str:
    """Case -> command -> outcome."""
    return json.dumps(
        {case: {c: dataclasses.asdict(o) for c, o in told.items()} for case, told in found.items()}
    )
