"""A fetch in a process of its own: huggingface_hub reads HF_ENDPOINT when it is imported."""

import contextlib
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAM = textwrap.dedent("""
    import json, os, sys
    from pathlib import Path
    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.errors import BadInput
    from wmtp_assets.hub import retry
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    retry.FIRST_WAIT_SECONDS = 0.001
    root, kind = Path(sys.argv[1]), sys.argv[2]
    repo = Repo(id="org/thing", kind=kind, revision="main", licence="MIT")
    wanted = (Files("big/*.dat"), Files("config.json"))
    lines = []
    try:
        got = fetch_files(HubSource(), repo, wanted, root / "raw", root / "lock.json", lines.append)
        facts = {"commit": got.commit, "kept": got.kept, "bytes": got.fetched_bytes}
    except BadInput as error:
        facts = {"error": str(error)}
    print(json.dumps(facts | {"lines": lines}))
""")
BIG = "big/a.dat"
FILES = {BIG: os.urandom(3_000_000), "config.json": b'{"a": 1}', "README.md": b"x"}


def start(
    root: Path, endpoint: str, kind: str = "model", token: str = "", program: str = PROGRAM, **env
) -> subprocess.Popen:
    """Start the program on a folder and a hub."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(root / "hf"),
        "HF_TOKEN": token,
        **env,
    }
    command = [sys.executable, "-c", program, str(root), kind]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def finish(process: subprocess.Popen, token: str = "") -> dict:
    """What the program came to; its output never holds the token."""
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert not token or token not in out + err
    return json.loads(out.splitlines()[-1])


def run(root: Path, endpoint: str, kind: str = "model", token: str = "", **env) -> dict:
    """Start and finish."""
    return finish(start(root, endpoint, kind, token, **env), token)


def wait_for(process: subprocess.Popen, folder: Path, pattern: str, size_bytes: int) -> None:
    """Wait until a file below a folder has a size."""
    while max(sizes(folder, pattern), default=0) < size_bytes:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def sizes(folder: Path, pattern: str) -> Iterator[int]:
    """The sizes of files that come and go."""
    for path in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            yield path.stat().st_size


def is_right(root: Path, name: str = BIG) -> bool:
    """Whether a fetched file has the bytes of its original."""
    return (root / "raw" / name).read_bytes() == FILES[name]


def left_over(root: Path) -> list[Path]:
    """Unfinished files."""
    return sorted((root / "raw").rglob("*.partial"))
