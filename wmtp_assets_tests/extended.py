"""`python -m wmtp_assets_tests.extended FOLDER NAME...`: what comes of rows of the sample, as JSON.

Job phase1 for the assets of the rows and what they need; the mirror holds their repositories and a
tokenizer alone. A name is also that of the group of its assets.
"""

import json
import shutil
import sys
from pathlib import Path

import dagster as dg

from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.mirror import all_writers, write_mirror
from wmtp_assets_tests.datasets.world import TOKENIZER

NEEDED = ("storage_layout", "ref_sheared/tokenizer")


def write_tokenizer(folder: Path) -> None:
    """What the token filter wants of its repository, without 250 MB of weights."""
    shutil.copyfile(TOKENIZER, folder / "tokenizer.model")


def extended(root: Path, *names: str) -> dict[str, bool | None]:
    """`asset check` -> whether it passed, None where it was not evaluated."""
    repos = [SAMPLE.row(name).repo.id for name in names]
    writers = {SAMPLE.model("ref_sheared").repo.id: write_tokenizer}
    write_mirror(root / "mirror", writers | {repo: all_writers()[repo] for repo in repos})
    definitions = build_definitions(
        catalog=SAMPLE,
        source=MirrorSource(root / "mirror"),
        storage_root=root / "storage",
        docs_root=root / "docs",
    )
    declared = definitions.resources["declared"]
    own = [spec.key for spec in declared.assets if spec.group_name in names]
    done = definitions.resolve_job_def("phase1").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[*(dg.AssetKey(key.split("/")) for key in NEEDED), *own],
        raise_on_error=False,
    )
    judged = {e.asset_check_key: e.passed for e in done.get_asset_check_evaluations()}
    return {
        f"{spec.asset_key.to_user_string()} {spec.name}": judged.get(spec.key)
        for spec in declared.checks
        if spec.asset_key in own
    }


if __name__ == "__main__":
    print(json.dumps(extended(Path(sys.argv[1]), *sys.argv[2:])))
