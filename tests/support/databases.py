"""Real databases for tests: a fresh SQLite file or a fresh PostgreSQL database for each test.

PostgreSQL is the server of `TEST_DATABASE_URL` where that is set, else a throw-away cluster on a
socket in a temporary folder, started once a test process. Without a server the tests skip aloud;
with CI=true they fail.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from portal import database
from portal.database import tables


def binaries() -> Path | None:
    """The folder of PostgreSQL's own programs, newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server on which databases may be made and dropped."""
    if address := os.environ.get("TEST_DATABASE_URL"):
        yield address
        return
    programs = binaries()
    if programs is None:
        words = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    with _cluster(programs) as address:
        yield address


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """A throw-away server with an empty database, for a benchmark."""
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with _cluster(programs) as server:
        yield _fresh_database(server)[1]


@contextmanager
def _cluster(programs: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-", dir="/tmp"))
    # The server refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def run(*words: str) -> None:
        subprocess.run(
            [*become, *words], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120
        )

    run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "portal", "-E", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200"
    start = ("-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    run(str(programs / "pg_ctl"), *start)
    try:
        yield f"postgresql://portal@/postgres?host={folder}"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _fresh_database(server: str) -> tuple[str, str]:
    name = f"portal_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return name, server.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture
def postgres_address(postgres_server: str) -> Iterator[str]:
    name, address = _fresh_database(postgres_server)
    yield address
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'portal.db'}"
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def engine(database_address: str) -> Iterator[Engine]:
    """An engine on a migrated, empty database."""
    engine = database.connect(database_address)
    database.migrate(engine)
    yield engine
    engine.dispose()


def put_bookable(engine: Engine, places: int = 2) -> None:
    """A course with room for so many families."""
    database.write(
        engine,
        lambda c: c.execute(
            tables.bookable.insert().values(
                series="riverbank/bump",
                planned="",
                places=places,
                allowed=places,
                held=0,
                waiting=0,
                last_number=0,
            )
        ),
    )
