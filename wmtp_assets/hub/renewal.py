"""What the lock would hold if it followed the source: first the difference, then the change.

In: what is locked of a repository, and what the source lists at the catalog's revision now. Out:
the files that would change. Only the lock changes here; the next materialization fetches.
"""

import glob
from dataclasses import dataclass

from wmtp_assets.catalog import Files, Repo
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.field_values import spoken_size
from wmtp_assets.hub.listing import fill_missing_facts, listed
from wmtp_assets.hub.lock import LockedRepo
from wmtp_assets.source import RemoteFile, Source, select, unmatched_paths


@dataclass(frozen=True)
class Renewal:
    """The difference of one repository; the paths are sorted."""

    repo: Repo
    old: LockedRepo
    commit: str
    files: tuple[RemoteFile, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]
    """At another commit, of equal or unknown size, without a digest to compare."""

    @property
    def differs(self) -> bool:
        """Whether the lock would change; a mirror without a listing has no commits to go by."""
        moved = self.commit != self.old.commit
        asked = self.old.revision not in ("", self.repo.revision)
        return moved or asked or bool(self.added or self.removed or self.changed)

    @property
    def lines(self) -> list[str]:
        """The difference for a person, one line each."""
        if not self.differs:
            return [f"{self.repo.id}: still at the locked commit {self.old.commit}"]
        of = {file.path: file for file in self.files}
        same = len(self.files) - len(self.added) - len(self.changed) - len(self.unknown)
        lines = [f"{self.repo.id}: {self.old.commit} -> {self.commit}, {same} files unchanged"]
        lines += [f"  new      {p}, {spoken_size(of[p].size_bytes)}" for p in self.added]
        lines += [f"  gone     {p}" for p in self.removed]
        lines += [
            f"  changed  {p}: {self.old.files[p][0]:,} bytes, sha256 {self.old.files[p][1]} -> "
            f"{spoken_size(of[p].size_bytes)}, sha256 {of[p].sha256 or 'told by the next fetch'}"
            for p in self.changed
        ]
        return lines + [
            f"  unknown  {p}: nothing stated to compare; the next fetch tells" for p in self.unknown
        ]

    @property
    def locked_files(self) -> dict[str, tuple[int, str]]:
        """Path -> (size, sha256) of the new entry: all whose sha256 is known before the fetch.

        The others (small files, of which the Hub states the git blob id) are proven by that and
        locked by the next fetch.
        """
        unsure = {*self.changed, *self.added, *self.unknown}
        return {
            file.path: (file.size_bytes, file.sha256)
            if file.size_bytes and file.sha256
            else self.old.files[file.path]
            for file in self.files
            if (file.size_bytes and file.sha256) or file.path not in unsure
        }


def plan_renewal(source: Source, repo: Repo, wanted: tuple[Files, ...], old: LockedRepo) -> Renewal:
    """Compare what is locked with what the source lists at the catalog's revision.

    Args:
        wanted: The raw files of the catalog; a file locked beside them (a tokenizer) is wanted too.

    Raises:
        BadInput: The source does not answer, lacks a wanted file, or contradicts the catalog's
            pins: then the catalog comes first.
    """
    wanted += tuple(Files(glob.escape(path)) for path in unmatched_paths(old.files, wanted))
    new = listed(source, repo, repo.revision)
    chosen = fill_missing_facts(source, repo, new.commit, select(new, wanted))
    files = sorted(chosen, key=lambda file: file.path)
    _require_pins(repo, new.commit, files)
    # Git blob ids can be compared with those at the locked commit only.
    moved, blobs = new.commit != old.commit, {}
    if moved and any(file.git_blob for file in files):
        blobs = _blobs(source, repo, old.commit)
    verdicts = {file.path: _verdict(file, old, moved, blobs.get(file.path)) for file in files}

    def having(verdict: str) -> tuple[str, ...]:
        return tuple(path for path, found in verdicts.items() if found == verdict)

    removed = tuple(sorted(old.files.keys() - verdicts.keys()))
    changed, unknown = having("changed"), having("unknown")
    return Renewal(repo, old, new.commit, tuple(files), having("new"), removed, changed, unknown)


def _verdict(file: RemoteFile, old: LockedRepo, moved: bool, old_blob: str | None) -> str:
    if file.path not in old.files:
        return "new"
    size, sha256 = old.files[file.path]
    if file.size_bytes not in (None, size):
        return "changed"
    if file.sha256:
        return "same" if file.sha256 == sha256 else "changed"
    if file.git_blob and old_blob:
        return "same" if file.git_blob == old_blob else "changed"
    return "unknown" if moved else "same"


def _blobs(source: Source, repo: Repo, commit: str) -> dict[str, str | None]:
    """The git blob ids at the locked commit, as far as they are listed."""
    return {file.path: file.git_blob for file in listed(source, repo, commit).files}


def _require_pins(repo: Repo, commit: str, files: list[RemoteFile]) -> None:
    wrong = [
        f"{f.path}: catalog pin says {repo.pins[f.path]}, the source {f.sha256}"
        for f in files
        if f.sha256 and repo.pins.get(f.path, f.sha256) != f.sha256
    ]
    if wrong:
        raise BadInput(
            f"{repo.id} at {commit} is not what the catalog pins; the lock stays",
            wrong,
            f"if the change is wanted, change the pins in {repo.stated_in} first",
        )
