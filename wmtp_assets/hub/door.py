"""The one door to the Hub: every request and every byte of an answer passes here.

In: a method, an address. Out: the answers on the way (redirects, then the last one), open, and
their bytes, unpacked within bounds. huggingface_hub does the session, the token and the addresses;
redirects are followed here, so that nothing of a server is read without bound, and a token goes
only where the library's session sends it: not to another host. Whatever the library and its HTTP
client raise leaves as NoWay or Unreachable, which name the server and what to look at. No error
text holds a header or a path, which may be signed, nor what a server said.
"""

import contextlib
import os
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wmtp_assets import network
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.retry import TryAgain

MAX_REDIRECTS = 10
# The listing of the largest wanted repository has 40 kB.
MOST_ANSWER_BYTES = 8 * 1024 * 1024
ANSWER_SECONDS = 60.0
PIECE_BYTES = 256 * 1024
SERVER = re.compile(r"(?ai)([a-z][a-z0-9+.-]*)://(?:[^/?#]*@)?([\w.:\[\]-]+)")
MOST_SHOWN = 200
# In the words of httpcore2 and h11.
ENDED = re.compile("disconnected|closed connection")
AGAIN = "then run again: it goes on where it stopped"


class NoWay(BadInput):
    """The way to the Hub is wrong, or what answers is no Hub; trying again does not help.

    Args:
        about: What was asked for.
        reason: The server or variable, and what is wrong with it.
    """

    def __init__(self, about: str, reason: str, fix: str, culprits=()):
        super().__init__(f"the Hub did not give {about}: {reason}", culprits, fix)
        self.reason = reason


class Unreachable(TryAgain):
    """The connection failed or broke; it may pass."""

    def __init__(self, about: str, reason: str, fix: str):
        super().__init__(f"the Hub did not give {about}: {reason}", fix)
        self.reason = reason


def server_of(url: object) -> str:
    """Scheme, host and port of an address: the part that may be shown."""
    found = SERVER.match(str(url))
    return f"{found[1]}://{found[2]}"[:MOST_SHOWN] if found else "the server"


def endpoint() -> str:
    """The address of the Hub.

    Raises:
        NoWay: The environment cannot be used; all of it is named.
    """
    if wrong := network.wrong_with_network(os.environ):
        raise NoWay("anything", "the environment cannot be used", network.FIX, wrong)
    from huggingface_hub import constants

    return constants.ENDPOINT


def has_token() -> bool:
    """Whether there is a token, in the environment or in its file.

    Raises:
        NoWay: It cannot be read.
    """
    endpoint()
    with _prepared("a token"):
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
def asked(
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
        NoWay, Unreachable: There is no answer.
    """
    with contextlib.ExitStack() as stack:
        with _prepared(about):
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
            with explained(about, request.url):
                answer = client.send(request, stream=True, follow_redirects=False)
            stack.callback(answer.close)
            answers.append(answer)
            if not answer.has_redirect_location or not leads_on(answer):
                break
            if len(answers) > MAX_REDIRECTS:
                raise NoWay(
                    about,
                    f"{server_of(request.url)} leads from one address to the next without end",
                    _look(request.url),
                )
            if answer.next_request is None:
                nowhere = f"{server_of(request.url)} leads to what is no address"
                raise NoWay(about, nowhere, _look(request.url))
            answer.close()
            request = answer.next_request
        yield answers


def body(about: str, answer: Any) -> Iterator[bytes]:
    """The bytes of an answer as they arrive, unpacked piece by piece.

    Raises:
        NoWay, Unreachable: They end too early, or are packed in a way that was not asked for.
    """
    with explained(about, answer.request.url):
        packing = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if packing in ("", "identity"):
            yield from answer.iter_raw()
        elif packing in ("gzip", "x-gzip"):
            yield from _unpacked(answer.iter_raw())
        else:
            raise NoWay(
                about,
                f"{server_of(answer.request.url)} packs its answers as it was not asked to",
                _look(answer.request.url),
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
    """The whole body of an answer that says something, and is no file.

    Raises:
        NoWay, Unreachable: As `body`; or it is too large, or takes too long.
    """
    found, until = bytearray(), time.monotonic() + ANSWER_SECONDS
    server = server_of(answer.request.url)
    for chunk in body(about, answer):
        found += chunk
        if len(found) > MOST_ANSWER_BYTES:
            most = f"{server} sends more than {MOST_ANSWER_BYTES:,} bytes in place of an answer"
            raise NoWay(about, most, _look(answer.request.url))
        if time.monotonic() > until:
            slow = f"{server} was not done with its answer after {ANSWER_SECONDS:.0f} s"
            raise Unreachable(about, slow, f"{_look(answer.request.url)}, {AGAIN}")
    return bytes(found)


def no_hub(about: str, url: object, culprits: list[str]) -> NoWay:
    """The error for an answer that no Hub gives, such as the page of a portal."""
    return NoWay(about, f"{server_of(url)} answers, and not as a Hub", _look(url), culprits)


def _look(url: object) -> str:
    """What to look at when the wrong one answers."""
    proxy = network.proxy_on_the_way(server_of(url), os.environ)
    by = f"the proxy of {proxy}" if proxy else "a proxy or portal"
    return f"check HF_ENDPOINT, and whether {by} answers in its place"


@contextlib.contextmanager
def _prepared(about: str) -> Iterator[None]:
    """Errors before anything is sent: they come from this machine, and may hold the token."""
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.OIDCError:
        raise NoWay(
            about,
            "HF_OIDC_RESOURCE is set, and gave no token",
            "set HF_OIDC_ID_TOKEN, or unset HF_OIDC_RESOURCE and use HF_TOKEN",
        ) from None
    except (OSError, ValueError, ImportError, *_client_errors()) as error:
        raise NoWay(
            about,
            f"no request can be made on this machine ({type(error).__name__})",
            f"check HF_TOKEN, the token in {constants.HF_TOKEN_PATH}, the proxy variables, "
            "SSL_CERT_FILE and SSLKEYLOGFILE",
        ) from None


def _client_errors() -> tuple[type[Exception], ...]:
    """All that the HTTP client raises of its own, beside what it lets through."""
    import httpx2  # the HTTP client of huggingface_hub 2

    return httpx2.HTTPError, httpx2.InvalidURL, httpx2.CookieConflict, httpx2.StreamError


@contextlib.contextmanager
def explained(about: str, url: object) -> Iterator[None]:
    """Turn what the library, its HTTP client and the system raise on the way into one error.

    Raises:
        Unreachable: It may pass by itself.
        NoWay: It does not.
    """
    import httpx2
    from huggingface_hub import errors

    server = server_of(url)
    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise NoWay(
            about,
            "huggingface_hub is offline, and not everything is on disk",
            "unset HF_HUB_OFFLINE, or use WMTP_SOURCE=mirror",
        ) from None
    except httpx2.UnsupportedProtocol:
        raise NoWay(about, f"{server} is no address of the web", _look(url)) from None
    except httpx2.LocalProtocolError:  # its text may be the token
        raise NoWay(
            about,
            f"nothing can be sent to {server}: a header is not allowed",
            "check HF_TOKEN for odd characters",
        ) from None
    except httpx2.TransportError as error:
        raise _broken(about, url, error) from None
    except zlib.error:
        raise NoWay(about, f"{server} sends broken gzip", _look(url)) from None
    except (OSError, ValueError, OverflowError, *_client_errors()) as error:
        raise NoWay(
            about,
            f"{server} answers with what cannot be read ({type(error).__name__})",
            _look(url),
        ) from None


def _broken(about: str, url: object, error: Exception) -> NoWay | Unreachable:
    """The error for a connection that failed, by what the system said of it."""
    import httpx2

    server, causes = server_of(url), list(_causes(error))
    proxy = network.proxy_on_the_way(server, os.environ)
    check = f"check the proxy of {proxy} and HF_ENDPOINT" if proxy else ""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate of {server} is not accepted ({cause.verify_message})"
            return NoWay(about, why, network.certificates_advice(os.environ))
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            why = f"{server} does not speak TLS"
            return NoWay(about, why, check or "check HF_ENDPOINT (http or https) and the network")
    if isinstance(error, httpx2.ProxyError) and str(error)[:1] == "4":
        return NoWay(about, f"the proxy refuses {server} (HTTP {str(error)[:3]})", check)
    if isinstance(error, httpx2.RemoteProtocolError):
        if not ENDED.search(str(error)):
            return NoWay(about, f"{server} sends what is no HTTP", _look(url))
        reason = f"{server} ended the connection"
    else:
        why = next((_told(cause) for cause in causes if _told(cause)), type(error).__name__)
        reason = f"{server} does not answer ({why})"
    return Unreachable(about, reason, f"{check or 'check the network and HF_ENDPOINT'}, {AGAIN}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _told(cause: BaseException) -> str:
    """What the system said."""
    if isinstance(cause, socket.gaierror):
        return "its name is not known here"
    return cause.strerror or "" if isinstance(cause, OSError) else ""
