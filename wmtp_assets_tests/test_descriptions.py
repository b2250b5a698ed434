"""What the page says of each asset: what it is, where it lies, what reads it, how to open it."""

import ast
import re
from pathlib import Path

import pytest

from wmtp_assets.catalog import Dataset
from wmtp_assets.definitions import build_definitions
from wmtp_assets.descriptions import READ_TOKENIZER, STORE, artifact_of
from wmtp_assets.folders import model_folder
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.card import THIS_FOLDER
from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.meta_model import META
from wmtp_assets.published import PUBLISHED

LOADING = (Path(__file__).parents[1] / "docs/loading.md").read_text()
FOUR = re.compile(
    r"(?P<what>.+?)\n\n"
    r"\*\*Lies in\*\* `(?P<place>(?:storage|docs)[^`]*)`\n\n"
    r"\*\*Read by\*\* (?P<readers>[^\n]+)\n\n"
    r"\*\*Opened with\*\*\n\n```python\n(?P<snippet>.+)\n```",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict[str, re.Match]:
    root = tmp_path_factory.mktemp("described")
    defs = build_definitions(
        catalog=PUBLISHED, source=MirrorSource(root), storage_root=root / "s", docs_root=root / "d"
    )
    graph = defs.resolve_asset_graph()
    return {
        key.to_user_string(): FOUR.fullmatch(graph.get(key).description or "")
        for key in graph.materializable_asset_keys
    }


def test_every_asset_says_what_it_is_where_it_lies_what_reads_it_and_how_to_open_it(said):
    assert len(said) > 40
    assert [key for key, of in said.items() if of is None] == []


def test_every_snippet_is_python_that_opens_what_lies_there(said):
    for key, of in said.items():
        ast.parse(of["snippet"])
        folder = of["place"] if key != "storage_layout" else "storage"
        parents = {folder, str(Path(folder).parent)}
        assert any(parent in of["snippet"] for parent in parents), key


def test_the_readers_are_those_of_the_graph(said):
    assert said["mbpp/raw"]["readers"] == (
        "`mbpp/test`, `mbpp/train`, `mbpp/validation`, the reports and the checklist"
    )
    assert said["micro_mtp"]["readers"].startswith("`micro_mtp_untied`, `micro_ref`, training code")
    assert said["signoff/checklist"]["readers"] == "people"


def test_no_two_assets_lie_in_one_place(said):
    places = [of["place"] for of in said.values()]
    assert len(places) == len(set(places))


def test_a_new_key_without_a_place_is_named():
    with pytest.raises(KeyError, match="somewhere"):
        artifact_of("somewhere/else", None)


def test_the_page_about_loading_opens_the_same_things_in_the_same_words():
    """Its snippets run on the sample; so do those of the descriptions."""
    folder = model_folder(STORE.root, "ref-sheared-llama-2.7b")
    tokenizer = READ_TOKENIZER.format(path=folder.tokenizer_model).strip()
    assert tokenizer in LOADING
    for implementation in (META, LLAMA):
        [call] = [of for of in implementation.loading.splitlines() if of.startswith("model = ")]
        assert call.split(",")[0].rstrip(")") in LOADING
        assert THIS_FOLDER in implementation.loading


def test_every_split_has_its_own_file(said):
    for row in PUBLISHED.datasets:
        assert isinstance(row, Dataset)
        for split in row.splits:
            assert said[f"{row.name}/{split.name}"]["place"].endswith(f"/{split.name}.jsonl")
