"""Where upstream files come from: the Hugging Face Hub, or a mirror folder of the same layout.

A source proves nothing: `transfer.py` hashes what arrives, and `download.py` decides.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.clone import clone
from wmtp_assets.files.regular import open_regular, read_small, require_inside, require_regular
from wmtp_assets.files.strict import parse_json
from wmtp_assets.files.strict_model import InvalidModel, validated
from wmtp_assets.files.walking import files_below
from wmtp_assets.hub.field_values import known_size
from wmtp_assets.hub.lock_schema import MirrorListing, Repository
from wmtp_assets.source import Body, Listing, RemoteFile

LISTING_NAME = "wmtp_mirror.json"


@dataclass(frozen=True)
class HubSource:
    """The Hugging Face Hub through huggingface_hub; HF_ENDPOINT and HF_TOKEN are honoured."""

    name: str = "hub"

    def list_files(self, repo: Repo, revision: str) -> Listing:
        from wmtp_assets.hub.api import list_repo

        return list_repo(repo, revision)

    def ask(self, repo: Repo, commit: str, path: str) -> RemoteFile:
        from wmtp_assets.hub.api import file_info

        return file_info(repo, commit, path)

    def open(self, repo: Repo, commit: str, path: str, start: int) -> AbstractContextManager[Body]:
        from wmtp_assets.hub.file_stream import open_file

        return open_file(repo, commit, path, start)

    def open_range(
        self, repo: Repo, commit: str, path: str, start: int, end: int
    ) -> AbstractContextManager[Body]:
        from wmtp_assets.hub.file_stream import open_file

        return open_file(repo, commit, path, start, end)


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
        require_inside(folder, self.root)
        stated = read_listing(self.root).get(repo.id)
        if stated:
            files = tuple(
                RemoteFile(path, known_size(facts.size_bytes), facts.sha256)
                for path, facts in stated.files.items()
            )
            return Listing(repo.id, stated.commit, files)
        files = tuple(
            RemoteFile(path.relative_to(folder).as_posix(), self._size(path))
            for path in sorted(files_below(folder))
            if not path.is_dir() and ".cache" not in path.relative_to(folder).parts
        )
        return Listing(repo.id, revision, files)

    def _size(self, path: Path) -> int | None:
        """None for what is no file of the mirror: whoever opens it gets the error."""
        try:
            return known_size(require_regular(path, root=self.root).st_size)
        except (BadInput, OSError):
            return None

    def ask(self, repo: Repo, commit: str, path: str) -> RemoteFile:
        try:
            found = require_regular(self.root / repo.id / path, root=self.root)
        except (FileNotFoundError, NotADirectoryError):
            return RemoteFile(path, None)
        return RemoteFile(path, known_size(found.st_size))

    @contextlib.contextmanager
    def open(self, repo: Repo, commit: str, path: str, start: int) -> Iterator[Body]:
        upstream = self.root / repo.id / path
        try:
            handle = open_regular(upstream, root=self.root)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BadInput(
                f"the mirror {self.root} lacks a file", [f"{repo.id}/{path}"], "complete the mirror"
            ) from error
        with handle:
            facts = os.fstat(handle.fileno())
            handle.seek(start)
            etag = f"{facts.st_size}-{facts.st_mtime_ns}"
            chunks = file_io.read_and_forget(handle, start)
            yield Body(start, etag, facts.st_size, chunks, clone=partial(clone, handle.fileno()))


def read_listing(mirror: Path) -> dict[str, Repository]:
    """What a mirror lists: repository id -> its commit and files; nothing where it has no listing.

    Raises:
        BadInput: What lies in the place of a listing is none; all that is wrong is named.
    """
    listing = mirror / LISTING_NAME
    if not os.path.lexists(listing):
        return {}
    fix = "write the mirror anew with job write_mirror, or remove the listing"
    try:
        return validated(MirrorListing, parse_json(read_small(listing, root=mirror))).root
    except FileNotFoundError as error:
        raise BadInput("a link that leads nowhere", [listing], fix) from error
    except InvalidModel as error:
        raise BadInput(f"{listing} is no listing of a mirror", error.faults, fix) from error
    except ValueError as error:
        raise BadInput(f"{listing} is no listing of a mirror ({error})", (), fix) from error
