"""How a bug gets into syncd from outside: a name of one of its modules or classes stands for
something else, or a statement or a function of the database has another text, for as long as a
block. Each insists on finding what it replaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

import asyncpg

from syncd.store import database

Plant = AbstractContextManager[object]


@contextmanager
def replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    """`owner.name` is `new`."""
    sound = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, sound)


@contextmanager
def together(*plants: Plant) -> Iterator[None]:
    """Several of them."""
    with ExitStack() as stack:
        for plant in plants:
            stack.enter_context(plant)
        yield


@contextmanager
def statement(name: str, texts: Mapping[str, str]) -> Iterator[None]:
    """Each of these texts in the named statement is another one."""
    changed = dict(database.statements())
    changed[name] = cast("Any", _rewritten(changed[name], texts))
    with replaced(database, "statements", lambda: changed):
        yield


@asynccontextmanager
async def function(
    connection: asyncpg.Connection[asyncpg.Record], name: str, texts: Mapping[str, str]
) -> AsyncIterator[None]:
    """The same for a function of the database."""
    sound = str(
        await connection.fetchval("SELECT pg_get_functiondef(to_regproc($1))", f"syncd.{name}")
    )
    await connection.execute(_rewritten(sound, texts))
    try:
        yield
    finally:
        await connection.execute(sound)


def _rewritten(text: str, texts: Mapping[str, str]) -> str:
    for old, new in texts.items():
        assert old in text, f"cannot be planted any more, {old!r} is not in: {text}"
        text = text.replace(old, new)
    return text
