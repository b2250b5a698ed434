"""A backup to another folder, against copying it plainly and hashing both sides, in the same run.

    python -m benchmarks.backup [--bytes 8000000000] [--folder DIR] [--json]

Each way runs in a process of its own on cold files, and ends with all bytes on the disk and read
back from it. The plain way is `shutil.copyfile`, fsync, then SHA-256 of the original and of the
copy: what a backup that is verified has to do at least. Then the storage is backed up again
unchanged, and restored. Not compared: a network, S3. Everything written is removed at the end.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.machine import Load, require_disk, show
from benchmarks.measure import drop_cache, run_module

NOISE_BYTES = 16 * 1024 * 1024
FILES = 8


def one(way: str, root: Path) -> None:
    """Run one way below a folder that holds `storage`; prints the seconds of its work."""
    from wmtp_assets.approval.chain import Role, read_chain
    from wmtp_assets.approval.covered_files import covered_files
    from wmtp_assets.backup.copying import back_up
    from wmtp_assets.backup.location import BackupLocation
    from wmtp_assets.backup.restoring import restore
    from wmtp_assets.files import file_io

    storage = root / "storage"
    started = time.monotonic()
    if way == "plain":
        for path, source in covered_files(storage).items():
            target = root / "plain" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            drop_cache(target)
            if file_io.sha256_of(source) != file_io.sha256_of(target):
                raise RuntimeError(f"{target} differs")
    elif way == "restore":
        restore(BackupLocation(str(root / "backup")), root / "restored")
    else:
        reviewed = read_chain(storage / "signoff").newest_by_role[Role.REVIEWER]
        back_up(storage, reviewed, BackupLocation(str(root / "backup")))
    print(time.monotonic() - started)


def compare(size: int, root: Path) -> dict:
    """Run all of it below a folder; returns the numbers."""
    from wmtp_assets_tests.signoff.approval.sealed import seal

    noise = os.urandom(NOISE_BYTES)
    files = [root / "storage" / f"models_v2/m/{number}.safetensors" for number in range(FILES)]
    files[0].parent.mkdir(parents=True)
    for file in files:
        with open(file, "wb") as handle:
            while left := size // FILES - handle.tell():
                handle.write(noise[: min(left, NOISE_BYTES)])
    seal(root / "storage")
    measured = {}
    for way in ("plain", "first", "unchanged", "restore"):
        for file in files:
            drop_cache(file)
        measured[way] = run_module(["benchmarks.backup", "--one", way, "--folder", str(root)])
        if way == "plain":
            shutil.rmtree(root / "plain")
    seconds = {way: float(m.output.splitlines()[-1]) for way, m in measured.items()}
    return {
        "source_bytes": sum(file.stat().st_size for file in files),
        "seconds": seconds["first"],
        "plain_seconds": seconds["plain"],
        "ratio_to_plain": seconds["first"] / seconds["plain"],
        "unchanged_seconds": seconds["unchanged"],
        "restore_seconds": seconds["restore"],
        "peak_rss_bytes": max(m.peak_rss_bytes for way, m in measured.items() if way != "plain"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=8_000_000_000)
    parser.add_argument("--folder", type=Path, help="where to work; else the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one, arguments.folder)
        return
    load = Load()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        # The storage, its backup, and what is restored of it.
        needed = 3 * arguments.bytes + 100_000_000
        require_disk(Path(folder), needed, "--folder on another disk, or fewer --bytes")
        numbers = compare(arguments.bytes, Path(folder)) | load.numbers()
    show(numbers, arguments.json)


if __name__ == "__main__":
    main()
