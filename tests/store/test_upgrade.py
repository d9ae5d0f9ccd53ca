"""From databases that earlier versions filled: what was queued, mirrored and recorded there is
there afterwards, and goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from syncd.model.update import Outcome, Verdict
from syncd.store.accounts import Accounts
from syncd.store.database import SCHEMA_VERSION, open_database
from syncd.store.leases import take_lease
from syncd.store.migrations import OWNER, Upgrade, folder, upgrade
from tests.store.parts import FIELDS, Parts, bound, campaign, registration

SCRIPTS = {
    "0001": ("tables", "rules", "reports"),
    "0002": ("tables", "rules", "values", "queue", "reports"),
}


@pytest.fixture(params=["0001"])
async def filled(
    request: pytest.FixtureRequest, empty_database_url: str, template: str
) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection to a database as that version left it, `template` being there for the roles
    only."""
    assert template
    connection = await asyncpg.connect(empty_database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}; SET ROLE {OWNER}")
    for version in (one for one in SCRIPTS if one <= request.param):
        for script in SCRIPTS[version]:
            await connection.execute((folder() / "sql" / f"{version}_{script}.sql").read_text())
        filling = Path(__file__).parent / f"filled_{version}.sql"
        await connection.execute(filling.read_text())
    await connection.execute(
        "CREATE TABLE syncd.alembic_version (version_num varchar(32) PRIMARY KEY);"
        f" INSERT INTO syncd.alembic_version VALUES ('{request.param}')"
    )
    await connection.execute("RESET ROLE")
    yield connection
    await connection.close()


async def everything(connection: asyncpg.Connection[Any], columns: dict[str, str]) -> Any:
    """Every row of these tables in the columns that they had."""
    return {
        table: await connection.fetch(f"SELECT {names} FROM syncd.{table} ORDER BY 1, 2")
        for table, names in columns.items()
    }


KEPT = (
    "accounts", "leases", "campaigns", "campaign_versions", "field_changes", "runs", "run_errors",
    "updates", "batches", "attempts", "request_usage",
)  # fmt: skip


async def columns_of(connection: asyncpg.Connection[Any]) -> dict[str, str]:
    rows = await connection.fetch(
        "SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = 'syncd' GROUP BY 1"
    )
    return {table: names for table, names in rows if table in KEPT}


@pytest.mark.parametrize("filled", ["0001", "0002"], indirect=True)
async def test_nothing_of_a_filled_database_is_lost(
    request: pytest.FixtureRequest, filled: asyncpg.Connection[Any], empty_database_url: str
) -> None:
    columns = await columns_of(filled)
    before = await everything(filled, columns)
    assert all(before[table] for table in KEPT)
    old = request.node.callspec.params["filled"]
    assert await upgrade(empty_database_url) == Upgrade(before=old, after=SCHEMA_VERSION)
    assert await everything(filled, columns) == before
    assert await filled.fetchval("SELECT missing_why FROM report.campaigns WHERE external_id = 'b'")
    states = await filled.fetch(
        "SELECT state, is_create FROM report.updates WHERE id < 200 ORDER BY id"
    )
    assert [tuple(row) for row in states] == [
        ("applied", False), ("queued", False), ("held", False), ("unknown", False),
    ]  # fmt: skip


async def test_whoever_could_read_the_views_still_can(
    filled: asyncpg.Connection[Any], empty_database_url: str
) -> None:
    await filled.execute(
        "DO $$ BEGIN CREATE ROLE analyst; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        " GRANT USAGE ON SCHEMA report TO analyst;"
        " GRANT SELECT ON ALL TABLES IN SCHEMA report TO analyst;"
        " CREATE VIEW public.mine AS SELECT account, external_id FROM report.campaigns"
    )
    await upgrade(empty_database_url)
    await filled.execute("SET ROLE analyst")
    for view in ("campaigns", "updates", "account_health", "field_history"):
        assert await filled.fetch(f"SELECT * FROM report.{view}")
    await filled.execute("RESET ROLE")
    assert len(await filled.fetch("SELECT * FROM public.mine")) == 3


async def resumed(parts: Parts) -> None:
    """A pass over what the first version left."""
    queued = await parts.outbox.due(10, ())
    assert [(one.external_id, one.patch) for one in queued] == [("a", {"budget.daily": "60"})]
    assert [one.ours for one in queued] == [{"budget.daily": "50"}]
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.APPLIED))
    (unknown,) = await parts.unknowns.all()
    assert (unknown.external_id, unknown.has_more, unknown.is_create) == ("c", False, False)
    # What the first version saw missing is missing since then, in a scope that nobody wrote down.
    _, sighting = await parts.see([campaign("a", "60"), campaign("c")])
    assert await sighting.overdue(["b"]) == []
    await parts.pull([campaign("a", "60"), campaign("c")])
    _, sighting = await parts.see([])
    assert await sighting.overdue(["b"]) == ["b"]


@pytest.mark.parametrize("filled", ["0002"], indirect=True)
async def test_of_older_updates_it_is_known_who_asked_and_what_can_be_done(
    filled: asyncpg.Connection[Any], empty_database_url: str
) -> None:
    await upgrade(empty_database_url)
    rows = await filled.fetch(
        "SELECT id, asked_by, reference_sources, command FROM report.updates ORDER BY id"
    )
    known = {row["id"]: row for row in rows}
    assert {row["asked_by"] for row in rows} == {"ann", "ben"}
    sources = {one: json.loads(row["reference_sources"]) for one, row in known.items()}
    assert sources[200] == {"budget.daily": "requester"}
    assert sources[201] == {"budget.daily": "mirror"}
    assert sources[203] == {}
    assert known[102]["command"] == "syncd updates retry 102"
    assert known[202]["command"] == "syncd updates seen 202"
    assert await filled.fetchval("SELECT policy FROM syncd.accounts") == "hold"
    assert await filled.fetchval("SELECT syncd.retry(102)") == 102
    await filled.execute("SELECT syncd.seen(202)")
    inbox = await filled.fetch("SELECT id FROM report.inbox ORDER BY id")
    assert [row["id"] for row in inbox] == [103, 200]
    with pytest.raises(asyncpg.PostgresError, match="nothing of update 200 can be approved"):
        await filled.execute("SELECT syncd.approve(200)")


async def test_what_was_queued_goes_on(
    filled: asyncpg.Connection[Any], empty_database_url: str
) -> None:
    await upgrade(empty_database_url)
    async with open_database(empty_database_url, role="syncd_service") as database:
        accounts = Accounts(database)
        await accounts.declare("criteo", "documented", FIELDS)
        number = (await accounts.register([registration(scope="1")]))["shop"]
        lease = await take_lease(database, number, 45.0)
        await resumed(bound(database, lease, empty_database_url, filled, "shop"))
    done = await filled.fetchval("SELECT results FROM report.updates WHERE id = 101")
    assert json.loads(done)["budget.daily"]["outcome"] == "applied"
