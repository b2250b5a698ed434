"""What sources.lock.json has to hold: what runs recorded of the published files, and no more.

In: the newest materializations by runs, of assets that this graph leaves out too (the reward model,
once WMTP_REWARD_MODEL is off again), and the rows of the catalog. Out: the lock as it follows from
them, and one clause for each difference. No published file is looked at: they may be removed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Catalog, Dataset, Model
from wmtp_assets.checking.findings import flatten
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import AssetRow
from wmtp_assets.hub.lock import LOCK_VERSION, stated_files
from wmtp_assets.hub.stored import raw_folder
from wmtp_assets.models.strict_json import parse_object
from wmtp_assets.models.tokenizer.files import TOKENIZER_MODEL
from wmtp_assets.store import Store

MAX_SHOWN = 80


def recorded_lock(store: Store, catalog: Catalog, assets: Iterable[AssetRow]) -> dict[str, Any]:
    """The lock that follows from the record, as plain JSON data.

    Args:
        assets: All that runs made on this storage, declared now or not.
    """
    made = [asset for asset in assets if asset.latest]
    entries = {
        row.repo.id: _entry(store, row, made) for row in (*catalog.models, *catalog.datasets)
    }
    repos = {repo: entry for repo, entry in sorted(entries.items()) if entry["files"]}
    return {"version": LOCK_VERSION, "repos": repos}


def _entry(store: Store, row: Model | Dataset, made: Iterable[AssetRow]) -> dict[str, Any]:
    commits, files = set(), {}
    for asset in made:
        if asset.made.metadata.get("repo") != row.repo.url:
            continue
        if found := _published(store, row, asset.made.files):
            commits.add(asset.made.metadata.get("revision"))
            files |= found
    return {
        "kind": row.repo.kind,
        "revision": row.repo.revision,
        # Two only where one of the assets was not made again after the lock was renewed.
        "commit": " and ".join(sorted(map(str, commits))),
        "files": stated_files(files),
    }


def _published(
    store: Store, row: Model | Dataset, files: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[int, str]]:
    """Path in the repository -> (size in bytes, sha256), of the files that were fetched from it."""
    raw = store.relative(raw_folder(store, row))
    found = {
        path.removeprefix(f"{raw}/"): (facts["size_bytes"], facts["sha256"])
        for path, facts in files.items()
        if path.startswith(f"{raw}/")
    }
    if isinstance(row, Model):
        # Fetched beside raw/; the other files of that folder are made from it.
        vocabulary = store.relative(store.model(row.folder).tokenizer_model)
        if facts := files.get(vocabulary):
            found[TOKENIZER_MODEL] = (facts["size_bytes"], facts["sha256"])
    return found


def lock_differences(lock: bytes | None, recorded: Mapping[str, Any], path: Path) -> Iterator[str]:
    """Hold the lock against the record.

    Args:
        lock: The bytes of sources.lock.json; None if there is none.
        recorded: The result of `recorded_lock`.
        path: Where the lock lies.
    """
    if lock is None:
        yield from (f"{path.name} is missing; {repo} was fetched" for repo in recorded["repos"])
        return
    try:
        stated = parse_object(lock, path)
    except BadInput as error:
        yield ": ".join((path.name, error.thing, *error.culprits))
        return
    yield from (f"{path.name}: {clause}" for clause in _differences(stated, recorded))


def _differences(stated: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[str]:
    expected, found = recorded["repos"], stated.get("repos")
    if not isinstance(found, dict):
        yield "it has no object repos"
        return
    yield from _fields({**stated, "repos": None}, {**recorded, "repos": None})
    for repo in sorted(expected.keys() | found.keys()):
        if repo not in expected:
            yield f"no run recorded that {repo} was fetched"
        elif repo not in found:
            yield f"it does not hold {repo}, which was fetched"
        elif not isinstance(found[repo], dict):
            yield f"{repo} is no object"
        else:
            yield from (f"{repo}: {clause}" for clause in _fields(found[repo], expected[repo]))


def _fields(stated: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[str]:
    before, now = flatten(recorded), flatten(stated)
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield f"no run recorded {name}"
        elif name not in now:
            yield f"it lacks {name}"
        # As text: in Python 1 == True == 1.0.
        elif (was := json.dumps(before[name])) != (found := json.dumps(now[name])):
            yield f"{name}: recorded {was}, locked {found[:MAX_SHOWN]}"
