"""The tag of a copy: `v2.0.0.json` beside it says of which decision it is, and vouches for files.

It is written when every file it names was copied and read back, so that a copy without a tag, or
with files that its tag does not name, is an unfinished one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wmtp_assets.approval.chain import DECISION
from wmtp_assets.approval.json_schema import (
    is_line,
    is_number,
    is_sha256,
    mapping_of,
    wrong_fields,
)
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.errors import BadInput
from wmtp_assets.files.strict import is_plain, parse_json
from wmtp_assets.folders import SIGNOFF

FORMAT = "wmtp-backup-1"
A_DECISION = re.compile(rf"{SIGNOFF}/[0-9]{{4,}}/{re.escape(DECISION)}")
TAG = f"{STORAGE_VERSION}.json"
# Changes of a copy wait here. While they are put in place, the new tag lies here too, and the old
# one beside the copy does not count.
INCOMING = f"{STORAGE_VERSION}.incoming"
REPLACING = f"{INCOMING}/replacing.json"


@dataclass(frozen=True)
class Copied:
    """A file of the copy.

    Attributes:
        mtime_ns: Modification time of the original, by which quick checks know it again.
    """

    size_bytes: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True)
class Tag:
    """What a copy is.

    Attributes:
        content: Digest over the approved files, signoff/ aside: equal content, equal digest.
        decision_sha256: Digest of the decision.json that approved them.
        summary: The decision in one sentence; the file has it under `says`.
        copied_at: UTC, to the second.
        files: Path -> the file, signoff/ included.
    """

    storage_version: str
    content: str
    decision: int
    decision_sha256: str
    summary: str
    copied_at: str
    files: Mapping[str, Copied]

    @property
    def newest_decision_sha256(self) -> str:
        """The digest of the newest decision that the copy holds."""
        decisions = [path for path in self.files if A_DECISION.fullmatch(path)]
        return self.files[max(decisions, key=lambda path: int(path.split("/")[1]))].sha256


# Field of a Tag -> its key in the file, where they differ.
KEYS = {"summary": "says"}
# The latest time that a file system takes, in the year 2262.
LATEST_NS = 2**63 - 1
RULES = {
    "format": lambda value: value == FORMAT,
    "storage_version": is_line,
    "content": is_line,
    "decision": is_number,
    "decision_sha256": is_sha256,
    "says": is_line,
    "copied_at": is_line,
    "files": mapping_of(
        lambda file: (
            isinstance(file, dict)
            and file.keys() == {"size_bytes", "sha256", "mtime_ns"}
            and is_number(file["size_bytes"])
            and is_sha256(file["sha256"])
            and is_number(file["mtime_ns"])
            and file["mtime_ns"] <= LATEST_NS
        )
    ),
}


def write_tag(location: BackupLocation, tag: Tag, name: str = TAG) -> None:
    """Write the tag, for people and programs alike."""
    facts = {KEYS.get(name, name): value for name, value in asdict(tag).items()}
    data = json.dumps({"format": FORMAT, **facts}, indent=2, ensure_ascii=False)
    location.write_bytes(name, (data + "\n").encode())


class BadTag(BadInput):
    """The file in the place of the tag is no tag."""


def read_tag(location: BackupLocation, name: str = TAG) -> Tag | None:
    """The tag of the copy; None if there is none.

    Raises:
        BadTag: It is no tag of this project, or names a path outside of the copy.
        BadInput: The place fails.
    """
    data = location.read_bytes(name)
    if data is None:
        return None
    try:
        stated: Any = parse_json(data)
    except ValueError as error:
        wrong = [f"is not JSON ({error})"]
    else:
        wrong = wrong_fields(stated, RULES) or [
            f"{path!r} is no path of a storage" for path in stated["files"] if not is_plain(path)
        ]
        if not wrong and not any(A_DECISION.fullmatch(path) for path in stated["files"]):
            wrong = ["it holds no decision"]
    if wrong:
        raise BadTag(
            f"{name} of {location.shown} is no tag of a copy",
            wrong,
            "move it away, then run job backup_storage again; what is there whole is kept",
        )
    del stated["format"]
    summary = stated.pop(KEYS["summary"])
    files = {path: Copied(**file) for path, file in stated.pop("files").items()}
    return Tag(**stated, summary=summary, files=files)
