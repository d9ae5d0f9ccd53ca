"""The parts of one account in a database that every test of the engine finds empty."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from syncd.store.embedded import EmbeddedPostgres
from tests.lasting import made
from tests.store.parts import Ground, Parts, lasting


@pytest.fixture(scope="session")
async def ground(cluster: EmbeddedPostgres, template: str) -> AsyncIterator[Ground]:
    """The database of these tests and the connections that they share."""
    async with lasting(await made(cluster, template, "engine_tests")) as shared:
        yield shared


@pytest.fixture
async def parts(ground: Ground) -> AsyncIterator[Parts]:
    """An account that has never been pulled, under a lease."""
    async with ground.parts() as ready:
        yield ready
