"""News reach people: over a real socket to a Slack and a mail server on loopback, or said why not.

The servers are stand-ins, the clients are not.
"""

import functools
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wmtp_assets.automation.alarms import News
from wmtp_assets.automation.notices import body, send_by_mail, send_to_slack, subject
from wmtp_assets.automation.sensors import notice_sensors
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.signoff.test_keeping_true import Tick
from wmtp_assets_tests.signoff.world import GOOD, WRONG, World

NEWS = News("/data/storage", ("failed mbpp/train rows_parse: <!channel> & more",), ("old one",))


class FakeSlack(http.server.BaseHTTPRequestHandler):
    """Answers chat.postMessage as Slack does, and keeps what it was asked."""

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], json.loads(data)))
        answer = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def slack(monkeypatch) -> Iterator[http.server.ThreadingHTTPServer]:
    """Slack on loopback; the client of dagster-slack goes there."""
    import dagster_slack.resources
    from slack_sdk import WebClient

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeSlack)
    server.asked, server.answer = [], {"ok": True}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = functools.partial(WebClient, base_url=f"http://127.0.0.1:{server.server_port}/api/")
    monkeypatch.setattr(dagster_slack.resources, "WebClient", there)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate of 127.0.0.1 and its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(pem))
    return path


class Mailbox:
    """Takes mail of ann with her password."""

    def __init__(self):
        self.mail: list[tuple[str, list[str], bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mail.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        right = (data.login, data.password) == (b"ann", b"pass:word")
        return AuthResult(success=right)


@pytest.fixture
def mail_server(certificate, monkeypatch, request) -> Iterator[tuple[str, Mailbox]]:
    """A mail server on loopback and its address; `request.param` is how it speaks."""
    how = request.param
    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    controller = Controller(
        box,
        hostname="localhost",
        port=_free_port(),
        authenticator=box.authenticate,
        auth_required=how != "plain",
        auth_require_tls=how == "starttls",
        ssl_context=context if how == "smtps" else None,
        tls_context=context if how == "starttls" else None,
        require_starttls=how == "starttls",
    )
    controller.start()
    yield f"localhost:{controller.port}", box
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_slack_gets_the_news_as_text_and_not_as_markup(slack):
    send_to_slack(NEWS, "#wmtp")
    [(path, authorization, asked)] = slack.asked
    assert (path, authorization) == ("/api/chat.postMessage", "Bearer xoxb-1")
    assert asked["channel"] == "#wmtp"
    assert asked["text"].splitlines()[:3] == [
        "WMTP storage /data/storage: 1 new, 1 gone",
        "NEW failed mbpp/train rows_parse: &lt;!channel&gt; &amp; more",
        "gone: old one",
    ]


@pytest.mark.parametrize("error", ["not_in_channel", "invalid_auth"])
def test_what_slack_does_not_take_is_said(slack, error: str):
    slack.answer = {"ok": False, "error": error}
    with pytest.raises(BadInput, match=rf"Slack did not take.*{error}.*: #wmtp\. Fix: export the"):
        send_to_slack(NEWS, "#wmtp")


def test_a_slack_that_is_away_or_has_no_token_is_said(slack, monkeypatch):
    slack.shutdown()
    slack.server_close()
    with pytest.raises(BadInput, match="Slack did not take the message"):
        send_to_slack(NEWS, "#wmtp")
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    with pytest.raises(BadInput, match="SLACK_BOT_TOKEN is not set"):
        send_to_slack(NEWS, "#wmtp")


def test_without_its_package_slack_is_said_to_need_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "dagster_slack", None)
    with pytest.raises(BadInput, match=r"pip install 'wmtp-assets\[slack\]'"):
        send_to_slack(NEWS, "#wmtp")


@pytest.mark.parametrize(
    ("mail_server", "url"),
    [
        ("smtps", "smtps://ann:pass%3Aword@{}"),
        ("starttls", "smtp://ann:pass%3Aword@{}"),
        ("plain", "smtp://{}"),
    ],
    indirect=["mail_server"],
)
def test_mail_arrives(mail_server, monkeypatch, url: str):
    address, box = mail_server
    monkeypatch.setenv("SMTP_URL", url.format(address))
    send_by_mail(NEWS, "ann@example.org, ben@example.org", "wmtp@example.org")
    [(sender, recipients, content)] = box.mail
    assert (sender, recipients) == ("wmtp@example.org", ["ann@example.org", "ben@example.org"])
    message = message_from_bytes(content, policy=policy.default)
    assert message["Subject"] == subject(NEWS)
    assert message.get_content().splitlines() == body(NEWS).splitlines()


@pytest.mark.parametrize(
    ("mail_server", "url"),
    [
        ("smtps", "smtps://ann:wrong@{}"),
        ("smtps", "smtps://{}"),
        # A server without TLS is not told the password.
        ("plain", "smtp://ann:pass%3Aword@{}"),
    ],
    indirect=["mail_server"],
)
def test_a_mail_server_that_refuses_is_said_without_the_password(mail_server, monkeypatch, url):
    address, box = mail_server
    # The server of these tests says nothing to a refused client's QUIT: waited for to the end.
    monkeypatch.setattr("wmtp_assets.automation.notices.SECONDS", 2)
    monkeypatch.setenv("SMTP_URL", url.format(address))
    with pytest.raises(BadInput, match=r"mail server did not take.*localhost") as raised:
        send_by_mail(NEWS, "ann@example.org", "wmtp@example.org")
    assert not box.mail
    assert "word" not in str(raised.value).replace("password", "")


@pytest.mark.parametrize("mail_server", ["smtps"], indirect=True)
def test_a_mail_server_that_nobody_vouches_for_gets_nothing(mail_server, monkeypatch):
    address, box = mail_server
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SMTP_URL", f"smtps://ann:pass%3Aword@{address}")
    with pytest.raises(BadInput, match="CERTIFICATE_VERIFY_FAILED"):
        send_by_mail(NEWS, "ann@example.org", "wmtp@example.org")
    assert not box.mail


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:25",
        "http://ann:word@x",
        "smtp://ann:word@x:port",
        "ann:word@x:1",
        "smtp:/a:word@",
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(monkeypatch, url: str):
    monkeypatch.setenv("SMTP_URL", url)
    with pytest.raises(BadInput, match=r"SMTP_URL is (no address|not set)") as raised:
        send_by_mail(NEWS, "ann@x", "wmtp@x")
    assert "word@" not in str(raised.value).replace("user:password@", "")


def test_of_many_news_the_first_are_listed():
    news = News("/s", tuple(f"failed {n} {'x' * 999}" for n in range(15)), ("a\nb",))
    lines = body(news).splitlines()
    assert lines[0].startswith("NEW failed 0 xxx") and len(lines) == 12
    assert lines[10] == "and 6 more"
    assert len(body(news)) < 4000
    assert "gone: a b" in body(News("/s", (), ("a\nb",)))


def test_news_that_could_not_be_sent_are_sent_at_the_next_tick(world: World, slack):
    [sensor] = notice_sensors("#wmtp", None, None)
    tick = Tick(world, sensor)
    world.run("phase1", GOOD)
    assert tick() == "nothing new; 0 mended"
    assert not slack.asked, "no news, no message"
    world.run("phase1", WRONG)
    slack.answer = {"ok": False, "error": "ratelimited"}
    with pytest.raises(BadInput, match="ratelimited"):
        tick()
    slack.answer = {"ok": True}
    assert "new: failed mbpp/train rows_parse" in tick()
    assert tick() == "nothing new; 0 mended"
    assert len(slack.asked) == 2
    assert "NEW failed mbpp/train rows_parse" in slack.asked[1][2]["text"]


@pytest.mark.parametrize("mail_server", ["plain"], indirect=True)
def test_a_recipient_that_is_refused_is_logged(mail_server, monkeypatch, world: World):
    address, box = mail_server
    monkeypatch.setenv("SMTP_URL", f"smtp://{address}")
    assert send_by_mail(NEWS, "ann@example.org,nobody@example.org", "w@example.org") == (
        "nobody@example.org",
    )
    [sensor] = notice_sensors(None, "ann@example.org,nobody@example.org", "w@example.org")
    world.run("phase1", WRONG)
    assert "new: failed mbpp/train" in Tick(world, sensor)()
    assert len(box.mail) == 2


def test_a_password_that_smtp_cannot_say_is_not_shown(monkeypatch):
    monkeypatch.setattr("wmtp_assets.automation.notices._connected", lambda url: Encoding())
    monkeypatch.setenv("SMTP_URL", "smtps://ann:w%C3%B6rd@localhost:1")
    with pytest.raises(BadInput, match="SMTP speaks ASCII here") as raised:
        send_by_mail(NEWS, "ann@example.org", "w@example.org")
    assert raised.value.__suppress_context__ and "rd" not in str(raised.value.culprits)


class Encoding:
    """A server that has come as far as the login."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def login(self, user: str, password: str) -> None:
        password.encode("ascii")
