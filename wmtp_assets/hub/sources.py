"""Where upstream files come from: the Hugging Face Hub, or a mirror folder of the same layout.

A source lists the files of a repository with the digests it expects of them, and fetches one file
to a path. It proves nothing: `fetch.py` hashes what arrived and decides.
"""

import fnmatch
import os
import shutil
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


class Source(Protocol):
    """What a source can do."""

    name: str

    def list_files(self, repo: Repo, revision: str) -> Listing:
        """List the repository at a commit or branch."""
        ...

    def fetch(self, repo: Repo, commit: str, path: str, target: Path) -> None:
        """Write one file to `target`, which is a temporary path of the caller."""
        ...


@dataclass(frozen=True)
class HubSource:
    """The Hugging Face Hub through huggingface_hub; HF_ENDPOINT and HF_TOKEN are honoured."""

    name: str = "hub"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        from huggingface_hub import HfApi

        with _explained(repo, revision):
            info = HfApi().repo_info(
                repo.id, repo_type=repo.kind, revision=revision, files_metadata=True
            )
        files = tuple(
            RemoteFile(
                path=sibling.rfilename,
                size_bytes=sibling.size or 0,
                sha256=sibling.lfs.sha256 if sibling.lfs else None,
                git_blob=None if sibling.lfs else sibling.blob_id,
            )
            for sibling in info.siblings or ()
        )
        return Listing(repo.id, info.sha or revision, files)

    def fetch(self, repo: Repo, commit: str, path: str, target: Path) -> None:
        from huggingface_hub import hf_hub_download

        # A folder of its own beside the target, kept on failure: the library resumes there within
        # one process, and reset_storage spares .cache folders.
        landing = target.parent / ".cache" / "wmtp_download"
        with _explained(repo, f"{commit}, {path}"):
            got = hf_hub_download(
                repo.id, path, repo_type=repo.kind, revision=commit, local_dir=landing
            )
        os.replace(got, target)


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
        stated = store.read_json(listing).get(repo.id) if listing.exists() else None
        if stated:
            files = tuple(RemoteFile(path, **facts) for path, facts in stated["files"].items())
            return Listing(repo.id, stated["commit"], files)
        files = tuple(
            RemoteFile(path.relative_to(folder).as_posix(), path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".cache" not in path.parts
        )
        return Listing(repo.id, revision, files)

    def fetch(self, repo: Repo, commit: str, path: str, target: Path) -> None:
        try:
            shutil.copyfile(self.root / repo.id / path, target)
        except FileNotFoundError as error:
            raise BadInput(
                f"the mirror {self.root} lacks a file",
                [f"{repo.id}/{path}"],
                "complete the mirror",
            ) from error


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


def is_plain(path: str) -> bool:
    """Whether a published path stays inside the folder it is joined to, on every system."""
    pure = PurePosixPath(path)
    odd = "\\" in path or "\0" in path or ":" in path
    return bool(path) and not odd and not pure.is_absolute() and ".." not in pure.parts


class _explained:
    """Turns the Hub's errors into one that says what to do; a token is never part of it."""

    def __init__(self, repo: Repo, what: str):
        self.repo, self.what = repo, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, traceback) -> None:
        import httpx2  # the HTTP client of huggingface_hub 2
        from huggingface_hub import errors

        # GatedRepoError is a RepositoryNotFoundError: the narrower one first.
        table = (
            (
                errors.GatedRepoError,
                f"accept the licence at {self.repo.url}, set HF_TOKEN to a token that may read it",
            ),
            (
                errors.RepositoryNotFoundError,
                "check the name; a private or gated repository needs HF_TOKEN",
            ),
            (errors.RevisionNotFoundError, "the pinned commit is gone upstream; see the catalog"),
            (errors.EntryNotFoundError, "the file is gone upstream; see the catalog"),
            (errors.OfflineModeIsEnabled, "unset HF_HUB_OFFLINE, or use WMTP_SOURCE=mirror"),
            (errors.HfHubHTTPError, "try again later; the download goes on where it stopped"),
            (httpx2.TransportError, "check the network and HF_ENDPOINT"),
            (OSError, "check the network, HF_ENDPOINT and the disk"),
        )
        for error_class, fix in table:
            if kind is not None and issubclass(kind, error_class):
                raise BadInput(
                    f"the Hub did not give {self.repo.id} ({self.what}): {kind.__name__}", (), fix
                ) from error
