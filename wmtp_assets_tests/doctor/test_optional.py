"""Cluster, backup and notices are looked at where they are configured."""

import shutil
import socket
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from wmtp_assets.doctor.lines import State
from wmtp_assets.doctor.optional import optional_lines, postgres_lines
from wmtp_assets.settings import Settings
from wmtp_assets_tests.signoff.approval.sealed import new_keys


def there(package: str) -> str:
    return "1"


def missing(package: str) -> str:
    raise PackageNotFoundError(package)


def look(installed=there, environment=(), **settings):
    return list(optional_lines(Settings(**settings), dict(environment), installed))


def test_nothing_is_said_of_what_is_not_configured():
    assert look() == []


def test_a_scheduler_that_answers_is_fine_and_one_that_does_not_fails():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        [line] = look(dask_scheduler=address)
        assert line.state == State.OK and address in line.what
    [line] = look(dask_scheduler=address)
    assert line.state == State.FAIL and f"no Dask scheduler answers at {address}" in line.what
    [line] = look(missing, dask_scheduler=address)
    assert line.state == State.FAIL and line.fix == "pip install 'wmtp-assets[dask]'"


def test_the_folder_of_a_backup_is_written_to(tmp_path: Path):
    [line] = look(backup_url=str(tmp_path / "backups"))
    assert line.state == State.OK and not (tmp_path / "backups").exists()
    (tmp_path / "taken").write_text("")
    [line] = look(backup_url=str(tmp_path / "taken"))
    assert line.state == State.FAIL and "WMTP_BACKUP_URL" in line.fix


def test_a_backup_elsewhere_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    [line] = look(backup_url="s3://key:hidden@bucket/x")
    assert line.state == State.FAIL and "Install s3fs" in line.what
    [line] = look(backup_url="memory://user:hidden@shelf/x")
    assert line.state == State.OK and "memory://shelf/x" in line.what


@pytest.mark.parametrize(
    ("installed", "environment", "state", "what"),
    [
        (there, {"SLACK_BOT_TOKEN": "xoxb"}, State.OK, "Slack #wmtp"),
        (there, {}, State.WARN, "SLACK_BOT_TOKEN is not set"),
        (missing, {"SLACK_BOT_TOKEN": "xoxb"}, State.WARN, "needs the package dagster-slack"),
    ],
)
def test_slack_needs_package_and_token(installed, environment, state, what: str):
    [line] = look(installed, environment, slack_channel="#wmtp")
    assert line.state == state and what in line.what and "xoxb" not in str(line)


@pytest.mark.parametrize(("url", "state"), [("smtps://a:b@c", State.OK), ("", State.WARN)])
def test_mail_needs_a_server(url: str, state: State):
    [line] = look(environment={"SMTP_URL": url}, email_to="ann@x", email_from="wmtp@x")
    assert line.state == state and "a:b" not in str(line)


TEAM_YAML = Path(__file__).parents[2] / "deploy/team/dagster.yaml"


def look_at_record(home: Path, url: str = "", installed=there):
    environment = {"DAGSTER_PG_URL": url} if url else {}
    return list(postgres_lines(str(home), environment, installed))


def test_a_record_elsewhere_than_in_postgres_is_not_looked_at(tmp_path: Path):
    assert list(postgres_lines(None, {}, missing)) == []
    assert look_at_record(tmp_path, installed=missing) == []
    for text in ("telemetry: {enabled: false}", "[]", "storage: {sqlite: {}}", "a: [", "storage:"):
        (tmp_path / "dagster.yaml").write_text(text)
        assert look_at_record(tmp_path, installed=missing) == [], text


def test_a_record_in_postgres_that_cannot_be_reached_fails_without_the_password(tmp_path: Path):
    pytest.importorskip("psycopg2", reason="dagster-postgres is not installed: [postgres]")
    shutil.copy(TEAM_YAML, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"ann:hidden@127.0.0.1:{server.getsockname()[1]}/record"
    for url, what in {
        "": "DAGSTER_PG_URL is no such address",
        f"postgresql://{nobody}": "DAGSTER_PG_URL is no such address",
        f"postgresql+psycopg2://{nobody}": "does not answer",
    }.items():
        [line] = look_at_record(tmp_path, url)
        assert line.state == State.FAIL and what in line.what, (url, line)
        assert "hidden" not in str(line)
    for odd in ("top%zzhidden", "top/hidden"):
        [line] = look_at_record(tmp_path, f"postgresql+psycopg2://ann:{odd}@127.0.0.1:1/record")
        assert line.state == State.FAIL and "cannot be read" in line.what
        assert "top" not in str(line) and "hidden" not in str(line)
    [line] = look_at_record(tmp_path, "postgresql+psycopg2://x", missing)
    assert line.fix == "pip install 'wmtp-assets[postgres]'"


def test_the_keys_of_reviewers_are_read(tmp_path: Path):
    pair = new_keys(tmp_path / "ann")
    keys = tmp_path / "reviewers"
    keys.mkdir()
    shutil.copy(pair.public, keys / "ann.pub")
    [line] = look(reviewer_keys=keys)
    assert line.state == State.OK and "ann.pub" in line.what
    (keys / "notes.txt").write_text("who is who")
    [line] = look(reviewer_keys=keys)
    assert line.state == State.FAIL and "WMTP_REVIEWER_KEYS: no public key" in line.what
    assert "notes.txt" in line.what
