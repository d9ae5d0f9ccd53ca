"""`syncd providers check` as a command: what it prints, how it ends, and what it says of what it
cannot check."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from tests.e2e.place import Place
from tests.e2e.processes import syncd

CHECK = ("providers", "check")
BENCH = 'bench=("-m", "corner_bench"),'


async def check(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The exit code, and both streams."""
    place = Place(folder=folder, database_url="", base_url="")
    code, told = await syncd(place, *CHECK, *arguments)
    out, _, err = told.partition("\n--- stderr\n")
    return code, out, err


def spoil(installed: Path, old: str, new: str) -> None:
    adapter = installed / "corner_ads.py"
    text = adapter.read_text()
    assert old in text
    adapter.write_text(text.replace(old, new))


async def test_every_check_is_told_by_name(tmp_path: Path) -> None:
    code, out, _ = await check(tmp_path, "criteo", "--only", "paging", "--only", "times/round-trip")
    lines = out.splitlines()
    assert code == 0
    assert [line for line in lines if not line.startswith(" ")] == [
        "Criteo, dialect documented",
        "Criteo, dialect current",
        "14 checks: 8 passed, 0 failed, 6 skipped",
    ]
    assert sum("paging/whole" in line and "250 campaigns" in line for line in lines) == 2
    skipped = [line for line in lines if " skipped " in line]
    assert len(skipped) == 6
    assert all(len(line.partition(" skipped ")[2].split()) > 3 for line in skipped)


async def test_the_report_is_data_too(tmp_path: Path) -> None:
    arguments = ("pai", "--dialect", "current", "--only", "readonly")
    code, out, _ = await check(tmp_path, *arguments, "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "syncd.conformance/1"
    assert document["counts"] == {"passed": 3}
    assert {(one["provider"], one["dialect"]) for one in document["checks"]} == {("pai", "current")}
    code, out, _ = await check(tmp_path, *arguments, "--format", "csv")
    rows = [*csv.DictReader(StringIO(out))]
    assert [row["check"] for row in rows] == [one["check"] for one in document["checks"]]
    assert all(row["outcome"] == "passed" and row["sentence"] for row in rows)


async def test_a_failed_check_is_told_and_ends_with_one(installed: Path, tmp_path: Path) -> None:
    spoil(installed, "401: Whole.UNAUTHORISED", "401: Whole.INVALID")
    code, out, _ = await check(tmp_path, "corner", "--only", "writes/401", "--only", "writes/403")
    assert code == 1
    assert "PUT campaign is told invalid, not unauthorised" in out
    assert out.splitlines()[-1] == "2 checks: 1 passed, 1 failed, 0 skipped"


async def test_an_adapter_that_cannot_even_list_fails_by_name(
    installed: Path, tmp_path: Path
) -> None:
    spoil(installed, 'split(answer.body, "campaigns", LIST)', "None, 5")
    code, out, _ = await check(tmp_path, "corner", "--only", "paging/whole", "--only", "reads/401")
    assert code == 1
    assert "paging/whole" in out
    assert "TypeError" in out


@pytest.mark.parametrize(
    ("bench", "words"),
    [
        ("", "names no bench"),
        ('bench=("-c", "raise SystemExit(3)"),', "the bench did not start"),
        ('bench=("-c", "print(\'hello\')"),', "did not say where it is"),
    ],
)
async def test_a_provider_without_a_bench_cannot_be_checked(
    installed: Path, tmp_path: Path, bench: str, words: str
) -> None:
    spoil(installed, BENCH, bench)
    code, _, err = await check(tmp_path, "corner")
    assert code == 1
    assert err.startswith("error[bench]: ")
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("criteoo",), 'unknown provider "criteoo"; did you mean "criteo"?'),
        (("pai", "--dialect", "klingon"), 'Alibaba PAI has no dialect "klingon"'),
        (("pai", "--only", "pagin"), 'no check is called "pagin"; did you mean "paging"?'),
        (("pai", "--values", "0"), "0 is not in the range"),
    ],
)
async def test_what_cannot_be_is_misuse(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = await check(tmp_path, *arguments)
    assert code == 2
    assert out == ""
    assert words in err
