"""The door to Postgres: what its messages say and hide, and statements that all fit the schema."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import asyncpg
import pytest

import syncd
from syncd.errors import ConfigError, DatabaseUnavailable, SchemaMismatch, SyncdError, Undone
from syncd.store.accounts import Wanted
from syncd.store.database import SCHEMA_VERSION, open_database, statements
from tests.proxy import Proxy
from tests.store.parts import Parts, campaign

PASSWORD = "hunter2-canary"


def whole(error: BaseException | None) -> str:
    """What an error and everything that it came from say."""
    said = ""
    while error is not None:
        said += f"{error} {getattr(error, 'remedy', '')} "
        error = error.__cause__
    return said


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/db",
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/db?sslmode=nosuch",
        f"postgresql://u@127.0.0.1:1/db?password={PASSWORD}",
        f"host=127.0.0.1 user=u password={PASSWORD} dbname=x",
        f"postgresql://u:a/{PASSWORD}@127.0.0.1:1/db",
        f"postgresql://u:a#{PASSWORD}@127.0.0.1:1/db",
        f"postgresql://u:{PASSWORD}@127.0.0.1:port/db",
        f"postgresql://u:{PASSWORD}@[bad/db",
        f"mysql://u:{PASSWORD}@127.0.0.1:1/db",
        f"{PASSWORD}",
    ],
)
async def test_an_address_that_does_not_work_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SyncdError) as failed:
        async with open_database(url):
            pass
    assert PASSWORD not in f"{failed.value} {failed.value.remedy}"
    assert failed.value.remedy
    assert isinstance(failed.value, DatabaseUnavailable | ConfigError)


async def test_an_unreachable_database_is_named_with_what_to_try() -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"cannot use the database postgresql://u@127.0.0.1:1/db"
    ) as failed:
        async with open_database(f"postgresql://u:{PASSWORD}@127.0.0.1:1/db"):
            pass
    assert "is it running" in failed.value.remedy


async def test_a_database_without_the_schema_says_how_to_make_it(empty_database_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="has no syncd schema") as failed:
        async with open_database(empty_database_url):
            pass
    assert failed.value.remedy == "run: syncd db upgrade"


@pytest.mark.parametrize(
    ("found", "remedy"), [("0000", "run: syncd db upgrade"), ("9999", "install the newer syncd")]
)
async def test_a_schema_of_another_version_is_refused_with_the_right_remedy(
    own_database_url: str, found: str, remedy: str
) -> None:
    connection = await asyncpg.connect(own_database_url)
    await connection.execute("UPDATE syncd.alembic_version SET version_num = $1", found)
    await connection.close()
    with pytest.raises(
        SchemaMismatch, match=f"is {found}, this program needs {SCHEMA_VERSION}"
    ) as failed:
        async with open_database(own_database_url):
            pass
    assert failed.value.remedy == remedy


async def test_a_database_that_goes_away_and_returns_is_used_again(own_database_url: str) -> None:
    async with Proxy(own_database_url) as proxy, open_database(proxy.url) as database:
        assert await database.value("clock")
        proxy.is_cut = True
        proxy.cut()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await database.value("clock")
        proxy.is_cut = False
        assert await database.value("clock")


async def test_a_transaction_that_was_left_by_an_error_leaves_nothing(
    own_database_url: str,
) -> None:
    async with open_database(own_database_url) as database:

        async def fail() -> None:
            async with database.transaction() as session:
                await session.run("service_beat", "me", "here", "1")
                raise KeyError

        with pytest.raises(KeyError):
            await fail()
        async with database.session() as session:
            assert await session.ask("SELECT * FROM syncd.services") == []


@pytest.mark.parametrize(
    ("state", "code", "tries"),
    [
        ("40P01", "deadlock", 3),
        ("40001", "serialization", 3),
        ("55P03", "lock-timeout", 3),
        ("25P03", "idle-timeout", 3),
        ("57014", "statement-canceled", 1),
    ],
)
async def test_what_postgres_takes_back_is_begun_anew_and_then_told_as_what_it_is(
    parts: Parts, state: str, code: str, tries: int
) -> None:
    await parts.pull([campaign("a")])
    await parts.sql.execute(
        "CREATE SEQUENCE tries; GRANT ALL ON SEQUENCE tries TO PUBLIC;"
        "CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('public.tries') <> 3 THEN"
        f" RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER lost BEFORE INSERT ON syncd.updates FOR EACH ROW"
        " EXECUTE FUNCTION public.lose()"
    )
    wanted = [Wanted(account="shop", campaign="a", patch={"budget.daily": "60"})]
    try:
        if tries == 3:
            assert len(await parts.accounts.enqueue(wanted)) == 1
        with pytest.raises(Undone, match=r"took a transaction back, because .*: lost") as told:
            await parts.accounts.enqueue(wanted)
        assert await parts.sql.fetchval("SELECT last_value FROM tries") == 2 * tries - (tries == 1)
    finally:
        await parts.sql.execute(
            "DROP TRIGGER lost ON syncd.updates; DROP FUNCTION lose(); DROP SEQUENCE tries"
        )
    assert told.value.code == code
    assert "simply do the same once more" in told.value.remedy
    assert isinstance(told.value, DatabaseUnavailable)
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.updates") == (tries == 3)


async def test_every_statement_fits_the_schema_and_the_services_rights(
    own_database_url: str,
) -> None:
    connection = await asyncpg.connect(own_database_url)
    await connection.execute("SET ROLE syncd_service")
    for name, statement in statements().items():
        try:
            await connection.prepare(statement)
        except asyncpg.PostgresError as error:
            raise AssertionError(f"{name}: {error}") from error
    await connection.close()


def _texts() -> set[str]:
    """Every text that stands in the program."""
    return {
        node.value
        for file in Path(syncd.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_statement_is_used_and_every_used_one_is_there() -> None:
    unused = set(statements()) - _texts()
    assert not unused
    called = set()
    for file in Path(syncd.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="database" | "session")
                        | ast.Attribute(attr="_database" | "database"),
                        attr="rows" | "row" | "value" | "run",
                    ),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    called.add(name)
    assert len(called) > 40
    assert called <= set(statements())


def test_every_statement_has_a_sentence_and_writes_out_its_schema() -> None:
    tables = re.compile(
        r"(?:FROM|JOIN|INTO|UPDATE)\s+(updates|campaigns|runs|accounts|batches|attempts)\b"
    )
    for name, statement in statements().items():
        assert statement.startswith("-- "), name
        assert not tables.search(statement), name
