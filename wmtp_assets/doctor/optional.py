"""What only a team, a cluster, a backup, reviewers' keys or a notice need; no word on the rest."""

import socket
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from urllib.parse import urlsplit

from wmtp_assets.approval.trust import SETTING, read_keys
from wmtp_assets.automation.notices import SLACK_BOT_TOKEN, SMTP_FIX, SMTP_URL
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.doctor.instance_yaml import stated_storage
from wmtp_assets.doctor.lines import Line, fail, ok, warn
from wmtp_assets.doctor.machine import folder_line
from wmtp_assets.errors import BadInput
from wmtp_assets.settings import Settings

# The whole look takes five.
SECONDS = 2.0
# With plain postgresql:// SQLAlchemy 2.1 asks for psycopg 3, which dagster-postgres cannot use.
DRIVER = "postgresql+psycopg2://"


def optional_lines(
    settings: Settings, environment: Mapping[str, str], installed: Callable[[str], str]
) -> Iterator[Line]:
    """One line for each part that the settings ask for.

    Args:
        installed: Package -> its version; raises PackageNotFoundError.
    """
    if settings.dask_scheduler:
        yield scheduler_line(settings.dask_scheduler, installed)
    if settings.backup:
        yield backup_line(settings.backup)
    if settings.reviewer_keys:
        yield keys_line(settings.reviewer_keys)
    if settings.slack_channel:
        yield slack_line(settings.slack_channel, environment, installed)
    if settings.email_to:
        what = f"e-mail to {settings.email_to}"
        there = environment.get(SMTP_URL)
        yield ok(what) if there else warn(f"{what}: {SMTP_URL} is not set", SMTP_FIX)


def postgres_lines(
    home: str | None, environment: Mapping[str, str], installed: Callable[[str], str]
) -> Iterator[Line]:
    """Whether the database of the record answers, where dagster.yaml keeps it in Postgres."""
    postgres = stated_storage(Path(home)).get("postgres") if home else None
    url = postgres.get("postgres_url") if isinstance(postgres, dict) else None
    if url is None:
        return
    variable = url.get("env") if isinstance(url, dict) else None
    address = environment.get(variable) if variable else url
    what = "the record in Postgres"
    try:
        installed("dagster-postgres")
    except PackageNotFoundError:
        yield fail(f"{what} needs the package", "pip install 'wmtp-assets[postgres]'")
        return
    if not isinstance(address, str) or not address.startswith(DRIVER):
        fix = f"{DRIVER}ROLE:PASSWORD@HOST:5432/DATABASE; without the driver another is looked for"
        yield fail(f"{what}: {variable or 'postgres_url'} is no such address", fix)
        return
    import psycopg2

    try:
        plain = address.replace(DRIVER, "postgresql://", 1)
        psycopg2.connect(plain, connect_timeout=int(SECONDS)).close()
    except psycopg2.Error as error:
        message = " ".join(str(error).split())
        if message.startswith("connection to server"):
            yield fail(f"{what} does not answer: {message}", "start the database, see docs/team.md")
        else:
            # libpq quotes the part of the address that it cannot read, such as a password.
            yield fail(f"{what}: its address cannot be read", "percent-encode name and password")
        return
    yield ok(f"{what} answers")


def scheduler_line(address: str, installed: Callable[[str], str]) -> Line:
    """Whether the package is there and something answers at the address."""
    try:
        installed("distributed")
    except PackageNotFoundError:
        what = "WMTP_DASK_SCHEDULER needs the package distributed"
        return fail(what, "pip install 'wmtp-assets[dask]'")
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port), timeout=SECONDS).close()
    except OSError as error:
        what = f"no Dask scheduler answers at {address} ({error})"
        return fail(what, "start it, or unset WMTP_DASK_SCHEDULER")
    return ok(f"something answers at {address}; docs/cluster.md says what its workers need")


def backup_line(url: str) -> Line:
    """Whether a folder can be written; of another location, whether its package is there."""
    try:
        location = BackupLocation(url)
    except BadInput as error:
        return fail(f"WMTP_BACKUP_URL: {error.thing}", error.fix)
    if location.folder is None:
        return ok(f"backups go to {location.shown}; whether it can be written shows when they do")
    return folder_line("backup folder", Path(location.folder), "WMTP_BACKUP_URL")


def keys_line(folder: Path) -> Line:
    """Whether every file of the folder is a reviewer's public key."""
    try:
        keys = read_keys([folder])
    except BadInput as error:
        return fail(f"{SETTING}: {error.thing}: {'; '.join(error.culprits)}", error.fix)
    names = sorted(reviewer.path.name for reviewer in keys.values())
    return ok(f"only decisions signed with {', '.join(names)} count")


def slack_line(
    channel: str, environment: Mapping[str, str], installed: Callable[[str], str]
) -> Line:
    """Whether the package and the token are there."""
    try:
        installed("dagster-slack")
    except PackageNotFoundError:
        what = "WMTP_SLACK_CHANNEL needs the package dagster-slack"
        return warn(what, "pip install 'wmtp-assets[slack]'")
    if not environment.get(SLACK_BOT_TOKEN):
        return warn(f"Slack {channel}: {SLACK_BOT_TOKEN} is not set", "export it for the daemon")
    return ok(f"Slack {channel}")
