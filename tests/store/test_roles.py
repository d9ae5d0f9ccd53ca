"""What each role may do with each table, cell by cell."""

from __future__ import annotations

import asyncpg
import pytest

from tests.store.parts import Parts

# S select, I insert, U update, D delete; nobody but the owner may TRUNCATE or change the schema.
SERVICE = {
    "syncd.accounts": "SIU",
    "syncd.alembic_version": "S",
    "syncd.attempts": "SIU",
    "syncd.batches": "SIU",
    "syncd.campaign_versions": "SIU",
    "syncd.campaigns": "SIU",
    "syncd.clock": "S",
    "syncd.field_changes": "SI",
    "syncd.fields": "SIUD",
    "syncd.leases": "SIU",
    "syncd.prices": "SIUD",
    "syncd.request_usage": "SIU",
    "syncd.run_errors": "SI",
    "syncd.runs": "SIU",
    "syncd.services": "SIUD",
    "syncd.staging": "SIUD",
    "syncd.tokens": "SIU",
    "syncd.updates": "SU",
    "report.account_health": "S",
    "report.campaign_history": "S",
    "report.campaigns": "S",
    "report.field_history": "S",
    "report.fields": "S",
    "report.limit_usage": "S",
    "report.request_cost": "S",
    "report.runs": "S",
    "report.update_attempts": "S",
    "report.updates": "S",
}
RIGHTS = """
SELECT c.oid::regclass::text AS name,
       concat(CASE WHEN has_table_privilege($1, c.oid, 'SELECT') THEN 'S' END,
              CASE WHEN has_table_privilege($1, c.oid, 'INSERT') THEN 'I' END,
              CASE WHEN has_table_privilege($1, c.oid, 'UPDATE') THEN 'U' END,
              CASE WHEN has_table_privilege($1, c.oid, 'DELETE') THEN 'D' END,
              CASE WHEN has_table_privilege($1, c.oid, 'TRUNCATE') THEN 'T' END,
              CASE WHEN has_table_privilege($1, c.oid, 'TRIGGER') THEN 'G' END,
              CASE WHEN has_table_privilege($1, c.oid, 'REFERENCES') THEN 'R' END) AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('syncd', 'report') AND c.relkind IN ('r', 'v', 'p', 'm') ORDER BY 1
"""


async def rights(parts: Parts, role: str) -> dict[str, str]:
    return {row["name"]: row["rights"] for row in await parts.sql.fetch(RIGHTS, role)}


async def test_the_service_has_the_rights_of_the_table_above_and_no_others(parts: Parts) -> None:
    assert await rights(parts, "syncd_service") == SERVICE


async def test_a_role_of_its_own_has_no_rights_at_all(parts: Parts) -> None:
    await parts.sql.execute(
        "DO $$ BEGIN CREATE ROLE stranger; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    assert set((await rights(parts, "stranger")).values()) == {""}


async def test_neither_role_is_a_superuser_or_logs_in(parts: Parts) -> None:
    rows = await parts.sql.fetch(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb"
        " FROM pg_roles WHERE rolname IN ('syncd_owner', 'syncd_service') ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("syncd_owner", False, False, False, False, False),
        ("syncd_service", False, False, False, False, False),
    ]


async def test_everything_belongs_to_the_owner_role(parts: Parts) -> None:
    owners = await parts.sql.fetch(
        "SELECT DISTINCT pg_get_userbyid(c.relowner) AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('syncd', 'report')"
        " UNION SELECT pg_get_userbyid(p.proowner) FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('syncd', 'report')"
    )
    assert [row["name"] for row in owners] == ["syncd_owner"]


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
