"""deploy/team/nginx.conf in a real nginx: what it lets through to the page of reviewers.

oauth2-proxy and the page are stand-ins: one knows a cookie, the other says what it was asked.
"""

import shutil
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from wmtp_assets_tests.team.compose import SERVICES, TEAM, free_port, mounts

COOKIE = "_oauth2_proxy=ann"
NGINX = """
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/default.conf;
}}
"""


class Login(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does with --upstream=static://202."""

    def do_GET(self):
        known = COOKIE in self.headers.get("Cookie", "")
        sign_in = self.path.startswith("/oauth2/sign_in")
        self.send_response(200 if sign_in else 202 if known else 401)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Page(Login):
    """Says which request came through."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.command} {self.path} {self.headers['Host']}".encode())

    do_POST = do_GET


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy:
    def __init__(self, port: int):
        self.port = port

    def ask(self, path: str, cookie: str = COOKIE, body: bytes | None = None, **headers: str):
        """Status, text and the address that it sends to; no redirect is followed."""
        headers = {"Host": "review.example.org", "Cookie": cookie, **headers}
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", body, headers)
        trusting = ssl._create_unverified_context()
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), Staying)
        try:
            with opener.open(request) as answer:
                return answer.status, answer.read().decode(), None
        except urllib.error.HTTPError as error:
            return error.code, "", error.headers["Location"]


class Staying(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    openssl = shutil.which("openssl")
    if not nginx or not openssl:
        pytest.skip("no nginx or no openssl on this machine")
    root = tmp_path_factory.mktemp("nginx")
    root.chmod(0o755)
    key, certificate = root / "review.key", root / "review.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=review"]
    command = [openssl, *made, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    port = free_port()
    with ExitStack() as stack:
        places = {
            "listen 443": f"listen 127.0.0.1:{port}",
            "127.0.0.1:4180": f"127.0.0.1:{stack.enter_context(serving(Login))}",
            "127.0.0.1:3001": f"127.0.0.1:{stack.enter_context(serving(Page))}",
            "/etc/ssl/review.example.org.pem": str(certificate),
            "/etc/ssl/review.example.org.key": str(key),
        }
        mounted = mounts(SERVICES["proxy"])
        text = (TEAM / mounted["/etc/nginx/conf.d/default.conf"]).read_text()
        for place, here in places.items():
            assert place in text and (not place.startswith("/etc") or place in mounted), place
            text = text.replace(place, here)
        (root / "default.conf").write_text(text)
        (root / "nginx.conf").write_text(NGINX.format(root=root))
        start = [nginx, "-c", root / "nginx.conf", "-e", root / "error.log", "-g", "daemon off;"]
        process = subprocess.Popen(start)
        try:
            wait_for(port, process, root / "error.log")
            yield Proxy(port)
        finally:
            process.terminate()
            process.wait(30)


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return Proxy(port).ask("/") and None
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_who_is_not_logged_in_is_sent_to_the_login(proxy: Proxy):
    status, _, to = proxy.ask("/runs?status=failed", cookie="")
    assert status == 302
    host, _, asked = to.partition("/oauth2/sign_in?rd=")
    assert host == f"https://review.example.org:{proxy.port}"
    assert asked == "https://review.example.org/runs?status=failed"
    assert proxy.ask("/oauth2/sign_in", cookie="")[0] == 200


def test_who_is_logged_in_sees_the_page_and_asks_it(proxy: Proxy):
    assert proxy.ask("/runs")[:2] == (200, "GET /runs review.example.org")
    own = {"Origin": "https://review.example.org"}
    assert proxy.ask("/graphql", body=b"{}", **own)[:2] == (200, "POST /graphql review.example.org")


def test_a_link_a_foreign_page_and_a_posted_result_are_refused(proxy: Proxy):
    assert proxy.ask("/graphql?query=mutation")[0] == 405
    assert proxy.ask("/graphql", body=b"{}", Origin="https://evil.example")[0] == 403
    assert proxy.ask("/report_asset_check/mbpp/train", body=b"{}")[0] == 403


def test_the_run_logs_come_over_a_websocket(proxy: Proxy):
    upgrade = {"Upgrade": "websocket", "Connection": "upgrade"}
    assert proxy.ask("/graphql", **upgrade)[1].startswith("GET /graphql")
