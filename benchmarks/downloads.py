"""Downloads from a hub on loopback: in ranges, in one stream, by hf_hub_download; all in one run.

    python -m benchmarks.downloads [--bytes 1000000000] [--rounds 3] [--connection-rate N]
                                   [--folder DIR] [--json]

This measures what the client costs: the server is on this machine and takes a part of the same
cores, there is no TLS and no distance. It tells nothing of the speed of a line. What several
connections are for shows where the server limits each of them: --connection-rate, in bytes/s.

Rounds alternate between the ways, each download in a process of its own, timed from the call to the
file under its name; the server is a process of its own, and sends the bytes from a second port as
the Hub's CDN does. The project hashes and brings the file to the disk (fsync), the library does
neither. Then each is killed (SIGKILL) when 60 % of the file are on the disk and run again; the
server says how many bytes it sent in all: what is beyond the size of the file was fetched again.
Everything written is removed at the end.
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

from wmtp_assets.files import file_io
from wmtp_assets.hub.segments import bytes_there

REPO, FILE = "org/thing", "weights/big.dat"
NOISE_BYTES = 16 * 1024 * 1024
KILL_AT = 0.6
# way -> where its unfinished file lies below the folder of the download
UNFINISHED = {
    "library": "**/*.incomplete",
    "one_stream": "**/*.partial",
    "ranges": "**/*.partial",
}


def download(way: str, folder: Path) -> dict:
    """Fetch the file in one way; runs in a process of its own, with HF_ENDPOINT set."""
    from huggingface_hub import hf_hub_download

    from wmtp_assets.catalog import Files, Repo
    from wmtp_assets.hub import ranges
    from wmtp_assets.hub.fetch import fetch_files
    from wmtp_assets.hub.sources import HubSource

    repo = Repo(id=REPO, kind="model", revision="main", licence="MIT")
    ranges.RANGED_FROM_BYTES = 0 if way == "ranges" else sys.maxsize
    started, cpu_before = time.monotonic(), time.process_time()
    if way == "library":
        hf_hub_download(REPO, FILE, local_dir=folder / "raw")
    else:
        fetch_files(HubSource(), repo, (Files(FILE),), folder / "raw", folder / "lock.json")
    return {
        "seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - cpu_before,
    }


@dataclass
class Server:
    """The hub on loopback, and what it has served."""

    endpoint: str
    process: subprocess.Popen

    def bytes_served(self) -> int:
        print(file=self.process.stdin, flush=True)
        return sum(json.loads(self.process.stdout.readline()).values())


@contextlib.contextmanager
def serving(upstream: Path, connection_rate: int | None) -> Iterator[Server]:
    """Run the server on a folder of repositories until the block ends.

    Args:
        connection_rate: What it sends on one connection at most, in bytes/s.
    """
    command = [sys.executable, "-m", "wmtp_assets_tests.hub.loopback_server", str(upstream)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command += ["--cdn", "--lfs", FILE]
    if connection_rate:
        command += ["--connection-rate", str(connection_rate)]
    with subprocess.Popen(command, **pipes) as process:
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
    """Kill a download at 60 % of the file, run it again: the share of the bytes sent twice."""
    before = server.bytes_served()
    process = start(way, folder, server)
    while _most_there(folder, UNFINISHED[way]) < KILL_AT * size and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    if (folder / "raw" / FILE).exists():
        raise RuntimeError("too fast to be killed; use more --bytes")
    finish(start(way, folder, server))
    return (server.bytes_served() - before) / size - 1


def _most_there(folder: Path, pattern: str) -> int:
    """Bytes of the fullest unfinished file; of the size of one with holes they are a part."""
    return max(map(bytes_there, folder.glob(pattern)), default=0)


def write_upstream(path: Path, size: int) -> None:
    """The file to fetch: noise, repeated."""
    path.parent.mkdir(parents=True)
    noise = os.urandom(NOISE_BYTES)
    with open(path, "wb") as handle:
        while left := size - handle.tell():
            handle.write(noise[: min(left, NOISE_BYTES)])


def compare(size: int, rounds: int, root: Path, connection_rate: int | None = None) -> dict:
    """Run all of it below a folder; returns the numbers."""
    original = root / "upstream" / REPO / FILE
    write_upstream(original, size)
    wanted = file_io.sha256_of(original)
    runs: dict[str, list[dict]] = {way: [] for way in UNFINISHED}
    right, refetched = [], {}
    with serving(root / "upstream", connection_rate) as server:
        for number in range(rounds):
            for way, measured in runs.items():
                folder = root / f"{way}-{number}"
                measured.append(finish(start(way, folder, server)))
                right.append(file_io.sha256_of(folder / "raw" / FILE) == wanted)
                shutil.rmtree(folder)
        for way in runs:
            folder = root / f"{way}-killed"
            refetched[way] = refetched_fraction(way, folder, server, size)
            right.append(file_io.sha256_of(folder / "raw" / FILE) == wanted)
            shutil.rmtree(folder)
    median = {way: statistics.median(r["seconds"] for r in of_way) for way, of_way in runs.items()}
    cpu = {way: statistics.median(r["cpu_seconds"] for r in of_way) for way, of_way in runs.items()}
    return {
        "bytes": size,
        "connection_bytes_per_second": connection_rate,
        "seconds": median["ranges"],
        "one_stream_seconds": median["one_stream"],
        "hf_hub_download_seconds": median["library"],
        "cpu_seconds": cpu["ranges"],
        "one_stream_cpu_seconds": cpu["one_stream"],
        "hf_hub_download_cpu_seconds": cpu["library"],
        "ratio_to_one_stream": median["one_stream"] / median["ranges"],
        "ratio_to_hf_hub_download": median["library"] / median["ranges"],
        "refetched_fraction_after_kill": refetched["ranges"],
        "one_stream_refetched_fraction": refetched["one_stream"],
        "hf_hub_download_refetched_fraction": refetched["library"],
        "sha256_ok": all(right),
        "measures": "what the client costs on loopback, not the speed of a line",
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connection-rate", type=int, help="bytes/s of one connection at most")
    parser.add_argument("--folder", type=Path, help="where to work; else the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=UNFINISHED, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(download(arguments.one, arguments.folder)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rate = arguments.connection_rate
        numbers = compare(arguments.bytes, arguments.rounds, Path(folder), rate)
    for name, value in numbers.items():
        print(f"{name:40} {value:,.3f}" if isinstance(value, float) else f"{name:40} {value}")
    if arguments.json:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
