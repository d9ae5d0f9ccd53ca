"""The promises about what becomes of updates in the end: none is lost, what is final stays so, all
is decided when time has passed without faults, and another round does nothing. Plain values in,
violations out; it shares no code with those it judges, and knows no provider."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.arrivals import Row, Rows, same
from tests.cases import judged
from tests.promises import FINAL, Violation

START = "queued"
MOVES: Mapping[str, frozenset[str]] = {
    START: frozenset(
        {"sending", "held", "applied", "rejected", "superseded", "cancelled", "expired"}
    ),
    "sending": frozenset({"applied", "rejected", "unknown", "queued"}),
    "unknown": frozenset({"applied", "queued", "held", "expired"}),
    "held": frozenset({"queued", "superseded", "cancelled", "expired"}),
}
"""Where each state may lead to; the final ones lead nowhere."""
_LASTING = ("state", "results", "superseded_by", "reason_code", "reason")


def nothing_is_lost(acked: Mapping[int, Row], rows: Rows) -> Iterator[Violation]:
    """Promise 1: every update that somebody was given the number of is there, once, and asks for
    what was asked for. `acked` maps that number to `external_id` and `patch`."""
    found: dict[int, list[Row]] = {}
    for row in rows.updates:
        found.setdefault(row["id"], []).append(row)
    for number, asked in acked.items():
        judged("1 acknowledged")
        mine = found.get(number, [])
        if len(mine) != 1:
            yield Violation(1, f"update {number} was acknowledged and is there {len(mine)} times")
        elif not _is_as_asked(mine[0], asked):
            row = mine[0]
            has = f"{row['external_id']} {row['patch']}"
            yield Violation(1, f"update {number} asks for {has}, asked was {dict(asked)}")
    for row in rows.updates:
        if row["state"] not in {*FINAL, *MOVES}:
            yield Violation(1, f"update {row['id']} is in no state that there is: {row['state']}")


def _is_as_asked(row: Row, asked: Row) -> bool:
    is_of_it = asked["external_id"] in {None, row["external_id"]}
    patch, wanted = row["patch"], asked["patch"]
    return (
        is_of_it
        and patch.keys() == wanted.keys()
        and all(same(path, patch[path], value) for path, value in wanted.items())
    )


def final_stays(seen: Sequence[Collection[Row]]) -> Iterator[Violation]:
    """Promise 2, over time: an update that was seen final is the same in all later looks. Each look
    has the rows of all updates."""
    told: set[int] = set()
    for before, after in pairwise(seen):
        now = {row["id"]: row for row in after}
        for row in before:
            if row["state"] not in FINAL or row["id"] in told:
                continue
            judged("2 looks")
            later = now.get(row["id"])
            changed = [key for key in _LASTING if key in row and (later or {}).get(key) != row[key]]
            if later is None or changed:
                told.add(row["id"])
                became = "gone" if later is None else {key: later[key] for key in changed}
                yield Violation(2, f"update {row['id']} was {row['state']} and is now {became}")


def moves_are_allowed(rows: Rows) -> Iterator[Violation]:
    """Promise 2, move by move: the recorded moves of an update form one chain from its beginning to
    where it stands, and each is one that there is."""
    last: dict[int, str] = {}
    for event in sorted(rows.events, key=lambda one: int(one["id"])):
        number, was, state = event["update_id"], event["was"], event["state"]
        expected = last.get(number)
        judged("2 moves")
        if was != expected:
            yield Violation(2, f"update {number} went from {was}, where it was {expected}")
        elif was is not None and was != state and state not in MOVES.get(was, frozenset()):
            yield Violation(2, f"update {number} went from {was} to {state}")
        last[number] = state
    for row in rows.updates:
        if row["id"] in last and last[row["id"]] != row["state"]:
            what = f"is {row['state']} and was last moved to {last[row['id']]}"
            yield Violation(2, f"update {row['id']} {what}")


def all_is_decided(rows: Rows) -> Iterator[Violation]:
    """Promise 16: long after the last fault every update is final, or held with a reason and what
    a person can do about it."""
    for row in rows.updates:
        judged("16 held", row["state"] == "held")
        is_shown = row["state"] == "held" and row.get("reason_code") and row.get("command")
        if not is_shown and row["state"] not in FINAL:
            why = f"{row.get('reason_code')}: {row.get('reason')}; {row.get('command')}"
            yield Violation(16, f"update {row['id']} is still {row['state']} ({why})")


def nothing_moves(
    before: Mapping[str, Sequence[Any]], after: Mapping[str, Sequence[Any]]
) -> Iterator[Violation]:
    """Promise 19: another round sent no write and wrote no history. Both map the name of a record
    to its rows."""
    for name in before.keys() | after.keys():
        judged("19 records", len(after.get(name, ())))
        was, now = list(before.get(name, ())), list(after.get(name, ()))
        if was != now:
            new = [one for one in now if one not in was] or [one for one in was if one not in now]
            yield Violation(19, f"another round changed {name}: {new[:3]}")
