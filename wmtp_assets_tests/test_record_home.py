"""The sample and the UI in a folder of their own: the record there, a real run left aside."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wmtp_assets import ui
from wmtp_assets.errors import BadInput
from wmtp_assets.project_yaml import PROJECT_YAML
from wmtp_assets.record_home import rehearse_only, use_record_of
from wmtp_assets.settings import read_settings

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty working folder; the environment as it was comes back."""
    before = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_there_is_one_dagster_yaml():
    assert (PROJECT / "dagster.yaml").samefile(PROJECT_YAML)


@pytest.mark.parametrize(
    ("source", "home"),
    [
        ("sample", ".sample/dagster_home"),
        ("hub", ".dagster_home"),
        ("mirror", ".dagster_home"),
    ],
)
def test_the_record_of_a_rehearsal_lies_apart_from_the_real_one(
    source: str, home: str, tmp_path: Path
):
    os.environ["DAGSTER_HOME"] = "/of/a/real/run"
    assert use_record_of(source) == tmp_path / home
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / home)
    assert (tmp_path / home / "dagster.yaml").read_bytes() == PROJECT_YAML.read_bytes()


def test_an_older_dagster_yaml_is_replaced_and_the_present_one_left_alone(tmp_path: Path):
    written = use_record_of("hub") / "dagster.yaml"
    before = written.stat().st_ino
    use_record_of("hub")
    assert written.stat().st_ino == before
    written.write_text("telemetry: {enabled: true}\n")
    use_record_of("hub")
    assert written.read_bytes() == PROJECT_YAML.read_bytes()


def test_a_folder_that_cannot_hold_a_record_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".dagster_home").touch()
    with pytest.raises(BadInput, match=r"the record cannot be here: .*\.dagster_home \(File exi"):
        use_record_of("hub")
    odd = tmp_path / "50%41"
    odd.mkdir()
    monkeypatch.chdir(odd)
    with pytest.raises(BadInput, match="SQLite takes for part of an address"):
        use_record_of("sample")
    assert not list(odd.rglob("dagster.yaml"))


def test_a_rehearsal_leaves_the_settings_of_a_real_run_aside():
    os.environ |= {
        "WMTP_SOURCE": "hub",
        "wmtp_storage_root": "/data/storage",
        "WMTP_BACKUP_URL": "s3://bucket",
        "WMTP_SLACK_CHANNEL": "#news",
        "WMTP_WORKERS": "3",
        "HF_TOKEN": "hf_x",
    }
    rehearse_only()
    settings = read_settings()
    assert (settings.source, settings.workers) == ("sample", 3)
    assert settings.storage == Path(".sample/storage").resolve()
    assert (settings.backup_url, settings.slack_channel) == (None, None)
    assert os.environ["HF_TOKEN"] == "hf_x"


def test_a_misspelt_setting_is_still_named_by_a_rehearsal():
    done = subprocess.run(
        [sys.executable, "-m", "wmtp_assets.sample"],
        env=os.environ | {"WMTP_WORKER": "3", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "WMTP_WORKER is no setting" in done.stderr


def test_the_ui_becomes_dagster_dev_on_the_record_of_the_source(tmp_path: Path, monkeypatch):
    ran, heeded = [], []

    def become(program, command):
        ran.append([program, *command])
        heeded.extend(signal.getsignal(number) for number in SIGNALS)

    monkeypatch.setattr(os, "execv", become)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    os.environ |= {"WMTP_SOURCE": "hub", "PORT": str(port)}
    try:
        ui.main()
    finally:
        for number, heard in before.items():
            signal.signal(number, heard)
    assert heeded == [signal.SIG_DFL, signal.SIG_DFL]
    [[program, *command]] = ran
    assert program == sys.executable
    assert command[1:] == (
        f"-m dagster dev -h 127.0.0.1 -p {port} -m wmtp_assets.definitions".split()
    )
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / ".dagster_home")


def test_the_ui_refuses_a_taken_port_and_what_is_none(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "wmtp_assets.ui"],
            env=os.environ | {"PORT": str(port), "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"port {port} is taken") and "PORT=3001" in done.stderr
    assert list(tmp_path.iterdir()) == []
    for text in ("x", "0", "65536", "-1", "٣"):
        with pytest.raises(BadInput, match="PORT is no port"):
            ui.free_port(text)
