"""Connection errors of the Hub -> one error that names the server and what to look at.

huggingface_hub, its HTTP client, TLS and the system each raise in their own words; here they become
HubError (trying again does not help) or Unreachable (it may pass). No error text holds a header or
a path, which may be signed, nor the text of a server.
"""

import contextlib
import os
import re
import socket
import ssl
import zlib
from collections.abc import Iterator

from wmtp_assets import network
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.retry import TryAgain

SERVER = re.compile(r"(?ai)([a-z][a-z0-9+.-]*)://(?:[^/?#]*@)?([\w.:\[\]-]+)")
MOST_SHOWN = 200
# In the words of httpcore2 and h11.
ENDED = re.compile("disconnected|closed connection")
AGAIN = "then run again: it goes on where it stopped"


class HubError(BadInput):
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


def not_a_hub(about: str, url: object, culprits: list[str]) -> HubError:
    """The error for an answer that no Hub gives, such as the page of a portal."""
    return HubError(about, f"{server_of(url)} answers, and not as a Hub", advice(url), culprits)


def advice(url: object) -> str:
    """The advice where something else than the Hub answers."""
    proxy = network.proxy_on_the_way(server_of(url), os.environ)
    by = f"the proxy of {proxy}" if proxy else "a proxy or portal"
    return f"check HF_ENDPOINT, and whether {by} answers in its place"


@contextlib.contextmanager
def request_errors(about: str) -> Iterator[None]:
    """Errors before anything is sent: they come from this machine, and may hold the token."""
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.OIDCError:
        raise HubError(
            about,
            "HF_OIDC_RESOURCE is set, and gave no token",
            "set HF_OIDC_ID_TOKEN, or unset HF_OIDC_RESOURCE and use HF_TOKEN",
        ) from None
    except (OSError, ValueError, ImportError, *_client_errors()) as error:
        raise HubError(
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
def connection_errors(about: str, url: object) -> Iterator[None]:
    """Turn what the library, its HTTP client and the system raise on the way into one error.

    Raises:
        Unreachable: It may pass by itself.
        HubError: It does not.
    """
    import httpx2
    from huggingface_hub import errors

    server = server_of(url)
    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise HubError(
            about,
            "huggingface_hub is offline, and not everything is on disk",
            "unset HF_HUB_OFFLINE, or use WMTP_SOURCE=mirror",
        ) from None
    except httpx2.UnsupportedProtocol:
        raise HubError(about, f"{server} is no address of the web", advice(url)) from None
    except httpx2.LocalProtocolError:  # its text may be the token
        raise HubError(
            about,
            f"nothing can be sent to {server}: a header is not allowed",
            "check HF_TOKEN for odd characters",
        ) from None
    except httpx2.TransportError as error:
        raise _broken(about, url, error) from None
    except zlib.error:
        raise HubError(about, f"{server} sends broken gzip", advice(url)) from None
    except (OSError, ValueError, OverflowError, *_client_errors()) as error:
        raise HubError(
            about,
            f"{server} answers with what cannot be read ({type(error).__name__})",
            advice(url),
        ) from None


def _broken(about: str, url: object, error: Exception) -> HubError | Unreachable:
    """The error for a connection that failed, by its causes."""
    import httpx2

    server, causes = server_of(url), list(_causes(error))
    proxy = network.proxy_on_the_way(server, os.environ)
    check = f"check the proxy of {proxy} and HF_ENDPOINT" if proxy else ""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = f"the certificate of {server} is not accepted ({cause.verify_message})"
            return HubError(about, why, network.certificates_advice(os.environ))
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            why = f"{server} does not speak TLS"
            return HubError(
                about, why, check or "check HF_ENDPOINT (http or https) and the network"
            )
    if isinstance(error, httpx2.ProxyError) and str(error)[:1] == "4":
        return HubError(about, f"the proxy refuses {server} (HTTP {str(error)[:3]})", check)
    if isinstance(error, httpx2.RemoteProtocolError):
        if not ENDED.search(str(error)):
            return HubError(about, f"{server} sends what is no HTTP", advice(url))
        reason = f"{server} ended the connection"
    else:
        why = next(filter(None, map(_system_message, causes)), type(error).__name__)
        reason = f"{server} does not answer ({why})"
    return Unreachable(about, reason, f"{check or 'check the network and HF_ENDPOINT'}, {AGAIN}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _system_message(cause: BaseException) -> str:
    """The message of the operating system, if it has one."""
    if isinstance(cause, socket.gaierror):
        return "its name is not known here"
    return cause.strerror or "" if isinstance(cause, OSError) else ""
