"""Scenes as the end-to-end tests have them, and the count of the cells that fired."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import at_once, stage
from tests.kill.points import Cell
from tests.kill.table import FIRED

__all__ = ["at_once", "stage"]

Fired = Callable[[Cell], None]


@pytest.fixture
def fired(request: pytest.FixtureRequest) -> Fired:
    """Counts a cell in the table at the end of the run."""

    def count(cell: Cell) -> None:
        request.node.user_properties.append((FIRED, str(cell)))

    return count
