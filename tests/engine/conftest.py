"""What the engine's tests share: the store's parts of one account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.store.parts import Parts, opened


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Parts]:
    """An account that has never been pulled, under a lease."""
    async with opened(database_url) as ready:
        yield ready
