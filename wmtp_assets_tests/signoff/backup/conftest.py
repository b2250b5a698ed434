"""A small approved storage and places to copy it to, for every test of the backup."""

import os
from pathlib import Path

import pytest

from wmtp_assets.backup.location import BackupLocation
from wmtp_assets_tests.signoff.approval.sealed import seal, write_storage

FIRST = {
    "README.md": b"what it is\n",
    "sources.lock.json": b"{}",
    "models_v2/m/model.safetensors": b"weights" * 999,
    "models_v2/m/metadata.json": b"{}",
}
# One file replaced by as many bytes, one by more, one gone, one new.
SECOND = {
    "README.md": b"what it is\n",
    "sources.lock.json": b"[]",
    "models_v2/m/model.safetensors": b"weights" * 1000,
    "models_v2/m/config.json": b"{}",
}


def write_approved(root: Path, files: dict[str, bytes]) -> Path:
    """Make a storage hold exactly these files, with times of long ago, and approve them."""
    for path in [p for p in root.rglob("*") if p.is_file() and "signoff" not in p.parts]:
        path.unlink()
    write_storage(root, files)
    for number, name in enumerate(sorted(files)):
        os.utime(root / name, ns=(10**18 + number, 10**18 + number))
    seal(root)
    return root


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return write_approved(tmp_path / "storage", FIRST)


@pytest.fixture(params=["disk", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder of a disk, and a store that is none: keys, no folders, no renames."""
    return {
        "disk": str(tmp_path / "elsewhere" / "backups"),
        "memory": f"memory://{tmp_path.name}/backups",
    }[request.param]


@pytest.fixture
def location(url: str) -> BackupLocation:
    return BackupLocation(url)
