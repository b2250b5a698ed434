"""deploy/team/compose.yaml: what it names is there, and its processes are a team instance.

Docker is not asked: its commands run as processes of this machine. The long test takes a minute.
"""

import os
import re
import shlex
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from wmtp_assets_tests.team.compose import ASKED, COMPOSE, OURS, SERVICES, TEAM, Place, mounts
from wmtp_assets_tests.team.postgres import Postgres
from wmtp_assets_tests.team.test_database import SQL, tool
from wmtp_assets_tests.team.test_webserver import REFUSALS, mutation
from wmtp_assets_tests.team.webserver import Webserver

PROJECT = TEAM.parents[1]
PAGE = (PROJECT / "docs/team.md").read_text()
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
VALUES = {
    "WMTP_PASSWORD": "0123456789abcdef",
    "WMTP_READER_PASSWORD": "fedcba9876543210",
    "HF_TOKEN": "hf_none",
}
JOB = (
    '(executionParams: {selector: {repositoryName: "__repository__", repositoryLocationName:'
    ' "wmtp_assets.definitions", jobName: "reset_storage"}})'
    " { __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message } }"
)
RUN_SECONDS = 240


def test_every_file_that_it_mounts_is_beside_it_and_its_volumes_are_declared():
    for name, service in SERVICES.items():
        for target, source in mounts(service).items():
            if source.startswith("./"):
                assert (TEAM / source).is_file(), (name, source)
            elif not source.startswith("/"):
                assert source in COMPOSE["volumes"], (name, source)
            assert target.startswith("/"), (name, target)


def test_what_it_asks_for_stands_in_the_example_and_nothing_else():
    text = (TEAM / "compose.yaml").read_text()
    example = re.findall(r"^(\w+)=(.*)$", (TEAM / "env.example").read_text(), re.M)
    assert {name for name, _ in example} == set(ASKED.findall(text))
    assert not any(value for _, value in example), "a password for everybody"
    assert text.count("${") == len(ASKED.findall(text)), "something is not asked for by name"


def test_images_are_named_with_their_version_and_ours_is_that_of_the_project():
    for name, service in SERVICES.items():
        image = service["image"]
        assert ASKED.fullmatch(image) or re.fullmatch(r"[\w-]+:\d[\w.]*", image), (name, image)
    assert {SERVICES[name]["image"] for name in OURS} == {f"wmtp-assets:{VERSION}"}
    for page in ("deploy/Dockerfile", "docs/cluster.md"):
        assert f"wmtp-assets:{VERSION}" in (PROJECT / page).read_text(), page


def test_nothing_but_the_proxy_listens_beyond_this_machine():
    for name, service in SERVICES.items():
        assert "ports" not in service
        told = " ".join(map(str, service.get("command", ())))
        assert name == "proxy" or "127.0.0.1" in told or name == "daemon", name
        assert "0.0.0.0" not in told


def test_only_the_code_server_has_the_storage_and_the_token():
    for name in OURS:
        environment = SERVICES[name]["environment"]
        reads = {key for key in environment if key.startswith(("WMTP_", "HF_"))}
        assert bool(reads) == (name == "code"), (name, reads)
        assert ("/srv/wmtp" in mounts(SERVICES[name])) == (name == "code"), name
    reader = SERVICES["reviewers"]["environment"]["DAGSTER_PG_URL"]
    assert "wmtp_reader" in reader and "--read-only" in SERVICES["reviewers"]["command"]


def test_its_commands_are_those_of_the_page():
    by_hand = [
        shlex.split(line.removeprefix(".venv/bin/"))
        for line in PAGE.splitlines()
        if re.match(r"\.venv/bin/(dagster code-server|dagster-daemon|dagster-webserver) ", line)
    ]
    mounted = {f"deploy/team/{Path(s).name}": t for t, s in mounts(SERVICES["daemon"]).items()}
    by_hand = [[mounted.get(word, word) for word in line] for line in by_hand]
    assert sorted(by_hand) == sorted(SERVICES[name]["command"] for name in OURS)


def test_the_login_has_the_options_of_the_page():
    line = PAGE.split("\noauth2-proxy ")[1].split("\n```")[0].replace("\\\n", " ")
    joined = re.sub(r" (?=[^-\s])", "=", " ".join(shlex.split(line)))
    by_hand = {option for option in joined.split() if not option.startswith("--client-secret")}
    assert by_hand == set(SERVICES["login"]["command"])


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (("check-jsonschema", "--builtin-schema", "vendor.compose-spec"), "team/compose.yaml"),
        (("hadolint",), "Dockerfile"),
        (("sh", "-n"), "team/passwords.sh"),
    ],
)
def test_the_linter_of_each_file_finds_nothing(command, file):
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}: not of every platform, else installed by [dev]")
    done = subprocess.run([*command, PROJECT / "deploy" / file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def database(postgres: Postgres) -> Postgres:
    """What the two scripts make of an empty Postgres, in the order of their names."""
    scripts = mounts(SERVICES["database"])
    files = [TEAM / source for target, source in sorted(scripts.items()) if "initdb.d" in target]
    assert files[0].resolve() == SQL and len(files) == 2
    psql = tool(postgres, "psql")
    made = [psql, "-v", "ON_ERROR_STOP=1", "-f", files[0], postgres.plain_url()]
    subprocess.run(made, check=True, capture_output=True)
    path = f"{Path(psql).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "PGHOST": str(postgres.folder), "POSTGRES_USER": "dagster"}
    subprocess.run([files[1]], check=True, env={**environment, **VALUES})
    yield postgres
    postgres.drop("wmtp")
    postgres.execute("DROP ROLE wmtp")
    postgres.execute("DROP ROLE wmtp_reader")


@pytest.mark.long
def test_each_role_has_the_password_of_its_own(database: Postgres):
    import psycopg2

    with psycopg2.connect(database.plain_url()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'wmtp%'")
        stored = dict(cursor.fetchall())
    connection.close()
    assert stored.keys() == {"wmtp", "wmtp_reader"}
    assert all(text.startswith("SCRAM-SHA-256$") for text in stored.values())
    assert stored["wmtp"] != stored["wmtp_reader"]


@pytest.mark.long
def test_its_processes_run_what_operators_launch_and_show_it_to_reviewers(
    database: Postgres, tmp_path: Path
):
    place = Place(tmp_path, str(database.folder), VALUES)
    with place.running_all() as processes:
        operators = Webserver(place.ports["3000"])
        reviewers = Webserver(place.ports["3001"])
        told = operators.query(f"mutation {{ launchRun{JOB} }}")["data"]["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        run = f'{{ runOrError(runId: "{told["run"]["runId"]}") {{ ... on Run {{ status }} }} }}'
        deadline = time.monotonic() + RUN_SECONDS
        while (seen := reviewers.query(run)["data"]["runOrError"]["status"]) != "SUCCESS":
            assert seen not in ("FAILURE", "CANCELED") and time.monotonic() < deadline, seen
            time.sleep(0.5)
        assert reviewers.serves_pages_and_runs
        refused = str(reviewers.query(mutation("launchRun")))
        assert any(refusal in refused for refusal in REFUSALS), refused
        assert all(place.healthy(name) for name in OURS)
        assert all(process.poll() is None for process in processes.values())
