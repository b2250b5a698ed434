"""What the source promises of itself: names come from their home, the rooms list what they hold."""

import ast
import re
from pathlib import Path

import wmtp_assets
from wmtp_assets import corpora

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


def test_the_room_of_the_datasets_lists_its_modules():
    listed = set(re.findall(r"\w+", corpora.__doc__))
    prefix = f"{corpora.__name__}."
    modules = {m.removeprefix(prefix).split(".")[0] for m in TREES if m.startswith(prefix)}
    assert modules - listed == set()
