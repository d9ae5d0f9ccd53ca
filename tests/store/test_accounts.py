"""Accounts: names and numbers, the dialect that the provider speaks, requests and what they cost,
and what their health says of each kind of trouble."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.errors import BadAnswer, ConfigError, ProviderDown, Refused, Stopped, SyncdError
from syncd.model.guard import mismatch
from syncd.model.plan import hold_all
from syncd.model.registration import Price
from syncd.model.run import RunKind, RunOutcome, RunResult
from syncd.store.accounts import Slots
from tests.store.parts import Parts, campaign, registration
from tests.waiting import eventually

BAD_ROWS = BadAnswer("2 rows could not be read", remedy="look", code="bad-rows")
BOOKS = {
    RunKind.PULL: ("seen", "new", "changed", "moved", "unchanged", "skipped", "bad"),
    RunKind.PUSH: ("claimed", "applied", "rejected", "unknown", "held", "superseded", "expired",
                   "cancelled", "queued"),
}  # fmt: skip


async def health(parts: Parts) -> Mapping[str, Any]:
    row = await parts.sql.fetchrow("SELECT * FROM report.account_health WHERE account = 'shop'")
    return dict(row or {})


async def run(
    parts: Parts, outcome: RunOutcome, error: SyncdError | None = None, kind: RunKind = RunKind.PULL
) -> None:
    """A run that ended like this and saw nothing."""
    run_id = await parts.runs.open(kind, "test")
    result = RunResult(outcome=outcome, error=error)
    await parts.runs.close(run_id, result, dict.fromkeys(BOOKS[kind], 0))


async def test_an_account_keeps_number_and_history_under_another_name(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    said = await parts.accounts.rename("shop", "shop-eu")
    assert 'write name = "shop-eu" instead of "shop"' in said
    assert await parts.accounts.register([registration("shop-eu")]) == {"shop-eu": parts.number}
    listed = await parts.sql.fetch("SELECT account, external_id FROM report.campaigns")
    assert [tuple(row) for row in listed] == [("shop-eu", "a")]


async def test_a_configuration_that_did_not_follow_makes_no_second_account(parts: Parts) -> None:
    await parts.accounts.rename("shop", "shop-eu")
    with pytest.raises(ConfigError, match='account "shop" was renamed to "shop-eu"') as refused:
        await parts.accounts.register([registration("shop")])
    assert 'name = "shop-eu"' in refused.value.remedy
    with pytest.raises(Refused, match='unknown account "shop"') as unknown:
        await parts.accounts.accept("shop", "ann")
    assert unknown.value.remedy == "account shop was renamed to shop-eu"
    await parts.accounts.rename("shop-eu", "shop")
    assert await parts.accounts.register([registration("shop")]) == {"shop": parts.number}


async def test_a_name_that_is_taken_or_no_name_is_refused(parts: Parts) -> None:
    await parts.accounts.register([registration("shop"), registration("other")])
    for old, new, said in (
        ("shop", "other", 'there is an account "other" already'),
        ("shop", "shop", 'there is an account "shop" already'),
        ("nope", "new", 'unknown account "nope"'),
        ("shop", "", '"" cannot be the name of an account'),
        ("shop", "Shop", "cannot be the name"),
        ("shop", "a b", "cannot be the name"),
    ):
        with pytest.raises(Refused, match=said) as refused:
            await parts.accounts.rename(old, new)
        assert refused.value.remedy


async def test_of_two_that_want_one_name_at_once_one_gets_it(parts: Parts) -> None:
    await parts.accounts.register([registration("shop"), registration("other")])
    async with parts.database.transaction() as session:
        await session.run("rename_account", "shop", "new")
        second = asyncio.ensure_future(parts.accounts.rename("other", "new"))
        await eventually(parts.is_waiting)
    with pytest.raises(Refused, match='there is an account "new" already'):
        await second


async def test_an_account_of_another_provider_is_no_account_of_this_one(parts: Parts) -> None:
    with pytest.raises(ConfigError, match="belongs to another provider"):
        await parts.accounts.register([registration(provider="epom")])


async def held(parts: Parts) -> int:
    """An update that is held because the provider speaks the current dialect."""
    await parts.mirror.note_dialect("current")
    update_id = await parts.enqueue("a", "50")
    hit = mismatch("documented", await parts.mirror.dialect_seen())
    assert hit is not None
    await parts.outbox.decide(hold_all(await parts.outbox.due(10, ()), hit).updates)
    return update_id


async def waiting_for(parts: Parts, update_id: int) -> Mapping[str, str]:
    said = await parts.sql.fetchval(
        "SELECT waiting_for FROM report.updates WHERE id = $1", update_id
    )
    return dict(json.loads(said))


async def test_what_another_dialect_holds_goes_out_when_the_account_speaks_it(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a")])
    update_id = await held(parts)
    assert await parts.outbox.release() == 0
    waits = await waiting_for(parts, update_id)
    assert waits["code"] == "dialect"
    assert 'dialect = "current"' in waits["text"]
    row = await health(parts)
    assert (row["state"], row["dialect"], row["dialect_seen"]) == (
        "other dialect", "documented", "current",
    )  # fmt: skip
    assert 'dialect = "current" under account shop' in row["remedy"]
    slots = await parts.database.row("push_wanted", parts.number)
    assert slots is not None
    assert slots["due_in"] is None
    await parts.accounts.register([registration(dialect="current")])
    slots = await parts.database.row("push_wanted", parts.number)
    assert slots is not None
    assert slots["due_in"] <= 0
    assert await parts.outbox.release() == 1
    update = await parts.update(update_id)
    assert (update["state"], update["reason_code"], update["reason"]) == ("queued", None, None)
    assert (await health(parts))["state"] == "ok"


async def test_nothing_else_that_is_held_is_released(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await parts.enqueue("a", "1", expect={"budget.daily": "9"})
    await parts.outbox.decide((await parts.plan()).updates)
    assert await parts.outbox.release() == 0


async def test_a_dialect_is_written_down_when_it_is_another(parts: Parts) -> None:
    assert await parts.mirror.dialect_seen() is None
    await parts.mirror.note_dialect("current")
    place = "SELECT ctid::text || xmin FROM syncd.accounts"
    before = await parts.sql.fetchval(place)
    await parts.mirror.note_dialect("current")
    assert await parts.sql.fetchval(place) == before
    await parts.mirror.note_dialect("documented")
    assert await parts.mirror.dialect_seen() == "documented"


async def test_a_pull_with_bad_rows_shows_until_one_is_whole(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await run(parts, RunOutcome.PARTIAL, BAD_ROWS)
    row = await health(parts)
    assert (row["state"], row["cause"], row["remedy"]) == (
        "partial", "2 rows could not be read", "look",
    )  # fmt: skip
    await parts.move_clock(dt.timedelta(hours=1))
    await run(parts, RunOutcome.PARTIAL, BAD_ROWS)
    assert (await health(parts))["since"] == row["since"]
    await run(parts, RunOutcome.OK, kind=RunKind.PUSH)
    assert (await health(parts))["state"] == "partial"
    await run(parts, RunOutcome.OK)
    row = await health(parts)
    assert (row["state"], row["cause"], row["remedy"]) == ("ok", None, None)


async def test_a_failure_is_shown_before_what_was_partial(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await run(parts, RunOutcome.PARTIAL, BAD_ROWS)
    await run(parts, RunOutcome.FAILED, ProviderDown("HTTP 503", remedy="wait"))
    row = await health(parts)
    assert (row["state"], row["cause"], row["remedy"]) == ("failing", "HTTP 503", "wait")
    await run(parts, RunOutcome.OK)
    assert (await health(parts))["state"] == "ok"


async def test_a_partial_push_shows_as_long_as_something_of_it_is_left(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    update_id = await parts.enqueue("a", "50")
    await run(parts, RunOutcome.PARTIAL, BAD_ROWS, RunKind.PUSH)
    assert (await health(parts))["state"] == "partial"
    await parts.accounts.cancel(update_id, "ann")
    assert (await health(parts))["state"] == "ok"


async def test_a_run_that_was_stopped_says_nothing_of_the_account(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await run(parts, RunOutcome.PARTIAL, Stopped("the process was asked to stop"))
    assert (await health(parts))["state"] == "ok"


async def test_the_health_counts_what_is_there_missing_and_gone(parts: Parts) -> None:
    await parts.pull([campaign(one) for one in "abc"])
    await parts.pull([campaign("a")])
    await parts.accounts.confirm_gone("shop", "c", "ann")
    row = await health(parts)
    assert (row["campaigns"], row["missing"], row["gone"]) == (2, 1, 1)


async def use(parts: Parts, at: str, **requests: int) -> None:
    """Requests at this moment."""
    now = await parts.sql.fetchval("SELECT syncd.now()")
    await parts.move_clock(dt.datetime.fromisoformat(at) - now)
    await parts.runs.used({name.replace("_", " "): count for name, count in requests.items()})


PRICES = (
    Price(operation="GET campaign", amount=Decimal("0.002"), currency="CNY", free_per_month=1000),
    Price(operation="POST campaigns", amount=Decimal("0.002"), currency="CNY"),
)


async def test_requests_cost_what_lies_beyond_the_free_ones_of_a_month(parts: Parts) -> None:
    """Months begin at midnight in Shanghai, eight hours before UTC."""
    await parts.accounts.price(parts.number, PRICES, "Asia/Shanghai")
    await use(parts, "2031-01-31T15:59:00Z", GET_campaign=900, POST_campaigns=1)
    await use(parts, "2031-01-31T15:59:30Z", GET_campaign=350, GET_campaigns=5)
    await use(parts, "2031-01-31T16:00:10Z", GET_campaign=1000)
    rows = await parts.sql.fetch(
        "SELECT account, month::text, operation, requests, free, billed, cost, currency"
        " FROM report.request_cost ORDER BY month, operation"
    )
    assert [tuple(row) for row in rows] == [
        ("shop", "2031-01-01", "GET campaign", 1250, 1000, 250, Decimal("0.500"), "CNY"),
        ("shop", "2031-01-01", "POST campaigns", 1, 0, 1, Decimal("0.002"), "CNY"),
        ("shop", "2031-02-01", "GET campaign", 1000, 1000, 0, Decimal(0), "CNY"),
    ]
    used = await parts.sql.fetch("SELECT * FROM report.limit_usage ORDER BY hour, operation")
    assert [(row["operation"], row["hour"].hour, row["requests"]) for row in used] == [
        ("GET campaign", 15, 1250), ("GET campaigns", 15, 5), ("POST campaigns", 15, 1),
        ("GET campaign", 16, 1000),
    ]  # fmt: skip


async def test_prices_are_those_of_the_configuration(parts: Parts) -> None:
    await parts.accounts.price(parts.number, PRICES, "UTC")
    cheaper = Price(operation="GET campaign", amount=Decimal("0.001"), currency="CNY")
    await parts.accounts.price(parts.number, [cheaper], "UTC")
    rows = await parts.sql.fetch("SELECT operation, amount, free_per_month FROM syncd.prices")
    assert [tuple(row) for row in rows] == [("GET campaign", Decimal("0.001"), 0)]
    with pytest.raises(asyncpg.CheckViolationError):
        await parts.sql.execute("UPDATE syncd.prices SET amount = 'NaN'")


async def test_usage_is_kept_by_hours_of_utc(parts: Parts) -> None:
    """Wherever the session thinks that it is."""
    async with parts.database.transaction() as session:
        await session.ask("SELECT set_config('timezone', 'Asia/Kolkata', true)")
        await session.run("usage_add", parts.number, ["GET campaign"], [1])
    assert (await parts.sql.fetchval("SELECT hour FROM syncd.request_usage")).minute == 0


async def paused(parts: Parts) -> dict[str, str | None]:
    """Why each account is paused, of those that are."""
    rows = await parts.sql.fetch("SELECT * FROM report.account_health WHERE state = 'paused'")
    return {row["account"]: row["cause"] for row in rows}


JOINED = "paused by ann: every account was paused when this one was added"


@pytest.mark.parametrize("door", ["SELECT syncd.pause(NULL, 'ann')", "one UPDATE"])
async def test_an_account_that_is_added_after_all_were_paused_begins_paused(
    parts: Parts, door: str
) -> None:
    shop, new, newer = [registration(name) for name in ("shop", "a-new", "newer")]
    if door == "one UPDATE":
        door = "UPDATE syncd.accounts SET paused_at = syncd.now(), paused_by = 'ann'"
    await parts.sql.execute(door)
    await parts.accounts.register([shop, new])
    await parts.accounts.register([shop, new, newer])
    assert await paused(parts) == {"shop": "paused by ann", "a-new": JOINED, "newer": JOINED}
    assert await parts.accounts.resume(None) == 3
    await parts.accounts.register([shop, new, newer])
    assert await paused(parts) == {}


async def test_an_account_runs_from_the_start_beside_another_that_does(parts: Parts) -> None:
    await parts.accounts.register([registration("shop"), registration("other")])
    await parts.accounts.pause("other")
    await parts.accounts.register([registration(name) for name in ("shop", "other", "new")])
    assert list(await paused(parts)) == ["other"]


async def test_an_account_that_is_just_being_added_does_not_escape_the_pause(parts: Parts) -> None:
    """It is added by somebody who waits for the very row that the pause waits for."""
    holder = await asyncpg.connect(parts.url)
    async with holder.transaction():
        await holder.execute("SELECT FROM syncd.accounts FOR UPDATE")
        both = [registration("shop"), registration("a-new")]
        adding = asyncio.ensure_future(parts.accounts.register(both))
        await eventually(lambda: parts.is_waiting(1))
        pausing = asyncio.ensure_future(parts.accounts.pause(None))
        await eventually(lambda: parts.is_waiting(2))
    await holder.close()
    await asyncio.gather(adding, pausing)
    assert set(await paused(parts)) == {"shop", "a-new"}


@pytest.mark.parametrize(("schedule", "is_kept"), [("0 2 * * *", True), ("0 5 * * *", False)])
async def test_a_planned_push_does_not_outlive_its_schedule(
    parts: Parts, schedule: str, *, is_kept: bool
) -> None:
    await parts.accounts.register([registration(push_schedule="0 2 * * *")])
    slots = Slots(parts.database, parts.number)
    await slots.pushed((await slots.due()).now)
    await parts.accounts.register([registration(push_schedule=schedule)])
    assert ((await slots.due()).push_in is not None) == is_kept
