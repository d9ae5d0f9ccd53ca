"""What each role may do with each table, and which functions it may call, cell by cell."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator

import asyncpg
import pytest

from syncd.store.rights import missing_right
from syncd.store.translation import login
from tests.store.parts import Parts, campaign, registration

# S select, I insert, U update, u update of some columns, D delete; nobody but the owner may
# TRUNCATE or change the schema.
SERVICE = {
    "syncd.accounts": "SIU",
    "syncd.alembic_version": "S",
    "syncd.approvals": "S",
    "syncd.attempts": "SIu",
    "syncd.batches": "SIu",
    "syncd.campaign_versions": "SIU",
    "syncd.campaigns": "SIU",
    "syncd.caps": "S",
    "syncd.clock": "S",
    "syncd.field_changes": "SI",
    "syncd.fields": "SIUD",
    "syncd.leases": "SIU",
    "syncd.plans": "SI",
    "syncd.prices": "SIUD",
    "syncd.request_usage": "SIU",
    "syncd.run_errors": "SI",
    "syncd.runs": "SIU",
    "syncd.services": "SIUD",
    "syncd.staging": "SIUD",
    "syncd.tokens": "SIU",
    "syncd.update_events": "S",
    "syncd.updates": "Su",
    "report.account_health": "S",
    "report.approvals": "S",
    "report.campaign_history": "S",
    "report.campaigns": "S",
    "report.caps": "S",
    "report.field_history": "S",
    "report.fields": "S",
    "report.inbox": "S",
    "report.limit_usage": "S",
    "report.plans": "S",
    "report.request_cost": "S",
    "report.runs": "S",
    "report.services": "S",
    "report.update_attempts": "S",
    "report.update_events": "S",
    "report.updates": "S",
}
RIGHTS = """
SELECT c.oid::regclass::text AS name,
       concat(CASE WHEN has_table_privilege($1, c.oid, 'SELECT') THEN 'S' END,
              CASE WHEN has_table_privilege($1, c.oid, 'INSERT') THEN 'I' END,
              CASE WHEN has_table_privilege($1, c.oid, 'UPDATE') THEN 'U'
                   WHEN has_any_column_privilege($1, c.oid, 'UPDATE') THEN 'u' END,
              CASE WHEN has_table_privilege($1, c.oid, 'DELETE') THEN 'D' END,
              CASE WHEN has_table_privilege($1, c.oid, 'TRUNCATE') THEN 'T' END,
              CASE WHEN has_table_privilege($1, c.oid, 'TRIGGER') THEN 'G' END,
              CASE WHEN has_table_privilege($1, c.oid, 'REFERENCES') THEN 'R' END) AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('syncd', 'report') AND c.relkind IN ('r', 'v', 'p', 'm') ORDER BY 1
"""


OUTCOME = (
    "batch_id confirmation confirmed_at external_id holds merged read_after reason reason_code"
    " repeats results searches settle settled_at state superseded_by"
)
ENQUEUE = "cancel enqueue hold_accounts offered shown_updates try_enqueue"
APPROVE = (
    "approve approve_plan cancel offered pause resume retry seen"
    " shown_approvals shown_plans shown_updates unclear_creates"
)
REPORT = "offered shown_plans shown_updates"
# A view asks these as whoever reads it.
EVERYBODY = "dialect_cause dialect_remedy is_served now resolving_command shown_time waiting_for"
PEOPLE = ("syncd_enqueue", "syncd_approve", "syncd_report")
FUNCTIONS = """
SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p
 WHERE p.pronamespace = 'syncd'::regnamespace AND has_function_privilege($1, p.oid, 'EXECUTE')
"""


async def rights(parts: Parts, role: str) -> dict[str, str]:
    return {row["name"]: row["rights"] for row in await parts.sql.fetch(RIGHTS, role)}


async def test_the_service_has_the_rights_of_the_table_above_and_no_others(parts: Parts) -> None:
    assert await rights(parts, "syncd_service") == SERVICE


async def test_of_an_update_the_service_writes_only_what_becomes_of_it(parts: Parts) -> None:
    columns = await parts.sql.fetchval(
        "SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute"
        " WHERE attrelid = 'syncd.updates'::regclass AND attnum > 0"
        " AND has_column_privilege('syncd_service', attrelid, attnum, 'UPDATE')"
    )
    assert columns == OUTCOME


async def test_people_read_the_views_or_call_their_functions_and_do_nothing_else(
    parts: Parts,
) -> None:
    views = {name: "S" for name in SERVICE if name.startswith("report.")}
    for role in PEOPLE:
        expected = dict.fromkeys(SERVICE, "") | {"syncd.alembic_version": "S"}
        expected |= views if role == "syncd_report" else {}
        assert await rights(parts, role) == expected
    called = {role: await parts.sql.fetchval(FUNCTIONS, role) for role in (*PEOPLE, "public")}
    assert called == {
        "syncd_enqueue": " ".join(sorted(f"{ENQUEUE} {EVERYBODY}".split())),
        "syncd_approve": " ".join(sorted(f"{APPROVE} {EVERYBODY}".split())),
        "syncd_report": " ".join(sorted(f"{REPORT} {EVERYBODY}".split())),
        "public": EVERYBODY,
    }
    every = (await parts.sql.fetchval(FUNCTIONS, "syncd_owner")).split()
    mine = (await parts.sql.fetchval(FUNCTIONS, "syncd_service")).split()
    assert set(every) - set(mine) == {"note_event", "check_caps"}  # they write as the owner


async def test_what_watches_or_acts_as_the_owner_says_where_it_looks_for_names(
    parts: Parts,
) -> None:
    loose = await parts.sql.fetch(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'syncd'::regnamespace"
        " AND (prosecdef OR prorettype = 'trigger'::regtype)"
        " AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}'))"
    )
    assert loose == []


async def test_an_operator_of_ones_own_does_not_blind_a_trigger(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    number = await parts.enqueue("a", "60")
    await parts.sql.execute(
        "CREATE SCHEMA mine; CREATE FUNCTION mine.same(bigint, bigint) RETURNS boolean"
        " LANGUAGE sql RETURN true;"
        "CREATE OPERATOR mine.= (FUNCTION = mine.same, LEFTARG = bigint, RIGHTARG = bigint);"
        "CREATE FUNCTION mine.same(syncd.update_state, syncd.update_state) RETURNS boolean"
        " LANGUAGE sql RETURN true; CREATE OPERATOR mine.= (FUNCTION = mine.same,"
        " LEFTARG = syncd.update_state, RIGHTARG = syncd.update_state);"
        "GRANT USAGE ON SCHEMA mine TO syncd_service"
    )
    try:
        await parts.sql.execute("SET ROLE syncd_service; SET search_path = mine, pg_catalog")
        with pytest.raises(asyncpg.PostgresError, match="cannot go from queued to unknown"):
            await parts.sql.execute(
                "UPDATE syncd.updates SET state = 'unknown', read_after = now()"
                " WHERE id OPERATOR(pg_catalog.=) $1", number,
            )  # fmt: skip
    finally:
        await parts.sql.execute("RESET ROLE; RESET search_path; DROP SCHEMA mine CASCADE")


async def test_nobody_but_the_owner_writes_the_caps(parts: Parts) -> None:
    await parts.cap("*", max_amount=5)
    for role in ("syncd_service", *PEOPLE):
        await parts.sql.execute(f"SET ROLE {role}")
        for statement in (
            "INSERT INTO syncd.caps (account_id, path, max_amount) VALUES (1, 'x', 1)",
            "UPDATE syncd.caps SET max_amount = 10",
            "DELETE FROM syncd.caps",
            "TRUNCATE syncd.caps",
            "ALTER TABLE syncd.attempts DISABLE TRIGGER attempts_capped",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await parts.sql.execute(statement)
    await parts.sql.execute("SET ROLE syncd_owner")
    await parts.sql.execute("UPDATE syncd.caps SET max_amount = 10")


@pytest.fixture
async def people(parts: Parts) -> AsyncIterator[dict[str, asyncpg.Connection[asyncpg.Record]]]:
    """Connections of people who log in under names of their own, each with one role."""
    await parts.pull([campaign("a"), campaign("b")])
    opened = {}
    for role in PEOPLE:
        name = role.replace("syncd_", "who_may_")
        await parts.sql.execute(
            f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END"
            f" $$; GRANT {role} TO {name}"
        )
        opened[name] = await asyncpg.connect(parts.url.replace("postgres@", f"{name}@", 1))
    yield opened
    for one in opened.values():
        await one.close()


ENQUEUED = "SELECT syncd.enqueue('shop', 'a', '{\"budget.daily\": 60}', requester => 'the boss')"


async def test_who_may_only_ask_takes_back_only_what_he_asked_for(
    parts: Parts, people: dict[str, asyncpg.Connection[asyncpg.Record]]
) -> None:
    asking, approving = people["who_may_enqueue"], people["who_may_approve"]
    mine = await asking.fetchval(ENQUEUED)
    row = await parts.update(mine)
    assert (row["requester"], row["asked_by"]) == ("the boss", "who_may_enqueue")
    others = await parts.enqueue("b", "60", requester="ann")
    assert (await parts.update(others))["asked_by"] == "ann"
    with pytest.raises(asyncpg.PostgresError, match="was asked for by ann") as refused:
        await asking.execute("SELECT syncd.cancel($1, 'ann')", others)
    assert refused.value.sqlstate == "SY007"
    await asking.execute("SELECT syncd.cancel($1, 'the boss')", mine)
    await approving.execute("SELECT syncd.cancel($1)", others)
    told = await parts.sql.fetch(
        "SELECT update_id, by FROM report.update_events WHERE state = 'cancelled' ORDER BY id"
    )
    assert [tuple(one) for one in told] == [(mine, "who_may_enqueue"), (others, "who_may_approve")]


async def test_a_name_is_believed_from_the_service_alone(
    parts: Parts, people: dict[str, asyncpg.Connection[asyncpg.Record]]
) -> None:
    await parts.accounts.register([registration(four_eyes=True)])
    update_id = await parts.hold(requester="who_may_approve")
    approving = people["who_may_approve"]
    with pytest.raises(asyncpg.PostgresError, match="who_may_approve asked for update"):
        await approving.execute("SELECT syncd.approve($1, 'somebody else')", update_id)
    await parts.accounts.register([registration()])
    await approving.execute("SET syncd.actor = 'the boss'")
    await approving.execute("SELECT syncd.approve($1, 'the boss', 'why not')", update_id)
    (row,) = await parts.sql.fetch("SELECT * FROM report.approvals")
    assert (row["approved_by"], row["session_user_name"]) == ("who_may_approve",) * 2
    event = await parts.sql.fetchrow("SELECT * FROM report.update_events ORDER BY id DESC LIMIT 1")
    assert event is not None
    assert (event["code"], event["by"]) == ("approved", "who_may_approve")
    assert await approving.fetchval("SELECT syncd.pause(NULL, 'the boss', 'stop')") == 1
    assert (await parts.row("syncd.accounts", parts.number))["paused_by"] == "who_may_approve"


async def test_people_read_every_view_with_the_role_for_it(
    people: dict[str, asyncpg.Connection[asyncpg.Record]],
) -> None:
    await people["who_may_enqueue"].fetchval(ENQUEUED)
    for view in (name for name in SERVICE if name.startswith("report.")):
        await people["who_may_report"].fetch(f"SELECT * FROM {view}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await people["who_may_enqueue"].fetch(f"SELECT * FROM {view}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await people["who_may_report"].fetchval(ENQUEUED)


def test_the_granting_command_names_a_login_as_a_shell_reads_it() -> None:
    user = login("postgresql://rep%20o%27x@/syncd")
    told = missing_right("permission denied for schema report", user)
    assert told.remedy
    assert shlex.split(told.remedy)[-5:] == ["syncd", "db", "grant", "report", "rep o'x"]


async def test_a_role_of_its_own_has_no_rights_at_all(parts: Parts) -> None:
    await parts.sql.execute(
        "DO $$ BEGIN CREATE ROLE stranger; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    assert set((await rights(parts, "stranger")).values()) == {""}


async def test_no_role_is_a_superuser_or_logs_in(parts: Parts) -> None:
    rows = await parts.sql.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb"
        " FROM pg_roles WHERE rolname LIKE 'syncd\\_%' ORDER BY 1"
    )
    roles = sorted(("syncd_owner", "syncd_service", *PEOPLE))
    assert [tuple(row) for row in rows] == [(role, *[False] * 5) for role in roles]


async def test_everything_belongs_to_the_owner_role(parts: Parts) -> None:
    owners = await parts.sql.fetch(
        "SELECT DISTINCT pg_get_userbyid(c.relowner) AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('syncd', 'report')"
        " UNION SELECT pg_get_userbyid(p.proowner) FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('syncd', 'report')"
    )
    assert [row["name"] for row in owners] == ["syncd_owner"]


async def test_nobody_writes_events_by_a_table_of_their_own(parts: Parts) -> None:
    for role in ("syncd_service", *PEOPLE):
        await parts.sql.execute(f"SET ROLE {role}")
        await parts.sql.execute(f"CREATE TEMP TABLE mine_{role} (id bigint)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await parts.sql.execute(
                f"CREATE TRIGGER forged AFTER INSERT ON mine_{role}"
                " FOR EACH ROW EXECUTE FUNCTION syncd.note_event()"
            )
        await parts.sql.execute("RESET ROLE")


async def test_the_service_cannot_loosen_its_own_rules(parts: Parts) -> None:
    await parts.sql.execute("SET ROLE syncd_service")
    for statement in (
        "CREATE TABLE syncd.mine (n int)",
        "CREATE TABLE report.mine (n int)",
        "ALTER TABLE syncd.updates DISABLE TRIGGER ALL",
        "ALTER TABLE syncd.updates ADD COLUMN mine int",
        "DROP TRIGGER updates_transition ON syncd.updates",
        "DROP TABLE syncd.staging",
        "TRUNCATE syncd.updates",
        "UPDATE syncd.clock SET shift = '1 day'",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION syncd.now() RETURNS timestamptz LANGUAGE sql RETURN now()",
        "UPDATE syncd.alembic_version SET version_num = 'x'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await parts.sql.execute(statement)
