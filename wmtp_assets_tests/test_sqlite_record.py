"""The record in SQLite: first used by several commands at once, held by others, broken."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION as OLDER

from wmtp_assets import sqlite_files, sqlite_record
from wmtp_assets.doctor.database import database_lines
from wmtp_assets.doctor.lines import State
from wmtp_assets.errors import BadInput
from wmtp_assets.signoff.__main__ import record
from wmtp_assets.sqlite_engines import EventLog
from wmtp_assets.sqlite_files import (
    DATABASES,
    HEADS_FIX,
    WAY_BACK,
    DatabaseLocked,
    faults,
    lock_holders,
)
from wmtp_assets.sqlite_record import (
    GUARD,
    GuardedSqliteStorage,
    RecordLocked,
    be_patient,
    mend,
    record_lock,
)

PROJECT = Path(__file__).parents[1]
DAGSTER = [sys.executable, "-m", "dagster"]
MAKE = [*DAGSTER, "asset", "materialize", "-m", "wmtp_assets.definitions"]
STATUS = [sys.executable, "-m", "wmtp_assets.signoff", "status"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh DAGSTER_HOME without dagster.yaml."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record as Dagster makes it, and our dagster.yaml."""
    folder = tmp_path_factory.mktemp("pattern")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder))
        with record():
            pass
    return folder


@pytest.fixture
def made(home: Path, pattern: Path) -> Path:
    """A DAGSTER_HOME with a record."""
    return shutil.copytree(pattern, home, dirs_exist_ok=True)


def storage_of(instance: dg.DagsterInstance) -> str:
    return instance.get_ref().storage_data.class_name


def execute(path: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(path)) as found, found:
        found.execute(statement, values)


def heads(home: Path) -> list[list[str]]:
    with_all = []
    for name in DATABASES:
        with closing(sqlite3.connect(home / name)) as found:
            with_all.append([row for (row,) in found.execute("SELECT * FROM alembic_version")])
    return with_all


def at_once(home: Path, *commands: list[str]) -> list[subprocess.Popen]:
    root = home.parent
    environment = {
        **os.environ,
        "WMTP_STORAGE_ROOT": str(root / "storage"),
        "WMTP_DOCS_ROOT": str(root / "docs"),
        "PYTHONPATH": str(PROJECT),
        "PYTHONWARNINGS": "ignore",
    }
    running = [
        subprocess.Popen(
            command, env=environment, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for command in commands
    ]
    for process in running:
        process.communicate()
    return running


def test_the_record_of_the_projects_yaml_is_the_guarded_one_and_where_dagster_has_it(home):
    shutil.copy(PROJECT / "dagster.yaml", home)
    with dg.DagsterInstance.get() as instance:
        assert storage_of(instance) == GuardedSqliteStorage.__name__
    assert all((home / name).is_file() for name in DATABASES) and (home / GUARD).exists()
    assert list(faults(home)) == []
    # What was made before the storage was named is opened by it, and the other way round.
    (home / "dagster.yaml").unlink()
    with dg.DagsterInstance.get() as instance:
        assert instance.get_runs() == []


@dg.asset
def thing() -> None: ...


def test_a_run_connects_by_one_engine_a_file_once_dagster_has_made_it(made):
    engines: set[sqlalchemy.Engine] = set()

    def note(connection):
        engines.add(connection.engine)

    sqlalchemy.event.listen(sqlalchemy.Engine, "engine_connect", note)
    try:
        with dg.DagsterInstance.get() as instance:
            run_id = dg.materialize([thing], instance=instance).run_id
            assert instance.all_logs(run_id)
            assert instance.get_latest_materialization_event(thing.key)
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "engine_connect", note)
    files = Counter(Path(engine.url.database).name for engine in engines)
    assert files[f"{run_id}.db"] == 2 and files["index.db"] <= 3


def test_a_file_that_bears_a_stamp_is_not_looked_through_again(made, monkeypatch):
    looked: list[bool] = []
    monkeypatch.setattr(EventLog, "_initdb", lambda *_, **__: looked.append(True))
    index = made / "history/runs/index.db"
    for stamps, looks in ((["one"], 0), ([], 1), (["one", "two"], 2)):
        execute(index, "DELETE FROM alembic_version")
        for stamp in stamps:
            execute(index, "INSERT INTO alembic_version VALUES (?)", stamp)
        with EventLog(str(index.parent)).index_connection():
            assert len(looked) == looks


def test_the_files_of_a_wiped_record_are_made_anew(made):
    with dg.DagsterInstance.get() as instance:
        run_id = dg.materialize([thing], instance=instance).run_id
        instance.event_log_storage.wipe()
        assert instance.all_logs(run_id) == []
        assert dg.materialize([thing], instance=instance).success


def test_threads_write_the_record_side_by_side(made):
    def write_many(name: str) -> None:
        for _ in range(10):
            instance.report_runless_asset_event(dg.AssetMaterialization(name))

    with dg.DagsterInstance.get() as instance, ThreadPoolExecutor(4) as pool:
        list(pool.map(write_many, "abcd"))
        counts = [len(instance.fetch_materializations(dg.AssetKey(n), 50).records) for n in "abcd"]
    assert counts == [10] * 4


def test_one_process_makes_the_record_while_the_others_wait(home):
    begun, waited = threading.Event(), []

    def other() -> None:
        begun.set()
        with record_lock(home):
            waited.append(time.monotonic())

    with record_lock(home):
        with record_lock(home):  # as when `record` opens an instance of ours
            pass
        thread = threading.Thread(target=other)
        thread.start()
        assert begun.wait(10)
        time.sleep(0.3)
        assert waited == []
        left = time.monotonic()
    thread.join(10)
    assert waited and waited[0] >= left


def test_a_folder_without_locks_is_opened_all_the_same(home, monkeypatch):
    def fails(*arguments, **options):
        raise OSError("no locks available")

    monkeypatch.setattr(sqlite_record.FileLock, "acquire", fails)
    with record_lock(home), dg.DagsterInstance.get() as instance:
        assert instance.get_runs() == []


def test_our_command_puts_the_yaml_into_a_fresh_home_and_leaves_any_other_alone(home):
    with record() as instance:
        assert storage_of(instance) == GuardedSqliteStorage.__name__
    written = home / "dagster.yaml"
    assert written.read_bytes() == (PROJECT / "dagster.yaml").read_bytes()
    written.write_text("telemetry: {enabled: false}\n")
    with record():
        pass
    assert written.read_text() == "telemetry: {enabled: false}\n"
    written.unlink()  # the record is there already: whoever made it chose its settings
    with record():
        pass
    assert not written.exists()


@pytest.mark.parametrize("name", DATABASES)
def test_a_record_that_was_made_by_several_is_named_and_mended(made, name):
    execute(made / name, "INSERT INTO alembic_version VALUES (?)", OLDER)
    [(what, fix)] = faults(made)
    assert what.startswith(f"{name} was made by several commands at once") and fix == HEADS_FIX
    (made / "dagster.yaml").unlink()
    with pytest.raises(Exception, match="more than one head"):  # what dagster itself says
        dg.DagsterInstance.get().get_runs()
        dg.DagsterInstance.get().get_asset_keys()
    with record() as instance:
        assert instance.get_runs() == [] and not instance.get_asset_keys()
    assert list(faults(made)) == []


def test_dagster_itself_mends_it_where_our_yaml_is(made):
    execute(made / "history/runs.db", "INSERT INTO alembic_version VALUES (?)", OLDER)
    with dg.DagsterInstance.get() as instance:
        assert instance.get_runs() == []


@pytest.mark.parametrize(
    ("yaml", "state"),
    [
        (None, [State.WARN]),
        ("telemetry: {enabled: false}", [State.WARN]),
        ("storage: {sqlite: {base_dir: /tmp}}", []),
        ("- no mapping", [State.WARN]),
    ],
)
def test_the_doctor_says_that_a_fresh_home_is_not_guarded(home, yaml, state):
    if yaml:
        (home / "dagster.yaml").write_text(yaml)
    assert [line.state for line in database_lines(str(home))] == state


def test_the_doctor_says_whether_a_record_opens_and_how_to_mend_it(made):
    assert [(line.state, line.what) for line in database_lines(str(made))] == [
        (State.OK, "the record opens")
    ]
    execute(made / "schedules/schedules.db", "INSERT INTO alembic_version VALUES (?)", OLDER)
    [line] = database_lines(str(made))
    assert line.state == State.FAIL and "signoff status" in line.fix
    assert list(database_lines(None)) == [] == list(database_lines("nowhere"))


def test_mending_leaves_the_newest_head_and_a_sound_record_alone(made):
    before = heads(made)
    assert mend(made) == [] and heads(made) == before
    execute(made / "history/runs.db", "INSERT INTO alembic_version VALUES (?)", OLDER)
    assert mend(made) == ["history/runs.db"] and heads(made) == before


def test_where_there_is_no_record_nothing_is_made_by_a_look(home):
    assert list(faults(home)) == [] and mend(home) == []
    assert list(home.iterdir()) == []


def not_sqlite(path: Path) -> None:
    path.write_bytes(b"not a database, and long enough to be taken for one" * 50)


def without_runs(path: Path) -> None:
    execute(path, "DROP TABLE runs")


@pytest.mark.parametrize(
    ("damage", "told"),
    [(not_sqlite, "is no database that SQLite reads"), (without_runs, "has no table runs")],
)
def test_another_damage_is_named_with_the_way_back(made, damage: Callable, told):
    damage(made / "history/runs.db")
    [(what, fix)] = faults(made)
    assert what.startswith("history/runs.db") and told in what and fix == WAY_BACK
    assert 'mv "$DAGSTER_HOME"/history' in fix and "lost with it" in fix


@pytest.fixture
def hold(made: Path):
    """Hold the lock of one of the databases in another process, until the test ends."""
    program = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    processes = []

    def held(name: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(made / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout.readline() == b"held\n"
        return process.pid

    yield held
    for process in processes:
        process.communicate()


def write(instance: dg.DagsterInstance, name: str) -> None:
    if name == "history/runs.db":
        instance.run_storage.set_cursor_values({"a": "b"})
    else:
        instance.report_runless_asset_event(dg.AssetMaterialization("a"))


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db"])
def test_what_holds_the_record_for_too_long_is_named(made, hold, name, monkeypatch):
    monkeypatch.setattr(sqlite_record, "WAIT_SECONDS", 0.2)
    with record() as instance:
        pid = hold(name)
        started = time.monotonic()
        with pytest.raises(RecordLocked, match="the record: database is locked for") as named:
            write(instance, name)
    # 0.2 s and not Dagster's own 5 s or 30 s: the wait is ours.
    assert time.monotonic() - started < 3
    assert isinstance(named.value, BadInput) and f"{made / name}" in str(named.value)
    if sys.platform == "linux":
        assert f"process {pid} (python" in str(named.value)
        assert lock_holders(made / name)[0].startswith(f"process {pid} (python")


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db"])
def test_a_record_that_is_let_go_in_time_is_written(made, name, monkeypatch):
    monkeypatch.setattr(sqlite_record, "WAIT_SECONDS", 30)
    with record() as instance:
        held = sqlite3.connect(made / name, isolation_level=None, check_same_thread=False)
        held.execute("BEGIN EXCLUSIVE")
        threading.Timer(0.5, held.close).start()
        write(instance, name)


def test_a_look_at_a_record_that_is_held_says_so(made, hold, monkeypatch):
    monkeypatch.setattr(sqlite_files, "LOOK_SECONDS", 0.1)
    execute(made / "history/runs.db", "PRAGMA journal_mode=DELETE")  # readers wait too
    pid = hold("history/runs.db")
    with pytest.raises(DatabaseLocked, match=r"runs\.db"):
        list(faults(made))
    [line] = database_lines(str(made))
    assert line.state == State.WARN and "locked by" in line.what
    assert sys.platform != "linux" or f"process {pid}" in line.what


def test_another_engine_waits_too_and_other_databases_are_left_alone(tmp_path):
    be_patient()
    be_patient()
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        [(milliseconds,)] = connection.exec_driver_sql("PRAGMA busy_timeout")
    assert milliseconds == 1000 * sqlite_record.WAIT_SECONDS
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError):
        connection.exec_driver_sql("SELECT * FROM nothing")


@pytest.mark.long
def test_four_commands_at_once_on_a_fresh_home_and_a_fifth_all_open_it(home):
    shutil.copy(PROJECT / "dagster.yaml", home)
    make = [*MAKE, "--select", "storage_layout"]
    four = at_once(home, make, make, STATUS, make)
    assert [process.returncode for process in four] == [0, 0, 1, 0]  # status: nothing is ready
    assert list(faults(home)) == []
    [fifth] = at_once(home, make)
    assert fifth.returncode == 0
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS] * 4


@pytest.mark.long
def test_without_our_yaml_dagster_may_lose_commands_but_never_the_record(home):
    make = [*MAKE, "--select", "storage_layout"]
    four = at_once(home, make, make, make, make)
    succeeded = [process for process in four if process.returncode == 0]
    assert succeeded
    [fifth] = at_once(home, [*DAGSTER, "run", "list"])
    assert fifth.returncode == 0
    with record() as instance:
        done = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))
    assert len(done) == len(succeeded)


def test_without_a_dagster_home_a_command_and_its_children_have_one_temporary_record(monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "restored at the end")
    monkeypatch.delenv("DAGSTER_HOME")
    with tempfile.TemporaryDirectory() as other:
        ref = InstanceRef.from_dir(other, config_dir=str(PROJECT))
    with dg.DagsterInstance.from_ref(ref) as first, dg.DagsterInstance.from_ref(ref) as second:
        assert storage_of(first) == GuardedSqliteStorage.__name__
        first.daemon_cursor_storage.set_cursor_values({"key": "value"})
        assert second.daemon_cursor_storage.get_cursor_values({"key"}) == {"key": "value"}
