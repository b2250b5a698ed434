"""The fields of sources.lock.json and of the listing of a mirror; anybody may have edited them.

Both state of a repository its commit, and of each file size and sha256. Sizes of 0 are read,
because an earlier release wrote them, and mean unknown.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, RootModel

from wmtp_assets.files.strict import is_plain
from wmtp_assets.files.strict_model import StrictModel

# An exbibyte: more than any disk, and still a number that every file system can be asked for.
MOST_BYTES = 2**60


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that no console shows")
    return text


def _plain(path: str) -> str:
    if not is_plain(path):
        raise ValueError("is no plain relative path")
    return path


Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
PublishedPath = Annotated[str, Field(max_length=4096), AfterValidator(_plain)]


class FileFacts(StrictModel):
    """Of one file."""

    size_bytes: Annotated[int, Field(ge=0, le=MOST_BYTES)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Repository(StrictModel):
    """Of one repository, as a mirror lists it."""

    commit: Name
    files: dict[PublishedPath, FileFacts]


class LockedRepository(Repository):
    """The same, as it is locked: with its kind, and the branch or commit that was asked for."""

    kind: Name | None = None
    revision: Name | None = None


class LockFile(StrictModel):
    """The whole of sources.lock.json."""

    version: int
    repos: dict[Name, LockedRepository]


class MirrorListing(RootModel[dict[Name, Repository]]):
    """The whole of the listing of a mirror."""
