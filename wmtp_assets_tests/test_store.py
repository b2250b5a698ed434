"""Paths of a storage: recorded relative to its roots, and never outside of them."""

from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.store import Store


def test_recorded_paths_are_relative_and_found_again(tmp_path: Path):
    here = Store(tmp_path / "storage", tmp_path / "docs")
    for path in (here.lock, here.document("a.md"), here.dataset("mbpp").jsonl("train")):
        assert here.locate(here.relative(path)) == path
    assert here.relative(here.document("a.md")) == "docs/a.md"


FOLDERS_OF = {
    "models_v2": lambda here: here.model("m"),
    "models_v2/m": lambda here: here.model("m"),
    "models_v2/m/safetensors": lambda here: here.model("m"),
    "datasets_v2/mbpp/processed": lambda here: here.dataset("mbpp"),
    "datasets_local_small/mbpp_small": lambda here: here.dataset("mbpp"),
}


@pytest.mark.parametrize("linked", FOLDERS_OF)
def test_a_folder_that_leads_out_of_the_storage_is_refused(tmp_path: Path, linked: str):
    (tmp_path / "real" / linked).parent.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    # The root itself may be named by a link.
    (tmp_path / "storage").symlink_to("real")
    here = Store(tmp_path / "storage", tmp_path / "docs")
    FOLDERS_OF[linked](here)
    (tmp_path / "real" / linked).symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match=f"leads out of .*/{linked}.* -> .*outside"):
        FOLDERS_OF[linked](here)
