"""deploy/Dockerfile, read instruction by instruction; Docker is not asked."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch

from wmtp_assets_tests.team.compose import OURS, SERVICES, TEAM

PROJECT = TEAM.parents[1]
FILE = PROJECT / "deploy/Dockerfile"
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text())
WANTED = {"dask", "postgres", "sign", "slack"}


def instructions() -> list[tuple[str, str]]:
    """Instruction -> its words, comments gone and continued lines joined."""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line]


def all_of(name: str) -> list[str]:
    return [words for instruction, words in instructions() if instruction == name]


def copied() -> list[str]:
    """The files and folders of the project that are copied into the image."""
    sources = [
        [w for w in words.split() if not w.startswith("--")][:-1] for words in all_of("COPY")
    ]
    found = [path for patterns in sources for pattern in patterns for path in PROJECT.glob(pattern)]
    return sorted({path.relative_to(PROJECT).as_posix() for path in found})


def test_it_is_of_a_pinned_python_that_the_project_supports_and_not_run_by_root():
    [base] = all_of("FROM")
    found = re.fullmatch(r"python:(3\.\d+)-slim", base)
    low, high = re.findall(r"3\.(\d+)", METADATA["project"]["requires-python"])
    assert int(low) <= int(found[1].removeprefix("3.")) < int(high)
    [user] = all_of("USER")
    assert int(user) > 0 and f"--uid {user}" in " ".join(all_of("RUN"))
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")


def test_what_is_copied_is_what_the_project_is_built_of_and_nothing_ignored():
    files = copied()
    needed = {"pyproject.toml", "constraints.txt", METADATA["project"]["readme"], "wmtp_assets"}
    assert set(files) - {"LICENSE"} == needed
    ignored = (FILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert all(any(fnmatch(file, pattern) for pattern in kept) for file in files), files


def test_it_installs_the_pinned_project_with_its_extras():
    install = shlex.split(all_of("RUN")[0].split("&&")[0])
    assert install[:2] == ["pip", "install"] and "-c" in install
    [extras] = re.findall(r"^\.\[(.*)\]$", install[-1])
    assert set(extras.split(",")) == WANTED <= METADATA["project"]["optional-dependencies"].keys()


def test_torch_of_another_build_is_refused():
    """The command of the image, with the torch that is here and with one that has CUDA."""
    [check] = [part for part in all_of("RUN")[0].split("&&") if "torch" in part]
    program = shlex.split(check)[-1]
    faked = "import sys, types; sys.modules['torch'] = types.SimpleNamespace(version="
    for version, code in (("None", 0), ("'12.8'", 1)):
        fake = f"{faked}types.SimpleNamespace(cuda={version}));"
        done = subprocess.run(
            [sys.executable, "-c", fake + program], capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert code == 0 or "torch is a CUDA build" in done.stderr


def test_it_starts_the_code_server_of_compose_in_the_home_of_compose():
    assert json.loads(all_of("CMD")[0]) == SERVICES["code"]["command"]
    home = next(words for words in all_of("ENV") if words.startswith("DAGSTER_HOME=")).split("=")[1]
    assert {SERVICES[name]["environment"]["DAGSTER_HOME"] for name in OURS} == {home}
    assert f"dagster_home: {home}" in (PROJECT / "docs/cluster.md").read_text()


def test_no_address_of_a_registry_is_in_it():
    text = FILE.read_text() + (TEAM / "compose.yaml").read_text()
    assert not re.findall(r"https?://(?!127\.0\.0\.1|(?:login|review)\.example\.org)", text)
