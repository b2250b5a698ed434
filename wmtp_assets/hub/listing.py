"""Lists a repository at exactly the commit asked for, and asks for sizes and digests it lacks.

In: a source, a repository, a revision. Out: the listing, and the files of it with a size and a
digest where anything states them. What stays open is decided by the bytes (`proof.py`).
"""

import dataclasses
from collections.abc import Container

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.field_values import is_commit, spoken_size
from wmtp_assets.source import Listing, RemoteFile, Source


def listed(source: Source, repo: Repo, revision: str) -> Listing:
    """List a repository, and refuse what is of another commit than the one asked for.

    Raises:
        BadInput: The source does not answer, or with another commit; both are named.
    """
    listing = source.list_files(repo, revision)
    require_commit(repo, source.name, revision, listing.commit)
    return listing


def require_commit(repo: Repo, source: str, asked: str, offered: str) -> None:
    """Refuse another commit than the one asked for, whatever it holds; a branch has any.

    Raises:
        BadInput: Both are named.
    """
    if is_commit(asked) and offered != asked:
        raise BadInput(
            f"{repo.id} was asked for at {asked}, and {source} lists {offered}; "
            "nothing was fetched",
            (),
            "offer that commit (HF_ENDPOINT, WMTP_MIRROR_DIR); to follow the source, run job "
            "renew_lock, or change the revision where the catalog pins it",
        )


def fill_missing_facts(
    source: Source, repo: Repo, commit: str, files: list[RemoteFile], known: Container[str] = ()
) -> list[RemoteFile]:
    """Ask the source for what its listing leaves open of each file: size and digest.

    Args:
        known: Paths of which both are known from elsewhere; they are not asked for.

    Raises:
        BadInput: What it says of a file is not what it lists; all are named.
    """
    found, wrong = [], []
    for file in files:
        if file.path in known or (file.size_bytes and (file.sha256 or file.git_blob)):
            found.append(file)
            continue
        answer = source.ask(repo, commit, file.path)
        wrong += _clashes(file, answer)
        found.append(
            dataclasses.replace(
                file,
                size_bytes=file.size_bytes or answer.size_bytes,
                sha256=file.sha256 or answer.sha256,
                git_blob=file.git_blob or answer.git_blob,
            )
        )
    if wrong:
        raise BadInput(
            f"{source.name} contradicts its own listing of {repo.id} at {commit}; "
            "nothing was fetched",
            wrong,
            "check HF_ENDPOINT, or fetch from another source",
        )
    return found


def _clashes(file: RemoteFile, answer: RemoteFile) -> list[str]:
    """Where a listing and the answer about one file differ."""
    pairs = (
        (file.size_bytes, answer.size_bytes),
        (file.sha256, answer.sha256),
        (file.git_blob, answer.git_blob),
    )
    return [
        f"{file.path}: listed with {_spoken(a)}, answered with {_spoken(b)}"
        for a, b in pairs
        if a and b and a != b
    ]


def _spoken(fact: int | str) -> str:
    return spoken_size(fact) if isinstance(fact, int) else fact
