"""Where upstream files come from: the Hugging Face Hub, or a mirror folder of the same layout.

A source lists the files of a repository with the digests it expects of them, and sends the bytes
of one file from a position on. It proves nothing: `transfer.py` hashes what arrives, and
`download.py` decides.
"""

import contextlib
import fnmatch
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from wmtp_assets import store
from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput

LISTING_NAME = "wmtp_mirror.json"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class RemoteFile:
    """A file of an upstream repository; digests are None where the source states none.

    The Hub states `sha256` for LFS files and `git_blob` (SHA-1 of `blob <size>\\0` + bytes) for
    the others.
    """

    path: str
    size_bytes: int
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
    content (None where not stated).
    """

    start: int | None
    etag: str
    size_bytes: int | None
    chunks: Iterator[bytes]


class Source(Protocol):
    """What a source can do."""

    name: str

    def list_files(self, repo: Repo, revision: str) -> Listing:
        """List the repository at a commit or branch."""
        ...

    def open(self, repo: Repo, commit: str, path: str, start: int) -> AbstractContextManager[Body]:
        """The bytes of one file from a position on; TryAgain for what may pass by itself."""
        ...


@dataclass(frozen=True)
class HubSource:
    """The Hugging Face Hub through huggingface_hub; HF_ENDPOINT and HF_TOKEN are honoured."""

    name: str = "hub"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        from wmtp_assets.hub.web import list_repo

        return list_repo(repo, revision)

    def open(self, repo: Repo, commit: str, path: str, start: int) -> AbstractContextManager[Body]:
        from wmtp_assets.hub.web import open_file

        return open_file(repo, commit, path, start)


@dataclass(frozen=True)
class MirrorSource:
    """A folder laid out `<repo id>/<path>`, with a listing of digests where it has one."""

    root: Path
    name: str = "mirror"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        folder = self.root / repo.id
        if not folder.is_dir():
            raise BadInput(
                f"the mirror {self.root} has no folder of this repository",
                [repo.id],
                "copy the repository there, or set WMTP_MIRROR_DIR to the right folder",
            )
        listing = self.root / LISTING_NAME
        try:
            stated = store.read_json(listing).get(repo.id) if listing.exists() else None
            if stated:
                files = tuple(RemoteFile(path, **facts) for path, facts in stated["files"].items())
                return Listing(repo.id, stated["commit"], files)
        except (AttributeError, KeyError, TypeError) as error:
            raise BadInput(
                f"{listing} is no listing of a mirror ({type(error).__name__}: {error})",
                [repo.id],
                "write the mirror anew with job write_mirror, or remove the listing",
            ) from error
        files = tuple(
            RemoteFile(path.relative_to(folder).as_posix(), path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".cache" not in path.parts
        )
        return Listing(repo.id, revision, files)

    @contextlib.contextmanager
    def open(self, repo: Repo, commit: str, path: str, start: int) -> Iterator[Body]:
        upstream = self.root / repo.id / path
        if not upstream.is_file():
            raise BadInput(
                f"the mirror {self.root} lacks a file", [f"{repo.id}/{path}"], "complete the mirror"
            )
        facts = upstream.stat()
        with open(upstream, "rb") as handle:
            handle.seek(start)
            chunks = iter(lambda: handle.read(store.CHUNK_BYTES), b"")
            yield Body(start, f"{facts.st_size}-{facts.st_mtime_ns}", facts.st_size, chunks)


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
    wrong += [f"{path!r} is not a plain relative path" for path in chosen if not is_plain(path)]
    if wrong:
        raise IncompleteRepo(
            f"{listing.repo} at {listing.commit} does not hold the files of the catalog",
            wrong,
            "compare the repository with wmtp_assets/published.py",
        )
    return list(chosen.values())


def beside(paths: Iterable[str], wanted: tuple[Files, ...]) -> list[str]:
    """The paths that no pattern matches."""
    return [p for p in paths if not any(fnmatch.fnmatchcase(p, f.pattern) for f in wanted)]


def is_plain(path: str) -> bool:
    """Whether a published path stays inside the folder it is joined to, on every system."""
    pure = PurePosixPath(path)
    odd = "\\" in path or "\0" in path or ":" in path
    return bool(path) and not odd and not pure.is_absolute() and ".." not in pure.parts
