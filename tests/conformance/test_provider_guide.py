"""The provider guide: its code is that of the example beside it, which passes the kit when it is
installed as pip would leave it, and an account of it is pulled and pushed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from syncd.conformance import Told, running
from tests.conformance.conftest import CORNER
from tests.e2e.place import Place
from tests.e2e.processes import syncd

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "provider-guide.md"
FILES = ("corner_ads.py", "corner_bench.py", "pyproject.toml")


def place_of(folder: Path, told: Told, database_url: str = "") -> Place:
    return Place(
        folder=folder,
        database_url=database_url,
        base_url=told.base_url,
        account="corner",
        provider="corner",
        credentials=told.credentials,
        tables={"limits": {"default": "1000/1s", "granted": "a bench of our own"}},
    )


def test_the_guide_shows_the_example_as_it_is() -> None:
    text = GUIDE.read_text()
    blocks = re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert blocks == [(CORNER / name).read_text() for name in FILES]
    assert len(text.splitlines()) < 200


async def test_the_example_passes_the_kit(installed: Path, tmp_path: Path) -> None:
    arguments = ("providers", "check", "corner", "--values", "200", "--format", "json")
    place = Place(folder=tmp_path, database_url="", base_url="")
    code, told = await syncd(place, *arguments)
    document = json.loads(told.partition("\n--- stderr")[0])
    checks = {one["check"]: one for one in document["checks"]}
    assert code == 0, told
    assert {one["outcome"] for one in checks.values()} == {"passed", "skipped"}
    assert all(one["told"] for one in checks.values())
    passed = {name for name, one in checks.items() if one["outcome"] == "passed"}
    assert {"paging/whole", "paging/cut", "mapping/several", "money/write", "secrets/told"} < passed


async def test_an_account_of_the_example_is_pulled_and_pushed(
    installed: Path, tmp_path: Path, database_url: str
) -> None:
    async with running((str(installed / "corner_bench.py"),)) as bench:
        place = place_of(tmp_path, bench.told, database_url)
        place.write()
        assert await said(place, "sync") == 0
        assert await said(place, "enqueue", "corner", "c7", "--set", "budget.daily=8.25") == 0
        assert await said(place, "sync") == 0
        told = await bench.admin.ask("truth", id="c7")
        assert told["values"] == {"name": "Shop 7", "budget.daily": "8.25"}
        code, told = await syncd(place, "campaigns", "list", "--format", "json", "--limit", "0")
    rows = json.loads(told.partition("\n--- stderr")[0])["campaigns"]
    assert code == 0
    assert len(rows) == 30
    assert {row["values"]["budget.daily"] for row in rows if row["external_id"] == "c7"} == {"8.25"}


async def said(place: Place, *arguments: str) -> int:
    """The exit code, with everything that was said where it is not 0."""
    code, told = await syncd(place, *arguments)
    assert code == 0, told
    return code
