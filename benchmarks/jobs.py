"""A whole job as a user runs it, every step and check: against its conversion and a floor.

    python -m benchmarks.jobs [--job datasets|models] [--problems 400 | --scale full|F|sample]
                              [--reference-scale F] [--folder DIR] [--json]

Makes a mirror of the published shape (`jobs_mirror`), then runs `dagster job execute` on it with
the executor of the real thing (`jobs_definitions`) from a cold cache, then `verify_storage` and
`verify_storage_deep` on what it stored. Seconds are those of the command, from its start to the
prompt. A row a step tells its wall time, what its process and pools took of the processors and
read, the rate of that, and its share of the job; steps side by side add up to more than the whole.

| number | is |
|---|---|
| conversion_seconds | CodeContests' train split, or Meta MTP's weights, converted alone later |
| conversion_step_seconds | the same as a step of the job, where others take the processors too |
| floor_seconds | every byte read, hashed and written once (`jobs_floor`), the faster of two runs |
| busy_cores | seconds of processors by seconds of the job |
| read_bytes, written_bytes | what passed a call, as often as it did; no maps (`usage`) |
| read_amplification | read_bytes by those of the source; imports are in it, 32 MB a start |
| disk_read_bytes | what had to come from the disk, maps included |
| sha256_seconds | every stored file hashed, two at a time: of one large file a single core's time |
| ratio_deep_to_sha256 | the command `verify_storage_deep`, its start included, by that |
| other_busy_cores | what other processes of this machine took: times of a busy machine are none |

The start of processes weighs most at small sizes, and all ratios with it. Not compared: how long
the same takes without Dagster, or by a script that checks nothing.

`--problems` is the number in train, 13,328 as published. `--scale` is the share of both models'
blocks, four at least (6.3 GB); `sample` takes the sample's small models; `--reference-scale` is
that of Sheared-LLaMA alone. It says how much disk it takes, and does not start where there is less:
36 GB for `--problems 13328`; 95 GB for `--scale full`, 73 GB with `--reference-scale 0` beside it.
Everything written is removed at the end.
"""

import argparse
import os
import pickle
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.jobs_conversion import CONVERSIONS
from benchmarks.jobs_floor import floor_seconds, sha256_seconds
from benchmarks.jobs_mirror import (
    datasets_disk_bytes,
    models_disk_bytes,
    write_datasets,
    write_models,
)
from benchmarks.jobs_record import Step, read_run
from benchmarks.machine import Load, require_disk, show
from benchmarks.measure import drop_cache, run_tree
from benchmarks.usage import Usage, run_command
from wmtp_assets.catalog import Catalog

PROJECT = Path(__file__).parent.parent
# Job -> the step that converts.
STEPS = {"datasets": "codecontests__train", "models": "meta_mtp__safetensors"}
VERIFICATIONS = ("verify_storage", "verify_storage_deep")


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
    used = run_cold(folder, job, sources)
    run = read_run(folder / "steps", job)
    stored = files_below(storage)
    quick, deep = [run_cold(folder, name, stored) for name in VERIFICATIONS]
    verified = [read_run(folder / "steps", name) for name in VERIFICATIONS]
    hashing = sha256_seconds(stored)
    derived = [path for path in stored if "raw" not in path.relative_to(storage).parts]
    made = sum(path.stat().st_size for path in derived)
    # Room for what is measured beside it.
    shutil.rmtree(storage)
    for path in sources:
        drop_cache(path)
    alone = run_tree(["benchmarks.jobs_conversion", str(folder)]).seconds
    shutil.rmtree(folder / "alone")
    floor = floor_seconds(sources, made, folder / "floor")
    source_bytes = sum(path.stat().st_size for path in sources)
    [step] = [step for step in run.steps if step.name == STEPS[job]]
    read = used.read_bytes
    return {
        "job": job,
        "rows": run.rows,
        "source_bytes": source_bytes,
        "made_bytes": made,
        "seconds": round(used.seconds, 2),
        "cpu_seconds": round(used.cpu_seconds, 2),
        "conversion_seconds": round(alone, 2),
        "conversion_step_seconds": round(step.seconds, 2),
        "ratio_to_conversion": round(used.seconds / alone, 2),
        "floor_seconds": round(floor, 2),
        "ratio_to_floor": round(used.seconds / floor, 2),
        "busy_cores": round(used.cpu_seconds / used.seconds, 2),
        "peak_pss_bytes": used.peak_pss_bytes,
        "read_bytes": read,
        "read_amplification": None if read is None else round(read / source_bytes, 2),
        "written_bytes": used.written_bytes,
        "disk_read_bytes": used.disk_read_bytes,
        "disk_written_bytes": used.disk_written_bytes,
        "checks": run.checks,
        "failed": run.failed + sum(other.failed for other in verified),
        "verify_quick_seconds": round(quick.seconds, 2),
        "verify_deep_seconds": round(deep.seconds, 2),
        "sha256_seconds": round(hashing, 2),
        "ratio_deep_to_sha256": round(deep.seconds / hashing, 1),
    }, run.steps


def run_cold(folder: Path, job: str, files: list[Path]) -> Usage:
    """Run a job, with these files on the disk alone."""
    for path in files:
        drop_cache(path)
    return run_job(folder, job)


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
    parser.add_argument("--scale", type=share, default="0.1", help="of models: full, F, sample")
    parser.add_argument("--reference-scale", type=share, default=argparse.SUPPRESS, metavar="F")
    parser.add_argument("--folder", type=Path, default=None, help="where there is disk for it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scales = options.scale, getattr(options, "reference_scale", options.scale)
    load = Load()
    with tempfile.TemporaryDirectory(prefix="jobs-", dir=options.folder) as made:
        folder = Path(made).resolve()
        fix = "--folder on another disk, or a smaller "
        if options.job == "datasets":
            require_disk(folder, datasets_disk_bytes(options.problems), f"{fix}--problems")
            catalog = write_datasets(folder / "mirror", options.problems, os.cpu_count() or 1)
        else:
            require_disk(folder, models_disk_bytes(*scales), f"{fix}--scale or --reference-scale")
            catalog = write_models(folder / "mirror", *scales)
        numbers, steps = compare(folder, options.job, catalog)
        numbers |= load.numbers()
    print("\n".join(table(steps, numbers["seconds"])), end="\n\n")
    show(numbers, options.json)


def share(text: str) -> float | None:
    """The share of the published blocks that an option says; None for the sample's models."""
    return {"full": 1.0, "sample": None}[text] if text in ("full", "sample") else float(text)


if __name__ == "__main__":
    main()
