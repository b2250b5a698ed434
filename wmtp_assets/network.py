"""What the environment says of the way to the Hub, judged before the first request.

huggingface_hub and its HTTP client read these variables themselves; what they cannot use they
raise raw, some of it on import. Pure, and no secret is repeated. Rules: huggingface_hub 2.4
(`constants.py`), httpx2 2.16 (`Proxy`, `default_ssl_context`); neither reads REQUESTS_CA_BUNDLE or
CURL_CA_BUNDLE.
"""

import functools
import importlib.util
import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    proxy_bypass_environment,  # pyright: ignore[reportAttributeAccessIssue] - not in typeshed
)

from wmtp_assets.setting_values import path_faults, without_credentials

Environment = Mapping[str, str]

SECONDS = ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")
MOST_SECONDS = 86_400
# huggingface_hub takes the first that is set.
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
SENDABLE = re.compile(r"[!-~]+")
PROXIES = ("http", "https", "all")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
CA_NOT_READ = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
FIX = "set what is named anew, or unset it"


def wrong_numbers(environ: Environment) -> Iterator[str]:
    """The numbers without which huggingface_hub and datasets cannot even be imported."""
    for name in SECONDS:
        text = environ.get(name)
        if text is not None and not _is_up_to(text, MOST_SECONDS):
            yield f"{name} is no whole number of seconds up to {MOST_SECONDS:,}: {text[:40]!r}"
    text = environ.get("HF_DATASETS_IN_MEMORY_MAX_SIZE")
    if text is not None and not _is_up_to(text, 2**63):
        yield f"HF_DATASETS_IN_MEMORY_MAX_SIZE is no whole number of bytes: {text[:40]!r}"


def wrong_with_network(environ: Environment) -> list[str]:
    """Every variable that keeps requests from the Hub, one sentence each."""
    wrong = [*wrong_numbers(environ)]
    if "HF_ENDPOINT" in environ:
        wrong += [f"HF_ENDPOINT {fault}" for fault in _address_faults(environ["HF_ENDPOINT"])]
    wrong += _token_faults(environ)
    for scheme, proxy in proxies_of(environ).items():
        wrong += [f"{proxy_variable(scheme, environ)} {fault}" for fault in _proxy_faults(proxy)]
    return [*wrong, *_certificate_faults(environ)]


def proxies_of(environ: Environment) -> dict[str, str]:
    """Scheme -> proxy, as the HTTP client reads them; the name in small letters wins."""
    found = {}
    for scheme in PROXIES:
        if proxy := environ.get(f"{scheme}_proxy", environ.get(f"{scheme.upper()}_PROXY")):
            found[scheme] = proxy
    return found


def proxy_variable(scheme: str, environ: Environment) -> str:
    """The name under which the proxy for a scheme is set."""
    return next(n for n in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if n in environ)


def proxy_on_the_way(server: str, environ: Environment) -> str:
    """The variable and the address of the proxy through which a server is asked; empty if none."""
    scheme, host = urlsplit(server).scheme, urlsplit(server).hostname or ""
    proxies = proxies_of(environ)
    chosen = next((s for s in (scheme, "all") if s in proxies), None)
    no_proxy = environ.get("no_proxy", environ.get("NO_PROXY", ""))
    if chosen is None or proxy_bypass_environment(host, {"no": no_proxy}):
        return ""
    return f"{proxy_variable(chosen, environ)} ({without_credentials(proxies[chosen])})"


def _is_up_to(text: str, most: int) -> bool:
    return re.fullmatch(r"\s*[0-9]{1,19}\s*", text) is not None and int(text) <= most


def _address_faults(text: str) -> Iterator[str]:
    """What is wrong with the address of a Hub; it may hold a password and is not repeated."""
    if not text.strip():
        yield "is empty"
        return
    yield from path_faults(text)
    split = _split(text)
    if split is None:
        yield "is no address, or its port is no number"
    elif split.scheme not in ("http", "https"):
        yield "does not begin with https:// (or http://)"
    elif not _is_host(split.hostname):
        yield "names no host behind https://"
    elif split.query or split.fragment or "@" in split.path:
        yield "has a ?, # or @ behind its host: write those of a password as %3F, %23 and %40"


def _proxy_faults(text: str) -> Iterator[str]:
    split = _split(text if "://" in text else f"http://{text}")
    if split is None or not _is_host(split.hostname):
        yield "names no host and port"
    elif split.scheme not in PROXY_SCHEMES:
        yield f"is no proxy that is known here: not {', '.join(PROXY_SCHEMES)}"
    elif split.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        yield f"asks for a {split.scheme} proxy, which needs the package socksio: it is not here"
    if any(path_faults(text)):
        yield next(path_faults(text))


def _split(text: str) -> SplitResult | None:
    """The parts of an address; None if it is none, its port included."""
    try:
        split = urlsplit(text)
        split.port  # noqa: B018 - is read, and refused, only now
    except ValueError:
        return None
    return split


def _is_host(host: str | None) -> bool:
    if not host or re.search(r"\s", host):
        return False
    try:
        host.encode("idna")
    except UnicodeError:  # an empty or overlong label
        return False
    return True


def _token_faults(environ: Environment) -> Iterator[str]:
    name = next((name for name in TOKENS if environ.get(name)), None)
    # What huggingface_hub takes away before it is sent.
    token = environ.get(name or "", "").replace("\r", "").replace("\n", "").strip()
    if token and not SENDABLE.fullmatch(token):
        yield f"{name} has characters that are in no token, such as quotes of a text editor"


def _certificate_faults(environ: Environment) -> Iterator[str]:
    """A CA file or folder that cannot be used; the folder counts only without the file."""
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file:
        try:
            if not _holds_certificates(file, Path(file).stat().st_mtime_ns):
                yield f"SSL_CERT_FILE is no file of certificates: {file}"
        except OSError as error:
            yield f"SSL_CERT_FILE cannot be read ({error.strerror}): {file}"
    elif folder and not Path(folder).is_dir():
        yield f"SSL_CERT_DIR is no folder: {folder}"


@functools.lru_cache(1)
def _holds_certificates(file: str, changed: int) -> bool:
    """Whether TLS can use the file; it takes 30 ms, and is asked before each request."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        return False
    return True


def certificates_advice(environ: Environment) -> str:
    """Where to put the CA of a server whose certificate is not accepted."""
    unread = [name for name in CA_NOT_READ if environ.get(name)]
    advice = "check the clock, and set SSL_CERT_FILE to a file with the CA of that network"
    return f"{advice}; not read here: {', '.join(unread)}" if unread else advice
