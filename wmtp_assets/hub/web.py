"""The Hugging Face Hub through huggingface_hub: its bytes, its errors in our words.

The library does names, revisions, authentication, endpoints, redirects and errors. The bytes come
through its own HTTP session, because its downloads keep nothing for another process: it writes to
a file of a random name and removes it (2.4), so that a killed download starts at zero.
A token goes only where the library's session sends it: that drops it when a redirect leads to
another host. No error text holds a header or an address, which may be signed.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.facts import is_commit
from wmtp_assets.hub.retry import Busy, TryAgain
from wmtp_assets.hub.sources import Body

TOKENS_URL = "https://huggingface.co/settings/tokens"
BUSY_STATUS = {408, 429, 500, 502, 503, 504}
RANGE_REFUSED = 416
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def plain_etag(etag: str) -> str:
    """An ETag without its quotes and the mark of a weak one."""
    return etag.removeprefix("W/").strip('"')


def require_answer_of(commit: str, answers: list) -> None:
    """Refuse answers that say that they are of another commit than the one asked for.

    Raises:
        BadInput: It is named.
    """
    said = [a.headers["X-Repo-Commit"] for a in answers if "X-Repo-Commit" in a.headers]
    if is_commit(commit) and said and said[0] != commit:
        raise BadInput(
            f"asked for {commit}, answered from another commit", said[:1], "check HF_ENDPOINT"
        )


@contextlib.contextmanager
def open_file(repo: Repo, commit: str, path: str, start: int) -> Iterator[Body]:
    """The bytes of a file from a position on, as far as the server obeys the position.

    Raises:
        TryAgain: The connection failed or the server is busy; also while the bytes are read.
        BadInput: Any other refusal, or an answer from another commit.
    """
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = hf_hub_url(repo.id, path, repo_type=repo.kind, revision=commit)
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    what = f"{path} at {commit}"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with contextlib.ExitStack() as stack:
        with explained(repo, what):
            request = get_session().stream("GET", url, headers=headers, timeout=timeout)
            response = stack.enter_context(request)
            if response.status_code != RANGE_REFUSED:
                hf_raise_for_status(response)
        answers = [*response.history, response]
        require_answer_of(commit, answers)
        yield _body(answers, _explained_chunks(repo, what, response.iter_bytes))


def _body(answers: list, chunks: Iterator[bytes]) -> Body:
    """Read off the headers what the body is: of which content, from where on, of how many bytes."""
    last = answers[-1].headers
    if answers[-1].status_code == RANGE_REFUSED:
        return Body(None, "", None, iter(()))
    if last.get("Content-Encoding", "identity") != "identity":
        return Body(0, "", None, chunks)  # positions would count packed bytes
    # The Hub names the content on the redirect, the CDN knows it by a name of its own.
    linked = [a.headers["X-Linked-ETag"] for a in answers if "X-Linked-ETag" in a.headers]
    etag = plain_etag(linked[0] if linked else last.get("ETag", ""))
    if answers[-1].status_code != 206:
        length = last.get("Content-Length")
        return Body(0, etag, int(length) if length and length.isdecimal() else None, chunks)
    span = CONTENT_RANGE.fullmatch(last.get("Content-Range", ""))
    start, size = map(int, span.groups()) if span else (None, None)
    return Body(start, etag, size, chunks)


def _explained_chunks(
    repo: Repo, what: str, read: Callable[[], Iterator[bytes]]
) -> Iterator[bytes]:
    with explained(repo, what):
        yield from read()


@contextlib.contextmanager
def explained(repo: Repo, what: str) -> Iterator[None]:
    """Turn errors of the Hub and of the network into one that says what to do."""
    import httpx2  # the HTTP client of huggingface_hub 2
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise BadInput(
            f"huggingface_hub is offline, and {repo.id} is not complete on disk",
            (),
            "unset HF_HUB_OFFLINE, or use WMTP_SOURCE=mirror",
        ) from None
    except errors.HfHubHTTPError as error:
        raise _refusal(repo, what, error) from None
    except httpx2.TransportError as error:
        raise TryAgain(
            f"the Hub did not give {repo.id} ({what}): {type(error).__name__}",
            "check the network and HF_ENDPOINT, then run again: it goes on where it stopped",
        ) from None


def _refusal(repo: Repo, what: str, error: Any) -> BadInput:
    """The error for an answer of status 4xx or 5xx."""
    from huggingface_hub import errors

    status, headers = error.response.status_code, error.response.headers
    thing = f"the Hub did not give {repo.id} ({what}): HTTP {status}, {type(error).__name__}"
    if status in BUSY_STATUS:
        wait = _asked_wait(headers)
        fix = "run again later: it goes on where it stopped"
        if wait is not None:
            thing += f", asks to wait {wait:,.0f} s"
        if status == 429:
            fix += "; a token in HF_TOKEN has a higher limit"
        return Busy(thing, fix, wait)
    if status == 401 and "Invalid credentials" in headers.get("X-Error-Message", ""):
        return BadInput(thing, ["HF_TOKEN is not a valid token"], f"make one at {TOKENS_URL}")
    # GatedRepoError is a RepositoryNotFoundError: the narrower one first.
    if isinstance(error, errors.GatedRepoError):
        accept = f"accept the licence at {repo.url}"
        if status == 401:
            return BadInput(
                thing,
                ["no token was sent"],
                f"{accept}, make a token at {TOKENS_URL}, set HF_TOKEN to it",
            )
        return BadInput(
            thing,
            ["the licence is not accepted for the owner of HF_TOKEN"],
            f"{accept} (granted by hand, may take a day) with the account of HF_TOKEN; a "
            "fine-grained token also needs read access to gated repositories",
        )
    fixes = (
        (
            errors.RepositoryNotFoundError,
            "check the name; a private or gated repository needs HF_TOKEN",
        ),
        (errors.RevisionNotFoundError, "the pinned commit is gone upstream; see the catalog"),
        (errors.EntryNotFoundError, "the file is gone upstream; see the catalog"),
    )
    fix = next(
        (f for kind, f in fixes if isinstance(error, kind)),
        f"check HF_ENDPOINT, open {repo.url} and look",
    )
    return BadInput(thing, (), fix)


def _asked_wait(headers: Any) -> float | None:
    """The seconds that a server asks for: Retry-After, or the Hub's own rate limit header."""
    from huggingface_hub.utils import parse_ratelimit_headers

    asked = headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    with contextlib.suppress(ValueError, TypeError):
        until = parsedate_to_datetime(asked) - datetime.now(UTC)
        return max(0.0, until.total_seconds())
    limit = parse_ratelimit_headers(headers)
    return float(limit.reset_in_seconds) if limit and limit.remaining == 0 else None
