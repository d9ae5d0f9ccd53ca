"""Judges a run from outside: the simulator's journal of arrivals against what the database says in
its report views, and the mirror against the simulator's truth. A program, and functions for tests.

    python -m tests.checker --journal FILE --dsn URL --settle SECONDS [--limit [GROUP=]N/SECONDS]...
        [--truth-url URL] [--account NAME]"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import asyncpg

from tests.arrivals import Row, Rows, link, same
from tests.guarding import Agreed, judge_leave
from tests.promises import (
    Limit,
    Violation,
    intent_first,
    newer_stays,
    no_blind_repeat,
    one_in_flight,
    results_are_final,
    starts_in_time,
    superseded_by_newer,
    within_limits,
)
from tests.truths import Torn, answers_are_true, truthful


class Connection(Protocol):
    """The one method of a database connection that is needed."""

    async def fetch(self, query: str, /) -> Sequence[Any]: ...


async def check(
    journal: Iterable[Row] | Path,
    connection: Connection,
    settle: float,
    limit: Limit | Mapping[str, Limit] | None = None,
    account: str | None = None,
) -> list[Violation]:
    """Every broken promise of one run; `settle` in seconds, `limit` as (n, seconds) or one such for
    each limit group. Where several accounts share the database, `account` is the journal's."""
    lines = read_journal(journal) if isinstance(journal, Path) else journal
    return judge(lines, await read_rows(connection, account), settle, limit)


def judge(
    journal: Iterable[Row],
    rows: Rows,
    settle: float,
    limit: Limit | Mapping[str, Limit] | None = None,
    torn: Torn = None,
) -> list[Violation]:
    """Every broken promise; `limit` as (n, seconds), or one such for each limit group. Who knows
    which arrivals were of interrupted passes (`torn`) is told more."""
    arrivals = sorted(journal, key=lambda row: int(row["arrived_ns"]))
    writes = link(arrivals, rows)
    found = [*results_are_final(rows), *newer_stays(writes, rows), *superseded_by_newer(rows)]
    found += [*no_blind_repeat(writes, arrivals, rows, settle, torn), *starts_in_time(writes, rows)]
    found += [*one_in_flight(writes), *intent_first(writes)]
    found += [*answers_are_true(writes, rows), *truthful(writes, arrivals, rows, settle, torn)]
    limits = {"default": limit} if isinstance(limit, tuple) else limit or {}
    return found + list(within_limits(arrivals, limits))


async def check_leave(
    journal: Iterable[Row], connection: Connection, agreed: Agreed, account: str | None = None
) -> list[Violation]:
    """Every value that should not have left at all, by what was agreed upon."""
    rows = await read_rows(connection, account)
    arrivals = sorted(journal, key=lambda row: int(row["arrived_ns"]))
    return list(judge_leave(link(arrivals, rows), arrivals, rows, agreed))


def read_journal(path: Path) -> list[Row]:
    """The lines of a journal file."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def read_rows(connection: Connection, account: str | None = None) -> Rows:
    """The rows of the report views that are needed; the only place that reads the database."""
    updates = await connection.fetch("SELECT to_jsonb(u) FROM report.updates u ORDER BY u.id")
    attempts = await connection.fetch(
        "SELECT to_jsonb(t) FROM report.update_attempts t ORDER BY t.batch_id, t.update_id"
    )
    approvals = await connection.fetch("SELECT to_jsonb(a) FROM report.approvals a ORDER BY a.id")
    events = await connection.fetch("SELECT to_jsonb(e) FROM report.update_events e ORDER BY e.id")
    plans = await connection.fetch("SELECT to_jsonb(p) FROM report.plans p ORDER BY p.id")
    moved = _of(account, events)
    return Rows(
        updates=_of(account, updates),
        attempts=_of(account, attempts),
        approvals=_bound(_of(account, approvals), moved, _of(account, plans)),
        events=moved,
    )


def _bound(approvals: Iterable[Row], events: Iterable[Row], plans: Iterable[Row]) -> list[Row]:
    """The approvals, each with what was shown to those who gave it when the item was held or
    planned: the value that stood at the provider, and the rules that it met."""
    shown = {item["digest"]: item for plan in plans for item in plan["items"]}
    shown |= {item["digest"]: item for event in events for item in (event["holds"] or {}).values()}
    found: list[Row] = []
    for one in approvals:
        item = shown.get(one["digest"], {"remote": None, "hits": []})
        rules = frozenset(hit["rule"] for hit in item["hits"])
        found.append({**one, "remote": item["remote"], "rules": rules})
    return found


async def compare_mirror(
    truth: Iterable[Row], connection: Connection, account: str | None = None
) -> list[Violation]:
    """Where the mirror differs from the provider's truth; to be called right after a complete pull.

    A campaign out of view must be marked missing or gone, or never have been seen.
    """
    rows = await connection.fetch("SELECT to_jsonb(c) FROM report.campaigns c")
    return compare_rows(truth, _of(account, rows))


def compare_rows(truth: Iterable[Row], mirror: Iterable[Row]) -> list[Violation]:
    """The same from rows that are already there; compared are the paths that both sides know."""
    in_view = {one["id"]: one["values"] for one in truth if not one["is_removed"]}
    shown = {
        row["external_id"]: {**row["values"], "name": row["name"]}
        for row in mirror
        if not (row["missing_since"] or row["gone_at"])
    }
    found = [f"{one} is not in the mirror" for one in in_view.keys() - shown.keys()]
    found += [f"{one} is in the mirror and not in view" for one in shown.keys() - in_view.keys()]
    known = _paths(in_view.values()) & _paths(shown.values())
    if in_view and shown and known <= {"name"}:
        found.append("the mirror and the truth have no path in common")
    for campaign in in_view.keys() & shown.keys():
        found += [
            f"{campaign}: {path} is {shown[campaign].get(path)!r}, in truth {one!r}"
            for path in known
            if not same(path, one := in_view[campaign].get(path), shown[campaign].get(path))
        ]
    return [Violation(10, what) for what in sorted(found)]


def _paths(campaigns: Iterable[Row]) -> set[str]:
    return {path for values in campaigns for path in values}


def _of(account: str | None, rows: Iterable[Any]) -> list[Row]:
    """The rows of one account, or all of them."""
    found = [_json(row[0]) for row in rows]
    return [row for row in found if account is None or row["account"] == account]


def _json(value: Any) -> Any:
    return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value


async def _run(chosen: argparse.Namespace) -> list[Violation]:
    connection = await asyncpg.connect(chosen.dsn)
    try:
        limits, account = dict(chosen.limit), chosen.account
        found = await check(chosen.journal, connection, chosen.settle, limits, account)
        if chosen.truth_url:
            found += await compare_mirror(await _truth(chosen.truth_url), connection, account)
        return found
    finally:
        await connection.close()


async def _truth(url: str) -> list[Row]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        campaigns: list[Row] = json.loads(await answer.text())["campaigns"]
        return campaigns


def _limit(text: str) -> tuple[str, Limit]:
    """`250/60s`, or `login=5/60s` for a limit group of that name."""
    group, _, figures = text.rpartition("=")
    count, _, seconds = figures.removesuffix("s").partition("/")
    return group or "default", (int(count), float(seconds))


def main() -> int:
    """Print every violation and their number; 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--settle", type=float, required=True, help="seconds")
    parser.add_argument(
        "--limit",
        type=_limit,
        action="append",
        default=[],
        help="as 250/60s, or GROUP=250/60s; several times",
    )
    parser.add_argument("--account", help="whose journal it is, where the database has several")
    parser.add_argument("--truth-url", help="the simulator's /_sim/truth: compares the mirror too")
    chosen = parser.parse_args()
    found = asyncio.run(_run(chosen))
    sys.stdout.writelines(f"{violation}\n" for violation in found)
    sys.stdout.write(f"{len(found)} violations\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
