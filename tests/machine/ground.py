"""The ground of all examples: one event loop, one migrated database that is emptied between them,
and per example the simulated providers with the configuration that joins them to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg

from syncd.config import Config
from syncd.simulator import Simulator
from syncd.store.database import Database, open_database
from tests.e2e.place import Place, simulated
from tests.e2e.scene import Books, Scene
from tests.lasting import EMPTY
from tests.machine.agreements import Agreement
from tests.machine.lives import Mortal

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Role:
    """One account of an example, and how it is set up."""

    agreement: Agreement
    dialect: str
    campaigns: int
    batch: int
    in_flight: int

    @property
    def provider(self) -> str:
        return self.agreement.provider

    @property
    def name(self) -> str:
        return f"{self.provider}-1"

    def place(self, folder: Path, url: str) -> Place:
        """Where its configuration is written."""
        push = {"settle": "120s", "batch": self.batch, "in_flight": self.in_flight}
        push |= self.agreement.push
        return Place(
            folder=folder,
            database_url=url,
            base_url="",
            account=self.name,
            provider=self.provider,
            dialect=self.dialect,
            tables={"push": push, "guard": self.agreement.table},
            service={"patience": "50ms"},
        )


class Ground:
    """Open from `with` to its end; `do` runs something on its loop."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._open = AsyncExitStack()

    def __enter__(self) -> Self:
        self.do(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._open.aclose())
        self._runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it to its end."""
        return self._runner.run(work)

    async def _begin(self) -> None:
        self.connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.url)
        self._open.push_async_callback(self.connection.close)
        self._database = await self._open.enter_async_context(open_database(self.url))

    @property
    def database(self) -> Database:
        """What every life sees through its own `Mortal`."""
        return self._database

    @asynccontextmanager
    async def play(self, roles: Sequence[Role]) -> AsyncIterator[tuple[list[Scene], Config]]:
        """An empty database, and a scene for each account."""
        await self.connection.execute(EMPTY)
        async with AsyncExitStack() as stack:
            worlds = [await stack.enter_async_context(_simulator(one)) for one in roles]
            places = [
                one.place(self.folder, self.url).at(world)
                for one, world in zip(roles, worlds, strict=True)
            ]
            config = replace(places[0], beside=tuple(places[1:])).load()
            yield (
                [
                    Scene(
                        place=place,
                        simulator=world,
                        books=Books(self.connection, place.account),
                        config=config,
                        database=Mortal(self._database),
                    )
                    for place, world in zip(places, worlds, strict=True)
                ],
                config,
            )


def _simulator(role: Role) -> Simulator:
    """A simulator that limits nothing, and takes a refresh token again whose answer was lost: with
    one that does not, a person has to consent anew."""
    options = {"rotation": "until_used"} if role.provider == "icas" else {}
    settings = simulated(role.provider, role.dialect, campaigns=role.campaigns, options=options)
    simulator = Simulator(settings)
    for window in simulator.windows.values():
        window.rate = None
    return simulator
