"""Whatever ails the place of a backup is one error that names it, without its password."""

import sys
from pathlib import Path

import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.tag import read_tag
from wmtp_assets.errors import BadInput
from wmtp_assets_tests.signoff.backup.test_copying import copied, held


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nowhere://x/y", r"cannot be opened \(Protocol not known: nowhere\)"),
        ("s3://key:hidden@bucket/x", r"cannot be opened \(Install s3fs.*: s3://bucket/x"),
        ("s3://key:hid/d@en@bucket/x", r"cannot be opened \(Install s3fs.*: s3://bucket/x"),
        ("ftp://ann:hidden@127.0.0.1:1/x", r"opened \(ConnectionRefusedError\): ftp://127"),
        ("ftp://ann:hidden@127.0.0.1:en/x", r"opened \(ValueError\): ftp://127.0.0.1:en/x"),
    ],
)
def test_a_protocol_that_is_not_there_is_named(url: str, said: str, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(BadInput, match=said) as raised:
        BackupLocation(url)
    assert "hid" not in str(raised.value) and "en@" not in str(raised.value)


def test_a_place_that_fails_is_named_without_its_password(storage: Path, monkeypatch):
    location = BackupLocation("memory://user:hidden@shelf/x")

    def refuse(*arguments, **options):
        raise RuntimeError("cannot reach https://user:hidden@shelf/x")

    monkeypatch.setattr(location._fs, "open", refuse)
    with pytest.raises(BadInput, match=r"failed \(RuntimeError: .*memory://shelf/x: v2"):
        copied(storage, location)

    # As Dagster records an error, with all that led to it.
    try:
        copied(storage, location)
    except BadInput:
        recorded = serializable_error_info_from_exc_info(sys.exc_info())
    assert "cannot reach" in recorded.to_string() and "hidden" not in recorded.to_string()


def test_a_file_in_the_place_of_the_folder_is_named(storage: Path, tmp_path: Path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(BadInput, match="the place of the backup failed"):
        copied(storage, BackupLocation(str(tmp_path / "taken")))


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(storage, tmp_path, monkeypatch):
    monkeypatch.setattr("wmtp_assets.files.file_io.free_bytes", lambda folder: 6000)
    location = BackupLocation(str(tmp_path / "small"))
    with pytest.raises(BadInput, match=r"disk too small: [0-9,]+ bytes needed, 6,000 free"):
        copied(storage, location)
    assert not held(location)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "no JSON object"),
        ('{"format": "wmtp-backup-1"}', "storage_version is missing"),
    ],
)
def test_a_tag_that_is_none_is_named(storage: Path, location: BackupLocation, text: str, said: str):
    location.write_bytes("v2.0.0.json", text.encode())
    with pytest.raises(BadInput, match=rf"v2\.0\.0\.json of .* is no tag of a copy: .*{said}"):
        copied(storage, location)


@pytest.mark.parametrize("path", ["", "../x", "/x", "a//b", "a/./b", "a\\\\b"])
def test_a_tag_names_no_path_outside_of_the_storage(
    storage: Path, location: BackupLocation, path: str
):
    copied(storage, location)
    text = location.read_bytes("v2.0.0.json").decode().replace('"README.md"', f'"{path}"')
    location.write_bytes("v2.0.0.json", text.encode())
    with pytest.raises(BadInput, match="is no path of a storage"):
        read_tag(location)
