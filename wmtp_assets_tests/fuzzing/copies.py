"""The small files that a copy of a storage is known by: listing, decisions, tags, VIEW.json."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from wmtp_assets.approval.chain import read_chain
from wmtp_assets.approval.signing import KeySigner
from wmtp_assets.approval.verify import verify_storage
from wmtp_assets.backup.copying import back_up
from wmtp_assets.backup.location import BackupLocation
from wmtp_assets.backup.reading import read_copy
from wmtp_assets.backup.restoring import restore
from wmtp_assets.backup.tag import REPLACING, TAG, read_tag, write_tag
from wmtp_assets.hub.fetch import fetch_files
from wmtp_assets.hub.lock import require_locked
from wmtp_assets.hub.mirror import write_mirror
from wmtp_assets.raw.checks import locked_files
from wmtp_assets.training_view.view_json import VIEW
from wmtp_assets.training_view.write import require_replaceable
from wmtp_assets_tests.datasets.world import made_deployment
from wmtp_assets_tests.fuzzing.target import Look, Target
from wmtp_assets_tests.signoff.approval.sealed import new_keys, seal, write_storage
from wmtp_assets_tests.training_view.world import ViewWorld


def mirror_targets(root: Path) -> Iterator[Target]:
    """The listing of a mirror, read as a source fetches, and as job write_mirror adds to it."""
    deployment = made_deployment(root)
    mirror: Path = deployment.source.root
    row = deployment.catalog.dataset("mbpp")
    raw = deployment.store.dataset("mbpp").raw
    places = {
        file.path: raw / file.path for file in locked_files(deployment.store, row.repo, row.raw)
    }
    repos = [(require_locked(deployment.store.lock, row.repo), places)]
    write_mirror(mirror, repos)
    number = itertools.count()

    def fetch() -> None:
        target = root / "fetched" / str(next(number))
        try:
            fetch_files(deployment.source, row.repo, row.raw, target / "raw", target / "lock.json")
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def fetch_locked() -> None:
        lock = root / "lock.json"
        shutil.copy(deployment.store.lock, lock)
        fetch_files(deployment.source, row.repo, row.raw, raw, lock)

    looks = {"fetch": fetch, "fetch again": fetch_locked}
    listing = mirror / "wmtp_mirror.json"
    yield Target(listing.name, (listing,), looks | {"write": lambda: write_mirror(mirror, repos)})


def approved_targets(root: Path) -> Iterator[Target]:
    """Decisions, their signatures, and the tag of a copy: verified, restored, backed up again."""
    storage = write_storage(root / "storage")
    keys = new_keys(root / "keys")
    for _ in range(2):
        seal(storage, KeySigner(keys.private))
    location = BackupLocation(str(root / "copies"))
    quiet = {"report": lambda line: None}
    entry = read_chain(storage / "signoff").entries[-1]
    back_up(storage, entry, location)
    looks: dict[str, Look] = {
        "verify": lambda: not verify_storage(storage, [keys.public], **quiet).problems,
        "verify without a key": lambda: not verify_storage(storage, **quiet).problems,
        "chain": lambda: read_chain(storage / "signoff").require_sound(),
    }
    for path in sorted((storage / "signoff/0001").iterdir()):
        yield Target(f"signoff {path.name}", (path,), looks)
    number = itertools.count()

    def restored(location: BackupLocation) -> None:
        target = root / "restored" / str(next(number))
        try:
            restore(location, target)
        finally:
            shutil.rmtree(target, ignore_errors=True)

    looks = {
        "restore": lambda: restored(location),
        "read": lambda: not read_copy(location, read_chain(storage / "signoff")).problems,
        "back up": lambda: back_up(storage, entry, location, is_damaged=True),
    }
    yield Target("tag of a copy", (root / "copies" / TAG,), looks)
    broken = BackupLocation(str(root / "broken"))
    back_up(storage, entry, broken)
    write_tag(broken, read_tag(broken), REPLACING)
    replacing = root / "broken" / REPLACING
    yield Target("tag in the making", (replacing,), {"restore": lambda: restored(broken)})


def view_targets(root: Path) -> Iterator[Target]:
    """What a view says of itself, checked, and read by who would replace it."""
    world = ViewWorld(root)
    target = world.make_view()
    looks: dict[str, Look] = {
        "check": lambda: not world.differences(),
        "replace": lambda: require_replaceable(target, world.store.root),
    }
    yield Target("VIEW.json of a view", (target / VIEW,), looks)
