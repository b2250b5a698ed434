"""A whole job as a user runs it: every step and check, against its conversion and the disk's floor.

    python -m benchmarks.jobs [--job datasets|models] [--problems 400 | --scale full|F|sample]
                              [--folder DIR] [--json]

Makes a mirror of the published shape (`jobs_mirror`), then runs `dagster job execute` on it with
the executor of the real thing (`jobs_definitions`) from a cold cache, then `verify_storage` and
`verify_storage_deep` on what it stored. Seconds are those of the command, its start included. A row
a step tells its wall time, what its process and pools took of the processors and read, the rate of
that, and its share of the job; steps side by side add up to more than the whole. Everything written
is removed at the end.

The conversion is the step of CodeContests' train split, or that of Meta MTP's weights. The floor
is one plain loop that reads, hashes and writes each byte of the source, then hashes and writes as
many bytes as were made of it, all of it brought to the disk. `read_bytes` and `written_bytes` count
each byte as often as it passes a call (`usage`), `read_amplification` compares the first with
the source. `ratio_deep_to_sha256` compares with hashing every stored file on two threads.

`--problems` is the number in train, 13,328 as published. `--scale` is the share of both models'
blocks, four at least (6.3 GB); `sample` takes the sample's small models.
"""

import argparse
import hashlib
import json
import os
import pickle
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.jobs_mirror import write_datasets, write_models
from benchmarks.jobs_record import Step, read_run
from benchmarks.measure import drop_cache
from benchmarks.usage import Usage, run_command
from wmtp_assets.catalog import Catalog
from wmtp_assets.files import file_io
from wmtp_assets.files.writer import SETTLE_BYTES, forget_pages, to_disk

PROJECT = Path(__file__).parent.parent
CHUNK_BYTES = 8 * 1024 * 1024
# Job -> the step that converts.
CONVERSIONS = {"datasets": "codecontests__train", "models": "meta_mtp__safetensors"}


def compare(folder: Path, job: str, catalog: Catalog) -> tuple[dict, list[Step]]:
    """Run a job and both verifications below a folder that holds `mirror`.

    Returns:
        The numbers of the contract, and the steps of the job in the order of their start.

    Raises:
        RuntimeError: A command failed; what it said last.
    """
    (folder / "plan.pickle").write_bytes(pickle.dumps((job, catalog)))
    for name in ("home", "steps"):
        (folder / name).mkdir()
    shutil.copy(PROJECT / "dagster.yaml", folder / "home")
    os.environ["DAGSTER_HOME"] = str(folder / "home")
    sources, storage = files_below(folder / "mirror"), folder / "storage"
    for path in sources:
        drop_cache(path)
    used = run_job(folder, job)
    run = read_run(folder / "steps", job)
    quick = run_job(folder, "verify_storage")
    stored = files_below(storage)
    for path in stored:
        drop_cache(path)
    deep = run_job(folder, "verify_storage_deep")
    for path in stored:
        drop_cache(path)
    hashing = hash_on_two_threads(stored)
    source_bytes = sum(path.stat().st_size for path in sources)
    derived = [path for path in stored if "raw" not in path.relative_to(storage).parts]
    made = sum(path.stat().st_size for path in derived)
    for path in sources:
        drop_cache(path)
    floor_seconds = floor(sources, made, folder / "floor")
    [conversion] = [step for step in run.steps if step.name == CONVERSIONS[job]]
    verifications = ("verify_storage", "verify_storage_deep")
    verified = [read_run(folder / "steps", name) for name in verifications]
    return {
        "job": job,
        "rows": run.rows,
        "source_bytes": source_bytes,
        "seconds": round(used.seconds, 2),
        "cpu_seconds": round(used.cpu_seconds, 2),
        "conversion_seconds": round(conversion.seconds, 2),
        "ratio_to_conversion": round(used.seconds / conversion.seconds, 2),
        "floor_seconds": round(floor_seconds, 2),
        "ratio_to_floor": round(used.seconds / floor_seconds, 2),
        "busy_cores": round(used.cpu_seconds / used.seconds, 2),
        "peak_pss_bytes": used.peak_pss_bytes,
        "read_bytes": used.read_bytes,
        "read_amplification": used.read_bytes and round(used.read_bytes / source_bytes, 2),
        "written_bytes": used.written_bytes,
        "checks": run.checks,
        "failed": run.failed + sum(other.failed for other in verified),
        "verify_quick_seconds": round(quick.seconds, 2),
        "verify_deep_seconds": round(deep.seconds, 2),
        "ratio_deep_to_sha256": round(deep.seconds / hashing, 1),
    }, run.steps


def run_job(folder: Path, job: str) -> Usage:
    """Run a job as a user does.

    Raises:
        RuntimeError: The command failed; what it said last.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    environment |= {"PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "dagster", "job", "execute"]
    command += ["-m", "benchmarks.jobs_definitions", "-j", job]
    log = folder / f"{job}.log"
    used = run_command(command, folder=folder, environment=environment, log=log)
    if used.exit_code:
        raise RuntimeError(f"{job} failed:\n" + "\n".join(log.read_text().splitlines()[-20:]))
    return used


def files_below(root: Path) -> list[Path]:
    """All files below a folder, the largest first."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: -path.stat().st_size)


def hash_on_two_threads(files: list[Path]) -> float:
    """Seconds that it takes to hash files, two at a time."""
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(file_io.sha256_of, files))
    return time.monotonic() - started


def floor(sources: list[Path], made_bytes: int, target: Path) -> float:
    """Seconds of one plain loop: read, hash and write the sources, then hash and write the rest.

    Cached pages are given back on the way, as the project does.
    """
    started = time.monotonic()
    buffer = memoryview(bytearray(CHUNK_BYTES))
    for source in sources:
        digest = hashlib.sha256()
        with open(source, "rb", buffering=0) as handle, open(target, "wb", buffering=0) as out:
            position = settled = 0
            while count := handle.readinto(buffer):
                digest.update(buffer[:count])
                out.write(buffer[:count])
                forget_pages(handle.fileno(), position, count)
                position += count
                if position - settled >= SETTLE_BYTES:
                    to_disk(out.fileno(), settled, position - settled)
                    settled = position
            to_disk(out.fileno(), settled, position - settled)
    digest = hashlib.sha256()
    with open(target, "wb", buffering=0) as out:
        settled = 0
        for start in range(0, made_bytes, CHUNK_BYTES):
            chunk = buffer[: min(CHUNK_BYTES, made_bytes - start)]
            digest.update(chunk)
            out.write(chunk)
            if start - settled >= SETTLE_BYTES:
                to_disk(out.fileno(), settled, start - settled)
                settled = start
        to_disk(out.fileno(), settled, made_bytes - settled)
    seconds = time.monotonic() - started
    target.unlink()
    return seconds


def table(steps: list[Step], seconds: float) -> list[str]:
    """A row a step, in the order of their start."""
    width = max(len(step.name) for step in steps)
    lines = [f"{'step':{width}} {'wall s':>8} {'CPU s':>8} {'read MB':>9} {'MB/s':>7} {'share':>6}"]
    for step in steps:
        cpu = read = rate = ""
        if step.cpu_seconds is not None:
            cpu = f"{step.cpu_seconds:,.2f}"
        if step.read_bytes is not None:
            read = f"{step.read_bytes / 1e6:,.1f}"
            rate = f"{step.read_bytes / 1e6 / step.seconds:,.1f}"
        line = f"{step.name:{width}} {step.seconds:8,.2f} {cpu:>8} {read:>9} {rate:>7}"
        lines.append(f"{line} {step.seconds / seconds:6.1%}")
    return lines


def main() -> None:
    """Parse the command line, make the mirror, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs")
    parser.add_argument("--job", choices=CONVERSIONS, default="datasets")
    parser.add_argument("--problems", type=int, default=400, help="of job datasets, in train")
    parser.add_argument("--scale", default="0.1", help="of job models: full, a fraction, sample")
    parser.add_argument("--folder", type=Path, default=None, help="where there is disk for it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jobs-", dir=options.folder) as made:
        folder = Path(made).resolve()
        if options.job == "datasets":
            catalog = write_datasets(folder / "mirror", options.problems, os.cpu_count() or 1)
        else:
            scales = {"full": 1.0, "sample": None}
            scale = scales[options.scale] if options.scale in scales else float(options.scale)
            catalog = write_models(folder / "mirror", scale)
        numbers, steps = compare(folder, options.job, catalog)
    print("\n".join(table(steps, numbers["seconds"])), end="\n\n")
    for name, value in numbers.items():
        number = isinstance(value, int | float)
        print(f"{name:>24}  {value:,}" if number else f"{name:>24}  {value}")
    if options.json:
        print(json.dumps(numbers))


if __name__ == "__main__":
    main()
