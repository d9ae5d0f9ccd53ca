"""Scenes at any provider whose settle time only a moved clock can pass, so that a test decides when
an unknown outcome may be read back."""

from typing import Any

from syncd.config import catalogue
from tests.e2e.conftest import Stage
from tests.e2e.place import simulated
from tests.e2e.scene import Scene

PROVIDERS = tuple(catalogue.BUILT_IN)
AGES = "10 minutes"
"""Longer than any settle time, and than any pause between two searches."""


async def opened(stage: Stage, provider: str, dialect: str = "documented", **tables: Any) -> Scene:
    """A pulled scene; `tables` are those of its account."""
    tables = {"push": {"settle": "120s"}, **tables}
    scene = await stage(simulated(provider, dialect), tables=tables)
    report = await scene.pull()
    assert report.pulled is not None
    assert report.pulled.error is None
    return scene
