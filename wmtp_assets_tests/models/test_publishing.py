"""docs/publishing.md: its commands, of the tiny storage, into a folder that stands for the Hub."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.utils import filter_repo_objects

from wmtp_assets.models.llama import LLAMA
from wmtp_assets.models.micro.rows import MICROS
from wmtp_assets.models.rows import MODELS
from wmtp_assets_tests.models.tiny import TinyStorage

PAGE = (Path(__file__).parents[2] / "docs/publishing.md").read_text()
HF = Path(sys.executable).parent / "hf"
IMPLEMENTATIONS = {
    **{row.published.folder: row.published.implementation for row in MODELS.values()},
    **{row.published.folder: row.implementation for row in MICROS.values()},
}
# What transformers opens.
OPENED = {folder for folder, of in IMPLEMENTATIONS.items() if of is LLAMA}
REPOSITORY = "ORG/"
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


class Upload(NamedTuple):
    """One `hf upload`: what of which folder goes where in the repository."""

    repo: str
    source: str
    target: str
    options: list[str]

    @property
    def excluded(self) -> list[str]:
        pairs = zip(self.options, self.options[1:], strict=False)
        return [value for option, value in pairs if option == "--exclude"]


def uploads() -> list[Upload]:
    """The uploads of the page, in order."""
    lines = re.findall(r"^\.venv/bin/hf upload (.*)$", PAGE, re.M)
    words = [shlex.split(line) for line in lines]
    return [Upload(repo, source, target, options) for repo, source, target, *options in words]


def uploads_of(folder: str) -> list[Upload]:
    """What the page says for a model, by the one of its kind that is written there."""
    like = "ref-sheared-llama-2.7b" if folder in OPENED else "meta-llama-mtp"
    found = [upload for upload in uploads() if upload.repo == f"{REPOSITORY}{like}"]
    return [upload._replace(source=upload.source.replace(like, folder)) for upload in found]


def upload(tiny: TinyStorage, folder: str, hub: Path) -> None:
    """Copy what the client would select for its commits."""
    for of in uploads_of(folder):
        source = tiny.path(of.source.removeprefix("storage/models_v2/"))
        whole = source.is_dir()
        files = [p for p in source.rglob("*") if p.is_file()] if whole else [source]
        names = [p.relative_to(source).as_posix() if whole else of.target for p in files]
        wanted = set(filter_repo_objects(names, ignore_patterns=of.excluded))
        for file, name in zip(files, names, strict=True):
            if name in wanted:
                (hub / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, hub / name)


@pytest.fixture(params=IMPLEMENTATIONS)
def uploaded(request, tiny: TinyStorage, tmp_path: Path) -> tuple[str, Path]:
    hub = tmp_path / "hub"
    upload(tiny, request.param, hub)
    return request.param, hub


def test_what_is_uploaded_opens_by_its_card_and_proves_itself(uploaded, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder, hub = uploaded
    card = ModelCard.load(hub / "README.md")
    assert card.data.model_name == folder
    top = folder in OPENED
    [snippet] = SNIPPET.findall(card.text)
    here = "path/to/this/folder/safetensors" if top else "path/to/this/folder"
    assert here in snippet
    exec(snippet.replace(here, str(hub)), {})
    weights = hub if top else hub / "safetensors"
    proven = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=weights, capture_output=True)
    assert proven.returncode == 0, proven.stdout
    names = {path.relative_to(hub).parts[0] for path in hub.rglob("*") if path.is_file()}
    assert not names & {"raw", ".cache"}, names


def test_every_model_is_named_in_the_table_and_below_one_of_the_two_ways():
    ways = PAGE.split("## Upload")[1]
    for folder in IMPLEMENTATIONS:
        assert f"`{folder}`" in ways, folder
    one, other = ways.split("All other models")
    assert all((f"`{folder}`" in one) == (folder in OPENED) for folder in IMPLEMENTATIONS)
    assert not any(f"`{folder}`" in other.split("Datasets:")[0] for folder in OPENED)


def test_the_client_knows_every_option_and_command_of_the_page():
    help = subprocess.run([HF, "upload", "--help"], capture_output=True, text=True).stdout
    for of in uploads():
        for option in (word for word in of.options if word.startswith("--")):
            assert re.search(rf"(^|[ ,]){option}\b", help, re.M), option
    for command in ("auth login", "download"):
        assert f".venv/bin/hf {command}" in PAGE
        done = subprocess.run([HF, *command.split(), "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "--local-dir" in done.stdout


def test_every_first_upload_makes_a_private_repository():
    first = {of.repo: of for of in reversed(uploads())}
    assert first and all("--private" in of.options for of in first.values())
