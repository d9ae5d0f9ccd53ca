"""A Postgres that somebody runs by hand, reached over TCP with passwords by two users: one owns the
schema, the other does syncd's work and may do no more."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from syncd.simulator import Settings, Simulator
from syncd.store.installation import Installation, find_installation
from tests.e2e.processes import syncd
from tests.e2e.scene import Books, Place, connected
from tests.ports import free_port
from tests.waiting import eventually

FIFTEEN = Path("/usr/lib/postgresql/15/bin")
PASSWORDS = {"postgres": "pässword/with:signs@", "keeper": "owner secret", "worker": "s3rvice"}
VIEWS = (
    "account_health",
    "approvals",
    "campaign_history",
    "campaigns",
    "caps",
    "field_history",
    "fields",
    "inbox",
    "limit_usage",
    "plans",
    "request_cost",
    "runs",
    "services",
    "update_attempts",
    "update_events",
    "updates",
)
EMPTY = {"approvals", "caps", "inbox", "plans", "request_cost", "services"}
"""No request is billed there, nothing waits for a person, and no service runs."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running Postgres that listens on TCP alone."""

    port: int

    def arguments(self, user: str, database: str) -> dict[str, Any]:
        """For asyncpg, as that user."""
        where = {"host": "127.0.0.1", "port": self.port, "database": database}
        return {**where, "user": user, "password": PASSWORDS[user]}

    def url(self, user: str) -> str:
        """For a configuration, as that user."""
        password = quote(PASSWORDS[user], safe="")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/ads"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Postgres 15 where this machine has it, else the one that came with the environment."""
    installation = find_installation()
    home = Path(tempfile.mkdtemp(prefix="syncd-own-", dir=installation.temp_folder()))
    installation.give(home)
    try:
        if FIFTEEN.is_dir():
            installation = replace(installation, bin=FIFTEEN)
        else:
            installation = installation.fit_for(home, owner=None)
        with served(installation, home) as running:
            yield running
    finally:
        shutil.rmtree(home)


@contextmanager
def served(installation: Installation, home: Path) -> Iterator[Server]:
    """A cluster in that folder, for as long as the block."""
    password = home / "password"
    password.write_text(PASSWORDS["postgres"])
    installation.give(password)
    options = ["--username", "postgres", "--pwfile", str(password), "--encoding=UTF8", "--no-sync"]
    options += ["--locale=C.UTF-8", "--auth-local=reject", "--auth-host=scram-sha-256"]
    made = installation.run("initdb", "-D", str(home / "data"), *options)
    assert made.returncode == 0, made.stderr
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "off"}
    settings |= {"unix_socket_directories": ""}
    asked = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        command = ("postgres", "-D", str(home / "data"), *asked)
        process = installation.start(*command, log=log, die_with_parent=True)
        try:
            yield Server(port=port)
        finally:
            process.terminate()
            process.wait(30)


async def is_up(server: Server) -> bool:
    try:
        connection = await asyncpg.connect(**server.arguments("postgres", "postgres"))
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
        return False
    await connection.close()
    return True


async def prepare(server: Server) -> None:
    """A database of its keeper, and a plain user for syncd's work."""
    await eventually(lambda: is_up(server))
    connection = await asyncpg.connect(**server.arguments("postgres", "postgres"))
    for user, more in (("keeper", "CREATEROLE"), ("worker", "")):
        statement = f"CREATE ROLE {user} LOGIN {more} PASSWORD '{PASSWORDS[user]}'"
        await connection.execute(statement)
    await connection.execute("CREATE DATABASE ads OWNER keeper")
    await connection.close()


async def execute(server: Server, user: str, statement: str) -> None:
    connection = await asyncpg.connect(**server.arguments(user, "ads"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def succeed(place: Place, *arguments: str) -> str:
    """What `syncd` says when it ends with 0."""
    code, told = await syncd(place, *arguments)
    assert code == 0, told
    for password in PASSWORDS.values():
        assert password not in told
    return told


async def test_a_server_of_ones_own_is_upgraded_and_does_the_whole_job(
    server: Server, tmp_path: Path
) -> None:
    await prepare(server)
    async with Simulator(Settings(campaigns=40, rate=None)) as simulator:
        place = Place(
            folder=tmp_path,
            database_url=server.url("worker"),
            owner_url=server.url("keeper"),
            base_url=simulator.base_url,
        )
        place.write()
        code, told = await syncd(place, "sync")
        assert code == 2, told
        assert "syncd db upgrade" in told
        assert "upgraded the schema" in await succeed(place, "db", "upgrade")
        assert "nothing to do" in await succeed(place, "db", "upgrade")
        await execute(server, "keeper", "GRANT syncd_service TO worker")
        await succeed(place, "sync")
        async with connected(server.url("worker")) as books:
            version = books.connection.get_server_version().major
            assert version == 15 or not FIFTEEN.is_dir()
            await books.enqueue_picks(simulator.service.picks()["ordinary"][:2])
            simulator.world.edit(simulator.world.in_view()[-1].id, name="By a person")
            await succeed(place, "sync")
            await assert_every_view_has_rows(books)
            await assert_plain_user_stays_plain(books)
            states = [row["state"] for row in await books.view("updates")]
        assert states == ["applied"] * 2
        for arguments in (("status",), ("plan",)):
            await succeed(place, *arguments)


async def assert_every_view_has_rows(books: Books) -> None:
    """All views are known here, and each answers to the plain user."""
    found = await books.connection.fetch(
        "SELECT viewname FROM pg_views WHERE schemaname = 'report' ORDER BY viewname"
    )
    assert tuple(row["viewname"] for row in found) == VIEWS
    for view in VIEWS:
        rows = await books.connection.fetch(f"SELECT * FROM report.{view}")
        assert bool(rows) == (view not in EMPTY), view


async def assert_plain_user_stays_plain(books: Books) -> None:
    """The user that does the work can neither change the schema nor take history away."""
    forbidden = (
        "CREATE TABLE syncd.mine ()",
        "DROP VIEW report.updates",
        "DELETE FROM syncd.field_changes",
        "DELETE FROM syncd.updates",
        "UPDATE syncd.clock SET shift = interval '1 day'",
    )
    for statement in forbidden:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await books.connection.execute(statement)
