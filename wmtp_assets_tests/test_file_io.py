"""Files appear whole or not at all, and digests are those of the stock tools."""

import errno
import hashlib
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io, writer
from wmtp_assets_tests.leftovers import folder_left_behind, left_behind
from wmtp_assets_tests.test_walking import nested


def test_a_failed_write_leaves_the_earlier_file_and_no_temporary(tmp_path: Path):
    target = tmp_path / "a.json"
    file_io.write_bytes(target, b"good")
    with pytest.raises(RuntimeError), file_io.atomic_writer(target) as out:
        out.write(b"half")
        raise RuntimeError("broken off")
    assert target.read_bytes() == b"good"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_the_digest_of_a_written_file_is_that_of_its_bytes(tmp_path: Path):
    written = file_io.write_bytes(tmp_path / "x" / "a", b"\x00\xff" * 1000)
    assert (written.size_bytes, written.sha256) == (2000, file_io.sha256_of(written.path))


def test_memoryviews_of_wider_items_are_counted_in_bytes(tmp_path: Path):
    with file_io.atomic_writer(tmp_path / "a") as out:
        out.write(memoryview(b"12345678").cast("Q"))
    assert out.size_bytes == 8 == (tmp_path / "a").stat().st_size


def test_a_large_write_is_hashed_while_it_is_written():
    both = threading.Barrier(2, timeout=30)

    class Half:
        def write(self, data: bytes) -> int:
            both.wait()
            return len(data)

        update = write

    out = writer.HashingWriter(Half())
    out._hash = Half()
    out.write(bytes(writer.WORTH_A_THREAD_BYTES))
    out.close()


def test_what_a_writer_was_given_may_change_and_its_order_stays(tmp_path: Path):
    wanted, large = b"", writer.WORTH_A_THREAD_BYTES
    with file_io.atomic_writer(tmp_path / "a") as out:
        buffer = bytearray(2 * large)
        for number, size in enumerate([large, 1, large - 1, 2 * large, 0, large, large, 7] * 5):
            buffer[:size] = bytes([number]) * size
            out.write(memoryview(buffer)[:size] if number % 3 else bytes(buffer[:size]))
            wanted += buffer[:size]
            if number % 7 == 0:
                assert out.sha256 == hashlib.sha256(wanted).hexdigest()
    assert (tmp_path / "a").read_bytes() == wanted and out.size_bytes == len(wanted)
    assert out.sha256 == hashlib.sha256(wanted).hexdigest()


def test_a_full_disk_beside_the_hash_leaves_no_file_and_no_thread(tmp_path: Path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = threading.active_count()
    monkeypatch.setattr(writer.HashingWriter, "put", full)
    with pytest.raises(OSError, match="No space"), file_io.atomic_writer(tmp_path / "a") as out:
        out.write(bytes(writer.WORTH_A_THREAD_BYTES))
    assert list(tmp_path.iterdir()) == [] and threading.active_count() == before


def test_a_long_file_is_brought_to_the_disk_as_it_grows(tmp_path: Path, monkeypatch):
    seen = []
    monkeypatch.setattr(writer, "SETTLE_BYTES", 1000)
    monkeypatch.setattr(writer, "to_disk", lambda descriptor, *span: seen.append(span))
    with file_io.atomic_writer(tmp_path / "a") as out:
        for number in range(10):
            out.write(bytes([number]) * 300)
    assert seen == [(0, 1200), (1200, 1200)]
    assert (tmp_path / "a").read_bytes() == b"".join(bytes([n]) * 300 for n in range(10))


def test_a_disk_that_fails_behind_the_writer_leaves_no_file(tmp_path: Path, monkeypatch):
    def broken(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(writer, "SETTLE_BYTES", 1000)
    monkeypatch.setattr(writer, "to_disk", broken)
    with pytest.raises(OSError, match="Input/output"), file_io.atomic_writer(tmp_path / "a") as out:
        out.write(bytes(1500))
    assert list(tmp_path.iterdir()) == []


def test_a_write_sweeps_its_folder_of_what_the_dead_left(tmp_path: Path):
    of_another_file = left_behind(tmp_path / "yesterday.json")
    file_io.write_bytes(tmp_path / "a", b"whole")
    assert not of_another_file.exists()


def test_a_temporary_that_was_taken_away_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match="taken away"), file_io.atomic_path(tmp_path / "a") as path:
        path.unlink()


def test_a_folder_beside_is_gone_at_the_end(tmp_path: Path):
    with pytest.raises(RuntimeError), file_io.folder_beside(tmp_path / "a") as folder:
        (folder / "part").write_bytes(b"1")
        raise RuntimeError("broken off")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match=r"cannot write into .*file.*WMTP_STORAGE_ROOT"):
        file_io.write_bytes(tmp_path / "file" / "a", b"")


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not on this machine")
def test_sha256sums_pass_with_the_stock_tool_and_fail_after_an_edit(tmp_path: Path):
    files = [file_io.write_bytes(tmp_path / name, name.encode()) for name in ("b", "a")]
    sums = file_io.write_sums(tmp_path / "SHA256SUMS", files)
    command = ["sha256sum", "--strict", "-c", sums.path.name]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / "a").write_bytes(b"A")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1
    assert file_io.read_sums(sums.path) == {f.path.name: f.sha256 for f in files}


def test_sha256sums_names_the_first_file_first_and_the_rest_by_name(tmp_path: Path):
    files = [file_io.write_bytes(tmp_path / name, name.encode()) for name in ("m", "z", "a", "n")]
    sums = file_io.write_sums(tmp_path / "SHA256SUMS", iter(files))
    assert list(file_io.read_sums(sums.path)) == ["m", "a", "n", "z"]


@pytest.mark.parametrize("text", ["", "abc\n", "0" * 64 + " one-space\n"])
def test_an_empty_or_malformed_sha256sums_is_refused(tmp_path: Path, text: str):
    (tmp_path / "SHA256SUMS").write_text(text)
    with pytest.raises(BadInput, match="empty or malformed"):
        file_io.read_sums(tmp_path / "SHA256SUMS")


def test_the_content_digest_ignores_order_and_sees_names_and_bytes():
    one = file_io.content_digest({"a": "1", "b": "2"})
    assert one == file_io.content_digest({"b": "2", "a": "1"})
    assert len({one, file_io.content_digest({"a": "2", "b": "1"}), file_io.content_digest({})}) == 3


def test_a_disk_too_small_is_refused_with_needed_and_free(tmp_path: Path):
    with pytest.raises(BadInput, match=r"9,000,000,000,000,000 bytes needed, [\d,]+ free"):
        file_io.require_free_space(tmp_path / "not" / "yet", 9 * 10**15)


def test_broken_json_and_a_missing_file_are_named(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(b'{"a": \xff}')
    (tmp_path / "deep.json").write_bytes(b"[" * 100_000)
    for name in ("a.json", "deep.json", "missing.json"):
        with pytest.raises(BadInput, match=name):
            file_io.read_json(tmp_path / name)


def test_what_a_killed_run_left_is_swept_however_deep(tmp_path: Path):
    left = folder_left_behind(tmp_path / "a.jsonl")
    nested(left, ["n" * 255] * 100)
    (left / "out").symlink_to(tmp_path)
    file_io.write_bytes(tmp_path / "a.jsonl", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("size", [0, 1, file_io.CHUNK_BYTES, 2 * file_io.CHUNK_BYTES + 1])
@pytest.mark.parametrize("long_bytes", [1, file_io.LONG_BYTES])
def test_the_digest_of_a_file_of_any_length_is_that_of_its_bytes(
    tmp_path, monkeypatch, size, long_bytes
):
    monkeypatch.setattr(file_io, "LONG_BYTES", long_bytes)
    forgotten = []
    monkeypatch.setattr(file_io, "forget_pages", lambda _, start, count: forgotten.append(count))
    path = tmp_path / "x"
    path.write_bytes(data := bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    assert file_io.sha256_of(path) == hashlib.sha256(data).hexdigest()
    assert sum(forgotten) == (size if long_bytes == 1 else 0)
