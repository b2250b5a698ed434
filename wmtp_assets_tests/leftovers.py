"""What a process leaves that is killed: unfinished work that nobody holds any more."""

from pathlib import Path

from wmtp_assets.files.temporaries import new_file, new_folder


def left_behind(path: Path) -> Path:
    """An unfinished file."""
    held = new_file(path)
    held.path.write_bytes(b"half")
    held.release()
    return held.path


def folder_left_behind(path: Path) -> Path:
    """An unfinished folder."""
    held = new_folder(path)
    held.release()
    return held.path
