"""The whole command, with the real client over a real socket."""

import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

TOKEN = "hf_" + "s" * 34


class Answers(http.server.BaseHTTPRequestHandler):
    """A Hub that knows one token, and keeps Meta's repository gated."""

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if parts[:2] == ["api", "whoami-v2"]:
            return self._send(200 if known else 401, {"name": "someone", "type": "user"})
        if parts[-1] == "auth-check":
            return self._send(403, {}, {"X-Error-Code": "GatedRepo"})
        repo = "/".join(parts[2:4])
        commit = parts[5] if parts[4:5] == ["revision"] and parts[5] != "main" else "c" * 40
        return self._send(200, {"id": repo, "sha": commit, "siblings": []})

    def _send(self, status: int, answer: dict, headers: dict[str, str] | None = None):
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WMTP_", "HF_", "DAGSTER_"))}
    environment = {**kept, "HF_HOME": str(folder / "hf"), **settings}
    program = [sys.executable, "-X", "importtime", "-m", "wmtp_assets.doctor", *arguments]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert "| dagster" not in done.stderr and "Traceback" not in done.stderr, done.stderr[-2000:]
    assert TOKEN not in done.stdout + done.stderr
    return done


def test_the_sample_needs_nothing_of_the_network(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "network: the sample needs none" in done.stdout


def test_all_mistakes_of_the_settings_are_told(tmp_path):
    done = run(tmp_path, WMTP_SOURCE="hb", WMTP_SORCE="hub")
    assert done.returncode == 1
    assert "WMTP_SORCE is no setting" in done.stdout and "WMTP_SOURCE is 'hb'" in done.stdout


def test_the_real_client_over_a_socket_says_where_to_accept(tmp_path):
    shared = {"WMTP_SOURCE": "hub", "DAGSTER_HOME": str(tmp_path)}
    with endpoint() as address:
        good = run(tmp_path, "--job", "models", HF_ENDPOINT=address, HF_TOKEN=TOKEN, **shared)
        bad = run(tmp_path, "--job", "models", HF_ENDPOINT=address, HF_TOKEN="hf_x", **shared)
    gone = run(tmp_path, "--job", "models", HF_ENDPOINT=address, HF_TOKEN=TOKEN, **shared)
    assert good.returncode == bad.returncode == gone.returncode == 1
    assert "ok    token is valid" in good.stdout
    assert "fail  gated, and not open to you: facebook/multi-token-prediction" in good.stdout
    assert "accept the licence at" in good.stdout
    assert "27.0 GB of facebook/multi-token-prediction (models)" in good.stdout
    assert "faster: hf download facebook/multi-token-prediction --include" in good.stdout
    assert "ok    open to you: google-research-datasets/mbpp (models)" in good.stdout
    assert "fail  token is not valid" in bad.stdout
    assert f"fail  {address} does not answer" in gone.stdout


def test_what_keeps_every_request_from_the_hub_is_told_before_one_is_sent(tmp_path):
    wrong = {"HF_ENDPOINT": "huggingface.co", "HF_TOKEN": "hf_\u201cabc\u201d"}
    done = run(tmp_path, "--job", "models", WMTP_SOURCE="hub", **wrong)
    assert done.returncode == 1
    assert "fail  network: HF_ENDPOINT does not begin with https://" in done.stdout
    assert "fail  network: HF_TOKEN has characters that are in no token" in done.stdout


def test_a_damaged_lock_is_a_line(tmp_path):
    storage = tmp_path / "storage"
    storage.mkdir()
    (storage / "sources.lock.json").write_text("{}")
    done = run(tmp_path, WMTP_SOURCE="mirror", WMTP_MIRROR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "fail  lock: " in done.stdout and "version is missing" in done.stdout
