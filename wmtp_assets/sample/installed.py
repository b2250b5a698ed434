"""Files of installed packages, found without importing the package."""

import importlib.util
from pathlib import Path

from wmtp_assets.errors import BadInput


def file_of_package(package: str, path: str, *, distribution: str) -> Path:
    """Where a file of a package lies.

    Args:
        distribution: What pip installs the package by.

    Raises:
        BadInput: The package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BadInput("the sample needs a package", [package], f"pip install {distribution}")
    return Path(spec.origin).parent / path
