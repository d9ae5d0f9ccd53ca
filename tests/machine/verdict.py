"""The end of an example: nothing goes wrong any more, time passes, and then a judge who was not
there compares what arrived at the providers with what the database says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncd.daemon import AccountReport, SyncRequest, sync
from tests.arrivals import Row
from tests.checker import check_leave, compare_mirror, judge, read_rows
from tests.e2e.scene import Scene
from tests.e2e.spelling import spelt_arrival
from tests.endings import (
    all_is_decided,
    final_stays,
    moves_are_allowed,
    nothing_is_lost,
    nothing_moves,
)
from tests.machine.play import Play
from tests.moved import moved
from tests.promises import FINAL, Violation

SETTLE = 120.0
_ROUND = 180
_ROUNDS = (4, 14)
"""At least, so that every settle time has passed more than once; and at most. The last of them
writes nothing, so that all was read since the last write."""
_RECORDS = ("field_history", "campaign_history", "updates", "update_attempts", "update_events")


async def verdict(play: Play) -> list[Violation]:
    """Every promise that the example saw broken."""
    troubles = await _calm(play)
    found = [*play.found, *(Violation(16, one) for one in troubles)]
    for scene in play.scenes:
        found += await _judged(play, scene)
    found += final_stays(play.looks)
    found += await _another_round(play)
    for scene in play.scenes:
        truth = list(scene.truth().values())
        found += await compare_mirror(truth, scene.books.connection, scene.place.account)
    return found


async def _calm(play: Play) -> list[str]:
    """Faults end and time passes; returns what still goes wrong in the last round."""
    await play.let_go()
    for scene in play.scenes:
        scene.simulator.faults.clear()
    await play.say("SELECT syncd.resume()")
    reports: Sequence[AccountReport] = ()
    for number in range(_ROUNDS[1]):
        await play.later(_ROUND)
        before = play.arrived()
        reports = await _round(play)
        await _accept(play, reports)
        await play.look()
        states = {row["state"] for row in play.looks[-1]}
        is_decided = states <= {*FINAL, "held"} and play.arrived() == before
        if number + 1 >= _ROUNDS[0] and is_decided:
            break
    return [str(one) for report in reports for one in _errors(report)]


async def _accept(play: Play, reports: Sequence[AccountReport]) -> None:
    """Somebody has looked at the provider: what it does not show is not there."""
    for report in reports:
        error = report.pulled.error if report.pulled else None
        if error is not None and error.code == "braked":
            await play.say("SELECT syncd.accept($1)", report.account)


def _errors(report: AccountReport) -> list[Any]:
    passes = (report.recovered, report.pushed)
    return [one for one in (report.error, *(each and each.error for each in passes)) if one]


async def _round(play: Play) -> Sequence[AccountReport]:
    request = SyncRequest(started_by="machine")
    return await sync(play.config, play.scenes[0].database, request, lambda _: None)


async def _judged(play: Play, scene: Scene) -> list[Violation]:
    """What the checker says of one account."""
    account, books = scene.place.account, scene.books
    spelt = (spelt_arrival(row) for row in scene.simulator.journal.since(0))
    lines = moved(spelt, play.moves)
    campaigns = len(scene.truth())
    torn = frozenset(play.torn[account])
    agreed = play.agreements[account].agreed(campaigns, torn)
    rows = await read_rows(books.connection, account)
    found = judge(lines, rows, SETTLE, torn=torn)
    found += await check_leave(lines, books.connection, agreed, account)
    mine = {number: one for number, one in play.acked.items() if one["account"] == account}
    found += [*nothing_is_lost(mine, rows), *all_is_decided(rows)]
    return [*found, *moves_are_allowed(rows)]


async def _another_round(play: Play) -> list[Violation]:
    before = await _records(play)
    for _ in range(2):
        await _round(play)
    return list(nothing_moves(before, await _records(play)))


async def _records(play: Play) -> Mapping[str, Sequence[Row]]:
    """All that a round without anything to do leaves as it is."""
    books = play.scenes[0].books
    found: dict[str, Sequence[Row]] = {
        one: sorted(await books.view(one), key=str) for one in _RECORDS
    }
    for scene in play.scenes:
        writes: list[Row] = [{"seq": one.seq, "method": one.method} for one in scene.writes()]
        found[f"the writes to {scene.place.account}"] = writes
    return found
