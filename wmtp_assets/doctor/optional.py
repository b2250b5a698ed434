"""What only a cluster, a backup or a notice needs; nothing is said of what is not configured."""

import socket
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from urllib.parse import urlsplit

from wmtp_assets.doctor.lines import Line, fail, ok, warn
from wmtp_assets.doctor.machine import folder_line
from wmtp_assets.errors import BadInput
from wmtp_assets.settings import Settings
from wmtp_assets.signoff.backup.place import Place
from wmtp_assets.signoff.notices import SLACK_BOT_TOKEN, SMTP_FIX, SMTP_URL

# The whole look takes five.
SECONDS = 2.0


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
    if settings.slack_channel:
        yield slack_line(settings.slack_channel, environment, installed)
    if settings.email_to:
        what = f"e-mail to {settings.email_to}"
        there = environment.get(SMTP_URL)
        yield ok(what) if there else warn(f"{what}: {SMTP_URL} is not set", SMTP_FIX)


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
    """Whether a folder can be written; of another place, whether its package is there."""
    try:
        place = Place(url)
    except BadInput as error:
        return fail(f"WMTP_BACKUP_URL: {error.thing}", error.fix)
    if place.folder is None:
        return ok(f"backups go to {place.shown}, which is not asked before")
    return folder_line("backup folder", Path(place.folder), "WMTP_BACKUP_URL")


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
