"""Listings that leave open or lie, over a real socket: what is accepted, and what is said of it.

One hub has a repository for each case; one process fetches all of them.
"""

import gzip
import hashlib
import json
import textwrap
from dataclasses import dataclass, field

import pytest

from wmtp_assets_tests.hub.loopback import FakeHub, Fault, serve
from wmtp_assets_tests.hub.loopback_client import finish, start

PROGRAM = textwrap.dedent("""
    import json, sys
    from pathlib import Path
    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.errors import BadInput
    from wmtp_assets.hub import retry
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    retry.FIRST_WAIT_SECONDS = 0.001
    root, told = Path(sys.argv[1]), {}
    for repo, (revision, path) in json.loads((root / "cases.json").read_text()).items():
        one, here, lines = Repo(repo, "model", revision, "MIT"), root / repo, []
        try:
            fetch_files(
                HubSource(), one, (Files(path),), here, root / "lock.json", lines.append
            )
            told[repo] = {"error": None, "lines": lines}
        except BadInput as error:
            told[repo] = {"error": str(error), "lines": lines}
    print(json.dumps(told))
""")
PARQUET = b"PAR1" + b"r" * 3000 + b"PAR1"
INDEX = b'{"metadata": {}, "weight_map": {"a": "1.bin"}}'
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 3008\n" % (b"a" * 64)
PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n" + b" " * 600
NO_HEAD = Fault(status=405)
NOTHING_SAID = Fault(chunked=True, without=("ETag",))
OPEN_END = Fault(without=("Content-Length", "ETag"))
COMMIT, OTHER = "c" * 40, "d" * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass(frozen=True)
class Case:
    """One repository of one file, how it is listed and sent, and what comes of it."""

    path: str
    content: bytes
    says: dict = field(default_factory=dict)
    """What the listing says of the file beside its name."""
    told: tuple[str, ...] = ()
    """What the error tells; the file is accepted where it is empty."""
    head: Fault | None = None
    body: Fault | None = None
    sent: bytes | None = None
    revision: str = "main"
    info: dict = field(default_factory=dict)
    times: int = 1
    set_aside: bool = False
    requests: int | None = None
    """How often the body was asked for."""


LFS = {"sha256": sha256(PARQUET), "size": len(PARQUET), "pointerSize": 131}
ACCEPTED = {
    "names only": Case("{}.parquet", PARQUET, requests=1),
    "size null": Case("{}.parquet", PARQUET, {"size": None, "blobId": blob(PARQUET)}),
    "size zero": Case("{}.parquet", PARQUET, {"size": 0, "blobId": blob(PARQUET)}),
    "size null beside a size of LFS": Case("{}.parquet", PARQUET, {"size": None, "lfs": LFS}),
    "size zero beside a size of LFS": Case("{}.parquet", PARQUET, {"size": 0, "lfs": LFS}),
    "size of the pointer beside that of LFS": Case(
        "{}.parquet", PARQUET, {"size": 131, "lfs": LFS}
    ),
    "size negative": Case("{}.parquet", PARQUET, {"size": -1, "blobId": blob(PARQUET)}),
    "size true": Case("{}.parquet", PARQUET, {"size": True}),
    "size a text": Case("{}.parquet", PARQUET, {"size": str(len(PARQUET))}),
    "size only": Case("{}.parquet", PARQUET, {"size": len(PARQUET)}),
    "no size, no HEAD, a blob": Case(
        "{}.json", b'{"a": 1}', {"blobId": blob(b'{"a": 1}')}, head=NO_HEAD
    ),
    "nothing said, a form with an end": Case(
        "{}.parquet", PARQUET, head=NO_HEAD, body=NOTHING_SAID
    ),
    "the end of the connection, a form with an end": Case(
        "{}.index.json", INDEX, head=NO_HEAD, body=OPEN_END
    ),
    "packed": Case(
        "{}.index.json",
        INDEX,
        head=Fault(headers={"Content-Encoding": "gzip", "Content-Length": "60"}, without=("ETag",)),
        body=Fault(headers={"Content-Encoding": "gzip"}, without=("ETag",)),
        sent=gzip.compress(INDEX),
    ),
    "a pinned commit": Case("{}.parquet", PARQUET, revision=COMMIT),
}
REFUSED = {
    "an empty file": Case("{}.parquet", b"", told=("an empty file",)),
    "an empty file without HEAD": Case("{}.json", b"", head=NO_HEAD, told=("an empty file",)),
    "an empty file with its digest": Case(
        "{}.model", b"", {"size": 0, "blobId": blob(b"")}, told=("an empty file",), set_aside=True
    ),
    "a pointer with its own size": Case(
        "{}.parquet",
        POINTER,
        {"size": len(POINTER), "blobId": blob(POINTER)},
        told=("a Git LFS pointer text instead of the file", "without its LFS objects"),
        set_aside=True,
        requests=1,
    ),
    "a pointer without size": Case("{}.model", POINTER, told=("a Git LFS pointer text",)),
    "a page with its own size": Case(
        "{}.model", PAGE, {"size": len(PAGE)}, head=NO_HEAD, told=("an HTML page instead",)
    ),
    "a page without size": Case(
        "{}.model", PAGE, head=NO_HEAD, body=NOTHING_SAID, told=("an HTML page instead",)
    ),
    "a page with status 200 for a checkpoint": Case(
        "{}.pth", PARQUET, {"size": 3008, "lfs": LFS}, sent=PAGE, told=("an HTML page instead",)
    ),
    "a text for a checkpoint": Case(
        "{}.bin", b"Not found" * 90, told=("not a torch checkpoint (zip): it begins with b'Not ",)
    ),
    "no JSON": Case("{}.json", b"Not found", told=("not a JSON object, or cut off: no JSON",)),
    "no object": Case("{}.json", b"[1, 2]", told=("not a JSON object: a JSON list",)),
    "an index of nothing": Case("{}.index.json", b'{"a": 1}', told=("it has no weight_map",)),
    "nothing said, no form": Case(
        "{}.model",
        b"\x0a" + b"p" * 2000,
        head=NO_HEAD,
        body=NOTHING_SAID,
        told=("neither size nor digest is stated, and its form does not prove it whole",),
    ),
    "cut off at an open end": Case(
        "{}.parquet",
        PARQUET,
        head=NO_HEAD,
        body=Fault(without=("Content-Length", "ETag"), cut_after=2000),
        told=("not a parquet file, or cut off: its end lacks b'PAR1'",),
    ),
    "HEAD says more": Case(
        "{}.parquet",
        PARQUET,
        head=Fault(headers={"Content-Length": "3009"}),
        told=("3,008 bytes, expected 3,009",),
    ),
    "fewer bytes than HEAD said": Case(
        "{}.parquet",
        PARQUET,
        head=Fault(headers={"Content-Length": "3009"}),
        body=NOTHING_SAID,
        told=("HEAD_said.parquet: the body ended after 3,008 of 3,009 bytes",),
    ),
    "more bytes than HEAD said": Case(
        "{}.parquet",
        PARQUET,
        head=Fault(headers={"Content-Length": "3007"}),
        body=NOTHING_SAID,
        told=("more than 3,007 bytes",),
    ),
    "HEAD names another content": Case(
        "{}.parquet", PARQUET, head=Fault(etag=blob(b"other")), told=(blob(b"other"), blob(PARQUET))
    ),
    "HEAD contradicts the listing": Case(
        "{}.parquet",
        PARQUET,
        {"size": 3007},
        told=("contradicts its own listing", "listed with 3,007 bytes, answered with 3,008 bytes"),
        requests=0,
    ),
    "HEAD of another commit": Case(
        "{}.parquet",
        PARQUET,
        revision=COMMIT,
        head=Fault(headers={"X-Repo-Commit": OTHER}),
        told=("answered from another commit", OTHER),
        requests=0,
    ),
    "HEAD refused": Case(
        "{}.parquet", PARQUET, head=Fault(status=403), told=("HTTP 403",), requests=0
    ),
    "listed twice": Case(
        "{}.parquet", PARQUET, times=2, told=("listed_twice.parquet is listed 2 times",), requests=0
    ),
    "a listing of another commit": Case(
        "{}.parquet",
        PARQUET,
        {"size": len(PARQUET), "lfs": LFS},
        revision=COMMIT,
        info={"sha": OTHER},
        told=(f"was asked for at {COMMIT}, and hub lists {OTHER}; nothing was fetched",),
        requests=0,
    ),
    "a listing of no commit": Case(
        "{}.parquet", PARQUET, info={"sha": None}, told=("names no commit",), requests=0
    ),
    "a listing of a name that is none": Case(
        "{}.parquet",
        PARQUET,
        info={"siblings": [{"rfilename": None}]},
        told=("answers, and not as a Hub: siblings.0.rfilename",),
    ),
    "a listing of LFS without digest": Case(
        "{}.parquet",
        PARQUET,
        {"lfs": {"size": 1}},
        told=("answers, and not as a Hub: siblings.0.lfs.sha256",),
    ),
}
CASES = ACCEPTED | REFUSED


def hub_of_cases() -> FakeHub:
    hub = FakeHub({}, commit=COMMIT)
    for name, case in CASES.items():
        repo, path = repo_of(name), path_of(name)
        hub.repos[repo] = {path: case.content}
        hub.listed[repo] = [{"rfilename": path, **case.says}] * case.times
        hub.info[repo] = case.info
        for faults, fault in ((hub.heads, case.head), (hub.always, case.body)):
            if fault:
                faults[path] = fault
        if case.sent is not None:
            hub.lie[path] = case.sent
    return hub


def repo_of(name: str) -> str:
    return f"org/case-{list(CASES).index(name)}"


def path_of(name: str) -> str:
    return CASES[name].path.format("".join(c if c.isalnum() else "_" for c in name))


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    root, hub = tmp_path_factory.mktemp("cases"), hub_of_cases()
    asked = {repo_of(n): (case.revision, path_of(n)) for n, case in CASES.items()}
    (root / "cases.json").write_text(json.dumps(asked))
    with serve(hub) as endpoint:
        told = finish(start(root, endpoint, program=PROGRAM))
    return root, hub, told


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_proven_by_other_means_arrives_whole_and_is_locked(fetched, name):
    root, hub, told = fetched
    case, repo, path = CASES[name], repo_of(name), path_of(name)
    assert told[repo]["error"] is None
    assert (root / repo / path).read_bytes() == case.content
    locked = json.loads((root / "lock.json").read_text())["repos"][repo]
    facts = {"size_bytes": len(case.content), "sha256": sha256(case.content)}
    assert locked["commit"] == COMMIT and locked["files"] == {path: facts}
    assert case.requests in (None, hub.served.count(f"GET {path}"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_nothing_proves_is_refused_by_name_and_never_locked(fetched, name):
    root, hub, told = fetched
    case, repo, path = CASES[name], repo_of(name), path_of(name)
    error = told[repo]["error"]
    assert error and all(part in error for part in case.told), error
    assert not (root / repo / path).exists()
    assert repo not in json.loads((root / "lock.json").read_text())["repos"]
    assert case.requests in (None, hub.served.count(f"GET {path}"))
    # A file is told of only where it lies.
    aside = (root / repo / f"{path}.rejected").exists()
    assert aside is (f"{path}.rejected beside it" in error)
    assert aside or not case.set_aside


def test_an_unknown_size_is_told_as_unknown_and_no_end_is_claimed(fetched):
    _, _, told = fetched
    first, *_, last = told[repo_of("nothing said, a form with an end")]["lines"]
    assert first.endswith(".parquet, size unknown")
    assert " of at least 0.0 MB" in last and "left" not in last
