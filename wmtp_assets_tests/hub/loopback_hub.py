"""What the hub on loopback holds, what it is told to do wrong, and what it has seen."""

import contextlib
import functools
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Fault:
    """How one answer with a file's bytes goes wrong."""

    status: int | None = None
    """Answer with this status instead of the bytes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, in place of the right ones of the same name."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    short: bool = False
    """Where cut: announce only what is sent, so that the body is whole but too short."""
    stall: bool = False
    """Where cut: keep the connection open and send nothing more."""
    ignore_range: bool = False
    etag: str | None = None
    without: tuple[str, ...] = ()
    """Headers that are left out; without Content-Length the end of the connection ends the body."""
    more: bytes = b""
    """Behind the right bytes, and announced with them."""
    chunked: bool = False
    """Say the end of the body with it, and no length before."""


NO_FAULT = Fault()


@dataclass(frozen=True)
class Asked:
    """One request as it was seen."""

    server: str  # `hub` or `cdn`
    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass(frozen=True)
class Answer:
    """A right answer, before it goes wrong."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def raw(self) -> bytes:
        """As it goes over the wire; text that no header can hold goes as UTF-8."""
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + self.body


@dataclass
class FakeHub:
    """Repositories (id -> path -> bytes, or the file that holds them), and the faults to show."""

    repos: dict[str, dict[str, bytes | Path]]
    commit: str = "c" * 40
    commits: dict[str, str] = field(default_factory=dict)
    """Repository -> its commit, where it is not the one above."""
    gated: set[str] = field(default_factory=set)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    """Known tokens -> the gated repositories whose licence they accepted."""
    renamed: dict[str, str] = field(default_factory=dict)
    lfs: set[str] = field(default_factory=set)
    cdn: bool = False  # send the bytes of LFS files from another port, by a redirect
    lie: dict[str, bytes] = field(default_factory=dict)
    """Path -> other bytes to serve than the listing says."""
    status: int | None = None  # of every answer
    silent: bool = False  # answer nothing, keep connections open
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """Path -> what the next answers with its bytes show, one each; below: what every one shows."""
    faults_at: dict[int, list[Fault]] = field(default_factory=dict)
    """Position -> what the next answers to who asks for the bytes from there on show."""
    signs_once: bool = False
    """Whether an address that the CDN is asked for holds for one request (403 after that)."""
    always: dict[str, Fault] = field(default_factory=dict)
    heads: dict[str, Fault] = field(default_factory=dict)
    """Path -> what every answer to HEAD shows."""
    listed: dict[str, list[dict]] = field(default_factory=dict)
    """Repository -> its files as they are listed in place of the right listing."""
    info: dict[str, dict] = field(default_factory=dict)
    """Repository -> what else its listing says: another `sha`."""
    api_faults: list[Fault] = field(default_factory=list)
    """What the next answers about repositories show."""
    bytes_per_second: int | None = None
    most_at_once: int = 0
    """The most answers with bytes that were under way at the same time."""
    changed: Callable[[Asked, Answer], Iterable[bytes]] | None = None
    """What goes over the wire in place of an answer, byte for byte; the connection then ends."""

    signed: set[str] = field(default_factory=set)
    served: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    bytes_served: Counter = field(default_factory=Counter)  # path -> bytes put on a socket
    _under_way: list[None] = field(default_factory=list)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Note how many answers are under way at the same time."""
        self._under_way.append(None)
        self.most_at_once = max(self.most_at_once, len(self._under_way))
        try:
            yield
        finally:
            self._under_way.pop()

    def commit_of(self, repo: str) -> str:
        return self.commits.get(repo, self.commit)

    def facts(self, repo: str, path: str) -> dict:
        """Size, SHA-256 and git blob id of a file."""
        return _hashed(self.repos[repo][path])


@functools.cache
def _hashed(content: bytes | Path) -> dict:
    size = size_of(content)
    sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size)
    with opened(content) as handle:
        while chunk := handle.read(CHUNK_BYTES):
            sha256.update(chunk)
            blob.update(chunk)
    return {"size": size, "sha256": sha256.hexdigest(), "blob": blob.hexdigest()}


def size_of(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def opened(content: bytes | Path):
    return io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb")
