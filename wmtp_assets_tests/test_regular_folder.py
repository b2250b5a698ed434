"""What may lie in a folder that a library opens by itself, by size."""

import os
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import require_regular_folder

PUBLISHED_LINE_METADATA = 36 * 3_691_197


@pytest.mark.parametrize("name", ["train.jsonl", "train_metadata.json", "model.safetensors"])
def test_files_of_the_published_size_are_let_through(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, PUBLISHED_LINE_METADATA)
    require_regular_folder(tmp_path)


@pytest.mark.parametrize("name", ["schema.json", "config.json", "metadata.json", "README.md"])
def test_a_file_that_is_larger_than_its_kind_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, PUBLISHED_LINE_METADATA)
    with pytest.raises(BadInput, match="larger than any such file"):
        require_regular_folder(tmp_path)
