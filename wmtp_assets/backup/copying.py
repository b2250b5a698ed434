"""The approved storage -> its copy `v2.0.0/` and the tag beside it.

Only what changed is copied, every copied file is read back, and the tag is written last. Where
there is a copy already, what changes it waits in `v2.0.0.incoming/` until all of it is there and
proven: whatever breaks before leaves the earlier copy whole.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wmtp_assets.approval.chain import BACKUP_GUARD, Entry, read_chain
from wmtp_assets.backup.location import AGAIN, BackupLocation
from wmtp_assets.backup.tag import (
    INCOMING,
    REPLACING,
    Copied,
    Tag,
    read_tag,
    write_tag,
)
from wmtp_assets.catalog import STORAGE_VERSION as VERSION
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.temporaries import guarded
from wmtp_assets.files.walking import files_below
from wmtp_assets.folders import SIGNOFF
from wmtp_assets.progress import Seen, reading

# In signoff/, which an approval does not cover; not copied, since it begins with a dot.
GUARD = BACKUP_GUARD


@dataclass(frozen=True)
class BackedUp:
    """A finished backup: its tag, and what it took."""

    tag: Tag
    kept: int
    copied: int
    removed: int
    copied_bytes: int
    size_bytes: int


def approved_files(root: Path, entry: Entry) -> dict[str, Copied]:
    """Path below the storage root -> what a copy has to hold: the approved files and signoff/.

    Raises:
        BadInput: Approved files are missing; all are named.
    """
    facts = {p: (f["size_bytes"], f["sha256"]) for p, f in entry.manifest["files"].items()}
    for path in sorted(files_below(root / SIGNOFF)):
        relative = path.relative_to(root)
        # A decision in the making begins with a dot.
        if not relative.parts[1].startswith("."):
            written = file_io.stored(path)
            facts[relative.as_posix()] = (written.size_bytes, written.sha256)
    if missing := [path for path in facts if not (root / path).is_file()]:
        raise BadInput("approved files are missing", missing, "put them back, then back up again")
    return {
        path: Copied(size, sha256, (root / path).stat().st_mtime_ns)
        for path, (size, sha256) in sorted(facts.items())
    }


def back_up(
    root: Path,
    entry: Entry,
    location: BackupLocation,
    report: Callable[[str], None] = lambda line: None,
    *,
    is_damaged: bool = False,
) -> BackedUp:
    """Copy what changed of an approved storage, read it back, tag the copy.

    Args:
        entry: The approval that says which files, and what they must be.
        report: Called with one line for each file that is copied.
        is_damaged: The copy was found damaged: all of it is read, whatever its tag vouches for.

    Raises:
        BadInput: A file is not the approved one, or did not arrive as it was sent: all are named,
            none of them replaces an earlier copy. Or the place fails, is too small, or holds the
            copy of another storage; or another backup of this one is under way.
    """
    with _one_at_a_time(root / SIGNOFF / GUARD):
        return _back_up(root, entry, location, report, is_damaged=is_damaged)


@contextlib.contextmanager
def _one_at_a_time(guard: Path) -> Iterator[None]:
    def taken() -> None:
        raise BadInput("another backup of this storage is under way", [guard], "wait for it to end")

    with contextlib.ExitStack() as held:
        try:
            held.enter_context(guarded(guard, taken))
        except OSError as error:
            fix = "make signoff/ writable for whoever backs up"
            raise BadInput("the guard of a backup cannot be taken", [error], fix) from error
        yield


def _back_up(
    root: Path,
    entry: Entry,
    location: BackupLocation,
    report: Callable[[str], None],
    *,
    is_damaged: bool,
) -> BackedUp:
    wanted = approved_files(root, entry)
    earlier = read_tag(location)
    _require_own_copy(root, location, earlier)
    doubtful = is_damaged or location.read_bytes(REPLACING) is not None
    vouched = earlier.files if earlier and not doubtful else {}
    there = location.sizes(VERSION)
    changed = [
        path for path, file in wanted.items() if not _is_there(location, path, file, there, vouched)
    ]
    folder = INCOMING if earlier else VERSION
    location.require_free_space(sum(wanted[path].size_bytes for path in changed))
    wrong = []
    # Read here, and read back.
    seen = reading("the backup", 2 * sum(wanted[path].size_bytes for path in changed), report)
    for number, path in enumerate(changed, 1):
        file = wanted[path]
        report(f"{path}, {file.size_bytes:,} bytes, {number} of {len(changed)}")
        wrong += _copy(location, root / path, f"{folder}/{path}", file, seen)
    if wrong:
        raise BadInput(
            "the backup is not complete; an earlier copy is untouched",
            wrong,
            "put the approved bytes back where the storage differs, then back up again",
        )
    surplus = sorted(there.keys() - wanted.keys())
    tag = Tag(
        storage_version=VERSION,
        content=entry.content,
        decision=entry.decision.number,
        decision_sha256=entry.sha256,
        summary=entry.decision.summary,
        copied_at=datetime.now(UTC).isoformat(timespec="seconds"),
        files=wanted,
    )
    if earlier and (changed or surplus):
        write_tag(location, tag, REPLACING)
    # First: a file may come in the place of a folder.
    for path in surplus:
        location.remove(f"{VERSION}/{path}")
    if earlier:
        for path in changed:
            location.move(f"{INCOMING}/{path}", f"{VERSION}/{path}")
    write_tag(location, tag)
    location.remove_folder(INCOMING)
    return BackedUp(
        tag=tag,
        kept=len(wanted) - len(changed),
        copied=len(changed),
        removed=len(surplus),
        copied_bytes=sum(wanted[path].size_bytes for path in changed),
        size_bytes=sum(file.size_bytes for file in wanted.values()),
    )


def _require_own_copy(root: Path, location: BackupLocation, earlier: Tag | None) -> None:
    """Refuse to replace the copy of another storage: a rehearsal on the sample is one."""
    decisions = {entry.sha256 for entry in read_chain(root / SIGNOFF).entries}
    if earlier is not None and earlier.decision_sha256 not in decisions:
        raise BadInput(
            "the place holds the copy of another storage",
            [f"{location.shown}: {earlier.summary}"],
            "choose another WMTP_BACKUP_URL for this one",
        )


def _is_there(
    location: BackupLocation,
    path: str,
    file: Copied,
    there: Mapping[str, int],
    vouched: Mapping[str, Copied],
) -> bool:
    """Whether the copy holds a file already; one that no tag vouches for is read."""
    if there.get(path) != file.size_bytes:
        return False
    if path in vouched:
        return vouched[path].sha256 == file.sha256
    return location.digest(f"{VERSION}/{path}") == file.sha256


def _copy(
    location: BackupLocation, source: Path, target: str, file: Copied, seen: Seen
) -> list[str]:
    """Copy one file and read it back; returns what is wrong with it, and removes it then."""
    if (size := source.stat().st_size) > file.size_bytes:
        return [f"{source}: approved {file.size_bytes:,} bytes, found {size:,}"]
    sent = location.write(target, source, seen)
    if sent != file.sha256:
        location.remove(target)
        return [f"{source}: approved {file.sha256}, read {sent}"]
    arrived = location.digest(target, seen)
    if arrived != file.sha256:
        location.remove(target)
        return [f"{location.shown}: {target}: sent {file.sha256}, read back {arrived}; {AGAIN}"]
    return []
