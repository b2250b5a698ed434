"""The checks of the raw assets: they are what the lock, the catalog and the source say."""

from collections.abc import Mapping
from pathlib import Path

from wmtp_assets.catalog import Dataset, Files, Model, Repo
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.checking.propositions import ours
from wmtp_assets.checking.stored_asset import StoredAsset, bind_to_asset
from wmtp_assets.hub.lock import require_locked
from wmtp_assets.hub.stored import raw_folder
from wmtp_assets.raw.assets import RAW
from wmtp_assets.source import RemoteFile, select
from wmtp_assets.store import Store

DIGESTS_MATCH = "files_match_expected_sha256"
SET_COMPLETE = "files_of_the_catalog_are_locked"

StoredRaw = StoredAsset[Model | Dataset, Path]


def digests_match(
    store: Store, repo: Repo, wanted: tuple[Files, ...], folder: Path, digests: Mapping[str, str]
) -> Finding:
    """Compare digests on disk with the lock, and the lock with the catalog's pins.

    Args:
        digests: Path below the storage root -> sha256 now.
    """
    expected = {
        store.relative(folder / file.path): repo.pins.get(file.path, file.sha256)
        for file in locked_files(store, repo, wanted)
    }
    wanted_digests = {path: digest for path, digest in digests.items() if path in expected}
    return compare("files", expected, wanted_digests)


def locked_files(store: Store, repo: Repo, wanted: tuple[Files, ...]) -> list[RemoteFile]:
    """The wanted files of a repository with their locked sizes (bytes) and sha256.

    Raises:
        BadInput: The lock does not hold the repository, or not the files of the catalog.
    """
    return select(require_locked(store.lock, repo).listing, wanted)


def _digests(stored: StoredRaw) -> dict[str, Finding]:
    repo, wanted = stored.row.repo, stored.row.raw
    found = digests_match(
        stored.deployment.store, repo, wanted, stored.folder, stored.state.digests
    )
    return {DIGESTS_MATCH: found}


def _complete(stored: StoredRaw) -> dict[str, Finding]:
    files = locked_files(stored.deployment.store, stored.row.repo, stored.row.raw)
    missing = [f.path for f in files if not (stored.folder / f.path).is_file()]
    good = f"{len(files)} files, one commit, pinned or locked"
    return {SET_COMPLETE: verdict(missing, good, "locked but not on disk", files=len(files))}


RAW_CHECKS = (
    CheckGroup(
        _digests,
        {
            DIGESTS_MATCH: ours(
                "Files have the pinned or locked sha256",
                "only bytes that pin and lock name are kept, whoever changed them",
            )
        },
        deep=True,
    ),
    CheckGroup(
        _complete,
        {
            SET_COMPLETE: ours(
                "The lock and the disk hold the files of the catalog",
                "this project fetched and locked them",
            )
        },
    ),
)

raw_asset_checks = {
    key: checks_on(key, *bind_to_asset(key, RAW_CHECKS, row, raw_folder))
    for key, (row, _, _) in RAW.items()
}
