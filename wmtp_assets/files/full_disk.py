"""A disk that becomes full while a file is written, by its name."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from wmtp_assets.errors import BadInput

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Name the file that a full disk did not take.

    Raises:
        BadInput: In the place of the OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise BadInput(
            f"the disk became full while {path.name} was written",
            [path],
            "free space there or choose another WMTP_STORAGE_ROOT, then materialize again",
        ) from error
