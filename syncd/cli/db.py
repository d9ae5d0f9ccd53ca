"""`syncd db`: the schema of the configured database, how it is, and its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import MISUSE, OK


class Db(LazyGroup):
    """The commands about the database."""

    places: ClassVar[Mapping[str, str]] = {
        **{name: f"syncd.cli.db:{name}_" for name in ("upgrade", "status", "url")},
        "caps": "syncd.cli.caps:caps",
        "grant": "syncd.cli.granting:grant_",
    }


@group("db", Db)
def db() -> None:
    """Upgrade the database, look at it, print its address, set its caps or grant its roles."""


@command("upgrade")
@click.pass_obj
def upgrade_(choices: Choices, /) -> int:
    """Bring the database to this program's schema. Any number of processes may do so at once."""
    from syncd.cli.opened import finish

    return finish(choices, _upgrade(choices))


@command("status")
@click.pass_obj
def status_(choices: Choices, /) -> int:
    """Schema here and in this program, size, connections, roles."""
    from syncd.cli.opened import finish

    return finish(choices, _status(choices))


@command("url")
@click.pass_obj
def url_(choices: Choices, /) -> int:
    """The address for psql: `psql "$(syncd db url)"`. A password in it is shown."""
    from syncd.cli.render.screen import Screen
    from syncd.daemon import owner_dsn
    from syncd.errors import UsageError

    screen = Screen(choices=choices)
    if choices.format != "table":
        raise UsageError("the address is one line of text", remedy="leave --format out")
    config = choices.load()
    with owner_dsn(config) as dsn:
        screen.answer(dsn)
    if config.database.embedded:
        screen.talk("the embedded database runs as long as a syncd process does, such as syncd run")
    return OK


async def _upgrade(choices: Choices) -> int:
    from syncd.cli.render.screen import Screen
    from syncd.daemon import owner_dsn
    from syncd.store.migrations import upgrade

    screen = Screen(choices=choices)
    screen.refuse_csv("an upgrade")
    with owner_dsn(choices.load()) as dsn:
        done = await upgrade(dsn)
    if choices.format == "json":
        screen.document(
            "syncd.upgrade/1",
            {"before": done.before, "after": done.after, "roles_missing": done.roles_missing},
        )
    elif done.before == done.after:
        screen.deed(f"nothing to do: the schema is {done.after}")
    else:
        screen.deed(f"upgraded the schema from {done.before or 'nothing'} to {done.after}")
    if done.roles_missing:
        screen.talk("this user may not make the roles; an administrator can, with:")
        screen.talk(done.roles_missing)
    return OK


async def _status(choices: Choices) -> int:
    from syncd.cli.render.screen import Screen
    from syncd.daemon import owner_dsn
    from syncd.store.database import SCHEMA_VERSION, open_database, schema_remedy
    from syncd.store.reports import Reports
    from syncd.store.translation import shown_dsn

    screen = Screen(choices=choices)
    screen.refuse_csv("the database's status")
    with owner_dsn(choices.load()) as dsn:
        async with open_database(dsn, check=False) as database:
            server = dict(await Reports(database).server())
            found = await _schema(database)
    told = {"url": shown_dsn(dsn), "schema": found, "schema_needed": SCHEMA_VERSION, **server}
    if choices.format == "json":
        screen.document("syncd.database/1", told)
    else:
        for name, text in _lines(told):
            screen.answer(f"{name:<12}  {text}")
    if found != SCHEMA_VERSION:
        screen.talk(f"the schema does not fit this program; {schema_remedy(found)}")
        return MISUSE
    return OK


async def _schema(database: Any) -> str | None:
    from syncd.errors import SchemaMismatch

    try:
        found = await database.value("schema_version")
    except SchemaMismatch:
        return None
    return None if found is None else str(found)


def _lines(told: dict[str, Any]) -> list[tuple[str, str]]:
    from syncd.cli.text import age, count

    oldest = told["oldest_transaction_seconds"]
    return [
        ("database", told["url"]),
        ("server", f"Postgres {told['server_version']}"),
        ("schema", f"{told['schema'] or 'none'}, this program needs {told['schema_needed']}"),
        ("size", f"{told['size_bytes'] / 1_000_000:.1f} MB"),
        (
            "connections",
            f"{count(told['connections'])}, oldest transaction {age(oldest) if oldest else 'none'}",
        ),
        ("role", f"{told['role']}; roles made: {', '.join(told['roles'] or ()) or 'none'}"),
    ]
