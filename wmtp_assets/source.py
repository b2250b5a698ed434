"""What a source of published files can do, and which files of a listing are wanted.

A source lists the files of a repository with the digests it expects of them, and sends the bytes of
one file from a position on. It proves nothing. The sources themselves are in `hub/sources.py` and,
embedded, in `sample/mirror.py`.
"""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import is_plain


@dataclass(frozen=True)
class RemoteFile:
    """A file of an upstream repository; what the source does not state of it is None.

    The Hub states `sha256` for LFS files and `git_blob` (SHA-1 of `blob <size>\\0` + bytes) for
    the others.
    """

    path: str
    size_bytes: int | None
    sha256: str | None = None
    git_blob: str | None = None


@dataclass(frozen=True)
class Listing:
    """The files of one repository at one commit."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]


@dataclass(frozen=True)
class Body:
    """Bytes on their way, and what the source says of them.

    `start` is where they begin (0 where the wish was ignored, None where it cannot be told), `etag`
    names the content they are of (empty where nothing does), `size_bytes` is that of the whole
    content (None where not stated), `end` where they end (None unless they are sent as a range).
    `clone` gives the whole content to the empty file of a descriptor without copying it, and says
    whether it could.
    """

    start: int | None
    etag: str
    size_bytes: int | None
    chunks: Iterator[bytes]
    end: int | None = None
    clone: Callable[[int], bool] = lambda descriptor: False


class Source(Protocol):
    """What a source can do."""

    @property
    def name(self) -> str: ...

    def list_files(self, repo: Repo, revision: str) -> Listing:
        """List the repository at a commit or branch."""
        ...

    def ask(self, repo: Repo, commit: str, path: str) -> RemoteFile:
        """What the listing leaves open of one file: size and digest; no byte of it is read."""
        ...

    def open(self, repo: Repo, commit: str, path: str, start: int) -> AbstractContextManager[Body]:
        """The bytes of one file from a position on; TryAgain for what may pass by itself."""
        ...


@runtime_checkable
class RangeSource(Protocol):
    """A source that is faster where several ranges of a large file are asked for at a time."""

    def open_range(
        self, repo: Repo, commit: str, path: str, start: int, end: int
    ) -> AbstractContextManager[Body]:
        """The bytes of one file from `start` to before `end`; errors are those of `Source.open`."""
        ...


class IncompleteRepo(BadInput):
    """A listing does not hold the files of the catalog."""


def select(listing: Listing, wanted: tuple[Files, ...]) -> list[RemoteFile]:
    """Pick the wanted files of a listing.

    Raises:
        IncompleteRepo: A pattern matches another number of files than the catalog says, or a path
            would leave the folder it is meant for.
    """
    chosen: dict[str, RemoteFile] = {}
    wrong = []
    for files in wanted:
        matches = [f for f in listing.files if fnmatch.fnmatchcase(f.path, files.pattern)]
        chosen |= {f.path: f for f in matches}
        if len(matches) != files.count:
            wrong.append(f"{files.pattern} matches {len(matches)} files, not {files.count}")
    listed = Counter(file.path for file in listing.files if file.path in chosen)
    wrong += [f"{path} is listed {times} times" for path, times in listed.items() if times > 1]
    wrong += [f"{path!r} is not a plain relative path" for path in chosen if not is_plain(path)]
    if wrong:
        raise IncompleteRepo(
            f"{listing.repo} at {listing.commit} does not hold the files of the catalog",
            wrong,
            "compare the repository with its row in wmtp_assets/models, wmtp_assets/datasets",
        )
    return list(chosen.values())


def unmatched_paths(paths: Iterable[str], wanted: tuple[Files, ...]) -> list[str]:
    """The paths that no pattern matches."""
    return [p for p in paths if not any(fnmatch.fnmatchcase(p, f.pattern) for f in wanted)]
