"""Downloads from a hub on loopback, against hf_hub_download of the same file in the same run.

    python -m benchmarks.downloads [--bytes 500000000] [--rounds 3] [--folder DIR] [--json]

Rounds alternate between the library and the project, each download in a process of its own, timed
from the call to the file under its name; the server is a process of its own, and sends the bytes
from a second port as the Hub's CDN does. The project hashes and brings the file to the disk
(fsync), the library does neither. Then each is killed (SIGKILL) when 60 % of the file are on the
disk and run again; the server says how many bytes it sent to the second run. Everything written is
removed at the end.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO, FILE = "org/thing", "weights/big.dat"
NOISE_BYTES = 16 * 1024 * 1024
KILL_AT = 0.6
# way -> where its unfinished file lies below the folder of the download
UNFINISHED = {"library": "**/*.incomplete", "project": "**/*.partial"}


def download(way: str, folder: Path) -> dict:
    """Fetch the file in one way; runs in a process of its own, with HF_ENDPOINT set."""
    from huggingface_hub import hf_hub_download

    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    repo = Repo(id=REPO, kind="model", revision="main", licence="MIT")
    started = time.monotonic()
    if way == "library":
        hf_hub_download(REPO, FILE, local_dir=folder / "raw")
    else:
        fetch_files(HubSource(), repo, (Files(FILE),), folder / "raw", folder / "lock.json")
    return {"seconds": time.monotonic() - started}


@dataclass
class Server:
    """The hub on loopback, and what it has served."""

    endpoint: str
    process: subprocess.Popen

    def bytes_served(self) -> int:
        print(file=self.process.stdin, flush=True)
        return sum(json.loads(self.process.stdout.readline()).values())


@contextlib.contextmanager
def serving(upstream: Path) -> Iterator[Server]:
    """Run the server on a folder of repositories until the block ends."""
    command = [sys.executable, "-m", "wmtp_assets_tests.hub.loopback_server", str(upstream)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--cdn", "--lfs", FILE], **pipes) as process:
        yield Server(process.stdout.readline().strip(), process)
        process.stdin.close()


def start(way: str, folder: Path, server: Server) -> subprocess.Popen:
    """Start a download in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.downloads", "--one", way, "--folder", str(folder)]
    environment = {
        **os.environ,
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(folder / "hf"),
        "HF_TOKEN": "",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> dict:
    """Wait for a download; returns what it printed.

    Raises:
        RuntimeError: It failed.
    """
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the download exited with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def refetched_fraction(way: str, folder: Path, server: Server, size: int) -> float:
    """Kill a download at 60 % of the file, run it again: the share of the bytes sent again."""
    process = start(way, folder, server)
    while _largest(folder, UNFINISHED[way]) < KILL_AT * size and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    if (folder / "raw" / FILE).exists():
        raise RuntimeError("too fast to be killed; use more --bytes")
    before = server.bytes_served()
    finish(start(way, folder, server))
    return (server.bytes_served() - before) / size


def _largest(folder: Path, pattern: str) -> int:
    sizes = [0]
    for path in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def compare(size: int, rounds: int, root: Path) -> dict:
    """Run all of it below a folder; returns the numbers."""
    from wmtp_assets.files import file_io

    upstream = root / "upstream"
    original = upstream / REPO / FILE
    original.parent.mkdir(parents=True)
    noise = os.urandom(NOISE_BYTES)
    with open(original, "wb") as handle:
        while left := size - handle.tell():
            handle.write(noise[: min(left, NOISE_BYTES)])
    wanted = file_io.sha256_of(original)
    seconds: dict[str, list[float]] = {"library": [], "project": []}
    right, refetched = [], {}
    with serving(upstream) as server:
        for number in range(rounds):
            for way, measured in seconds.items():
                folder = root / f"{way}-{number}"
                measured.append(finish(start(way, folder, server))["seconds"])
                right.append(file_io.sha256_of(folder / "raw" / FILE) == wanted)
                shutil.rmtree(folder)
        for way in seconds:
            folder = root / f"{way}-killed"
            refetched[way] = refetched_fraction(way, folder, server, size)
            right.append(file_io.sha256_of(folder / "raw" / FILE) == wanted)
            shutil.rmtree(folder)
    median = {way: statistics.median(measured) for way, measured in seconds.items()}
    return {
        "bytes": size,
        "seconds": median["project"],
        "hf_hub_download_seconds": median["library"],
        "ratio_to_hf_hub_download": median["library"] / median["project"],
        "refetched_fraction_after_kill": refetched["project"],
        "hf_hub_download_refetched_fraction": refetched["library"],
        "sha256_ok": all(right),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=500_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work; else the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=UNFINISHED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(download(arguments.one, arguments.folder)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        numbers = compare(arguments.bytes, arguments.rounds, Path(folder))
    for name, value in numbers.items():
        print(f"{name:40} {value:,.3f}" if isinstance(value, float) else f"{name:40} {value}")
    if arguments.json:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
