"""Connections that fail: which server, which variable, and whether trying again can help."""

import contextlib
import datetime
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wmtp_assets.hub.client import send_request
from wmtp_assets.hub.connection_errors import HubError, Unreachable, server_of

TOKEN = "hf_" + "s" * 34


class Refusing(http.server.BaseHTTPRequestHandler):
    """A server, and a proxy that wants a login."""

    def do_CONNECT(self):
        self.send_response(407, "secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_CONNECT

    def log_message(self, *args): ...


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port, with TLS where there is a context."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    server.handle_error = lambda *args: None
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def error_of(monkeypatch):
    """What a request ends in, with a client that reads the environment as it is then."""
    from huggingface_hub import close_session

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def error(url: str, **environ: str) -> HubError | Unreachable:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        close_session()
        with (
            pytest.raises((HubError, Unreachable)) as caught,
            send_request("org/thing", "GET", url, seconds=5),
        ):
            pass
        assert TOKEN not in str(caught.value) and "secret" not in str(caught.value)
        return caught.value

    yield error
    close_session()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's context whose certificate nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    since = datetime.datetime(2020, 1, 1)
    form = x509.CertificateBuilder(name, name, key.public_key(), 1, since)
    built = form.not_valid_after(datetime.datetime(2120, 1, 1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    none = serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none)
    (folder / "both.pem").write_bytes(private + built.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_names_the_variable(error_of, tmp_path):
    with serving(self_signed(tmp_path)) as port:
        error = error_of(f"https://127.0.0.1:{port}/x", REQUESTS_CA_BUNDLE="/company.pem")
    assert isinstance(error, HubError)
    assert f"the certificate of https://127.0.0.1:{port} is not accepted" in error.reason
    assert "SSL_CERT_FILE" in error.fix and "not read here: REQUESTS_CA_BUNDLE" in error.fix


def test_a_server_without_tls_is_told_from_one_that_is_not_there(error_of):
    with serving() as port:
        error = error_of(f"https://127.0.0.1:{port}/x")
    assert isinstance(error, HubError) and f"https://127.0.0.1:{port} does not speak TLS" in str(
        error
    )
    error = error_of(f"https://127.0.0.1:{port}/x?signature=secret")
    assert isinstance(error, Unreachable) and "refused" in error.reason
    assert "check the network and HF_ENDPOINT" in error.fix


def test_a_name_that_is_not_known_may_be_known_later(error_of):
    error = error_of("https://nobody.invalid/x")
    assert isinstance(error, Unreachable)
    assert "https://nobody.invalid does not answer (its name is not known here)" in error.reason


def test_a_proxy_that_refuses_is_named_by_its_variable_without_its_password(error_of):
    with serving() as port:
        proxy = f"http://ann:secret@127.0.0.1:{port}"
        error = error_of("https://hub.invalid/x", HTTPS_PROXY=proxy, NO_PROXY="")
    assert isinstance(error, HubError)
    assert "the proxy refuses https://hub.invalid (HTTP 407)" in error.reason
    assert f"HTTPS_PROXY (http://127.0.0.1:{port})" in error.fix
    dead = error_of("https://hub.invalid/x", HTTPS_PROXY=proxy)
    assert isinstance(dead, Unreachable) and f"HTTPS_PROXY (http://127.0.0.1:{port})" in dead.fix


def test_the_token_of_a_file_that_cannot_be_sent_names_the_file(error_of, monkeypatch, tmp_path):
    from huggingface_hub import constants

    (tmp_path / "token").write_text("hf_\u201csecret\u201d", "utf-8")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    error = error_of("http://127.0.0.1:1/x", HF_TOKEN="")
    assert isinstance(error, HubError) and str(tmp_path / "token") in error.fix
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert isinstance(error_of("http://127.0.0.1:1/x"), HubError)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hub/x/y?signature=s#f", "https://hub"),
        ("http://ann:secret@hub:80/x@y", "http://hub:80"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://h:99999999/", "http://h:99999999"),
        ("http://\u00fc\x1b/", "the server"),
        ("", "the server"),
    ],
)
def test_of_an_address_the_server_is_shown_and_no_more(url, shown):
    assert server_of(url) == shown
