"""`python -m wmtp_assets.doctor [--job NAME ...]`: a table of lines, exit code 1 on a `fail`."""

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from wmtp_assets.doctor.checkpoints import checkpoint_lines, look_at_checkpoints
from wmtp_assets.doctor.database import database_lines
from wmtp_assets.doctor.fast_line import fast_line_lines
from wmtp_assets.doctor.lines import Line, State, fail, ok, table
from wmtp_assets.doctor.machine import (
    SETUP,
    dotenv_lines,
    folder_line,
    package_lines,
    python_line,
    read_pins,
    record_lines,
    temporary_line,
)
from wmtp_assets.doctor.optional import optional_lines, postgres_lines
from wmtp_assets.doctor.plans import JOBS, KnownSizes, disk_lines, listed_bytes, wanted_by
from wmtp_assets.doctor.repositories import asked, environment_lines, hub_lines, mirror_lines
from wmtp_assets.errors import BadInput
from wmtp_assets.files.file_io import free_bytes
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.rows import OPTIONAL_JOBS
from wmtp_assets.printable import Parser, say
from wmtp_assets.settings import Settings, read_settings
from wmtp_assets.stopping import stoppable
from wmtp_assets.store import Store
from wmtp_assets.versions import PACKAGE


def main(arguments: list[str] | None = None) -> int:
    """Look, print, and return the exit code."""
    parser = Parser(prog="python -m wmtp_assets.doctor")
    parser.add_argument(
        "--job", action="append", choices=JOBS, help="look only for this job; may be repeated"
    )
    lines = list(looks(parser.parse_args(arguments).job))
    say(*table(lines).split("\n"))
    return 1 if any(line.state == State.FAIL for line in lines) else 0


def looks(jobs: list[str] | None) -> Iterator[Line]:
    """Everything that is looked at, the machine first."""
    try:
        yield python_line(platform.python_version(), metadata(PACKAGE)["Requires-Python"])
        yield from package_lines(requires(PACKAGE) or (), _pins(), version)
    except PackageNotFoundError:
        yield fail(f"the package {PACKAGE} is not installed", SETUP)
    yield temporary_line(tempfile.gettempdir(), sys.platform)
    yield from dotenv_lines(Path.cwd())
    try:
        settings = read_settings()
    except BadInput as error:
        yield from (fail(f"settings: {culprit}", error.fix) for culprit in error.culprits)
        yield from record_lines(os.environ.get("DAGSTER_HOME"), "unknown")
        return
    yield ok(f"settings: WMTP_SOURCE={settings.source}")
    home = os.environ.get("DAGSTER_HOME")
    yield from record_lines(home, settings.source)
    yield from database_lines(home)
    yield from postgres_lines(home, os.environ, version)
    yield folder_line("storage root", settings.storage, "WMTP_STORAGE_ROOT")
    yield folder_line("docs root", settings.docs, "WMTP_DOCS_ROOT")
    yield from optional_lines(settings, os.environ, version)
    in_graph = [job for job in JOBS if settings.with_reward_model or job not in OPTIONAL_JOBS]
    yield from job_lines(settings, jobs or in_graph)


def job_lines(settings: Settings, jobs: list[str]) -> Iterator[Line]:
    """What the jobs need of disk and source."""
    from wmtp_assets.published import PUBLISHED
    from wmtp_assets.sample.catalog import SAMPLE

    catalog = SAMPLE if settings.source == "sample" else PUBLISHED
    store = Store(settings.storage, settings.docs)
    free = free_bytes(store.root)
    if settings.source == "sample" and not settings.sample_mirror.exists():
        # The embedded upstream is written first.
        free -= sum(row.raw_bytes for row in (*SAMPLE.models, *SAMPLE.datasets))
    mirror = MirrorSource(settings.mirror) if settings.source == "mirror" else None
    looked = look_at_checkpoints(jobs, catalog, store, mirror.root if mirror else None)
    plans = {folder: plan for folder, plan in looked.items() if not isinstance(plan, BadInput)}
    weights = {folder: plan.size_bytes for folder, plan in plans.items()}
    known = KnownSizes(listed_bytes(catalog, jobs, store, mirror), weights)
    yield from disk_lines(jobs, catalog, store, free, known)
    yield from checkpoint_lines(looked)
    try:
        repos = [asked(store, wanted) for wanted in wanted_by(catalog, jobs)]
    except BadInput as error:
        yield fail(f"lock: {error.thing}: {'; '.join(error.culprits)}", error.fix)
        return
    if settings.source == "sample":
        yield ok("network: the sample needs none, and no token")
    elif mirror:
        yield from mirror_lines(mirror, repos)
    else:
        yield from _hub(repos)
        yield from fast_line_lines(repos, store, known.raw)


def _hub(repos: list) -> Iterator[Line]:
    from wmtp_assets.hub import api, client
    from wmtp_assets.hub.connection_errors import HubError

    try:
        endpoint, token = client.endpoint(), client.has_token()
    except HubError as error:
        yield from environment_lines(error, repos)
        return
    from huggingface_hub import constants

    yield from hub_lines(api, endpoint, constants.HF_HUB_OFFLINE, token, repos)


def _pins() -> dict[str, str]:
    path = Path(__file__).parents[2] / "constraints.txt"
    return read_pins(path.read_text("utf-8")) if path.is_file() else {}


if __name__ == "__main__":
    stoppable(lambda _: main())
