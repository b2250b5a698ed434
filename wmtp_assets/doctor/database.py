"""The record in SQLite: looked at as Dagster would open it, and neither made nor changed."""

from collections.abc import Iterator
from pathlib import Path

from wmtp_assets.doctor.instance_yaml import stated_storage
from wmtp_assets.doctor.lines import Line, fail, ok, warn
from wmtp_assets.project_yaml import PROJECT_YAML
from wmtp_assets.setting_values import wrong_with_record
from wmtp_assets.sqlite_files import DATABASES, LOCK_FIX, DatabaseLocked, faults, lock_holders


def database_lines(home: str | None) -> Iterator[Line]:
    """Whether the record opens; where it is not made yet, whether that is safe."""
    if not home or wrong_with_record(home):
        return
    folder = Path(home)
    storage = next(iter(stated_storage(folder)), None)
    made = any((folder / name).exists() for name in DATABASES)
    if not made:
        if storage is None:
            yield warn(
                "the record is not made yet, and dagster.yaml in DAGSTER_HOME does not guard that: "
                "dagster commands that start at once would break it",
                f'cp "{PROJECT_YAML}" "$DAGSTER_HOME"/, or start one command alone first',
            )
        return
    if storage == "postgres":
        return
    try:
        wrong = list(faults(folder))
    except DatabaseLocked as held:
        path = Path(str(held))
        by = ", ".join(lock_holders(path)) or "another program"
        yield warn(f"the record is locked by {by}: {path}", LOCK_FIX)
        return
    for what, fix in wrong:
        yield fail(f"the record does not open: {what}", fix)
    if not wrong:
        yield ok("the record opens")
