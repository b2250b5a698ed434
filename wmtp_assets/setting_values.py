"""Paths and addresses as people write them into the environment: read, or refused by name.

Pure. What a shell would have expanded is a mistake where no shell reads the value (.env, a unit
file, a container); only `~` is expanded here.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
VARIABLE = re.compile(r"\$[\w({]")
# Controls, line and paragraph separators, bytes that are no UTF-8.
UNSEEN = ("Cc", "Zl", "Zp", "Cs")
# `datasets` takes any path for a pattern, and fsspec `::` for a chain of file systems: a folder
# whose name has one of these is not found, or rows of its neighbours are read too.
PATTERNS = ("*", "?", "[", "::")
# SQLAlchemy reads the path of a SQLite file as an address: what is behind `?` is options, and
# `%41` is another character. Dagster then writes beside the folder.
ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
RECORD_FIX = (
    "set it to the record's folder, absolute and without ? and %, such as $PWD/.dagster_home, and "
    "mkdir -p it; python -m wmtp_assets.sample and python -m wmtp_assets.ui do"
)

# user:password@ of a URL, which may hold / and @.
CREDENTIALS = re.compile(r"(?<=://)\S*@")


def without_credentials(text: str) -> str:
    """A URL, or a sentence with one, without user and password."""
    return CREDENTIALS.sub("", text)


def path_faults(text: str) -> Iterator[str]:
    """The faults of a path or an address, one clause each."""
    if any(unicodedata.category(letter) in UNSEEN for letter in text):
        yield "has a newline or another control character"
    if text[:1] in ("'", '"') or text[-1:] in ("'", '"'):
        yield "has quotes around it: write it without"
    if text != text.strip():
        yield "has spaces around it"
    if VARIABLE.search(text):
        yield "has a variable that nothing expanded: write the path itself"


def folder(value: str | Path) -> Path:
    """The folder that a setting names, `~` expanded.

    Raises:
        ValueError: It is no folder of this machine; every reason is named.
    """
    text = str(value)
    reasons = list(path_faults(text))
    if SCHEME.match(text):
        reasons.append("is an address, not a folder of this machine")
    if reasons:
        raise ValueError(f"{'; '.join(reasons)}: {without_credentials(text)!r}")
    path = home_expanded(text)
    try:
        in_the_way = path.exists() and not path.is_dir()
    except OSError as error:
        raise ValueError(f"cannot be looked at ({error.strerror}): {text!r}") from error
    if in_the_way:
        raise ValueError(f"is not a folder: {text!r}")
    return path


def address(text: str) -> str:
    """An address, or a folder, as written. A secret may be in it: the reasons do not repeat it.

    Raises:
        ValueError: It is neither; every reason is named.
    """
    if reasons := list(path_faults(text)):
        raise ValueError("; ".join(reasons))
    if "://" not in text:
        home_expanded(text)
    return text


def home_expanded(text: str) -> Path:
    """The path with `~` or `~user` replaced by a home folder.

    Raises:
        ValueError: There is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"names a home folder that there is not: {text!r}") from error


def patterns_in(path: Path) -> str:
    """The parts of a path that `datasets.load_dataset` takes for a pattern; empty if none."""
    return " ".join(mark for mark in PATTERNS if mark in str(path))


def wrong_with_record(home: str | None) -> str:
    """Why DAGSTER_HOME cannot hold the record; empty if it can."""
    if not home:
        return "DAGSTER_HOME is not set"
    if odd := next(path_faults(home), ""):
        return f"DAGSTER_HOME {odd}: {home!r}"
    if "?" in home or ESCAPE.search(home):
        return f"DAGSTER_HOME has a `?` or a `%` that SQLite takes for part of an address: {home}"
    path = Path(home)
    if not path.is_absolute():
        return f"DAGSTER_HOME is not absolute: {home}"
    if not path.is_dir():
        return f"DAGSTER_HOME is not an existing folder: {home}"
    return ""
