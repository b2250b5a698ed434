"""Files that hold one JSON object, read strictly, with an error that names the file."""

from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.regular import read_small
from wmtp_assets.strict import parse_json

FIX = "materialize its asset anew"


def parse_object(data: bytes, path: Path) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadInput: Not strict JSON, or no object; the file is named.
    """
    try:
        value = parse_json(data)
    except ValueError as error:
        raise BadInput(f"not valid JSON ({error})", [path], FIX) from error
    if not isinstance(value, dict):
        raise BadInput(f"a JSON {type(value).__name__} instead of an object", [path], FIX)
    return value


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        BadInput: Missing, or not such a file.
    """
    try:
        return parse_object(read_small(path), path)
    except FileNotFoundError as error:
        raise BadInput("file is missing", [path], "materialize its asset") from error
