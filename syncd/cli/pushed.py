"""A push as people read it: problems before successes, the provider's own words below the row that
they are about, and one line that adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from syncd.cli.changes import answer_of, id_of, name_of, outcomes, short_code, warnings_of
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Column, Line
from syncd.cli.text import count, lasted, plural, shown, value
from syncd.engine.push import PushReport
from syncd.store.reports import Row

FEW: Final = 20
COLUMNS: Final = (
    Column(""),
    Column("UPDATE"),
    Column("CAMPAIGN"),
    Column("NAME", flexible=True),
    Column("PATH"),
    Column("WANTED", right=True),
    Column("RESULT"),
)
_TERMS: Final = (
    "applied",
    "rejected",
    "unknown",
    "held",
    "superseded",
    "expired",
    "cancelled",
    "queued",
)


def draw_push(
    screen: Screen,
    report: PushReport,
    runs: Mapping[int, Row],
    updates: Sequence[Row],
    *,
    everything: bool,
) -> None:
    """One push with every item's result."""
    if screen.choices.quiet:
        return
    mine = [row for row in updates if row["id"] in report.states]
    run = runs.get(report.run_id or 0)
    account = run["account"] if run else ""
    terms = [f"{count(report.counts[term])} {term}" for term in _TERMS if report.counts.get(term)]
    claimed = count(report.counts["claimed"])
    screen.answer(f"{account} push {report.outcome.value}: run {report.run_id}, claimed {claimed}")
    is_long = len(mine) > FEW and not everything
    listed = [row for row in mine if row["state"] != "applied"] if is_long else mine
    if listed:
        screen.answer()
        screen.table(COLUMNS, [line for row in listed for line in result_lines(screen, row)])
        screen.answer()
    if is_long:
        _draw_groups(screen, listed)
    screen.answer(f"{claimed} = {' + '.join(terms) or '0'}{_cost(run)}")
    if report.counts.get("rejected"):
        screen.hint(f"syncd updates list --state rejected --account {account}")


def result_lines(screen: Screen, row: Row) -> list[Line]:
    """One line for each path, and below the first what the provider said. Where the paths of an
    update fared differently each has its own result and words."""
    lines = []
    results = row["results"] or {}
    is_whole = not results or (
        results.keys() == row["patch"].keys() and len({_fate(one) for one in results.values()}) == 1
    )
    for position, (path, wanted) in enumerate(sorted(row["patch"].items())):
        is_first = position == 0
        said = _result(row) if is_first else ""
        lines.append(
            Line(
                (
                    screen.mark(row["state"]) if is_first else "",
                    f"#{row['id']}" if is_first else "",
                    id_of(row) if is_first else "",
                    name_of(row) if is_first else "",
                    path,
                    value(path, wanted, row["currency"]),
                    said if is_whole else _path_result(row, results.get(path)),
                ),
                tuple(_words(row, results if is_whole else _only(results, path)))
                if is_first or not is_whole
                else (),
            )
        )
    return lines


def _only(results: Row, path: str) -> Row:
    return {path: results[path]} if path in results else {}


def _fate(result: Row) -> tuple[str, str | None]:
    """What makes two paths' results differ for a reader."""
    outcome = result["outcome"]
    return outcome, result.get("code") if outcome == "rejected" else None


def _path_result(row: Row, result: Row | None) -> str:
    """What came of one path, where the others of its update fared otherwise."""
    if result is None:
        return "not sent yet" if row["state"] == "queued" else row["state"]
    code = short_code(result.get("code"))
    return f"{result['outcome']}: {code}" if code else str(result["outcome"])


def _result(row: Row) -> str:
    state = row["state"]
    if state in ("rejected", "unknown"):
        return f"{state}: {short_code(row['reason_code'])}"
    if state == "queued":
        return "queued: not judged, the next pass tries again"
    said = answer_of(row, row["at"])
    if row["is_create"] and state == "applied":
        return f"created, {said}"
    return f"{state}: {said}" if state == "held" else f"{state}, {said}" if said else state


def _words(row: Row, results: Row) -> list[str]:
    """The provider's own words about these paths and their trace ids, each once."""
    if row["state"] == "held":
        return []
    about = {"results": results}
    found = []
    for _path, outcome, _code, message, trace in outcomes(about):
        if message and (row["state"] == "unknown" or outcome in ("rejected", "unknown")):
            found.append(f'"{shown(message)}"')
        if trace:
            found.append(f"trace id {trace}")
    # Its code stands in the result already.
    found += [f'"{shown(warning.partition(": ")[2] or warning)}"' for warning in warnings_of(about)]
    return list(dict.fromkeys(found))


def _draw_groups(screen: Screen, listed: Sequence[Row]) -> None:
    """What was not applied, by code, with its count and first example."""
    groups = Counter((row["state"], row["reason_code"] or "") for row in listed)
    for (state, code), number in groups.most_common():
        first = next(
            row for row in listed if (row["state"], row["reason_code"] or "") == (state, code)
        )
        screen.answer(f"  {count(number)} {state}: {short_code(code)}, first #{first['id']}")


def _cost(run: Row | None) -> str:
    if run is None or run["ended_at"] is None:
        return ""
    took = lasted((run["ended_at"] - run["started_at"]).total_seconds())
    return f"        {plural(run['calls'], 'call')}, {took}"
