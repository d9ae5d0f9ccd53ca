"""How the checker reads its rows, and how it compares the mirror with the truth."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.checker import check, compare_mirror, compare_rows, read_rows
from tests.promises import Violation
from tests.simulator.journals import SETTLE, attempt, lost, update, write

VALUES = {
    "name": "One",
    "budget.daily": "123.45",
    "budget.monthly": "unlimited",
    "native.goal": "Retention",
}
TRUTH: dict[str, Any] = {
    "id": "1",
    "is_removed": False,
    "values": VALUES | {"native.known": "here"},
    "spent": "7",
}
ROW: dict[str, Any] = {
    "account": "a",
    "external_id": "1",
    "name": "One",
    "missing_since": None,
    "gone_at": None,
    "values": VALUES | {"native.other": "there"},
}


APPROVAL = ("update_id", "path", "digest", "approved_by", "approved_at", "expires_at")
EVENT = ("id", "update_id", "was", "state", "holds")


def test_an_equal_mirror_is_equal() -> None:
    assert compare_rows([TRUTH], [ROW]) == []
    longer = ROW | {"values": ROW["values"] | {"budget.daily": "123.450000"}}
    assert compare_rows([TRUTH], [longer]) == []
    removed = TRUTH | {"id": "2", "is_removed": True}
    assert compare_rows([TRUTH, removed], [ROW]) == []
    missing = ROW | {"external_id": "2", "missing_since": "2026-01-01"}
    assert compare_rows([TRUTH, removed], [ROW, missing]) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Two"},
        {"external_id": "2"},
        {"missing_since": "2026-01-01"},
        {"values": {**ROW["values"], "budget.daily": "123.46"}},
        {"values": {**ROW["values"], "budget.monthly": "0"}},
        {"values": {**ROW["values"], "native.goal": None}},
        {"values": {}},
    ],
)
def test_a_mirror_that_differs_is_found(changed: dict[str, Any]) -> None:
    found = compare_rows([TRUTH], [ROW | changed])
    assert found
    assert {one.promise for one in found} == {10}


class Views:
    """A connection that answers views with rows given by hand, all others with none."""

    def __init__(self, **views: list[dict[str, Any]]) -> None:
        self.views = views

    async def fetch(self, query: str, /) -> Sequence[Any]:
        name = query.partition("report.")[2].split()[0]
        return [(json.dumps(row),) for row in self.views.get(name, [])]


async def test_the_views_of_a_real_database_have_the_columns_that_are_read(
    database_url: str,
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for line, view in (
            (update(1, "1", "50"), "updates"),
            (attempt(1, 1, {}), "update_attempts"),
            (ROW, "campaigns"),
            (dict.fromkeys(APPROVAL), "approvals"),
            (dict.fromkeys(EVENT), "update_events"),
        ):
            columns = ", ".join(f'"{column}"' for column in line)
            assert await connection.fetch(f"SELECT {columns} FROM report.{view}") == []
        assert await check([], connection, SETTLE) == []
        assert await compare_mirror([], connection) == []
    finally:
        await connection.close()


async def test_rows_come_from_the_report_views_and_lines_from_the_file(tmp_path: Path) -> None:
    entries = {"1": "50"}
    journal = tmp_path / "journal.jsonl"
    lines = [lost(0, entries), write(1, entries)]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tries = [attempt(1, 1, entries, "unknown", http_status=None), attempt(2, 1, entries)]
    views = Views(updates=[update(1, "1", "50")], update_attempts=tries, campaigns=[ROW])
    found = await check(journal, views, SETTLE)
    assert [str(one).partition(" with")[0] for one in found] == [
        "promise 4: 1 was sent again (arrival 10)"
    ]
    assert await check(lines, views, SETTLE) == found
    assert await compare_mirror([TRUTH], views, "a") == []
    assert await compare_mirror([TRUTH], views, "b") == [Violation(10, "1 is not in the mirror")]


async def test_an_approval_comes_with_the_value_and_the_rules_that_it_was_given_for() -> None:
    hold = {"budget.daily": {"digest": "held", "remote": "90", "hits": [{"rule": "factor"}]}}
    approvals = [dict.fromkeys(APPROVAL) | {"digest": one} for one in ("held", "planned", "gone")]
    views = Views(
        updates=[],
        update_attempts=[],
        approvals=approvals,
        update_events=[dict.fromkeys(EVENT) | {"holds": hold}, dict.fromkeys(EVENT)],
        plans=[{"items": [{"digest": "planned", "remote": "80", "hits": []}]}],
    )
    rows = await read_rows(views)
    assert [one["remote"] for one in rows.approvals] == ["90", "80", None]
    assert [set(one["rules"]) for one in rows.approvals] == [{"factor"}, set(), set()]
    assert len(rows.events) == 2
