"""Files that hold one JSON object, read strictly, with an error that names the file."""

from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io


def parse_object(data: bytes, path: Path) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadInput: Not strict JSON, or no object; the file is named.
    """
    return _object(file_io.json_in(data, path), path)


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        BadInput: Missing, or not such a file.
    """
    return _object(file_io.read_json(path), path)


def _object(value: Any, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"a JSON {type(value).__name__} instead of an object"
        raise BadInput(message, [path], "materialize its asset anew")
    return value
