"""What the source promises of itself: names come from their home, imports go one way."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import wmtp_assets
from wmtp_assets import datasets, models
from wmtp_assets.datasets.rows import DATASETS
from wmtp_assets.models.rows import MODELS

ROOT = Path(wmtp_assets.__file__).parent


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def defined_in(tree: ast.Module) -> set[str]:
    """The names that a module defines at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names


TREES = {module_of(path): ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")}
# Who may import whom: each room those before it. A module that stands in no folder is of the
# foundation, but for those that are named here. Commands stand above all rooms.
FOUNDATION, COMMANDS = "foundation", "commands"
OF_FOUNDATION = ("files", "checking")
COMMAND_MODULES = {"__main__", "rehearse"}
ORDER = (
    FOUNDATION,
    "runs",
    "hub",
    "datasets",
    "models",
    "published",
    "layout",
    "raw",
    "evidence",
    "approval",
    "moving",
    "backup",
    "training_view",
    "documents",
    "automation",
    "signoff",
    "sample",
    "doctor",
    "jobs",
    "descriptions",
    "definitions",
    "checks_page",
    COMMANDS,
)


# Who may import Dagster when it is imported itself: glue, and what opens or reads the record.
GLUE = {
    "assets",
    "checks",
    "jobs",
    "sensors",
    "events",
    "read",
    "observations",
    "record",
    "runs",
    "definitions",
}
RECORD = {
    "wmtp_assets.checking.asset_checks",
    "wmtp_assets.sqlite_record",
    "wmtp_assets.sqlite_engines",
    "wmtp_assets.evidence.results",
    "wmtp_assets.automation.unreported",
    "wmtp_assets.models.recorded_proof",
}


def imports_of(module: str) -> set[str]:
    """The modules of the project that a module imports, inside of functions too."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{name.name}" for name in node.names} & TREES.keys()
            found |= whole or {node.module}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found & TREES.keys()


def room_of(module: str) -> str:
    """The room of ORDER that a module belongs to."""
    parts = module.split(".")
    if parts[-1] in COMMAND_MODULES:
        return COMMANDS
    named = parts[1] if len(parts) > 1 else FOUNDATION
    if named in OF_FOUNDATION:
        return FOUNDATION
    return named if named in ORDER or (ROOT / named).is_dir() else FOUNDATION


def test_no_two_files_import_each_other():
    imports = TopologicalSorter({module: imports_of(module) for module in TREES})
    imports.prepare()  # raises CycleError, which names them


def test_a_room_imports_only_from_rooms_below_it():
    upwards = [
        f"{module} imports {other}"
        for module in TREES
        for other in imports_of(module)
        if ORDER.index(room_of(other)) > ORDER.index(room_of(module))
    ]
    assert upwards == []


def test_pure_modules_know_nothing_of_dagster():
    dagster = {
        module
        for module, tree in TREES.items()
        for node in tree.body
        if ast.unparse(node).startswith(("import dagster", "from dagster"))
    }
    assert {module for module in dagster if not GLUE & set(module.split("."))} == RECORD


def test_every_name_is_imported_from_the_module_that_defines_it():
    homes = {module: defined_in(tree) for module, tree in TREES.items()}
    strangers = [
        f"{module} takes {name.name} from {node.module}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in homes
        for name in node.names
        if name.name not in homes[node.module] and f"{node.module}.{name.name}" not in homes
    ]
    assert strangers == []


def test_every_bad_input_says_how_to_mend_it():
    bare = [
        f"{module} line {node.lineno}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("BadInput")
        if len(node.args) < 3 and "fix" not in {keyword.arg for keyword in node.keywords}
    ]
    assert bare == []


@pytest.mark.parametrize("room", [datasets, models])
def test_the_rooms_of_datasets_and_models_list_their_modules(room):
    listed = set(re.findall(r"\w+", room.__doc__)) | {*DATASETS, *MODELS}
    prefix = f"{room.__name__}."
    modules = {m.removeprefix(prefix).split(".")[0] for m in TREES if m.startswith(prefix)}
    assert modules - listed == set()
