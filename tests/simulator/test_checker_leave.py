"""What the checker says of values that should not have left: nothing where all is as agreed, and
each broken promise where journal or database are doctored."""

import datetime as dt
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from syncd.simulator import Item
from tests.arrivals import Rows, link
from tests.guarding import Agreed, Quiet, judge_leave
from tests.simulator.journals import attempt, read, update, write

Lines = list[dict[str, Any]]
DAILY = "budget.daily"
EVERY = frozenset(
    {"factor", "amount", "unlimited", "increase", "quiet_hours", "share", "activations"}
    | {"conflict", "guard-delete", "guard-disable", "guard-start"}
)
"""What an approval is given for unless a test says otherwise."""
WIDE = Agreed(max_factor=None, activations=None, share=None)


def broken(lines: Lines, rows: Rows, agreed: Agreed) -> list[int]:
    arrivals = [{**line, "wall_ns": line["arrived_ns"]} for line in lines]
    found = judge_leave(link(arrivals, rows), arrivals, rows, agreed)
    return [one.promise for one in found]


def asked(number: int, campaign: str, amount: str | None, **changed: Any) -> dict[str, Any]:
    """An update of somebody who saw a daily budget of 100."""
    told = {"reference": {DAILY: "100"}, "policy": "hold", "asked_by": "asker"}
    return update(number, campaign, str(amount), **(told | changed))


def approval(number: int, path: str = DAILY, **changed: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "update_id": number,
        "path": path,
        "approved_by": "boss",
        "remote": "100",
    }
    row["rules"] = EVERY
    times = {"approved_at": time(0), "expires_at": time(100_000)}
    return row | times | changed


def time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()


def sent(
    amount: str, agreed: Agreed, *approvals: Any, shown: str = "daily:100", **more: Any
) -> list[int]:
    """What is said of one budget that was set a second after a read."""
    row = asked(1, "1", amount, **more)
    rows = Rows([row], [attempt(1, 1, {"1": amount})], approvals)
    return broken([read(100, {"1": shown}), write(101, {"1": amount})], rows, agreed)


def test_what_was_agreed_upon_may_leave() -> None:
    tight = Agreed(max_factor=Decimal(2), max_amount=Decimal(500), min_gap=60, campaigns=10)
    assert sent("200", tight) == []
    assert sent("50", tight) == []


@pytest.mark.parametrize(
    ("amount", "agreed"),
    [
        ("201", Agreed(max_factor=Decimal(2))),
        ("501", Agreed(max_factor=None, max_amount=Decimal(500))),
        ("unlimited", WIDE),
        ("150", Agreed(max_increase=Decimal(49))),
        ("150", Agreed(quiet=Quiet(dt.time(0, 1), dt.time(0, 2)))),
        ("150", Agreed(quiet=Quiet(dt.time(23, 0), dt.time(0, 2)))),
        ("150", Agreed(campaigns=10, share=Decimal("0.05"))),
    ],
)
def test_a_value_beyond_what_was_agreed_upon_breaks_13(amount: str, agreed: Agreed) -> None:
    assert sent(amount, agreed) == [13]
    assert sent(amount, agreed, approval(1)) == []
    assert sent(amount, agreed, approval(2)) == [13], "of another update"
    assert sent(amount, agreed, approval(1, "budget.monthly")) == [13], "of another path"
    assert sent(amount, agreed, approval(1, expires_at=time(98))) == [13], "that had expired"
    assert sent(amount, agreed, approval(1, approved_at=time(104))) == [13], "that came later"
    assert sent(amount, agreed, approval(1, rules=frozenset({"floor"}))) == [13], "of another rule"
    assert sent(amount, agreed, approval(1, rules=frozenset())) == [13], "of nothing ever shown"


def test_what_is_no_money_or_above_the_owners_cap_breaks_13_whoever_approves() -> None:
    capped = Agreed(max_factor=None, caps={"*": Decimal(500), DAILY: Decimal(600)})
    assert sent("600", capped) == []
    for amount in ("601", "NaN", "Infinity", "-1", "1e15", "unlimited"):
        assert sent(amount, capped, approval(1)) == [13], amount


def test_who_asked_cannot_let_it_pass_where_four_eyes_are_agreed_upon() -> None:
    agreed = Agreed(max_factor=Decimal(2), four_eyes=True)
    assert sent("500", agreed, approval(1)) == []
    assert sent("500", agreed, approval(1, approved_by="asker")) == [13]
    assert sent("500", agreed, approval(1, approved_by="asker"), approval(1)) == []
    asked_first = asked(7, "1", "500", asked_by="boss", state="rejected", results={})
    again = [asked_first, asked(1, "1", "500", retry_of=7)]
    rows = Rows(again, [attempt(1, 1, {"1": "500"})], [approval(1)])
    lines = [read(100, {"1": "100"}), write(101, {"1": "500"})]
    assert broken(lines, rows, agreed) == [13], "who asked first may not either"


def test_the_factor_goes_by_the_last_read_that_was_taken_in() -> None:
    row, tries = asked(1, "1", "300", policy="ours"), [attempt(1, 1, {"1": "300"})]
    lines = [read(98, {"1": "200"}), read(99, {"1": "100"}), write(101, {"1": "300"})]
    agreed = Agreed(max_factor=Decimal(2))
    assert broken(lines, Rows([row], tries), agreed) == [13]
    torn = Agreed(max_factor=Decimal(2), torn=frozenset({990}))
    assert broken(lines, Rows([row], tries), torn) == [], "nobody knows who saw that"


@pytest.mark.parametrize(("monthly", "expected"), [("unlimited", []), ("9", [13])])
def test_a_change_of_the_period_ends_no_limit_and_one_beside_another_does(
    monthly: str, expected: list[int]
) -> None:
    patch = {DAILY: "unlimited", "budget.monthly": "900"}
    seen = {DAILY: "100", "budget.monthly": monthly}
    row = asked(1, "1", "unlimited", patch=patch, reference=seen)
    rows = Rows([row], [attempt(1, 1, {"1": "monthly:900"}, sent=patch)])
    lines = [read(100, {"1": "daily:100"}), write(101, {"1": "monthly:900"})]
    lines[0]["shown"]["1"]["budget.monthly"] = monthly
    assert sorted(set(broken(lines, rows, WIDE))) == expected


def turned(at: float, campaign: str, path: str, value: str | None) -> dict[str, Any]:
    """A write of one path, applied."""
    item = asdict(Item(index=0, id=campaign, truth="applied", new={path: value}))
    return write(at, {campaign: f"{path} {value}"}, items=[item])


def leaving(path: str, value: str | None, agreed: Agreed, *approvals: Any) -> list[int]:
    """What is said of one such write after a read."""
    row = asked(1, "1", None, patch={path: value}, reference={path: "before"})
    rows = Rows([row], [attempt(1, 1, {"1": f"{path} {value}"})], approvals)
    lines = [read(100, {"1": "100"}), turned(101, "1", path, value)]
    lines[0]["shown"]["1"][path] = "before"
    return broken(lines, rows, agreed)


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("deleted", "true", "delete"),
        ("price.amount", None, "disable"),
        ("status", "active", "start"),
    ],
)
def test_what_needs_leave_breaks_13_without_it(path: str, value: str | None, word: str) -> None:
    agreed = Agreed(starts=True)
    assert leaving(path, value, agreed) == [13]
    assert leaving(path, value, agreed, approval(1, path, remote="before")) == []
    assert leaving(path, value, Agreed(starts=True, free=frozenset({word}))) == []
    assert leaving("status", "paused", agreed) == []
    assert leaving("status", "active", Agreed(starts=False)) == []


def starts(
    agreed: Agreed,
    *approvals: Any,
    gap: float = 10,
    order: tuple[int, int] = (1, 2),
    made_at: float | None = None,
) -> list[int]:
    """What is said of two campaigns that are started one after the other, where somebody makes
    another one at a second."""
    numbers = (1, 2)
    rows = Rows(
        [asked(one, f"{one}", None, patch={"status": "active"}, reference={"status": "paused"})
         for one in numbers],
        [attempt(one, one, {f"{one}": "status active"}) for one in numbers],
        approvals,
    )  # fmt: skip
    lines = []
    for at, one in enumerate(order, start=1):
        lines += [read(100 + at * gap, {f"{one}": "100"})]
        lines[-1]["shown"][f"{one}"]["status"] = "paused"
        lines += [turned(101 + at * gap, f"{one}", "status", "active")]
    if made_at is not None:
        made = asdict(Item(index=0, id="9", kind="create", truth="applied", new={DAILY: "120"}))
        lines.append(write(made_at, {"9": "120"}, items=[made]))
    return broken(sorted(lines, key=lambda line: line["seq"]), rows, agreed)


def test_one_start_too_many_within_the_window_breaks_13() -> None:
    one = Agreed(activations=1)
    assert starts(Agreed(activations=2)) == []
    assert starts(one) == [13]
    assert starts(one, gap=4000) == [], "in another window"
    assert starts(one, approval(2, "status", remote="paused")) == []
    assert starts(one, approval(1, "status", remote="paused")) == [13], "what was approved counts"
    turned_round = [approval(2, "status", remote="paused")]
    assert starts(one, *turned_round, order=(2, 1), gap=2) == [], "a plan came upon it later"
    assert starts(one, *turned_round, order=(2, 1), gap=20) == [13], "another plan did"


def test_a_start_over_the_owners_cap_breaks_13_whoever_approves() -> None:
    both = [approval(1, "status", remote="paused"), approval(2, "status", remote="paused")]
    assert starts(Agreed(cap_activations=1), *both) == [13]
    assert starts(Agreed(cap_activations=0), *both) == [13, 13]


def test_one_campaign_too_many_within_the_window_breaks_13() -> None:
    agreed = Agreed(max_factor=None, activations=None, share=Decimal("0.1"), campaigns=10)
    assert starts(agreed) == [13]
    assert starts(agreed, gap=4000) == []
    few = Agreed(max_factor=None, activations=None, share=Decimal("0.1"), campaigns=9)
    assert starts(few) == [], "a share of nine says nothing"
    for made_at in (100.5, 9000.0):
        assert starts(agreed, made_at=made_at) == [], "nobody knows when the tenth was taken in"
    eleven = Agreed(max_factor=None, activations=None, share=Decimal("0.1"), campaigns=11)
    assert starts(eleven, made_at=9000) == [13]


def twice(agreed: Agreed, gap: float, **more: Any) -> list[int]:
    """What is said of two values of one path, one after the other."""
    first, second = {"1": "110"}, {"1": "120"}
    rows = Rows(
        [asked(1, "1", "110"), asked(2, "1", "120", **more)],
        [attempt(1, 1, first), attempt(2, 2, second)],
    )
    lines = [read(100, {"1": "100"}), write(101, first)]
    lines += [read(100 + gap, {"1": "110"}), write(101 + gap, second)]
    return broken(lines, rows, agreed)


def test_two_changes_too_close_to_each_other_break_13() -> None:
    assert twice(Agreed(min_gap=60), 50) == [13]
    assert twice(Agreed(min_gap=60), 61) == []


def test_rises_add_up_within_the_window() -> None:
    assert twice(Agreed(max_increase=Decimal(20)), 50) == []
    assert twice(Agreed(max_increase=Decimal(19)), 50) == [13]
    assert twice(Agreed(max_increase=Decimal(19)), 4000) == []


def test_what_our_own_write_put_there_is_no_third_value() -> None:
    assert twice(WIDE, 50) == []
    assert twice(WIDE, 50, reference={}) == []


def overwriting(shown: str, *approvals: Any, at: float = 100, **more: Any) -> list[int]:
    """What is said of a daily budget of 120 that was sent at 101 s over what a read showed."""
    rows = Rows([asked(1, "1", "120", **more)], [attempt(1, 1, {"1": "120"})], approvals)
    return broken([read(at, {"1": shown}), write(101, {"1": "120"})], rows, WIDE)


def test_a_write_over_a_third_value_breaks_14() -> None:
    assert overwriting("90") == [14]
    assert overwriting("100") == []
    assert overwriting("120") == []
    assert overwriting("90", policy="ours") == []
    assert overwriting("90", policy="theirs") == [14]
    assert overwriting("90", approval(1, remote="90")) == []
    assert overwriting("90", approval(1, remote="100")) == [14], "another value was let pass"
    assert overwriting("90", approval(1, remote="90", rules=frozenset({"factor"}))) == [14], (
        "nobody told of it"
    )


def test_a_write_over_what_nobody_saw_breaks_14() -> None:
    assert overwriting("100", reference=None) == [14]
    assert overwriting("100", reference={"budget.monthly": "100"}) == [14]
    assert overwriting("100", reference=None, policy="ours") == []


def test_a_write_on_an_old_read_or_on_none_breaks_14() -> None:
    assert overwriting("100", at=40) == []
    assert overwriting("100", at=30) == [14]
    assert overwriting("100", at=30, policy="ours") == [14]
    rows = Rows([asked(1, "1", "120")], [attempt(1, 1, {"1": "120"})])
    assert broken([write(101, {"1": "120"})], rows, WIDE) == [14]
    assert broken([read(100, {"2": "100"}), write(101, {"1": "120"})], rows, WIDE) == [14]
    unread = read(100, {"1": "100"}, reply_whole=False)
    assert broken([unread, write(101, {"1": "120"})], rows, WIDE) == [14]


def test_what_an_applied_update_wanted_is_no_third_value() -> None:
    results = {DAILY: {"outcome": "applied", "code": "already_set", "at": time(99)}}
    rows = Rows(
        [asked(1, "1", "120"), asked(2, "1", "90", results=results)], [attempt(1, 1, {"1": "120"})]
    )
    lines = [read(100, {"1": "90"}), write(101, {"1": "120"})]
    assert broken(lines, rows, WIDE) == []
    results[DAILY]["at"] = time(104)
    assert broken(lines, rows, WIDE) == [14]


def test_what_went_along_unasked_and_is_not_as_it_was_read_breaks_14() -> None:
    rows = Rows([asked(1, "1", "120")], [attempt(1, 1, {"1": "120"})])
    line = write(101, {"1": "120"})
    line["items"][0]["new"] |= {"budget.lifetime": "70"}
    shown = read(100, {"1": "100"})
    assert broken([shown, line], rows, WIDE) == [14]
    shown["shown"]["1"]["budget.lifetime"] = "70"
    assert broken([shown, line], rows, WIDE) == []


def test_a_create_and_a_delete_replace_nothing() -> None:
    made = asdict(Item(index=0, id="9", kind="create", truth="applied", new={DAILY: "120"}))
    rows = Rows([asked(1, "9", "120", is_create=True)], [attempt(1, 1, {"9": "120"})])
    assert broken([write(101, {"9": "120"}, items=[made])], rows, WIDE) == []
    assert leaving("deleted", "true", Agreed(free=frozenset({"delete"}))) == []
