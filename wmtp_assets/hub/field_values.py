"""What a source says of a file, believed only where it has the form of the thing.

A size that is absent, null, 0, negative, a bool or a text is unknown: no published file that is
wanted here is empty. A digest of another form is no digest.
"""

import re
from typing import Any

COMMIT = re.compile("[0-9a-f]{40}")
GIT_BLOB = re.compile("[0-9a-f]{40}")
SHA256 = re.compile("[0-9a-f]{64}")
# What a folder without a listing leaves open: the lock then binds its files by their digests alone.
NO_COMMIT = "no commit stated, see sources.lock.json"
SIZE = re.compile("[0-9]{1,18}")


def known_size(stated: Any) -> int | None:
    """A stated size in bytes, or None where it is no size."""
    # A bool is an int in Python.
    return stated if type(stated) is int and stated > 0 else None


def stated_size(text: str) -> int | None:
    """The size that a header states, or None where it is no number of a size."""
    return int(text) if SIZE.fullmatch(text) else None


def known_sha256(stated: Any) -> str | None:
    """A stated sha256, or None where it is none."""
    return stated if isinstance(stated, str) and SHA256.fullmatch(stated) else None


def known_blob(stated: Any) -> str | None:
    """A stated git blob id, or None where it is none."""
    return stated if isinstance(stated, str) and GIT_BLOB.fullmatch(stated) else None


def is_commit(revision: Any) -> bool:
    """Whether a revision names one commit, and not a branch."""
    return isinstance(revision, str) and COMMIT.fullmatch(revision) is not None


def revision_text(commit: str) -> str:
    """A locked commit for a document. A branch names no content, so none is shown as a revision."""
    return commit if is_commit(commit) else NO_COMMIT


def shown_commit(stated: Any) -> str:
    """A stated commit for a person; what has not its form is cut and escaped."""
    return stated if is_commit(stated) else ascii(stated)[:80]


def spoken_size(size_bytes: int | None) -> str:
    """A size for a person: `1,234 bytes`."""
    return "size unknown" if size_bytes is None else f"{size_bytes:,} bytes"
