"""A bench for each provider, shared by the tests: a check leaves it as it found it, but for what it
changed."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from syncd.config.catalogue import BUILT_IN
from syncd.conformance import CHECKS, Bench, Result, Subject, checked_at, running

Benches = Callable[[str], Awaitable[Bench]]
VALUES = 120
CORNER = Path(__file__).parents[2] / "docs" / "examples" / "corner"
"""The provider guide's example."""


@pytest.fixture(scope="session")
async def benches() -> AsyncIterator[Benches]:
    """The bench of a provider, started when it is asked for."""
    async with AsyncExitStack() as stack:
        started: dict[str, Bench] = {}

        async def of(provider: str) -> Bench:
            if provider not in started:
                command = BUILT_IN[provider].bench
                started[provider] = await stack.enter_async_context(running(command, "documented"))
            return started[provider]

        yield of


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of every process to come, with the example in it."""
    folder = tmp_path / "site-packages"
    project = tomllib.loads((CORNER / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    for one in CORNER.glob("*.py"):
        shutil.copy(one, folder)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(head)
    points = project["entry-points"]["syncd.providers"].items()
    lines = [f"{provider} = {place}\n" for provider, place in points]
    (info / "entry_points.txt").write_text("[syncd.providers]\n" + "".join(lines))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


async def run(bench: Bench, subject: Subject, *names: str) -> dict[str, Result]:
    """The results of the checks of these names, or of all of these groups."""
    wanted = [one for one in CHECKS if {one.name, one.name.partition("/")[0]} & {*names}]
    assert wanted, names
    results = checked_at(bench, subject, checks=wanted, values=VALUES)
    return {one.name: one async for one in results}
