"""The hub on loopback as a process of its own: `python -m wmtp_assets_tests.hub.loopback_server`.

    ... ROOT [--lfs PATTERN ...] [--cdn] [--connection-rate BYTES_PER_SECOND]

ROOT is laid out `<repo id>/<path>`, as a mirror is; a listing of digests in it names the commits.
Prints the endpoint; answers each line on standard input with the bytes served so far, as JSON
(path -> bytes); ends with its input.
"""

import argparse
import fnmatch
import json
import sys
from pathlib import Path

from wmtp_assets.hub.sources import LISTING_NAME
from wmtp_assets_tests.hub.loopback import FakeHub, serve


def hub_of(root: Path, lfs: list[str], cdn: bool) -> FakeHub:
    """A hub with the repositories of a mirror folder."""
    repos: dict[str, dict[str, bytes | Path]] = {}
    for path in sorted(root.glob("*/*/**/*")):
        if path.is_file():
            owner, name, *inside = path.relative_to(root).parts
            repos.setdefault(f"{owner}/{name}", {})["/".join(inside)] = path
    listing = root / LISTING_NAME
    stated = json.loads(listing.read_text()) if listing.exists() else {}
    large = {
        p for files in repos.values() for p in files if any(fnmatch.fnmatch(p, x) for x in lfs)
    }
    commits = {repo: entry["commit"] for repo, entry in stated.items()}
    return FakeHub(repos, commits=commits, lfs=large, cdn=cdn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--lfs", nargs="*", default=[])
    parser.add_argument("--cdn", action="store_true")
    parser.add_argument("--connection-rate", type=int)
    arguments = parser.parse_args()
    hub = hub_of(arguments.root, arguments.lfs, arguments.cdn)
    hub.bytes_per_second = arguments.connection_rate
    with serve(hub) as endpoint:
        print(endpoint, flush=True)
        for _ in sys.stdin:
            print(json.dumps(hub.bytes_served), flush=True)


if __name__ == "__main__":
    main()
