"""The checker itself: it finds nothing in a good run and each broken promise in a bad one."""

import datetime as dt
import json
from dataclasses import asdict
from typing import Any

import pytest

from syncd.simulator import Item
from tests.arrivals import Rows, is_unclear, link
from tests.checker import judge
from tests.simulator.journals import (
    CODE,
    LOST,
    SETTLE,
    attempt,
    lost,
    read,
    update,
    write,
)

Lines = list[dict[str, Any]]


def promises(lines: Lines, rows: Rows, **options: Any) -> list[int]:
    return [one.promise for one in judge(lines, rows, SETTLE, **options)]


def repeated(*between: dict[str, Any], first: dict[str, Any] | None = None) -> list[int]:
    """Two arrivals of one update, at 0 s without an answer and at 5 s, with something between."""
    entries = {"1": "50"}
    lines = [first or lost(0, entries), *between, write(5, entries)]
    silent = {"http_status": (first or {}).get("status")}
    rows = Rows(
        [update(7, "1", "50")],
        [attempt(1, 7, entries, "unknown", **silent), attempt(2, 7, entries)],
    )
    return promises(lines, rows)


def test_a_good_run_breaks_no_promise() -> None:
    first, second = {"1": "50", "2": "60"}, {"1": "70"}
    rejected = {"budget.daily": {"outcome": "rejected", "code": CODE}}
    refused = Item(index=1, id="2", truth="refused", codes=[CODE])
    answer = {
        "data": [{"type": "Campaign", "id": "1"}],
        "errors": [{"instance": "@data/1", "code": CODE}],
    }
    good = write(1, first)
    good |= {"items": [good["items"][0], asdict(refused)], "reply": json.dumps(answer)}
    rows = Rows(
        [
            update(1, "1", "50"),
            update(2, "2", "60", state="rejected", results=rejected),
            update(3, "1", "70"),
            update(4, "1", "9", state="queued", results={}),
            update(5, "1", "9", state="cancelled", results={}),
        ],
        [attempt(1, 1, first), attempt(1, 2, first, "rejected"), attempt(2, 3, second)],
    )
    lines = [read(0, {"1": "daily:1"}), good, write(2, second)]
    assert judge(lines, rows, SETTLE, limit=(3, 60)) == []


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"budget.daily": {"outcome": "unknown"}},
        {"budget.daily": {"outcome": "rejected"}},
        {"budget.monthly": {"outcome": "applied"}},
    ],
)
def test_a_final_update_with_other_results_breaks_2(results: dict[str, Any]) -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50", results=results)], [attempt(1, 1, entries)])
    assert 2 in promises([write(0, entries)], rows)


def test_a_second_send_after_a_final_outcome_breaks_2() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries), attempt(2, 1, entries)])
    assert promises([write(0, entries), write(1, entries)], rows) == [2]


def test_results_that_say_other_than_the_last_call_break_2() -> None:
    entries = {"1": "50"}
    cancelled = update(1, "1", "50", state="cancelled", results={})
    assert promises([], Rows([cancelled])) == []
    assert promises([write(0, entries)], Rows([cancelled], [attempt(1, 1, entries)])) == [2]
    requeued = attempt(1, 1, entries, "not_judged", http_status=429)
    assert promises([write(0, entries, status=429)], Rows([cancelled], [requeued])) == []
    rejected = attempt(1, 1, entries, "rejected")
    rows = Rows([update(1, "1", "50")], [rejected])
    assert promises([write(0, entries)], rows) == [2]


def test_what_takes_the_place_of_another_is_newer_of_the_same_and_went_out() -> None:
    new = {"1": "60"}
    results = {"budget.daily": {"outcome": "superseded", "superseded_by": 2}}
    old = update(1, "1", "50", state="superseded", results=results)
    tries = [attempt(1, 2, new)]
    assert promises([write(0, new)], Rows([old, update(2, "1", "60")], tries)) == []
    later = old | {"due_at": "2026-01-02T00:00:00+00:00"}
    assert promises([write(0, new)], Rows([later, update(2, "1", "60")], tries)) == [3]
    held = update(2, "1", "60", state="held", results={})
    assert promises([], Rows([old, held])) == [3], "it never went out"
    other = old | {"external_id": "2"}
    assert promises([write(0, new)], Rows([other, update(2, "1", "60")], tries)) == [3]
    monthly = {"budget.monthly": results["budget.daily"]}
    other = old | {"patch": {"budget.monthly": "50"}, "results": monthly}
    assert 3 in promises([write(0, new)], Rows([other, update(2, "1", "60")], tries))


def test_an_older_update_after_a_newer_one_breaks_3() -> None:
    old, new = {"1": "50"}, {"1": "60"}
    rows = Rows(
        [update(1, "1", "50"), update(2, "1", "60")], [attempt(1, 2, new), attempt(2, 1, old)]
    )
    assert promises([write(0, new), write(1, old)], rows) == [3]
    later = update(1, "1", "50", due_at="2026-01-02T00:00:00+00:00")
    rows = Rows([later, update(2, "1", "60")], rows.attempts)
    assert promises([write(0, new), write(1, old)], rows) == []


def test_an_older_update_may_follow_a_newer_one_that_was_refused() -> None:
    old, new = {"1": "50"}, {"1": "60"}
    rejected = {"budget.daily": {"outcome": "rejected", "code": CODE}}
    rows = Rows(
        [update(1, "1", "50"), update(2, "1", "60", state="rejected", results=rejected)],
        [attempt(1, 2, new, "rejected"), attempt(2, 1, old)],
    )
    refused = [asdict(Item(index=0, id="1", truth="refused", codes=[CODE]))]
    answer = json.dumps({"data": [], "errors": [{"instance": "@data/0", "code": CODE}]})
    assert promises([write(0, new, items=refused, reply=answer), write(1, old)], rows) == []
    unclear = [write(0, new, items=refused, reply="{"), read(5, {"1": "1"}), write(9, old)]
    assert promises(unclear, rows) == [3]
    placeless = json.dumps({"data": [], "errors": [{"code": CODE}]})
    only = [write(0, new, items=refused, reply=placeless), write(1, old)]
    assert promises(only, rows) == [], "an error without a place speaks of the only entry"
    tries = [attempt(1, 2, new, "unknown"), attempt(2, 2, new, "rejected"), attempt(3, 1, old)]
    again = [*unclear[:2], write(9, new, items=refused, reply=answer), write(18, old)]
    assert promises(again, Rows(rows.updates, tries)) == []


def test_a_repeat_without_a_read_breaks_4() -> None:
    assert repeated() == [4]
    assert repeated(read(3, {"1": "daily:1"})) == []


@pytest.mark.parametrize(
    ("between", "why"),
    [
        (read(1, {"1": "daily:1"}), "before the settle time"),
        (read(3, {"2": "daily:1"}), "of another campaign"),
        (read(3, {"1": "daily:1"}, status=500), "that failed"),
        (read(3, {"1": "daily:1"}, reply_whole=False), "that was cut"),
        (read(3, {"1": "daily:1"}, reply_readable=False), "that nobody can read"),
        (read(6, {"1": "daily:1"}), "after the repeat"),
    ],
)
def test_a_repeat_after_a_useless_read_breaks_4(between: dict[str, Any], why: str) -> None:
    assert repeated(between) == [4], why


@pytest.mark.parametrize(
    ("status", "reply", "broken"),
    [
        (401, "{}", []),
        (413, "", []),
        (429, "", []),
        (400, "", []),
        (500, "{}", [4]),
        (307, "", [4]),
        (200, "<html>", [4]),
        (200, '{"data":[],"errors":[]}', [4]),
        (200, '{"data":[],"data":[]}', [4]),
        (200, '{"data":[{"id":"1"}],"errors":[{"instance":"@data/0"}]}', [4]),
        (200, '{"data":[],"errors":[{"instance":null}]}', [4]),
        (200, '{"data":[],"errors":[{"instance":"@data/7"}]}', [4]),
        (200, '{"data":null}', [4]),
        (200, '{"data":[],"errors":[{"instance":"@data/0/attributes"}]}', []),
        (200, '{"data":[{"id":"1"}],"errors":null}', []),
    ],
)
def test_what_needs_a_read_before_a_repeat(status: int, reply: str, broken: list[int]) -> None:
    entries = {"1": "50"}
    lines = [write(0, entries, status=status, reply=reply), write(5, entries)]
    rows = Rows(
        [update(7, "1", "50")],
        [
            attempt(1, 7, entries, "not_judged", http_status=status),
            attempt(2, 7, entries),
        ],
    )
    assert promises(lines, rows) == broken


def test_an_attempt_that_the_database_calls_unknown_is_unclear_whatever_was_sent() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries, "unknown", http_status=None)])
    (linked,) = link([write(0, entries)], rows)
    assert is_unclear(linked, "1")


def test_a_newer_update_over_an_unclear_one_breaks_4_too() -> None:
    old, new = {"1": "50"}, {"1": "60"}
    rows = Rows(
        [update(1, "1", "50"), update(2, "1", "60")],
        [attempt(1, 1, old, "unknown", http_status=None), attempt(2, 2, new)],
    )
    assert promises([lost(0, old), write(5, new)], rows) == [4]


def test_two_writes_of_one_campaign_at_a_time_break_5() -> None:
    first, second = {"1": "50"}, {"1": "60"}
    rows = Rows(
        [update(1, "1", "50"), update(2, "1", "60")], [attempt(1, 1, first), attempt(2, 2, second)]
    )
    assert promises([write(0, first), write(0.05, second)], rows) == [5]
    endless = write(0, first, **LOST)
    rows = Rows(rows.updates, [attempt(1, 1, first, http_status=None), rows.attempts[1]])
    assert promises([endless, read(3, {"1": "daily:1"}), write(5, second)], rows) == [4, 5]


def test_an_arrival_without_an_intent_breaks_7() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, {"1": "50.0"})])
    found = promises([write(0, entries)], rows)
    assert 7 in found
    resent = Rows([update(1, "1", "50")], [attempt(1, 1, entries)])
    assert promises([write(0, entries), write(1, entries)], resent) == [7]


def test_a_value_other_than_the_recorded_one_breaks_7() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries, sent={"budget.daily": "51"})])
    assert promises([write(0, entries)], rows) == [7]
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries, sent={"budget.daily": "50.00"})])
    assert promises([write(0, entries)], rows) == []


def test_an_intent_that_was_never_sent_breaks_nothing() -> None:
    entries = {"1": "50"}
    rows = Rows(
        [update(1, "1", "50")],
        [attempt(1, 1, entries, "unknown", http_status=None), attempt(2, 1, entries)],
    )
    assert promises([write(0, entries)], rows) == []


def test_applied_without_truth_breaks_8() -> None:
    entries = {"1": "50"}
    untouched = [asdict(Item(index=0, id="1"))]
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries)])
    lines = [write(0, entries, items=untouched)]
    assert promises(lines, rows) == [8]
    assert promises([*lines, read(1, {"1": "daily:50"})], rows) == []
    assert promises([*lines, read(1, {"1": "monthly:50"})], rows) == [8]


def test_what_reads_back_otherwise_is_applied_only_where_the_provider_said_yes() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50", confirmation="different")], [attempt(1, 1, entries)])
    untouched = [asdict(Item(index=0, id="1"))]
    assert promises([write(0, entries, items=untouched)], rows) == []
    silent = '{"data":[],"errors":[]}'
    assert promises([write(0, entries, items=untouched, reply=silent)], rows) == [8]
    refused = [asdict(Item(index=0, id="1", truth="refused", codes=[CODE]))]
    assert promises([write(0, entries, items=refused)], rows) == [8]
    assert promises([write(0, entries, items=untouched, status=429)], rows) == [8, 8]


def at(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()


def timed(*lines: dict[str, Any]) -> Lines:
    return [{**line, "wall_ns": line["arrived_ns"]} for line in lines]


def test_a_value_is_seen_by_the_last_read_before_its_update_is_final() -> None:
    results = {"budget.daily": {"outcome": "applied", "code": "already_set", "at": at(5)}}
    rows = Rows([update(1, "1", "50", results=results)])
    shows, other = read(3, {"1": "50"}), read(4, {"1": "60"})
    assert promises(timed(shows), rows) == []
    assert promises(timed(read(6, {"1": "50"})), rows) == [8], "too late"
    assert promises(timed(shows | {"reply_whole": False}), rows) == [8], "nobody can have read it"
    assert promises(timed(shows, other), rows, torn=()) == [8], "and the next showed another"
    assert promises(timed(shows, other), rows, torn={other["seq"]}) == [], "that none took in"
    assert promises(timed(shows, other), rows) == [], "nobody knows who took in what"


def test_already_set_is_true_only_where_a_read_showed_it() -> None:
    rows = Rows([update(1, "1", "50.00")])
    assert promises([], rows) == [8]
    assert promises([read(0, {"1": "daily:50"})], rows) == []
    assert promises([read(0, {"1": "unlimited"})], rows) == [8]


def test_rejected_although_applied_breaks_8() -> None:
    entries = {"1": "50"}
    results = {"budget.daily": {"outcome": "rejected", "code": CODE}}
    row = update(1, "1", "50", state="rejected", results=results)
    rows = Rows([row], [attempt(1, 1, entries, "rejected")])
    assert promises([write(0, entries)], rows) == [8]


def test_what_no_read_shows_after_a_lost_answer_may_be_called_rejected() -> None:
    entries = {"1": "50"}
    results = {"budget.daily": {"outcome": "rejected", "code": "period_mismatch"}}
    row = update(1, "1", "50", state="rejected", results=results)
    rows = Rows([row], [attempt(1, 1, entries, "unknown", http_status=None)])
    assert promises([lost(0, entries), read(5, {"1": "daily:40"})], rows) == []
    assert promises([lost(0, entries), read(5, {"1": "daily:50"})], rows) == [8]
    assert promises([read(-1, {"1": "daily:40"}), lost(0, entries)], rows) == [8]
    assert promises([lost(0, entries), read(1, {"1": "daily:40"})], rows) == [8], "too soon"
    results["budget.daily"]["at"] = at(4)
    assert promises(timed(lost(0, entries), read(5, {"1": "daily:40"})), rows) == [8], "too late"
    assert promises(timed(lost(0, entries), read(3, {"1": "daily:40"})), rows) == []
    both = [read(3, {"1": "daily:40"}), read(3.5, {"1": "daily:50"})]
    assert promises(timed(lost(0, entries), *both), rows, torn=()) == [8], "the last one shows it"
    answered = Rows([row], [attempt(1, 1, entries, "rejected")])
    assert promises([write(0, entries), read(5, {"1": "daily:40"})], answered) == [8]


def test_a_code_that_the_provider_never_gave_breaks_8() -> None:
    entries = {"1": "50"}
    refused = [asdict(Item(index=0, id="1", truth="refused", codes=[CODE]))]
    reply = '{"data":[],"errors":[{"instance":"@data/0"}]}'
    for code, broken in ((CODE, []), ("validation-failed-on-spend-limit", []), ("other", [8])):
        results = {"budget.daily": {"outcome": "rejected", "code": code}}
        row = update(1, "1", "50", state="rejected", results=results)
        rows = Rows([row], [attempt(1, 1, entries, "rejected")])
        assert promises([write(0, entries, items=refused, reply=reply)], rows) == broken


def test_a_recorded_status_that_was_never_sent_breaks_8() -> None:
    entries = {"1": "50"}
    rows = Rows([update(1, "1", "50")], [attempt(1, 1, entries, http_status=202)])
    assert promises([write(0, entries)], rows) == [8]


def test_one_arrival_too_many_in_any_window_breaks_11() -> None:
    rows = Rows()
    lines = [read(at, {}) for at in (0, 59, 60, 61, 120)]
    assert promises(lines, rows, limit=(3, 60)) == []
    assert promises(lines, rows, limit=(2, 60)) == [11]
    others = [read(at, {}, credential="other") for at in (60.1, 60.2)]
    assert promises(lines + others, rows, limit=(3, 60)) == []
