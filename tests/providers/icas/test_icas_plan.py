"""Changes as requests: the order of the steps, the exact bytes, and what is never sent."""

from __future__ import annotations

import json

import pytest

from syncd.model.call import WriteCall, WriteItem
from syncd.model.update import Outcome, Verdict
from syncd.providers.icas import writes
from tests.providers.icas.sellers import REMOTE, create, item


def planned(*items: WriteItem, creates: bool = True) -> tuple[WriteCall, ...]:
    plan = writes.plan(items, creates=creates)
    assert not plan.refused
    assert plan == writes.plan(items, creates=creates)
    return plan.calls


def refused(one: WriteItem, *, creates: bool = True) -> Verdict:
    plan = writes.plan([one], creates=creates)
    assert plan.calls == ()
    verdict = plan.refused[one.external_id]
    assert verdict.outcome is Outcome.REJECTED
    assert verdict.message
    return verdict


def steps(one: WriteItem) -> list[tuple[str, set[str]]]:
    """Every step until nothing is left, each planned after a read that shows the one before."""
    done = []
    changes, remote = dict(one.changes), dict(one.remote)
    while changes:
        (call,) = planned(WriteItem(external_id="123", changes=changes, remote=remote))
        (step,) = call.items
        assert step.external_id == "123"
        assert step.remote == remote
        assert step.changes.items() <= changes.items()
        done.append((call.operation, set(step.changes)))
        remote |= step.changes
        changes = {path: value for path, value in changes.items() if path not in step.changes}
    return done


DAILY, TOTAL = {"budget.daily"}, {"budget.lifetime"}
PAUSED = {**REMOTE, "status": "paused"}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (item(status="paused"), [("PUT campaign/status", {"status"})]),
        (item(budget_daily="20"), [("PUT campaign/budgets", DAILY)]),
        (item(budget_daily="20", budget_lifetime="90"), [("PUT campaign/budgets", DAILY | TOTAL)]),
        (item(name="x"), [("PUT campaign", {"name"})]),
        (
            item(PAUSED, status="active", budget_daily="20"),
            [("PUT campaign/budgets", DAILY), ("PUT campaign/status", {"status"})],
        ),
        (
            item(PAUSED, status="active", budget_lifetime="5"),
            [("PUT campaign/budgets", TOTAL), ("PUT campaign/status", {"status"})],
        ),
        (
            item(status="paused", budget_daily="5"),
            [("PUT campaign/status", {"status"}), ("PUT campaign/budgets", DAILY)],
        ),
        (
            item(status="paused", budget_daily="50"),
            [("PUT campaign/status", {"status"}), ("PUT campaign/budgets", DAILY)],
        ),
        (
            item(PAUSED, name="x", status="active", budget_daily="20"),
            [
                ("PUT campaign/budgets", DAILY),
                ("PUT campaign/status", {"status"}),
                ("PUT campaign", {"name"}),
            ],
        ),
        (
            item(
                {**REMOTE, "native.vendorId": None},
                **{"native.vendorId": "v", "name": "x", "status": "paused"},
            ),
            [("PUT campaign/status", {"status"}), ("PUT campaign", {"name", "native.vendorId"})],
        ),
    ],
)
def test_the_steps_of_a_campaign_come_in_the_order_that_costs_least(
    one: WriteItem, expected: list[tuple[str, set[str]]]
) -> None:
    assert steps(one) == expected


def test_each_campaign_has_one_call_in_the_order_given() -> None:
    items = [
        WriteItem(external_id=str(number), changes={"status": "paused"}, remote=REMOTE)
        for number in (3, 1, 2)
    ]
    calls = planned(*items)
    assert [[one.external_id for one in call.items] for call in calls] == [["3"], ["1"], ["2"]]
    assert writes.plan([], creates=True).calls == ()


def body(one: WriteItem) -> bytes:
    (call,) = planned(one)
    return writes.body(call)


def test_budgets_are_the_documents_own_example_without_a_wrapper() -> None:
    remote = {**REMOTE, "budget.daily": "5"}
    assert body(item(remote, budget_daily="10")) == (
        b'{"daily":{"limitMicros":"10000000"},"total":{"limitMicros":"UNLIMITED"}}'
    )


@pytest.mark.parametrize(
    ("one", "daily", "total"),
    [
        (item(budget_lifetime="90.5"), "10000000", "90500000"),
        (item(budget_lifetime="unlimited", budget_daily="0.01"), "10000", "UNLIMITED"),
        (item({**REMOTE, "budget.daily": "10.005001"}, budget_lifetime="1"), "10005001", "1000000"),
        (
            item({**REMOTE, "budget.daily": "unlimited"}, budget_lifetime="1"),
            "UNLIMITED",
            "1000000",
        ),
        (item({}, budget_daily="1.10", budget_lifetime="2"), "1100000", "2000000"),
        (item(budget_daily="99999999999999.99"), "99999999999999990000", "UNLIMITED"),
    ],
)
def test_both_budgets_always_travel_and_the_untouched_one_is_what_the_provider_shows(
    one: WriteItem, daily: str, total: str
) -> None:
    assert json.loads(body(one)) == {
        "daily": {"limitMicros": daily},
        "total": {"limitMicros": total},
    }


def test_a_status_stands_in_the_address_alone() -> None:
    assert body(item(status="paused")) == b""


def test_a_new_title_travels_with_everything_that_a_put_could_clear() -> None:
    assert body(item(name="new year's stuff")) == (
        b'{"status":"ACTIVE","title":"new year\'s stuff","vendorId":"123-abc-vjlkna-124",'
        b'"budgets":{"daily":{"limitMicros":"10000000"},"total":{"limitMicros":"UNLIMITED"}}}'
    )


@pytest.mark.parametrize(
    ("one", "members"),
    [
        (item(PAUSED, name="x"), {"status": "PAUSED", "title": "x"}),
        (item(name=""), {"title": "", "vendorId": "123-abc-vjlkna-124"}),
        (
            item({**REMOTE, "native.vendorId": None}, **{"native.vendorId": "v1"}),
            {"title": "christmas stuff", "vendorId": "v1"},
        ),
        (
            item({**REMOTE, "name": "", "native.vendorId": None}, **{"native.vendorId": "v1"}),
            {"title": None, "vendorId": "v1"},
        ),
        (item({**REMOTE, "native.vendorId": None}, name="x"), {"title": "x", "vendorId": None}),
    ],
)
def test_a_put_repeats_what_is_known_and_leaves_out_what_is_not_set(
    one: WriteItem, members: dict[str, str | None]
) -> None:
    sent = json.loads(body(one))
    assert {key: sent.get(key) for key in members} == members
    assert sent.keys() >= {"status", "budgets"}


def test_a_create_is_the_documents_own_example() -> None:
    one = create(
        status="active",
        name="christmas stuff",
        native_vendorId="123-abc",
        budget_daily="10",
        budget_lifetime="unlimited",
    )
    assert body(one) == (
        b'{"status":"ACTIVE","title":"christmas stuff","vendorId":"123-abc",'
        b'"budgets":{"daily":{"limitMicros":"10000000"},"total":{"limitMicros":"UNLIMITED"}}}'
    )
    (call,) = planned(one)
    assert (call.operation, call.items) == ("POST campaign", (one,))


@pytest.mark.parametrize(
    ("one", "sent"),
    [
        (create(native_vendorId="v"), {"status": "PAUSED", "vendorId": "v", "budgets": {}}),
        (
            create(native_vendorId="v", status="paused", budget_daily="1", name="t"),
            {
                "status": "PAUSED",
                "title": "t",
                "vendorId": "v",
                "budgets": {"daily": {"limitMicros": "1000000"}},
            },
        ),
        (
            create(native_vendorId="v", budget_lifetime="2", name=""),
            {
                "status": "PAUSED",
                "vendorId": "v",
                "budgets": {"total": {"limitMicros": "2000000"}},
            },
        ),
    ],
)
def test_a_create_says_nothing_that_nobody_asked_for_and_is_born_paused(
    one: WriteItem, sent: dict[str, object]
) -> None:
    assert json.loads(body(one)) == sent


LONG = "x" * 65
UNKNOWN_STATUS = {path: value for path, value in REMOTE.items() if path != "status"}
NO_TOTAL = {path: value for path, value in REMOTE.items() if path != "budget.lifetime"}
CLEANED = {**REMOTE, "native.text_cleaned": "true"}


@pytest.mark.parametrize(
    ("one", "code", "words"),
    [
        (item(note="x"), "not_changeable", "note"),
        (item(deleted="true"), "not_changeable", "deleted"),
        (item(budget_monthly="5"), "not_changeable", "budget.monthly"),
        (item(**{"native.text_cleaned": "true"}), "not_changeable", "text_cleaned"),
        (item(name=None), "bad_value", "null"),
        (item(budget_daily=None), "bad_value", "null"),
        (item(name=LONG), "bad_value", "65 characters; ICAS takes 64"),
        (item(status="ACTIVE"), "bad_value", "active or paused"),
        (item(status="stopped"), "bad_value", "active or paused"),
        (item(budget_daily="unlimited"), "not_offered", "budget.daily cannot be unlimited"),
        (item(budget_daily="0"), "bad_amount", "the least is 0.01"),
        (item(budget_lifetime="0.00"), "bad_amount", "the least is 0.01"),
        (item(budget_daily="0.005"), "bad_amount", "2 decimals"),
        (item(budget_daily="-1"), "bad_amount", "negative"),
        (item(budget_lifetime="NaN"), "bad_amount", "not an amount"),
        (item(budget_lifetime="1e3"), "bad_amount", "not an amount"),
        (item(budget_lifetime="UNLIMITED"), "bad_amount", "not an amount"),
        (item(**{"native.vendorId": "other"}), "not_changeable", "can be set once"),
        (item(**{"native.vendorId": "123-ABC-vjlkna-124"}), "not_changeable", "can be set once"),
        (item(NO_TOTAL, budget_daily="5"), "not_shown", "budget.lifetime"),
        (item(NO_TOTAL, name="x"), "not_shown", "budget.lifetime"),
        (item(UNKNOWN_STATUS, name="x"), "not_shown", "status"),
        (item({}, name="x"), "not_shown", "budget.daily and no budget.lifetime and no status"),
        (item(CLEANED, name="x"), "not_shown", "cannot repeat"),
        (create(name="x"), "bad_value", "native.vendorId"),
        (create(native_vendorId="v", note="x"), "not_changeable", "note"),
        (create(native_vendorId="v", budget_daily="0"), "bad_amount", "least"),
    ],
)
def test_what_can_never_be_written_is_refused_with_the_reason(
    one: WriteItem, code: str, words: str
) -> None:
    verdict = refused(one)
    assert verdict.code == code
    assert words in (verdict.message or "")


@pytest.mark.parametrize("vendor", ["", " ", "a ", " a", ".", "..", "ä", "a\n", "a\x7f", LONG])
def test_a_vendor_id_that_could_not_be_looked_up_again_is_refused(vendor: str) -> None:
    assert refused(create(native_vendorId=vendor)).code == "bad_value"


@pytest.mark.parametrize("vendor", ["a", "...", ".a", "a b", "a/b?c#d%e", "~!", "x" * 64])
def test_a_vendor_id_of_plain_letters_is_taken(vendor: str) -> None:
    assert json.loads(body(create(native_vendorId=vendor)))["vendorId"] == vendor
    unset = {**REMOTE, "native.vendorId": None}
    assert json.loads(body(item(unset, **{"native.vendorId": vendor})))["vendorId"] == vendor


def test_what_the_call_does_not_repeat_need_not_be_shown() -> None:
    assert steps(item({}, status="paused")) == [("PUT campaign/status", {"status"})]
    assert steps(item(CLEANED, budget_daily="5")) == [("PUT campaign/budgets", DAILY)]


def test_a_create_is_refused_where_a_seller_has_one_campaign() -> None:
    verdict = refused(create(native_vendorId="v"), creates=False)
    assert verdict.code == "not_offered"
    assert "Kleinanzeigen" in (verdict.message or "")
    assert planned(item(status="paused"), creates=False)


def test_one_that_cannot_be_written_leaves_the_others_alone() -> None:
    bad = WriteItem(external_id="bad", changes={"status": "x"}, remote=REMOTE)
    plan = writes.plan([bad, item(status="paused")], creates=True)
    assert [one.external_id for call in plan.calls for one in call.items] == ["123"]
    assert list(plan.refused) == ["bad"]
