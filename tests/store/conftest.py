"""What the store's tests share: the parts of one account in a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.store.parts import Parts, opened


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Parts]:
    """An account that has never been pulled, under a lease."""
    async with opened(database_url) as ready:
        yield ready
