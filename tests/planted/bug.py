"""What a planted bug is, and how its scenario is run with it and without it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import stamina

from syncd.simulator import Settings
from tests.e2e.place import ACCOUNT, Place, simulated
from tests.e2e.processes import Running, started
from tests.e2e.scene import Scene, staged
from tests.lasting import EMPTY
from tests.planted.planting import Plant, function
from tests.promises import Violation

SOUND = 0


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a scenario stands on; the processes that it starts have the bug of that number too,
    unless it is `SOUND`."""

    folder: Path
    database_url: str
    number: int

    @asynccontextmanager
    async def scene(
        self, provider: str = "criteo", settings: Settings | None = None, **where: Any
    ) -> AsyncIterator[Scene]:
        """A scene that was pulled once; the rest as `Place` takes it."""
        account = ACCOUNT if provider == "criteo" else provider
        place = Place(
            folder=self.folder,
            database_url=self.database_url,
            base_url="",
            account=account,
            provider=provider,
            **where,
        )
        async with staged(place, settings or simulated(provider)) as scene:
            report = await scene.pull()
            assert report.pulled is not None
            assert report.pulled.error is None, report
            yield scene

    @asynccontextmanager
    async def process(self, place: Place, *arguments: str) -> AsyncIterator[Running]:
        """`syncd` with the configuration of that place, as a process."""
        command = ("tests.planted.process", str(self.number), "--config", str(place.path))
        environment = place.process_environment()
        async with started(self.folder, *command, *arguments, **environment) as running:
            yield running


Scenario = Callable[[Ground], Awaitable[Sequence[Violation]]]


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug, the real run that must catch it, and the promise that the checker then finds broken.
    `in_database`: texts to replace in functions of the database, by function."""

    number: int
    name: str
    scenario: Scenario
    promise: int
    plant: Callable[[], Plant]
    in_database: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_slow: bool = False
    """Whether it is too long for the normal suite."""

    async def run(self, folder: Path, url: str, *, is_planted: bool) -> Sequence[Violation]:
        """Every broken promise of one run in an emptied database."""
        ground = Ground(
            folder=folder, database_url=url, number=self.number if is_planted else SOUND
        )
        async with AsyncExitStack() as stack:
            connection = await asyncpg.connect(url)
            stack.push_async_callback(connection.close)
            await connection.execute(EMPTY)
            # Reads are tried again as often as ever, without waiting in between.
            stack.enter_context(stamina.set_testing(True, attempts=100, cap=True))
            if is_planted:
                stack.enter_context(self.plant())
                for name, texts in self.in_database.items():
                    await stack.enter_async_context(function(connection, name, texts))
            return await self.scenario(ground)
