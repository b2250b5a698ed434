"""A real Postgres server for the tests: its own folder, a user that is not root, no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

ROLE = "dagster"
START_SECONDS = 30
# Where Debian and Red Hat put what is not on the PATH.
PACKAGED = ("usr/lib/postgresql/*/bin/initdb", "usr/pgsql-*/bin/initdb")
# Whatever ends the process that holds the other end of the pipe, `cat` ends; SIGQUIT is what
# `pg_ctl stop -m immediate` sends.
SERVE = """
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$2"
"""


def find_binaries() -> Path | None:
    """The folder of initdb and postgres, None if they are not on this machine."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else []
    if asked := shutil.which("pg_config"):
        told = subprocess.run([asked, "--bindir"], capture_output=True, text=True)
        found.append(Path(told.stdout.strip()) / "initdb")
    for pattern in PACKAGED:
        found += sorted(Path("/").glob(pattern), reverse=True)
    folders = (path.parent for path in found)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


class Postgres:
    """A running server, reached by a socket in its folder.

    Attributes:
        binaries: The folder of initdb and its like.
    """

    def __init__(self, binaries: Path, folder: Path):
        self.binaries = binaries
        self.folder = folder

    def url(self, database: str = "postgres", role: str = ROLE) -> str:
        # SQLAlchemy 2.1 takes plain postgresql:// for psycopg 3; dagster-postgres brings psycopg2.
        return self.plain_url(database, role).replace("postgresql:", "postgresql+psycopg2:")

    def plain_url(self, database: str = "postgres", role: str = ROLE) -> str:
        """The same for the commands of Postgres."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.folder))}"

    def execute(self, statement: str) -> None:
        import psycopg2

        connection = psycopg2.connect(self.plain_url())
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def create(self, database: str, like: str = "template1") -> str:
        """A new database; its URL."""
        self.execute(f"CREATE DATABASE {database} TEMPLATE {like}")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def running_postgres(binaries: Path) -> Iterator[Postgres]:
    """A server that is gone when the context is left, or when this process dies in it."""
    as_root = os.geteuid() == 0
    # A socket's path has 107 bytes, and the folders of pytest are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="wmtp-pg-", dir="/tmp" if as_root else None))
    user = _unprivileged() if as_root else {}
    if as_root:
        os.chown(folder, user["user"], user["group"])
    options = {"cwd": folder, **user}
    try:
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", ROLE, "-A", "trust", "--no-sync",
             "--encoding=UTF8", "--no-locale"],
            check=True, capture_output=True, text=True, **options,
        )  # fmt: skip
        server = subprocess.Popen(
            ["sh", "-c", SERVE, "serve", binaries, folder],
            stdin=subprocess.PIPE, start_new_session=True, **options,
        )  # fmt: skip
        try:
            postgres = Postgres(binaries, folder)
            _wait(postgres)
            yield postgres
        finally:
            server.stdin.close()
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict:
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(postgres: Postgres) -> None:
    import psycopg2

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return postgres.execute("SELECT 1")
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise RuntimeError(postgres.log) from None
            time.sleep(0.02)
