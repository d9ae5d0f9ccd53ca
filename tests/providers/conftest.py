"""Retries of reads happen at once in these tests; how long they would wait is tested by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def impatient_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield
