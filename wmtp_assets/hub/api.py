"""The API of the Hub: what it states of a repository, of one file, of a token; no file bytes.

Of a listing only well-formed sizes and digests count (`field_values.py`): mirrors behind
HF_ENDPOINT list names only, or sizes of something else.
"""

from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.api_schema import ListedFile, RepoInfo, TokenOwner, read
from wmtp_assets.hub.client import endpoint, send_request, small_body
from wmtp_assets.hub.connection_errors import not_a_hub, server_of
from wmtp_assets.hub.field_values import (
    is_commit,
    known_blob,
    known_sha256,
    known_size,
    shown_commit,
    stated_size,
)
from wmtp_assets.hub.file_stream import file_url, require_answer_of, unquoted_etag
from wmtp_assets.hub.http_errors import http_error
from wmtp_assets.hub.retry import retried
from wmtp_assets.source import Listing, RemoteFile

# The answer of a server that knows only GET.
NOT_KNOWN_STATUS = {405, 501}

Model = TypeVar("Model", bound=BaseModel)


def list_repo(repo: Repo, revision: str) -> Listing:
    """The files of a repository at a commit or branch, with the digests that the Hub states.

    Raises:
        BadInput: As `repo_info`.
    """
    answer = retried(lambda: repo_info(repo, revision))
    return Listing(repo.id, answer.sha, tuple(_file(file) for file in answer.siblings or ()))


def repo_info(repo: Repo, revision: str, seconds: float | None = None) -> RepoInfo:
    """What the Hub says of a repository at a commit or branch, its files included.

    Raises:
        BadInput: It does not give it, or under another name or without a commit; or what answers
            is no Hub; with what to do.
    """
    at = f"{endpoint()}/api/{repo.kind}s/{repo.id}/revision/{quote(revision, safe='')}?blobs=true"
    answer = _fetched(RepoInfo, repo, f"{repo.id} ({revision})", at, seconds)
    if answer.id.lower() != repo.id.lower():
        raise BadInput(
            f"{repo.id} was renamed upstream",
            [f"it is {answer.id} now"],
            "look whether it is the same repository, then write the new name into the catalog",
        )
    if not is_commit(answer.sha):
        raise BadInput(
            f"the listing of {repo.id} names no commit",
            [f"sha is {shown_commit(answer.sha)}"],
            "check HF_ENDPOINT: a mirror must say of which commit its files are",
        )
    return answer


def whoami(seconds: float | None = None) -> TokenOwner:
    """Whose token it is.

    Raises:
        BadInput: As `repo_info`; also where there is no token, or none that is valid.
    """
    return _fetched(
        TokenOwner, None, "the owner of the token", f"{endpoint()}/api/whoami-v2", seconds
    )


def require_access(repo: Repo, seconds: float | None = None) -> None:
    """Ask whether the files of a repository may be read.

    Raises:
        BadInput: As `repo_info`; also where the licence is not accepted.
    """
    at = f"{endpoint()}/api/{repo.kind}s/{repo.id}/auth-check"
    _answered(repo, f"access to {repo.id}", at, seconds)


def _fetched(
    model: type[Model], repo: Repo | None, about: str, at: str, seconds: float | None
) -> Model:
    found = read(model, _answered(repo, about, at, seconds))
    if isinstance(found, list):
        raise not_a_hub(about, at, found)
    return found


def _answered(repo: Repo | None, about: str, at: str, seconds: float | None) -> bytes:
    """The body of an answer of success."""
    with send_request(about, "GET", at, seconds=seconds) as answers:
        last = answers[-1]
        if last.status_code != 200:
            server = server_of(last.request.url)
            raise http_error(repo, about, server, last.status_code, last.headers)
        return small_body(about, last)


def _file(listed: ListedFile) -> RemoteFile:
    """A file as the Hub lists it; of two sizes, as where one is of a pointer, none is believed."""
    sizes = {known_size(listed.size), known_size(listed.lfs.size) if listed.lfs else None}
    sizes.discard(None)
    size = sizes.pop() if len(sizes) == 1 else None
    return RemoteFile(
        path=listed.rfilename,
        size_bytes=size,
        sha256=known_sha256(listed.lfs.sha256) if listed.lfs else None,
        git_blob=None if listed.lfs else known_blob(listed.blobId),
    )


def file_info(repo: Repo, commit: str, path: str) -> RemoteFile:
    """What the Hub says of one file when asked for its head: size, sha256 or git blob id.

    The Hub names the content of LFS files on its redirect (X-Linked-Size, X-Linked-ETag: sha256)
    and answers for the others itself (Content-Length, ETag: git blob id); so do its mirrors.

    Raises:
        BadInput: It does not give the file, or answers from another commit. Of a server that
            does not know HEAD nothing is known.
    """
    about, url = f"{repo.id} ({path} at {commit})", file_url(repo, commit, path)

    def ask() -> RemoteFile:
        with send_request(about, "HEAD", url, leads_on=_leads_on) as answers:
            last = answers[-1]
            if last.status_code in NOT_KNOWN_STATUS:
                return RemoteFile(path, None)
            if last.status_code not in (200, 206) and not last.has_redirect_location:
                server = server_of(last.request.url)
                raise http_error(repo, about, server, last.status_code, last.headers)
            require_answer_of(commit, [last])
            return _from_headers(path, last)

    return retried(ask)


def _leads_on(answer: Any) -> bool:
    """Whether it leads on to another address of the Hub itself, as for a renamed repository.

    The CDN is for the bytes: the Hub says of the content what there is to say.
    """
    if "X-Linked-Size" in answer.headers:
        return False
    there = answer.next_request
    return there is None or server_of(there.url) == server_of(answer.request.url)


def _from_headers(path: str, answer: Any) -> RemoteFile:
    """Read off the head of an answer what it says of the content."""
    head = answer.headers
    length, etag = head.get("X-Linked-Size", ""), head.get("X-Linked-ETag", "")
    # Else the length is that of a packed body, or of the text of a redirect.
    if not answer.has_redirect_location and head.get("Content-Encoding", "identity") == "identity":
        length, etag = length or head.get("Content-Length", ""), etag or head.get("ETag", "")
    etag = unquoted_etag(etag)
    size = known_size(stated_size(length))
    return RemoteFile(path, size, known_sha256(etag), known_blob(etag))
