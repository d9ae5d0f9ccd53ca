"""Lives of syncd in this process: a pass of the real composition that can be interrupted anywhere
and goes on as another life would find things, by what the database kept. It knows no provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from syncd.config import Config
from syncd.crashpoint import armed
from syncd.daemon import AccountReport, SyncRequest, sync
from syncd.errors import DatabaseUnavailable
from syncd.simulator.faults import Fault
from syncd.store.database import Database, Session

Act = Callable[[], Awaitable[None]]
Then = Callable[[], Awaitable[bool]]
"""Tells whether the pass is to end."""

MANNERS = ("exception", "cancel", "death", "doubt", "edit")
"""How a pass is interrupted at a point: by an error of its own, from outside, as if the process had
been killed, by the loss of the next COMMIT's reply, or not at all while a person edits."""


class Struck(Exception):
    """What an interrupted pass ends with."""


class Mortal(Database):
    """A database as one life sees it: out of reach once that life has ended."""

    def __init__(self, inner: Database) -> None:
        self.dsn = inner.dsn
        self.is_dead = False
        self.loses_reply = False
        self._inner = inner

    def reborn(self) -> Mortal:
        """What the next life sees."""
        return Mortal(self._inner)

    def _look(self) -> None:
        if self.is_dead:
            raise DatabaseUnavailable("this life has ended", remedy="nothing")

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        self._look()
        async with self._inner.session() as session:
            yield session

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        self._look()
        async with self._inner.transaction() as session:
            yield session
            self._look()
        if self.loses_reply:
            self.loses_reply = False
            raise DatabaseUnavailable("the reply to COMMIT was lost", remedy="look whether it was")


@dataclass(kw_only=True)
class Stroke:
    """What is to happen when a point is passed for the n-th time; without a name any point
    counts. `fired` is the name of the point where it did."""

    manner: str
    nth: int
    point: str | None = None
    edit: Callable[[], None] = lambda: None
    fired: str | None = None
    _passed: int = 0

    def at(self, name: str, database: Mortal, task: asyncio.Task[object]) -> None:
        """Called at every point."""
        self._passed += self.point in {None, name}
        if self.fired is not None or self.point not in {None, name} or self._passed < self.nth:
            return
        self.fired = name
        match self.manner:
            case "exception":
                raise Struck(name)
            case "cancel":
                task.cancel()
            case "death":
                database.is_dead = True
                task.cancel()
                raise Struck(name)
            case "doubt":
                database.loses_reply = True
            case _:
                self.edit()


async def run(
    config: Config, database: Mortal, request: SyncRequest, stroke: Stroke | None = None
) -> Sequence[AccountReport]:
    """One `syncd sync`; without reports where the stroke ended it. Raises what nobody asked for."""
    task = asyncio.ensure_future(sync(config, database, request, lambda _: None))
    if stroke is None:
        return await task

    def at(name: str) -> None:
        stroke.at(name, database, task)

    with armed(at):
        return await _ended(task, is_struck=lambda: stroke.fired is not None)


async def run_held(
    config: Config, database: Mortal, request: SyncRequest, held: Fault, then: Then
) -> tuple[Sequence[AccountReport], bool]:
    """One `syncd sync` of which a call is held at the provider while something else happens, and
    that is cancelled where that says so; tells whether any call was held."""
    task = asyncio.ensure_future(sync(config, database, request, lambda _: None))
    fired = asyncio.ensure_future(held.wait_fired())
    await asyncio.wait({task, fired}, return_when=asyncio.FIRST_COMPLETED)
    is_held = fired.done()
    fired.cancel()
    is_over = True
    try:
        is_over = is_held and await then()
    finally:
        if is_over:
            task.cancel()
        reports = await _ended(task, is_struck=lambda: is_held)
    return reports, is_held


async def _ended(
    task: asyncio.Task[tuple[AccountReport, ...]], is_struck: Callable[[], bool]
) -> Sequence[AccountReport]:
    try:
        return await task
    except BaseException as error:
        if not (is_struck() and _is_ours(error)):
            raise
        return ()


def _is_ours(error: BaseException) -> bool:
    """Whether nothing else went wrong than what was done here."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_ours(one) for one in error.exceptions)
    return isinstance(error, Struck | asyncio.CancelledError)
