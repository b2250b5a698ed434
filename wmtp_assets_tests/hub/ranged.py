"""A fetch of one file in ranges, in this process, from the hub on loopback; all of it is small."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.hub import ranges, retry
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.partial import DownloadPaths
from wmtp_assets.hub.segments import Segments, read_segments
from wmtp_assets.hub.sources import HubSource
from wmtp_assets_tests.hub.loopback import FakeHub, serve

REPO = Repo(id="org/thing", kind="model", revision="main", licence="MIT")
BIG = "big/a.dat"
SEGMENT = 64 * 1024
SIZE = 20 * SEGMENT + 1234
BYTES = os.urandom(SIZE)


def new_hub() -> FakeHub:
    """A hub with the file, as it is published."""
    return FakeHub({REPO.id: {BIG: BYTES}}, lfs={BIG}, cdn=True)


@contextlib.contextmanager
def small_ranges() -> Iterator[None]:
    """Let a file of SIZE come in segments of SEGMENT."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "RANGED_FROM_BYTES", SIZE)
        patch.setattr(ranges, "SEGMENT_BYTES", SEGMENT)
        patch.setattr(ranges, "SETTLE_BYTES", SEGMENT)
        patch.setattr(retry, "FIRST_WAIT_SECONDS", 0.001)
        yield


@contextlib.contextmanager
def reachable(hub: FakeHub, token: str = "") -> Iterator[None]:
    """Serve it to this process."""
    from huggingface_hub import constants

    with serve(hub) as endpoint, pytest.MonkeyPatch.context() as patch:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, endpoint)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "ENDPOINT", endpoint)
        patch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
        for name in [n for n in os.environ if "proxy" in n.lower()]:
            patch.delenv(name)
        patch.setenv("HF_TOKEN", token)
        patch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent")
        yield


def fetch(root: Path, source: HubSource | None = None) -> list[str]:
    """Fetch the file into `root/raw`; returns the lines that are reported."""
    lines: list[str] = []
    wanted = (Files(BIG),)
    fetch_files(source or HubSource(), REPO, wanted, root / "raw", root / "lock.json", lines.append)
    assert (root / "raw" / BIG).read_bytes() == BYTES
    assert not left_over(root)
    return lines


def place(root: Path) -> DownloadPaths:
    return DownloadPaths(root / "raw", BIG)


def left_over(root: Path) -> list[Path]:
    return place(root).found()


def segments_left(root: Path) -> Segments | None:
    """The table of the one unfinished file."""
    [path] = left_over(root)
    with open(path, "rb") as handle:
        return read_segments(handle.fileno())


def asked_ranges(hub: FakeHub) -> list[str | None]:
    """What was asked of whoever sends bytes."""
    return [a.range for a in hub.asked if a.server == "cdn"]


def in_ranges(hub: FakeHub) -> bool:
    """Whether it came in ranges to the end."""
    return all(asked and not asked.endswith("-") for asked in asked_ranges(hub))
