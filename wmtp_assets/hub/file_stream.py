"""One file of the Hub from a position on: its bytes, and what the headers say of them.

huggingface_hub's own downloads keep nothing for another process: they write to a file of a random
name and remove it (2.4), so that a killed download starts at zero.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.client import body, endpoint, send_request
from wmtp_assets.hub.connection_errors import server_of
from wmtp_assets.hub.field_values import is_commit, shown_commit, stated_size
from wmtp_assets.hub.http_errors import http_error
from wmtp_assets.source import Body

RANGE_REFUSED = 416
GIVEN = (200, 206)
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


def file_url(repo: Repo, commit: str, path: str) -> str:
    """Where the Hub has a file.

    Raises:
        HubError: The environment cannot be used.
    """
    at = endpoint()
    from huggingface_hub import hf_hub_url

    return hf_hub_url(repo.id, path, repo_type=repo.kind, revision=commit, endpoint=at)


def unquoted_etag(etag: str) -> str:
    """An ETag without its quotes and the mark of a weak one."""
    return etag.removeprefix("W/").strip('"')


def require_answer_of(commit: str, answers: list) -> None:
    """Refuse answers that say that they are of another commit than the one asked for.

    Raises:
        BadInput: It is named.
    """
    commits = [a.headers["X-Repo-Commit"] for a in answers if "X-Repo-Commit" in a.headers]
    if is_commit(commit) and commits and commits[0] != commit:
        raise BadInput(
            f"asked for {commit}, answered from another commit",
            [shown_commit(commits[0])],
            "check HF_ENDPOINT",
        )


@contextlib.contextmanager
def open_file(
    repo: Repo, commit: str, path: str, start: int, end: int | None = None
) -> Iterator[Body]:
    """The bytes of a file from a position on, as far as the server obeys the position.

    Each request asks the Hub anew where the bytes are: a signed address is used once, and never
    when it has expired.

    Args:
        end: Where they are to end; at the end of the file if None.

    Raises:
        TryAgain: The connection failed or the server is busy; also while the bytes are read.
        BadInput: Any other refusal, or an answer from another commit.
    """
    about = f"{repo.id} ({path} at {commit})"
    last_byte = "" if end is None else end - 1
    headers = {"Range": f"bytes={start}-{last_byte}"} if start or end is not None else {}
    with send_request(about, "GET", file_url(repo, commit, path), headers=headers) as answers:
        last = answers[-1]
        if last.status_code not in (*GIVEN, RANGE_REFUSED):
            server = server_of(last.request.url)
            raise http_error(repo, about, server, last.status_code, last.headers)
        require_answer_of(commit, answers)
        yield _body(answers, body(about, last))


def _body(answers: list[Any], chunks: Iterator[bytes]) -> Body:
    """Read off the headers what the body is: of which content, from where on, of how many bytes."""
    last = answers[-1].headers
    if answers[-1].status_code == RANGE_REFUSED:
        return Body(None, "", None, iter(()))
    if last.get("Content-Encoding", "identity") != "identity":
        return Body(0, "", None, chunks)  # positions would count packed bytes
    # The Hub names the content on the redirect, the CDN knows it by a name of its own.
    linked = [a.headers["X-Linked-ETag"] for a in answers if "X-Linked-ETag" in a.headers]
    etag = unquoted_etag(linked[0] if linked else last.get("ETag", ""))
    if answers[-1].status_code != 206:
        return Body(0, etag, stated_size(last.get("Content-Length", "")), chunks)
    span = CONTENT_RANGE.fullmatch(last.get("Content-Range", ""))
    if not span:
        return Body(None, etag, None, chunks)
    start, last_byte, size = map(int, span.groups())
    return Body(start, etag, size, chunks, end=last_byte + 1)
