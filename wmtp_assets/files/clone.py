"""A copy that shares the blocks of its original until one of them is written (XFS, Btrfs)."""

import contextlib
import fcntl
import os
import sys

# linux/fs.h; ioctl_ficlone(2)
FICLONE = 0x40049409


def clone(source: int, target: int) -> bool:
    """Give an empty file the content of another one, by descriptors; at once, whatever its size.

    Returns:
        Whether it could: not on most file systems, nor between two, nor on another system than
        Linux. Then the file is empty still.
    """
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:  # a full disk too: whoever copies instead meets it
        with contextlib.suppress(OSError):
            os.ftruncate(target, 0)
        return False
    return True
