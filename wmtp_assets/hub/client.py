"""The HTTP client of the Hub: every request and every byte of an answer passes here.

In: a method, an address. Out: the answers on the way (redirects, then the last one), open, and
their bytes, unpacked within bounds. huggingface_hub does the session, the token and the addresses;
redirects are followed here, so that nothing of a server is read without bound, and a token goes
only where the library's session sends it: not to another host. Whatever goes wrong is raised as
HubError or Unreachable (`connection_errors.py`).
"""

import contextlib
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wmtp_assets import network
from wmtp_assets.hub.connection_errors import (
    AGAIN,
    HubError,
    Unreachable,
    advice,
    connection_errors,
    request_errors,
    server_of,
)

MAX_REDIRECTS = 10
# A listing has some hundred bytes a file, and no wanted repository has a thousand files.
MOST_ANSWER_BYTES = 8 * 1024 * 1024
ANSWER_SECONDS = 60.0
PIECE_BYTES = 256 * 1024


def endpoint() -> str:
    """The address of the Hub.

    Raises:
        HubError: The environment cannot be used; all of it is named.
    """
    if wrong := network.wrong_with_network(os.environ):
        raise HubError("anything", "the environment cannot be used", network.FIX, wrong)
    from huggingface_hub import constants

    return constants.ENDPOINT


def has_token() -> bool:
    """Whether there is a token, in the environment or in its file.

    Raises:
        HubError: It cannot be read.
    """
    endpoint()
    with request_errors("a token"):
        return _token() is not None


def _token() -> str | None:
    from huggingface_hub import constants, get_token

    return None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()


def _headers() -> dict[str, str]:
    """What every request carries.

    Not the library's `build_hf_headers`: to name itself it asks the Hub for a list of programs
    (2.4, /api/agent-harnesses), reads the answer without bound, keeps it for a day, and fails on
    another shape.
    """
    import huggingface_hub

    named = {"User-Agent": f"wmtp_assets; hf_hub/{huggingface_hub.__version__}"}
    token = _token()
    return named | ({"Authorization": f"Bearer {token}"} if token else {})


@contextlib.contextmanager
def send_request(
    about: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] = {},
    seconds: float | None = None,
    leads_on: Callable[[Any], bool] = lambda answer: True,
) -> Iterator[list[Any]]:
    """Send a request; yields the answers on the way, of which the last one is open.

    Args:
        about: What is asked for, for a person.
        url: An address below `endpoint()`.
        seconds: The longest silence; that of huggingface_hub if None.
        leads_on: Whether a redirect is followed.

    Raises:
        HubError, Unreachable: There is no answer.
    """
    with contextlib.ExitStack() as stack:
        with request_errors(about):
            from huggingface_hub import constants
            from huggingface_hub.utils import get_session

            client = get_session()
            request = client.build_request(
                method,
                url,
                headers=_headers() | {"Accept-Encoding": "identity"} | dict(headers),
                timeout=seconds or constants.HF_HUB_DOWNLOAD_TIMEOUT,
            )
        answers: list[Any] = []
        while True:
            with connection_errors(about, request.url):
                answer = client.send(request, stream=True, follow_redirects=False)
            stack.callback(answer.close)
            answers.append(answer)
            if not answer.has_redirect_location or not leads_on(answer):
                break
            if len(answers) > MAX_REDIRECTS:
                raise HubError(
                    about,
                    f"{server_of(request.url)} leads from one address to the next without end",
                    advice(request.url),
                )
            if answer.next_request is None:
                nowhere = f"{server_of(request.url)} leads to what is no address"
                raise HubError(about, nowhere, advice(request.url))
            answer.close()
            request = answer.next_request
        yield answers


def body(about: str, answer: Any) -> Iterator[bytes]:
    """The bytes of an answer as they arrive, unpacked piece by piece.

    Raises:
        HubError, Unreachable: They end too early, or are packed in a way that was not asked for.
    """
    with connection_errors(about, answer.request.url):
        packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if packing in ("", "identity"):
            yield from answer.iter_raw()
        elif packing in ("gzip", "x-gzip"):
            yield from _unpacked(answer.iter_raw())
        else:
            raise HubError(
                about,
                f"{server_of(answer.request.url)} packs its answers as it was not asked to",
                advice(answer.request.url),
            )


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """gzip -> bytes, never more at once than PIECE_BYTES."""
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for chunk in chunks:
        while chunk and not unzip.eof:
            yield unzip.decompress(chunk, PIECE_BYTES)
            chunk = unzip.unconsumed_tail
    yield unzip.flush()
    if not unzip.eof:
        raise zlib.error("cut off")


def small_body(about: str, answer: Any) -> bytes:
    """The whole body of a small answer: JSON, not a file.

    Raises:
        HubError, Unreachable: As `body`; or it is too large, or takes too long.
    """
    found, until = bytearray(), time.monotonic() + ANSWER_SECONDS
    server = server_of(answer.request.url)
    for chunk in body(about, answer):
        found += chunk
        if len(found) > MOST_ANSWER_BYTES:
            most = f"{server} sends more than {MOST_ANSWER_BYTES:,} bytes in place of an answer"
            raise HubError(about, most, advice(answer.request.url))
        if time.monotonic() > until:
            slow = f"{server} was not done with its answer after {ANSWER_SECONDS:.0f} s"
            raise Unreachable(about, slow, f"{advice(answer.request.url)}, {AGAIN}")
    return bytes(found)
