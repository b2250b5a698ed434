"""The tag of a copy: `v2.0.0.json` beside it says of which decision it is, and vouches for files.

It is written when every file it names was copied and read back, so that a copy without a tag, or
with files that its tag does not name, is an unfinished one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.approval.shape import (
    is_line,
    is_number,
    is_sha256,
    mapping_of,
    wrong_fields,
)
from wmtp_assets.signoff.backup.place import Place

FORMAT = "wmtp-backup-1"


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
        copied_at: UTC, to the second.
        files: Path -> the file, signoff/ included.
    """

    storage_version: str
    content: str
    decision: int
    decision_sha256: str
    says: str
    copied_at: str
    files: Mapping[str, Copied]


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
        )
    ),
}


def tag_name(version: str) -> str:
    return f"{version}.json"


def write_tag(place: Place, tag: Tag) -> None:
    """Write the tag, for people and programs alike."""
    data = json.dumps({"format": FORMAT, **asdict(tag)}, indent=2, ensure_ascii=False)
    place.write_bytes(tag_name(tag.storage_version), (data + "\n").encode())


class BadTag(BadInput):
    """What lies in the place of a tag is none."""


def read_tag(place: Place, version: str) -> Tag | None:
    """The tag of the copy of a version; None if there is none.

    Raises:
        BadTag: It is no tag of this project, or names a path outside of the copy.
        BadInput: The place fails.
    """
    data = place.read_bytes(tag_name(version))
    if data is None:
        return None
    try:
        stated: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        wrong = [f"is not JSON ({error})"]
    else:
        wrong = wrong_fields(stated, RULES) or [
            f"{path!r} is no path of a storage"
            for path in stated["files"]
            if set(path.split("/")) & {"", ".", ".."} or "\\" in path
        ]
    if wrong:
        raise BadTag(
            f"{tag_name(version)} of {place.shown} is no tag of a copy",
            wrong,
            "move it away, then run job backup_storage again; what is there whole is kept",
        )
    del stated["format"]
    files = {path: Copied(**file) for path, file in stated.pop("files").items()}
    return Tag(**stated, files=files)
