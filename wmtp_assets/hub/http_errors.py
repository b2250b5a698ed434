"""An answer of status 4xx or 5xx -> the error that says what to do; by its status and headers.

The body is not read: it may be without end. X-Error-Code is the Hub's own word for what is wrong
(huggingface_hub reads it likewise, `hf_raise_for_status`).
"""

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from wmtp_assets.catalog import Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.retry import Busy

TOKENS_URL = "https://huggingface.co/settings/tokens"
BUSY_STATUS = {408, 429, 500, 502, 503, 504}
SECONDS = re.compile(r"[0-9]{1,9}")
# The Hub's own rate limit header: "api";r=0;t=55
LIMIT_REACHED = re.compile(r'"\w+"\s*;\s*r\s*=\s*0\s*;\s*t\s*=\s*([0-9]{1,9})\b')
CODES = {
    "RepoNotFound": "check the name; a private or gated repository needs HF_TOKEN",
    "RevisionNotFound": "the pinned commit is gone upstream; see the catalog",
    "EntryNotFound": "the file is gone upstream; see the catalog",
}

PROXY_LOGIN, PORTAL_LOGIN = 407, 511
LOGINS = {
    PROXY_LOGIN: "the proxy wants a login: write user:password@ into the proxy variable",
    PORTAL_LOGIN: "the network wants a login: open any page in a browser",
}


class Refused(BadInput):
    """The server answered that it does not give it.

    Args:
        status: That of the answer.
        code: The Hub's word for the reason, where it gave one that is known.
    """

    def __init__(self, thing: str, culprits, fix: str, *, status: int, code: str = ""):
        super().__init__(thing, culprits, fix)
        self.status, self.code = status, code


def http_error(
    repo: Repo | None, about: str, server: str, status: int, headers: Mapping[str, str]
) -> BadInput:
    """The error for an answer that is none of success.

    Args:
        repo: What was asked for, where it was a repository or of one.
        server: Who answered.
        headers: Those of the answer; names are found whatever their case.
    """
    code = headers.get("X-Error-Code", "")
    known = code if code in ("GatedRepo", *CODES) else ""
    thing = f"the Hub did not give {about}: HTTP {status}{known and ', '}{known} from {server}"
    if status in BUSY_STATUS:
        return _busy(thing, status, headers)
    if status == 401 and "Invalid credentials" in headers.get("X-Error-Message", ""):
        why = ["HF_TOKEN is not a valid token"]
        return Refused(thing, why, f"make one at {TOKENS_URL}", status=status, code="Token")
    if known == "GatedRepo" and repo:
        return _gated(thing, repo, status)
    if status == 401 and not known:  # the Hub hides private repositories so
        known = "RepoNotFound" if repo else "Token"
    page = f", open {repo.url} and look" if repo else " and HF_TOKEN"
    fix = LOGINS.get(status) or CODES.get(known, f"check HF_ENDPOINT{page}")
    return Refused(thing, (), fix, status=status, code=known)


def _gated(thing: str, repo: Repo, status: int) -> Refused:
    accept = f"accept the licence at {repo.url}"
    if status == 401:
        why = "no token was sent"
        fix = f"{accept}, make a token at {TOKENS_URL}, set HF_TOKEN to it"
    else:
        why = "the licence is not accepted for the owner of HF_TOKEN"
        fix = (
            f"{accept} (granted by hand, may take a day) with the account of HF_TOKEN; a "
            "fine-grained token also needs read access to gated repositories"
        )
    return Refused(thing, [why], fix, status=status, code="GatedRepo")


def _busy(thing: str, status: int, headers: Mapping[str, str]) -> Busy:
    wait = asked_wait(headers)
    fix = "run again later: it goes on where it stopped"
    if wait is not None:
        thing += f", asks to wait {wait:,.0f} s"
    if status == 429:
        fix += "; a token in HF_TOKEN has a higher limit"
    return Busy(thing, fix, wait, status)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks for: Retry-After, or the Hub's own rate limit header."""
    asked = headers.get("Retry-After", "").strip()
    if SECONDS.fullmatch(asked):
        return float(asked)
    with contextlib.suppress(ValueError, TypeError, OverflowError, IndexError):
        until = parsedate_to_datetime(asked) - datetime.now(UTC)
        return max(0.0, until.total_seconds())
    limit = LIMIT_REACHED.search(headers.get("ratelimit", ""))
    return float(limit[1]) if limit else None
