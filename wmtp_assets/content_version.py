"""The data version of an asset: the digest of its files, without the dates in them.

A metadata.json has `created_at`; the files of statistics have a day in their names, the summary
inside too. Two people who make the same storage on two days have the same content, and must be able
to see it. Only a date in its own place, in a file that is otherwise written as this project writes
it, is left out; of any other file every byte counts. The bytes themselves are compared elsewhere:
a changed date is a changed file.
"""

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.files.strict import parse_json
from wmtp_assets.folders import DATASETS, METADATA, STATS

CREATED_AT = "created_at"
DATE = "date"
SUMMARY = "summary.json"
# A larger file is none of these, and is not read.
MAX_BYTES = 4_000_000

_OF_STATS = re.compile(rf"({DATASETS}/[^/]+/{STATS}/)([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})_([^/]+)")


def content_version(digests: Mapping[str, str], locate: Callable[[str], Path]) -> str:
    """The data version of a set of files.

    Args:
        digests: Path as recorded -> sha256, in any order.
        locate: Finds the file of such a path.
    """
    undated = [_without_date(path, digest, locate) for path, digest in digests.items()]
    if len(dict(undated)) < len(undated):
        return file_io.content_digest(digests)  # files of two days: their names tell them apart
    return file_io.content_digest(dict(undated))


def _without_date(path: str, digest: str, locate: Callable[[str], Path]) -> tuple[str, str]:
    if path.endswith(f"/{METADATA}"):
        return path, _digest_without(CREATED_AT, is_time, locate(path), digest)
    if found := _OF_STATS.fullmatch(path):
        folder, day, name = found.groups()
        if name == SUMMARY:
            digest = _digest_without(DATE, day.__eq__, locate(path), digest)
        return folder + name, digest
    return path, digest


def _digest_without(field: str, is_date: Callable[[Any], bool], path: Path, digest: str) -> str:
    """The digest of a JSON object without a field, or `digest` where it is not as written."""
    try:
        data = read_small(path, limit=MAX_BYTES)
        value = parse_json(data)
        if file_io.json_bytes(value) != data or not is_date(value.pop(field, None)):
            return digest
    except (BadInput, OSError, ValueError, AttributeError, TypeError):
        return digest
    return hashlib.sha256(file_io.json_bytes(value)).hexdigest()


def is_time(value: Any) -> bool:
    """Whether a value is a point in time, in ISO 8601 with its zone."""
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False
