"""Reading past the page cache gives the bytes of the file, wherever they lie."""

import errno
import fcntl
import os

import pytest

from wmtp_assets.models.checkpoint.uncached import PAGE, Buffers, UncachedFile

CONTENT = bytes(range(251)) * 100  # 25,100 bytes: no multiple of a page


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(CONTENT)
    return path


SPANS = [
    (0, 1),
    (0, PAGE),
    (PAGE, PAGE),
    (PAGE - 1, 2),
    (PAGE + 3, 2 * PAGE),
    (25_000, 100),
    (0, 25_100),
]


@pytest.mark.parametrize(("position", "count"), SPANS)
def test_any_span_is_read(path, position, count):
    file, buffer = UncachedFile(path), Buffers(count, 0).next()
    assert file.read(buffer, position, count) == CONTENT[position : position + count]
    file.close()


@pytest.mark.parametrize(
    ("position", "count"), [(25_000, 101), (25_100, 1), (90_000, 5), (0, 25_101)]
)
def test_a_file_that_ends_too_early_gives_nothing(path, position, count):
    file = UncachedFile(path)
    assert file.read(Buffers(count, 0).next(), position, count) is None
    file.close()


def test_a_system_that_reads_in_small_pieces_gives_the_same(path, monkeypatch):
    read = os.preadv

    def at_most_a_page(descriptor, buffers, position):
        return read(descriptor, [buffers[0][:PAGE]], position)

    monkeypatch.setattr(os, "preadv", at_most_a_page)
    file = UncachedFile(path)
    assert file.read(Buffers(20_000, 0).next(), 77, 20_000) == CONTENT[77:20_077]
    file.close()


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has no O_DIRECT")
def test_a_file_system_that_refuses_direct_reads_is_read_through_the_cache(path, monkeypatch):
    real = os.open

    def refuse(name, flags, *rest):
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(name, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    file = UncachedFile(path)
    assert file.read(Buffers(9, 0).next(), 5, 9) == CONTENT[5:14]
    file.close()


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system has no O_DIRECT")
def test_direct_reads_that_are_refused_late_end_in_reads_through_the_cache(path, monkeypatch):
    read, refused = os.preadv, []

    def refuse_direct(descriptor, *rest):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            refused.append(descriptor)
            raise OSError(errno.EINVAL, "Invalid argument")
        return read(descriptor, *rest)

    monkeypatch.setattr(os, "preadv", refuse_direct)
    file = UncachedFile(path)
    assert file.read(Buffers(9, 0).next(), 5, 9) == CONTENT[5:14]
    assert len(refused) <= 1
    file.close()


def test_an_error_of_the_disk_is_raised(path, monkeypatch):
    def broken(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", broken)
    file = UncachedFile(path)
    with pytest.raises(OSError, match="Input/output"):
        file.read(Buffers(9, 0).next(), 5, 9)
    file.close()


def test_a_missing_file_stays_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        UncachedFile(tmp_path / "none.bin")


def test_buffers_come_in_turn():
    buffers = Buffers(10, 2)
    first, second, third = (buffers.next() for _ in range(3))
    assert len({id(first), id(second), id(third)}) == 3
    assert [buffers.next() for _ in range(4)] == [first, second, third, first]
