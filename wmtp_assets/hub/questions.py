"""What the Hub says of a repository and of one file, through huggingface_hub; no byte of a file.

A listing is believed as far as its facts have the form of a fact (`facts.py`): mirrors behind
HF_ENDPOINT list names only, or sizes of something else.
"""

import json
from typing import Any

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.facts import is_commit, known_blob, known_sha256, known_size
from wmtp_assets.hub.retry import retried
from wmtp_assets.hub.sources import Listing, RemoteFile
from wmtp_assets.hub.web import explained, plain_etag, require_answer_of

# What a server answers that knows GET only.
NOT_KNOWN_STATUS = {405, 501}
MAX_REDIRECTS = 5


def list_repo(repo: Repo, revision: str) -> Listing:
    """The files of a repository at a commit or branch, with the digests that the Hub states.

    Raises:
        BadInput: The Hub does not give it, or under another name; with what to do.
    """
    from huggingface_hub import HfApi, constants

    def ask() -> Any:
        with explained(repo, revision):
            return HfApi().repo_info(
                repo.id,
                repo_type=repo.kind,
                revision=revision,
                files_metadata=True,
                timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,  # its default waits for ever
            )

    try:
        info = retried(ask)
        name, files = info.id.lower(), [_file(sibling) for sibling in info.siblings or ()]
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadInput(
            f"what answers for {repo.id} sends no listing of a repository",
            [f"{type(error).__name__}: {error}"],
            "check HF_ENDPOINT, and whether a proxy or portal answers in its place",
        ) from error
    if name != repo.id.lower():
        raise BadInput(
            f"{repo.id} was renamed upstream",
            [f"it is {info.id} now"],
            "look whether it is the same repository, then write the new name into the catalog",
        )
    if not is_commit(info.sha):
        raise BadInput(
            f"the listing of {repo.id} names no commit",
            [f"sha is {info.sha!r}"],
            "check HF_ENDPOINT: a mirror must say of which commit its files are",
        )
    return Listing(repo.id, info.sha, tuple(files))


def _file(sibling: Any) -> RemoteFile:
    """A file as the Hub lists it; of two sizes, as where one is of a pointer, none is believed."""
    if not isinstance(sibling.rfilename, str):
        raise TypeError(f"a file is named {sibling.rfilename!r}")
    sizes = {known_size(sibling.size), known_size(sibling.lfs.size) if sibling.lfs else None}
    sizes.discard(None)
    size = sizes.pop() if len(sizes) == 1 else None
    return RemoteFile(
        path=sibling.rfilename,
        size_bytes=size,
        sha256=known_sha256(sibling.lfs.sha256) if sibling.lfs else None,
        git_blob=None if sibling.lfs else known_blob(sibling.blob_id),
    )


def ask_file(repo: Repo, commit: str, path: str) -> RemoteFile:
    """What the Hub says of one file when asked for its head: size, sha256 or git blob id.

    The Hub names the content of LFS files on its redirect (X-Linked-Size, X-Linked-ETag: sha256)
    and answers for the others itself (Content-Length, ETag: git blob id); so do its mirrors.

    Raises:
        BadInput: It does not give the file, or answers from another commit. A server that does not
            know the question tells nothing.
    """
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = hf_hub_url(repo.id, path, repo_type=repo.kind, revision=commit)
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    what, timeout = f"{path} at {commit}", constants.HF_HUB_DOWNLOAD_TIMEOUT

    def head(address: Any) -> Any:
        return get_session().head(address, headers=headers, timeout=timeout, follow_redirects=False)

    def ask() -> Any:
        with explained(repo, what):
            answer = head(url)
            for _ in range(MAX_REDIRECTS):
                if not _leads_on(answer):
                    break
                answer = head(answer.next_request.url)
            if answer.status_code not in NOT_KNOWN_STATUS:
                hf_raise_for_status(answer)
            return answer

    answer = retried(ask)
    require_answer_of(commit, [answer])
    return _told(path, answer)


def _leads_on(answer: Any) -> bool:
    """Whether it leads on to another address of the Hub itself, as for a renamed repository.

    The CDN is for the bytes: the Hub says of the content what there is to say, and the headers
    hold the token.
    """
    if not answer.has_redirect_location or "X-Linked-Size" in answer.headers:
        return False
    here, there = answer.request.url, answer.next_request.url
    return (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)


def _told(path: str, answer: Any) -> RemoteFile:
    """Read off the head of an answer what it says of the content."""
    if answer.status_code in NOT_KNOWN_STATUS:
        return RemoteFile(path, None)
    head = answer.headers
    length, etag = head.get("X-Linked-Size", ""), head.get("X-Linked-ETag", "")
    # Else the length is that of a packed body, or of the text of a redirect.
    if not answer.has_redirect_location and head.get("Content-Encoding", "identity") == "identity":
        length, etag = length or head.get("Content-Length", ""), etag or head.get("ETag", "")
    etag = plain_etag(etag)
    size = known_size(int(length)) if length.isdecimal() else None
    return RemoteFile(path, size, known_sha256(etag), known_blob(etag))
