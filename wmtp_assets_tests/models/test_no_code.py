"""A folder that names code is refused by name; nothing is asked, nothing runs."""

import builtins
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models.micro.rho1 import _other_ids
from wmtp_assets.models.safetensors.no_code import require_no_code
from wmtp_assets.models.safetensors.opening import open_model, skeleton_finding
from wmtp_assets.models.tokenizer.findings import auto_ids_finding
from wmtp_assets_tests.models.tiny import TinyStorage

CODE = """
from transformers import PretrainedConfig
open({ran!r}, "w").close()
class Evil(PretrainedConfig):
    model_type = "evil"
"""
ODD_CONFIG = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil"}}


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """What was asked on the terminal, where somebody answers yes to everything."""
    questions = []

    def answer(question: str = "") -> str:
        questions.append(question)
        return "y"

    monkeypatch.setattr(builtins, "input", answer)
    return questions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose config names code that leaves a mark when it runs."""
    (tmp_path / "config.json").write_text(json.dumps(ODD_CONFIG))
    (tmp_path / "evil.py").write_text(CODE.format(ran=str(tmp_path / "ran")))
    return tmp_path


def test_transformers_asks_and_runs_it_where_it_is_let(folder, asked):
    """The reason for all this; when it asks no more, this fails."""
    from transformers import AutoConfig

    AutoConfig.from_pretrained(folder, local_files_only=True)
    assert asked
    assert (folder / "ran").exists()


@pytest.mark.parametrize("open_it", [open_model, lambda folder: skeleton_finding(folder, None)])
def test_a_config_that_names_code_is_refused_before_transformers_sees_it(folder, asked, open_it):
    with pytest.raises(BadInput, match=r"never run: evil.py is code; config.json names code"):
        open_it(folder)
    assert not asked
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "open_it", [auto_ids_finding, lambda folder: _other_ids(folder, {"1": "a"}, None)]
)
def test_a_tokenizer_that_names_code_is_refused(
    tiny: TinyStorage, tmp_path: Path, asked, open_it: Callable
):
    built = tiny.deployment.store.model(
        tiny.deployment.catalog.model("ref_sheared").folder
    ).tokenizer
    for path in filter(Path.is_file, built.iterdir()):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": "evil.T"}}))
    with pytest.raises(BadInput, match=r"config\.json names code under auto_map"):
        open_it(tmp_path)
    assert not asked


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("generation_config.json", '{"custom_pipelines": {}}', "under custom_pipelines"),
        ("tokenizer_config.json", '{"auto_map": null}', "under auto_map"),
        ("config.json", "{", "not valid JSON"),
        ("modeling.py", "", "modeling.py is code"),
    ],
)
def test_every_way_of_naming_code_is_told_by_file_and_key(tmp_path: Path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=told):
        require_no_code(tmp_path)


def test_a_folder_without_code_is_let_through(tmp_path: Path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "tokenizer.json").write_text("no JSON")
    require_no_code(tmp_path)
