"""README.md and docs/: links lead somewhere, tables and commands are those of the code.

The Python snippets run in test_run.py, the blocks of docs/extending.md in test_extending.py.
"""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from wmtp_assets.settings import PREFIX, Settings
from wmtp_assets.signoff.__main__ import parse
from wmtp_assets_tests.published_graph import published_graph

PROJECT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(PROJECT).as_posix(): path.read_text("utf-8")
    for path in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
}
KOREAN = "docs/README.ko.md"
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MOST_LINES_OF_README = 186


def anchors(page: str) -> set[str]:
    """What the headings of a page can be linked by, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def links(name: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", PAGES[name]))
    return [link for link in found if not re.match(r"https?://|mailto:", link)]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(name):
    wrong = []
    for link in links(name):
        path, _, anchor = link.partition("#")
        target = ((PROJECT / name).parent / path).resolve() if path else PROJECT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            wrong.append(link)
    assert wrong == []


def test_the_readme_is_short_and_leads_to_every_page():
    assert len(PAGES["README.md"].splitlines()) <= MOST_LINES_OF_README
    linked = {link.partition("#")[0] for link in links("README.md")}
    assert {name for name in PAGES if name != "README.md"} <= linked


def test_every_picture_is_shown_on_a_page():
    shown = {Path(link).name for name in PAGES for link in links(name) if link.endswith(".png")}
    assert {path.name for path in (PROJECT / "docs" / "images").iterdir()} == shown


def test_the_page_of_settings_has_every_setting():
    table = re.findall(r"^\| (`.*?) \|", PAGES["docs/settings.md"], re.MULTILINE)
    named = {name for cell in table for name in re.findall(rf"`({PREFIX}\w+)`", cell)}
    assert named == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    root = tmp_path_factory.mktemp("pages")
    return published_graph(root, backup_url=str(root / "backup"))


def job_names(defs: dg.Definitions) -> set[str]:
    jobs = defs.resolve_all_job_defs()
    return {job.name for job in jobs if not job.name.startswith("__")}


def test_the_table_of_jobs_has_every_job(defs):
    cells = re.findall(r"^\| (`.*?) \|", PAGES["docs/real-run.md"], re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == job_names(defs)


def commands(name: str) -> list[str]:
    """The lines of the blocks for a shell: of a command on several lines one, no comments."""
    blocks = re.findall(r"^```(?:bash|sh)?\n(.*?)^```$", PAGES[name], re.MULTILINE | re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [" ".join(line.split()) for line in lines if line]


ALL_COMMANDS = sorted({command for name in PAGES for command in commands(name)})


def matching(pattern: str) -> list[tuple[str, ...]]:
    """What a pattern finds in the commands; there is some."""
    found = [match for command in ALL_COMMANDS for match in re.findall(pattern, command)]
    assert found
    return found


def test_the_modules_and_targets_of_the_commands_are_there():
    modules = set(matching(r"-m ((?:wmtp_assets|benchmarks)[\w.]*)"))
    assert {name for name in modules if not importlib.util.find_spec(name)} == set()
    targets = set(matching(r"^(?:\w+=\S+ )*make ([\w-]+)"))
    makefile = (PROJECT / "Makefile").read_text()
    assert {t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)} == set()


def test_the_jobs_of_the_commands_take_their_run_config(defs):
    assert set(matching(r"-j (\w+)")) <= job_names(defs)
    configured = matching(r"-j (\w+) -c <\(echo '(.*?)'\)")
    for job, config in configured:
        dg.validate_run_config(defs.resolve_job_def(job), yaml.safe_load(config))


def test_the_selections_of_the_commands_select_something(defs):
    graph = defs.resolve_asset_graph()
    selections = {shlex.split(found)[0] for found in matching(r"--(?:select|assets) ('[^']+')")}
    empty = [s for s in selections if not dg.AssetSelection.from_string(s).resolve(graph)]
    assert empty == []


def test_the_signoff_commands_are_parsed():
    for words in matching(r"-m wmtp_assets\.signoff ([^<>|]+)"):
        parse(shlex.split(re.sub(r"\[|\]|\.\.\.", "", words)))


def test_the_commands_of_hf_have_options_that_hf_knows():
    used: dict[str, set[str]] = {}
    for name, words in matching(r"^(?:\.venv/bin/)?hf ([a-z]+) (.*)"):
        used.setdefault(name, set()).update(re.findall(r"--[\w-]+", words))
    assert {"download", "upload"} <= used.keys()
    for name, options in used.items():
        hf = [str(Path(sys.executable).parent / "hf"), name, "--help"]
        told = subprocess.run(hf, capture_output=True, text=True, check=True).stdout
        assert options - set(re.findall(r"--[\w-]+", told)) == set()


def test_the_korean_page_has_the_commands_of_the_readme():
    """Its first screen, the real run and the review; a command of its own would be untried."""
    starts = ("make ", "export ", ".venv/bin/")
    wanted = {command for command in commands("README.md") if command.startswith(starts)}
    assert set(commands(KOREAN)) - set(commands("README.md")) == set()
    assert wanted - set(commands(KOREAN)) == set()


def test_the_korean_page_names_the_digest_of_the_readme():
    digests = {
        name: re.findall(r"sha256:[0-9a-f]{64}", PAGES[name]) for name in ("README.md", KOREAN)
    }
    assert digests["README.md"] == digests[KOREAN] and len(digests[KOREAN]) == 1
