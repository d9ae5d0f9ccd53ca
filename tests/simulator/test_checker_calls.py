"""The checker where a call is about one campaign: creates, deletes, starts, calls without a body,
several calls for one update and several updates in one call."""

import datetime as dt
import json
from hashlib import sha256
from typing import Any

import pytest

from syncd.simulator import Item
from tests.arrivals import NO_BODY, Rows, link
from tests.checker import judge
from tests.simulator.journals import SETTLE, arrival

Line = dict[str, Any]
Values = dict[str, str | None]

CREATED: Values = {"name": "New", "budget.daily": "5"}
LOST: Line = {"status": None, "reply": None, "replied_ns": None, "reply_whole": False}


def call(at: float, items: list[Item], body: str = "", **changed: Any) -> Line:
    """A PUT of some entries, answered 0.1 s later with a bare 200."""
    seen: Line = {
        "operation": "put",
        "method": "PUT",
        "is_write": True,
        "reply_readable": True,
        "body_sha256": sha256(body.encode()).hexdigest(),
        "status": 200,
        "reply": "",
        "items": items,
    }
    return arrival(at, seen | changed)


def lost(at: float, items: list[Item], body: str = "", **changed: Any) -> Line:
    """The same, applied and never answered."""
    return call(at, items, body, gone_ns=int((at + 0.1) * 1_000_000_000), **(LOST | changed))


def set_to(campaign: str, new: Values, **changed: Any) -> Item:
    made: dict[str, Any] = {"index": 0, "id": campaign, "truth": "applied", "new": new}
    return Item(**(made | changed))


def created(campaign: str, **changed: Any) -> Item:
    return set_to(campaign, CREATED, **({"kind": "create"} | changed))


def deleted(campaign: str, **changed: Any) -> Item:
    return set_to(campaign, {"deleted": "true"}, **({"kind": "delete"} | changed))


def get(at: float, campaign: str, values: Values | None = None, **changed: Any) -> Line:
    """A read of one campaign; without values it says that there is none."""
    seen: Line = {"operation": "get", "method": "GET", "path": f"/campaigns/{campaign}"}
    seen |= {"reply_readable": True, "status": 404 if values is None else 200}
    if values is not None:
        seen |= {"ids": [campaign], "shown": {campaign: values}}
    return arrival(at, seen | changed)


def update(number: int, campaign: str | None, patch: Values, **changed: Any) -> Line:
    """An update; every path has the outcome of its state unless results say otherwise."""
    state = changed.get("state", "applied")
    row: Line = {
        "id": number,
        "external_id": campaign,
        "patch": patch,
        "state": state,
        "confirmation": "confirmed",
        "results": {path: {"outcome": state, "code": None} for path in patch},
        "due_at": "2026-01-01T00:00:00+00:00",
        "expires_at": None,
    }
    return row | changed


def attempt(batch: int, number: int, body: str = "", **changed: Any) -> Line:
    row: Line = {
        "batch_id": batch,
        "update_id": number,
        "operation": "campaign",
        "sent": None,
        "outcome": "applied",
        "http_status": 200,
        "body_sha256": sha256(body.encode()).hexdigest(),
    }
    return row | changed


UNKNOWN: Line = {"outcome": "unknown", "http_status": None}


def promises(lines: list[Line], rows: Rows, **options: Any) -> list[int]:
    timed = [{**one, "wall_ns": one["wall_ns"] or one["arrived_ns"]} for one in lines]
    return [one.promise for one in judge(timed, rows, SETTLE, **options)]


def test_good_single_calls_break_no_promise() -> None:
    rows = Rows(
        [
            update(1, "77", CREATED),
            update(2, "1", {"deleted": "true"}),
            update(3, "2", {"status": "active"}),
            update(4, "2", {"name": "B", "note": None}),
            update(5, "3", {"status": "active"}),
        ],
        [
            attempt(1, 1, "new"),
            attempt(2, 2, operation="DELETE campaign"),
            attempt(3, 3, "run"),
            attempt(4, 4, "b", sent={"name": "B", "note": None}),
            attempt(5, 5, "run"),
        ],
    )
    lines = [
        call(0, [created("77")], "new"),
        call(1, [deleted("1")], method="DELETE"),
        call(2, [set_to("2", {"status": "active"})], "run"),
        call(3, [set_to("3", {"status": "active"})], "run"),
        call(4, [set_to("2", {"name": "B", "note": None, "native.x": "1"})], "b"),
    ]
    assert lines[1]["body_sha256"] == NO_BODY
    assert promises(lines, rows) == []


def test_a_created_campaign_is_the_one_that_is_recorded() -> None:
    tries = [attempt(1, 1, "new")]
    lines = [call(0, [created("77")], "new")]
    for recorded, broken in (("77", []), ("78", [8]), (None, [8])):
        assert promises(lines, Rows([update(1, recorded, CREATED)], tries)) == broken
    other = Rows([update(1, "77", CREATED | {"name": "Other"})], tries)
    assert promises(lines, other) == [7, 8]
    nothing = [call(0, [created("", truth="untouched")], "new")]
    assert promises(nothing, Rows([update(1, "77", CREATED)], tries)) == [8, 8]


def test_of_two_creates_with_the_same_bytes_either_may_be_recorded_for_either() -> None:
    """They were under way at once, and nobody can tell from outside which was for whom."""
    tries = [attempt(1, 1, "new"), attempt(2, 2, "new")]
    lines = [call(0, [created("78")], "new"), call(1, [created("77")], "new")]
    rows = Rows([update(1, "77", CREATED), update(2, "78", CREATED)], tries)
    assert promises(lines, rows) == []
    rows = Rows([update(1, "77", CREATED), update(2, "79", CREATED)], tries)
    assert promises(lines, rows) == [8]


def test_of_two_creates_with_the_same_bytes_at_once_either_may_have_been_refused() -> None:
    """The one recorded first arrived last; both say what they were told."""
    refused = set_to("", {}, kind="create", truth="refused", codes=["2025"])
    lines = [
        call(1, [created("77")], "new", status=201),
        call(2, [refused], "new", status=400),
    ]
    said = {path: {"outcome": "rejected", "code": "2025"} for path in CREATED}
    updates = [
        update(1, None, CREATED, state="rejected", results=said),
        update(2, "77", CREATED),
    ]
    answers: list[Line] = [{"outcome": "rejected", "http_status": 400}, {"http_status": 201}]

    def broken(*spans: tuple[float, float | None]) -> set[int]:
        tries = [
            attempt(number, number, "new", sent_at=stamp(sent), answered_at=stamp(answered))
            | answers[number - 1]
            for number, (sent, answered) in enumerate(spans, start=1)
        ]
        return set(promises(lines, Rows(updates, tries)))

    assert broken((0.5, 2.5), (0.6, 2.6)) == set()
    assert broken((1.5, 2.5), (0.6, 1.2)) == set(), "its number is older than its call"
    assert broken((0.5, 1.5), (1.6, 2.6)) == {8}, "they were not under way at once"
    answers[1]["http_status"] = 200
    assert broken((0.5, 2.5), (0.6, 2.6)) == {8}, "nobody was told that"
    answers[1] |= UNKNOWN
    assert broken((0.5, 2.5), (0.6, None)) == set(), "its answer was lost, and a read showed it"


def test_an_arrival_is_of_a_batch_that_was_under_way() -> None:
    """Whatever is recorded with the same bytes, earlier or later, is another call."""
    updates = [update(number, None, CREATED) for number in (1, 2, 3)]
    spans = [(0.1, 0.8), (0.9, 1.2), (1.3, 1.6)]
    tries = [
        attempt(number, number, "new", sent_at=stamp(sent), answered_at=stamp(answered))
        for number, (sent, answered) in enumerate(spans, start=1)
    ]
    line = call(1, [created("77")], "new")
    (write,) = link([line | {"wall_ns": line["arrived_ns"]}], Rows(updates, tries))
    assert write.batch == 2


def stamp(at: float | None) -> str | None:
    """A second as the database tells it."""
    return None if at is None else dt.datetime.fromtimestamp(at, dt.UTC).isoformat()


def test_a_campaign_that_was_made_twice_breaks_4() -> None:
    found = arrival(
        3, {"operation": "list", "status": 200, "reply_readable": True, "ids": [], "shown": {}}
    )
    lines = [lost(0, [created("77")], "new"), found, call(5, [created("78")], "new")]
    rows = Rows([update(1, "78", CREATED)], [attempt(1, 1, "new", **UNKNOWN), attempt(2, 1, "new")])
    assert promises(lines, rows) == [4, 4]
    asked_again = Rows(rows.updates, rows.attempts, events=[retried(4)])
    assert promises(lines, asked_again) == [4]
    untouched = [lost(0, [created("", truth="untouched")], "new"), *lines[1:]]
    assert promises(untouched, asked_again) == []
    assert promises([untouched[0], untouched[2]], asked_again) == [4]
    token = found | {"operation": "token"}
    assert promises([untouched[0], token, untouched[2]], asked_again) == [4]
    assert promises(untouched, rows) == [4], "no search lets a create be sent again"
    for other in (retried(6), retried(4, update_id=2), retried(4, was="unknown")):
        assert promises(untouched, Rows(rows.updates, rows.attempts, events=[other])) == [4]


def retried(at: float, **changed: Any) -> Line:
    """A person takes update 1 out of the inbox."""
    time = dt.datetime.fromtimestamp(at, dt.UTC).isoformat()
    return {"update_id": 1, "was": "held", "state": "queued", "at": time} | changed


def test_two_creates_of_the_same_body_are_two_campaigns() -> None:
    lines = [call(0, [created("77")], "new"), call(1, [created("78")], "new")]
    tries = [attempt(1, 1, "new"), attempt(2, 2, "new")]
    rows = Rows([update(1, "77", CREATED), update(2, "78", CREATED)], tries)
    assert promises(lines, rows) == []
    assert promises(lines, Rows([rows.updates[0], update(2, "77", CREATED)], tries)) == [8]


def test_a_delete_is_true_where_it_was_done_or_a_read_says_that_nothing_is_there() -> None:
    rows = Rows([update(1, "1", {"deleted": "true"})])
    assert promises([], rows) == [8]
    assert promises([get(0, "1", {"name": "A"})], rows) == [8]
    assert promises([get(0, "2")], rows) == [8]
    assert promises([get(0, "1", reply_readable=False)], rows) == [8]
    assert promises([get(0, "1")], rows) == []
    assert promises([get(0, "1", {"deleted": "true"})], rows) == []
    refused = call(0, [deleted("1", truth="refused")], method="DELETE", status=404, reply="")
    tried = Rows(rows.updates, [attempt(1, 1, http_status=404)])
    assert promises([refused], tried) == [8]
    assert promises([refused, get(1, "1")], tried) == []


def test_a_delete_that_is_sent_again_needs_a_read() -> None:
    rows = Rows([update(1, "1", {"deleted": "true"})], [attempt(1, 1, **UNKNOWN), attempt(2, 1)])
    first, second = lost(0, [deleted("1")]), call(5, [deleted("1")])
    assert promises([first, second], rows) == [4]
    assert promises([first, get(3, "1", {"name": "A"}), second], rows) == []
    assert promises([first, get(1, "1", {"name": "A"}), second], rows) == [4]


def test_a_start_is_only_sent_again_where_a_read_shows_it_paused() -> None:
    start = set_to("1", {"status": "active"})
    rows = Rows(
        [update(1, "1", {"status": "active"})],
        [attempt(1, 1, "run", **UNKNOWN), attempt(2, 1, "run")],
    )
    first, second = lost(0, [start], "run"), call(5, [start], "run")
    assert promises([first, get(3, "1", {"status": "paused"}), second], rows) == []
    assert promises([first, get(3, "1", {"status": "active"}), second], rows) == [4]
    assert promises([first, get(3, "1", {"name": "A"}), second], rows) == [4]
    assert promises([first, second], rows) == [4]
    both = [get(3, "1", {"status": "paused"}), get(4, "1", {"status": "active"})]
    assert promises([first, *both, second], rows, torn=()) == [4], "it has been started since"
    assert promises([first, *both, second], rows, torn={both[1]["seq"]}) == []


@pytest.mark.parametrize(("seconds", "broken"), [(9, []), (60, [4])])
def test_a_start_that_arrives_after_its_end_breaks_4(seconds: int, broken: list[int]) -> None:
    began = 1_767_225_600  # 2026-01-01
    line = call(0, [set_to("1", {"status": "active"})], wall_ns=(began + seconds) * 1_000_000_000)
    for status, expected in (("active", broken), ("paused", [])):
        line["items"][0]["new"] = {"status": status}
        row = update(1, "1", {"status": status}, expires_at="2026-01-01T00:00:10+00:00")
        assert promises([line], Rows([row], [attempt(1, 1)])) == expected


def test_the_same_body_for_another_campaign_is_another_call() -> None:
    first, second = set_to("1", {"status": "active"}), set_to("2", {"status": "active"})
    rows = Rows(
        [update(1, "1", {"status": "active"}), update(2, "2", {"status": "active"})],
        [attempt(1, 1, "run"), attempt(2, 2, "run")],
    )
    assert promises([call(0, [second], "run"), call(1, [first], "run")], rows) == []
    assert promises([call(0, [second], "run"), call(1, [second], "run")], rows) == [7, 8, 8]


def test_only_amounts_are_compared_by_what_they_are_worth() -> None:
    lines = [call(0, [set_to("1", {"name": "1.0", "price.amount": "1.0"})], "b")]
    for name, broken in (("1.0", []), ("1", [7, 8])):
        row = update(1, "1", {"name": name, "price.amount": "1"})
        assert promises(lines, Rows([row], [attempt(1, 1, "b")])) == broken


def test_a_call_without_a_body_is_known_by_its_campaign_and_what_its_address_asks_for() -> None:
    pause, start = set_to("1", {"status": "paused"}), set_to("1", {"status": "active"})
    other = set_to("2", {"status": "paused"})
    rows = Rows([update(1, "1", {"status": "paused"})], [attempt(1, 1)])
    assert promises([call(0, [pause])], rows) == []
    assert 7 in promises([call(0, [start])], rows)
    assert 7 in promises([call(0, [other])], rows)
    unread = call(0, [set_to("1", {}, truth="untouched")], status=503)
    assert 7 not in promises([unread], rows)
    named = Rows(rows.updates, [attempt(1, 1, operation="PUT status")])
    assert promises([call(0, [pause])], named) == []
    assert promises([call(0, [pause], method="DELETE")], named) == [7]


def test_of_batches_without_a_body_those_never_answered_explain_no_arrival() -> None:
    pause, start = set_to("1", {"status": "paused"}), set_to("1", {"status": "active"})
    rows = Rows(
        [update(1, "1", {"status": "paused"}), update(2, "1", {"status": "active"})],
        [attempt(1, 1, **UNKNOWN), attempt(2, 2), attempt(3, 1)],
    )
    lines = [call(0, [start]), call(1, [pause])]
    assert promises(lines, Rows(rows.updates[:2], rows.attempts)) == [3]
    later = update(1, "1", {"status": "paused"}, due_at="2026-01-02T00:00:00+00:00")
    reached = {"status": {"outcome": "applied", "code": None}}
    assert (
        promises(lines, Rows([later | {"results": reached}, rows.updates[1]], rows.attempts)) == []
    )


def test_several_calls_for_one_update_are_judged_path_by_path() -> None:
    patch: Values = {"name": "B", "status": "paused"}
    tries = [attempt(1, 1, "b", sent={"name": "B"}), attempt(2, 1, sent={"status": "paused"})]
    name, status = set_to("1", {"name": "B"}), set_to("1", {"status": "paused"})
    good = [call(0, [name], "b"), call(1, [status])]
    assert promises(good, Rows([update(1, "1", patch)], tries)) == []
    again = [*tries, attempt(3, 1, "b", sent={"name": "B"})]
    repeated = [*good, call(2, [name], "b")]
    assert promises(repeated, Rows([update(1, "1", patch)], again)) == [2]
    untouched = [good[0], call(1, [set_to("1", {"status": "paused"}, truth="untouched")])]
    assert promises(untouched, Rows([update(1, "1", patch)], tries)) == [8]
    half = {"name": {"outcome": "applied"}, "status": {"outcome": "rejected", "code": "409"}}
    rejected = update(1, "1", patch, state="rejected", results=half)
    assert promises(good, Rows([rejected], tries)) == [2, 8]
    refused = set_to("1", {"status": "paused"}, truth="refused", codes=["409"])
    lines = [good[0], call(1, [refused], status=409)]
    answered = [tries[0], tries[1] | {"outcome": "rejected", "http_status": 409}]
    assert promises(lines, Rows([rejected], answered)) == []
    half["status"]["code"] = "410"
    assert promises(lines, Rows([rejected], answered)) == [8]


def test_another_path_may_follow_an_unclear_one_and_the_same_may_not() -> None:
    rows = Rows(
        [update(1, "1", {"name": "B"}), update(2, "1", {"status": "paused"})],
        [attempt(1, 1, "b", **UNKNOWN), attempt(2, 2), attempt(3, 1, "b")],
    )
    name, status = set_to("1", {"name": "B"}), set_to("1", {"status": "paused"})
    lines = [lost(0, [name], "b"), call(3, [status])]
    assert promises(lines, Rows(rows.updates, rows.attempts[:2])) == []
    assert promises([*lines, call(5, [name], "b")], rows) == [4]
    whole = set_to("1", {"name": "B", "status": "active"})
    lines = [lost(0, [whole], "b"), call(3, [status])]
    assert promises(lines, Rows(rows.updates, rows.attempts[:2])) == [4]


def test_several_updates_in_one_call_each_have_their_own_result() -> None:
    prices: Values = {"price.country.US": "2.5", "price.country.UK": "2.5"}
    entries = [
        set_to("1", {path: amount}, index=index)
        for index, (path, amount) in enumerate(prices.items())
    ]
    updates = [update(number, "1", {path: "2.50"}) for number, path in enumerate(prices, start=1)]
    tries = [
        attempt(1, number, "p", sent=one["patch"]) for number, one in enumerate(updates, start=1)
    ]
    assert promises([call(0, entries, "p")], Rows(updates, tries)) == []
    entries[1].truth = "untouched"
    assert promises([call(0, entries, "p")], Rows(updates, tries)) == [8]
    entries[1].truth, entries[1].codes = "refused", ["COUNTRY"]
    said = {"price.country.UK": {"outcome": "rejected", "code": "COUNTRY"}}
    updates[1] |= {"state": "rejected", "results": said}
    tries[1]["outcome"] = "rejected"
    assert promises([call(0, entries, "p")], Rows(updates, tries)) == []
    entries[0].truth, entries[0].codes = "refused", ["PRICE"]
    said = {"price.country.US": {"outcome": "rejected", "code": "COUNTRY"}}
    updates[0] |= {"state": "rejected", "results": said}
    tries[0]["outcome"] = "rejected"
    assert promises([call(0, entries, "p")], Rows(updates, tries)) == [8]


@pytest.mark.parametrize(
    ("status", "reply", "broken"),
    [
        (200, "", []),
        (200, "[]", []),
        (200, '{"id":"1","status":"active"}', []),
        (200, '{"ErrorCode":400}', []),
        (200, '{"ErrorCode":503}', [4]),
        (200, '{"Code":', [4]),
        (201, "<html>", [4]),
        (404, "", []),
        (409, "", []),
        (408, "", [4]),
        (503, '{"status":"UNAVAILABLE"}', [4]),
    ],
)
def test_what_an_answer_about_one_campaign_leaves_open(
    status: int, reply: str, broken: list[int]
) -> None:
    name = set_to("1", {"name": "B"})
    lines = [call(0, [name], "b", status=status, reply=reply), call(5, [name], "b")]
    not_judged = {"outcome": "not_judged", "http_status": status}
    tries = [attempt(1, 1, "b", **not_judged), attempt(2, 1, "b")]
    rows = Rows([update(1, "1", {"name": "B"})], tries)
    assert promises(lines, rows) == broken
    replaced = lines[0] | {"reply_readable": False}
    assert promises([replaced, lines[1]], rows) == (broken or [4] if status < 300 else broken)


def test_a_value_that_was_taken_otherwise_is_not_confirmed() -> None:
    tries = [attempt(1, 1, "b")]
    lines = [call(0, [set_to("1", {"price.amount": "2.5"})], "b")]
    for amount, state, broken in (
        ("2.50", "confirmed", []),
        ("2.49", "confirmed", [8]),
        ("2.49", "different", []),
    ):
        row = update(1, "1", {"price.amount": amount}, confirmation=state)
        lines[0]["items"][0]["new"]["price.amount"] = amount
        lines[0]["items"][0]["truth"] = "applied" if amount == "2.50" else "untouched"
        assert promises(lines, Rows([row], tries)) == broken


def test_every_limit_group_has_a_limit_of_its_own() -> None:
    lines = [get(at, "1", {}, limit_group="get") for at in (0, 1, 2)]
    lines += [get(at, "1", {}, limit_group="list") for at in (0.5, 1.5)]
    lines += [get(at, "1", {}, limit_group=None, credential=None) for at in range(3, 9)]
    limits = {"get": (3, 60.0), "list": (2, 60.0), "default": (1, 60.0)}
    assert promises(lines, Rows(), limit=limits) == []
    assert promises(lines, Rows(), limit=limits | {"get": (2, 60.0)}) == [11]
    assert promises(lines, Rows(), limit=limits | {"list": (1, 60.0)}) == [11]


def test_lines_of_a_file_are_judged_like_arrivals_in_memory() -> None:
    rows = Rows([update(1, "77", CREATED)], [attempt(1, 1, "new")])
    lines = json.loads(json.dumps([call(0, [created("78")], "new")]))
    assert promises(lines, rows) == [8]
