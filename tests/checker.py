"""Judges a run from outside: the simulator's journal of arrivals against what the database says in
its report views, and the mirror against the simulator's truth. A program, and functions for tests.

    python tests/checker.py --journal FILE --dsn URL --settle SECONDS [--limit N/SECONDS]
        [--truth-url URL]"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import asyncpg

from tests.promises import Row, Rows, Violation, judge


class Connection(Protocol):
    """The one method of a database connection that is needed."""

    async def fetch(self, query: str, /) -> Sequence[Any]: ...


async def check(
    journal: Iterable[Row] | Path,
    connection: Connection,
    settle: float,
    limit: tuple[int, float] | None = None,
) -> list[Violation]:
    """Every broken promise of one run; `settle` in seconds, `limit` as (n, seconds)."""
    lines = read_journal(journal) if isinstance(journal, Path) else journal
    return judge(lines, await read_rows(connection), settle, limit)


def read_journal(path: Path) -> list[Row]:
    """The lines of a journal file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def read_rows(connection: Connection) -> Rows:
    """The rows of the report views that are needed; the only place that reads the database."""
    updates = await connection.fetch("SELECT to_jsonb(u) FROM report.updates u ORDER BY u.id")
    attempts = await connection.fetch(
        "SELECT to_jsonb(t) FROM report.update_attempts t ORDER BY t.batch_id, t.update_id"
    )
    return Rows([_json(row[0]) for row in updates], [_json(row[0]) for row in attempts])


async def compare_mirror(
    truth: Iterable[Row], connection: Connection, account: str | None = None
) -> list[Violation]:
    """Where the mirror differs from the provider's truth; to be called right after a complete pull.

    A campaign out of view must be marked missing or gone, or never have been seen.
    """
    rows = await connection.fetch("SELECT to_jsonb(c) FROM report.campaigns c")
    mirror = [_json(row[0]) for row in rows]
    return compare_rows(truth, [row for row in mirror if account in {None, row["account"]}])


def compare_rows(truth: Iterable[Row], mirror: Iterable[Row]) -> list[Violation]:
    """The same from rows that are already there."""
    in_view = {one["id"]: one for one in truth if not one["is_removed"]}
    shown = {
        row["external_id"]: row for row in mirror if not (row["missing_since"] or row["gone_at"])
    }
    found = [f"{one} is not in the mirror" for one in in_view.keys() - shown.keys()]
    found += [f"{one} is in the mirror and not in view" for one in shown.keys() - in_view.keys()]
    for campaign in in_view.keys() & shown.keys():
        mirrored = _present(shown[campaign])
        found += [
            f"{campaign}: {key} is {mirrored.get(key)!r}, in truth {value!r}"
            for key, value in _wanted(in_view[campaign]).items()
            if mirrored.get(key) != value
        ]
    return [Violation(10, what) for what in sorted(found)]


def _wanted(campaign: Row) -> dict[str, Any]:
    wanted = {key: campaign[key] for key in ("name", "goal", "advertiser_id")}
    return wanted | {f"budget.{period}": _amount(one) for period, one in campaign["budget"].items()}


def _present(row: Row) -> dict[str, Any]:
    values = row["values"]
    present = {key: _amount(one) for key, one in values.items() if key.startswith("budget.")}
    advertiser = values.get("native.advertiserId", values.get("native.advertiser_id"))
    return present | {"name": row["name"], "goal": row["goal"], "advertiser_id": advertiser}


def _amount(text: str | None) -> Decimal | str | None:
    return text if text in {None, "unlimited"} else Decimal(str(text))


def _json(value: Any) -> Any:
    return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value


async def _run(chosen: argparse.Namespace) -> list[Violation]:
    connection = await asyncpg.connect(chosen.dsn)
    try:
        found = await check(chosen.journal, connection, chosen.settle, chosen.limit)
        if chosen.truth_url:
            found += await compare_mirror(await _truth(chosen.truth_url), connection)
        return found
    finally:
        await connection.close()


async def _truth(url: str) -> list[Row]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        campaigns: list[Row] = json.loads(await answer.text())["campaigns"]
        return campaigns


def _limit(text: str) -> tuple[int, float]:
    count, _, seconds = text.removesuffix("s").partition("/")
    return int(count), float(seconds)


def main() -> int:
    """Print every violation and their number; 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--settle", type=float, required=True, help="seconds")
    parser.add_argument("--limit", type=_limit, help="as 250/60s")
    parser.add_argument("--truth-url", help="the simulator's /_sim/truth: compares the mirror too")
    chosen = parser.parse_args()
    found = asyncio.run(_run(chosen))
    sys.stdout.writelines(f"{violation}\n" for violation in found)
    sys.stdout.write(f"{len(found)} violations\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
