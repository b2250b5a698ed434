"""A folder that is written beside a storage: a mirror, a view."""

from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import refuse_loop


def require_apart(target: Path, storage_root: Path, what: str, fix: str) -> None:
    """Refuse a folder that is not absolute, or that lies in the storage or around it.

    Args:
        what: What is to be written, such as "a mirror".

    Raises:
        BadInput: The folder is named.
    """
    refuse_loop(target)
    inside, around = target.resolve(), storage_root.resolve()
    apart = not inside.is_relative_to(around) and not around.is_relative_to(inside)
    if not target.is_absolute() or not apart:
        raise BadInput(f"{what} needs an absolute folder apart from the storage", [target], fix)
