"""The one door into the queue: what it takes, what it refuses and in which words, and what a key
is worth."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.errors import Refused
from syncd.model.update import Outcome, Policy, Verdict
from syncd.store.accounts import Wanted
from syncd.store.database import open_database
from tests.store.parts import Parts, campaign, registration

DAILY = "budget.daily"
CALL = (
    "SELECT syncd.enqueue(account => $1, campaign => $2, patch => $3, expect => $4, key => $5,"
    " policy => $6, not_before => $7, expires_at => $8)"
)
SOON = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
FAR = dt.datetime(9999, 6, 1, tzinfo=dt.UTC)
CHANGES = "criteo can change: budget.daily, budget.lifetime, budget.monthly"
AMOUNT = "give an amount such as 120.50"
DIGITS = "write digits with one point and no grouping, at most 14 before the point, such as 120.50"


async def ask(parts: Parts, **other: Any) -> int:
    """Call the SQL function itself; `value` is the daily budget as JSON text."""
    value = other.pop("value", "120.50")
    given: dict[str, Any] = {
        "account": "shop",
        "campaign": "a",
        "patch": other.pop("patch", f'{{"{DAILY}": {json.dumps(value)}}}'),
        "expect": None,
        "key": None,
        "policy": "hold",
        "not_before": None,
        "expires_at": None,
    }
    return int(await parts.sql.fetchval(CALL, *(given | other).values()))


def bare(value: str) -> dict[str, str]:
    """A patch whose value is this JSON, not a text."""
    return {"patch": f'{{"{DAILY}": {value}}}'}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"account": "nope"}, 'unknown account "nope"', "accounts: shop"),
    ({"account": None}, "unknown account", "accounts: shop"),
    (
        {"campaign": None},
        "creating campaigns is not offered for criteo",
        "name an existing campaign",
    ),
    ({"campaign": "zz"}, 'unknown campaign "zz" in account shop', "did not show it"),
    ({"patch": "{}"}, "the patch must be an object of path and value", 'such as {"budget.daily"'),
    ({"patch": "[]"}, "the patch must be an object of path and value", 'such as {"budget.daily"'),
    ({"patch": "null"}, "the patch must be an object of path and value", 'such as {"budget.daily"'),
    ({"patch": None}, "the patch must be an object of path and value", 'such as {"budget.daily"'),
    ({"patch": '{"budget.weekly": 1}'}, 'unknown path "budget.weekly" for criteo', CHANGES),
    ({"patch": '{"deleted": true}'}, 'unknown path "deleted" for criteo', CHANGES),
    ({"patch": '{"name": "x"}'}, 'criteo cannot change "name"; it is read only there', CHANGES),
    ({"value": "abc"}, 'budget.daily: "abc" is not an amount', DIGITS),
    ({"value": "NaN"}, 'budget.daily: "NaN" is not an amount', DIGITS),
    ({"value": "Infinity"}, 'budget.daily: "Infinity" is not an amount', DIGITS),
    ({"value": "-5"}, 'budget.daily: "-5" is negative; a budget is zero or more', AMOUNT),
    ({"value": "1e400"}, 'budget.daily: "1e400" is not an amount', DIGITS),
    ({"value": "1,5"}, 'budget.daily: "1,5" is not an amount', DIGITS),
    ({"value": " 5"}, 'budget.daily: " 5" is not an amount', DIGITS),
    ({"value": "5\n"}, "is not an amount", DIGITS),
    ({"value": "٣"}, "is not an amount", DIGITS),
    ({"value": ""}, 'budget.daily: "" is not an amount', DIGITS),
    (
        {"value": "0.12345678901234567890"},
        "has more than 2 decimals",
        "criteo keeps 2 decimals of it",
    ),
    ({"value": "9" * 5000}, "is not an amount", DIGITS),
    (bare("-5"), 'budget.daily: "-5" is negative', AMOUNT),
    (bare("1e400"), "is not an amount", DIGITS),
    (bare("120.505"), "has more than 2 decimals", "criteo keeps 2 decimals of it"),
    (bare("null"), "budget.daily: null is not accepted", "give a value, such as 120.50"),
    (bare("{}"), "is not a value", "give one text or number"),
    (bare('{"amount": 5}'), "is not a value", "give one text or number"),
    (bare("[5]"), "is not a value", "give one text or number"),
    (bare("true"), "is not a value", "give one text or number"),
    ({"policy": "mine"}, 'unknown policy "mine"', '"theirs" gives way'),
    (
        {"expires_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        "it would expire before it is due",
        "after now",
    ),
    (
        {"not_before": SOON, "expires_at": SOON},
        "it would expire before it is due",
        "after not_before",
    ),
    ({"expires_at": FAR}, "lie before the year 9999", "where it never expires"),
    ({"not_before": FAR}, "lie before the year 9999", "where it never expires"),
    ({"expect": "[]"}, "expect must be an object of path and value", "such as"),
    ({"expect": '"100"'}, "expect must be an object of path and value", "such as"),
    (
        {"expect": '{"budget.monthly": "1"}'},
        "expect names a path that the patch does not change",
        "for each path",
    ),
]


async def test_what_is_refused_says_why_and_what_to_do(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    for given, message, hint in REFUSED:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await ask(parts, **given)
        assert str(refused.value.sqlstate).startswith("SY"), (given, refused.value)
        assert message in str(refused.value), given
        assert hint in str(refused.value.hint), given
        assert len(str(refused.value)) < 200
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.updates") == 0


async def test_amounts_are_kept_in_one_form(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    for given, kept in [
        ({"value": "120.50"}, "120.5"),
        ({"value": "0120.00"}, "120"),
        ({"value": "0"}, "0"),
        ({"value": "0.00"}, "0"),
        (bare("120.50"), "120.5"),
        (bare("1e2"), "100"),
        (bare("7"), "7"),
        ({"value": "unlimited"}, "unlimited"),
        ({"value": "99999999999999.99"}, "99999999999999.99"),
        ({"value": "1.5000000000000000000"}, "1.5"),
    ]:
        update = await parts.update(await ask(parts, **given))
        assert update["patch"] == {DAILY: kept}


async def test_what_a_person_may_approve_is_not_refused_at_the_door(parts: Parts) -> None:
    await parts.accounts.register([registration(max_amount=Decimal(1000))])
    await parts.pull([campaign("a")])
    update = await parts.update(await ask(parts, value="1000.01"))
    assert (update["state"], update["patch"]) == ("queued", {DAILY: "1000.01"})


async def test_an_amount_above_the_owners_cap_is_refused(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    await parts.cap("*", max_amount=1000)
    await ask(parts, value="1000.00")
    both = '{"budget.daily": "unlimited", "budget.monthly": "900"}'
    await ask(parts, patch=both)
    for value, said in (
        ("1000.01", "1000.01 is above the owner's cap, 1000"),
        ("unlimited", '"unlimited" is above the owner\'s cap, 1000'),
    ):
        with pytest.raises(asyncpg.PostgresError, match=said) as refused:
            await ask(parts, value=value)
        assert refused.value.sqlstate == "SY005"
        assert "syncd db caps list" in str(refused.value.hint)
    await parts.cap(DAILY, max_amount=5000)
    await ask(parts, value="1000.01")
    await parts.cap(DAILY, max_amount=10)
    with pytest.raises(asyncpg.PostgresError, match="above the owner's cap, 10"):
        await ask(parts, patch=both.replace('"unlimited"', "11"))


async def test_the_policy_is_the_accounts_own_unless_another_is_asked_for(parts: Parts) -> None:
    await parts.accounts.register([registration(policy=Policy.THEIRS)])
    await parts.pull([campaign("a")])
    for asked, kept in ((None, "theirs"), ("hold", "hold"), ("ours", "ours")):
        update = await parts.update(await ask(parts, policy=asked))
        assert update["policy"] == kept
    assert [one.policy.value for one in await parts.outbox.due(9, ())] == ["theirs", "hold", "ours"]


async def test_of_each_reference_it_is_kept_where_it_came_from(parts: Parts) -> None:
    await parts.pull([campaign("a", "100")])
    first = await parts.apply("a", "50")
    both = '{"budget.daily": 60, "budget.monthly": 70}'
    update = await parts.update(await ask(parts, patch=both, expect='{"budget.monthly": 5}'))
    assert update["reference_sources"] == {DAILY: "mirror", "budget.monthly": "requester"}
    await parts.pull([campaign("a", "50")])
    update = await parts.update(await ask(parts, patch=both))
    assert update["reference_sources"] == {DAILY: f"update {first}", "budget.monthly": "mirror"}
    assert update["reference"] == {DAILY: "50", "budget.monthly": "unlimited"}
    await parts.pull([campaign("a", "51")])
    update = await parts.update(await ask(parts))
    assert (update["reference"], update["reference_sources"]) == ({DAILY: "51"}, {DAILY: "mirror"})


async def test_without_any_account_the_hint_says_how_accounts_come_to_be_known(
    own_database_url: str,
) -> None:
    connection = await asyncpg.connect(own_database_url)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.fetchval("SELECT syncd.enqueue('shop', 'a', '{}')")
    assert "syncd sync" in str(refused.value.hint)
    await connection.close()


async def test_an_update_carries_what_the_requester_could_see(parts: Parts) -> None:
    await parts.pull([campaign("a", "100")])
    plain = await parts.update(await ask(parts))
    assert (plain["reference"], plain["reference_source"]) == ({DAILY: "100"}, "mirror")
    seen = await parts.update(await ask(parts, expect=f'{{"{DAILY}": "100.00"}}'))
    assert (seen["reference"], seen["reference_source"]) == ({DAILY: "100"}, "requester")
    other = await parts.update(await ask(parts, expect=f'{{"{DAILY}": 99.5}}'))
    assert other["reference"] == {DAILY: "99.5"}
    both = '{"budget.daily": 5, "budget.monthly": 6}'
    half = await parts.update(await ask(parts, patch=both, expect=f'{{"{DAILY}": "unlimited"}}'))
    assert half["reference"] == {DAILY: "unlimited", "budget.monthly": "unlimited"}


async def test_an_update_notes_who_asked_and_when_it_is_due(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    now = await parts.update(await ask(parts))
    assert (now["requester"], now["session_user_name"]) == ("postgres", "postgres")
    assert now["due_at"] == now["created_at"]
    later = await parts.update(await ask(parts, not_before=SOON, expires_at=SOON + dt.timedelta(1)))
    assert later["due_at"] == later["not_before"] == SOON
    past = await parts.update(await ask(parts, not_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)))
    assert past["due_at"] == past["created_at"]


async def test_before_the_first_complete_pull_an_unknown_campaign_is_taken(parts: Parts) -> None:
    update = await parts.update(await ask(parts, campaign="zz"))
    assert (update["reference"], update["reference_source"]) == (None, "none")
    assert (await parts.update(await ask(parts, campaign="zz", expect=f'{{"{DAILY}": "1"}}')))[
        "reference_source"
    ] == "requester"
    assert await parts.outbox.due(10, ()) == []
    await parts.pull([campaign("a")])
    assert [one.external_id for one in await parts.outbox.due(10, ())] == ["zz", "zz"]
    assert [one.is_known for one in await parts.outbox.due(10, ())] == [False, False]


async def test_a_key_makes_asking_again_harmless(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    first = await ask(parts, key="k")
    assert await ask(parts, key="k") == first
    assert await ask(parts, key="k", value="120.5") == first
    for other in ({"value": "121"}, {"campaign": "b"}, {"patch": '{"budget.monthly": 120.5}'}):
        with pytest.raises(
            asyncpg.PostgresError, match=f"was used for another change, update {first}"
        ) as refused:
            await ask(parts, key="k", **other)
        assert (refused.value.sqlstate, refused.value.hint) == (
            "SY006",
            "use a new key for a new change",
        )
    await parts.settle(await parts.intend(), Verdict(outcome=Outcome.APPLIED))
    assert await ask(parts, key="k") == first


async def test_a_key_is_of_one_account(parts: Parts) -> None:
    await parts.accounts.register([registration("shop"), registration("other")])
    first = await ask(parts, key="k", campaign="zz")
    assert await ask(parts, key="k", campaign="zz", account="other") != first


async def test_two_callers_with_one_key_at_once_make_one_update(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    first, second = [await asyncpg.connect(parts.url) for _ in range(2)]
    call = "SELECT syncd.enqueue('shop', 'a', '{\"budget.daily\": 5}', key => 'k')"
    async with first.transaction():
        mine = await first.fetchval(call)
        waiting = asyncio.ensure_future(second.fetchval(call))
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting == mine
    both = await asyncio.gather(
        *(one.fetchval(call.replace("'k'", "'l'")) for one in (first, second))
    )
    assert both[0] == both[1]
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.updates") == 2
    await asyncio.gather(first.close(), second.close())


async def test_many_lines_are_queued_in_order_or_not_at_all(parts: Parts) -> None:
    await parts.pull([campaign("a"), campaign("b")])
    wanted = [
        Wanted(account="shop", campaign="ab"[number % 2], patch={DAILY: f"{number + 1}"})
        for number in range(501)
    ]
    ids = await parts.accounts.enqueue(wanted)
    assert ids == sorted(ids)
    assert len(set(ids)) == 501
    bad = [*wanted[:2], Wanted(account="shop", campaign="a", patch={DAILY: "-1"}), wanted[3]]
    bad.append(Wanted(account="nope", campaign="a", patch={DAILY: "1"}))
    with pytest.raises(Refused) as refused:
        await parts.accounts.enqueue(bad)
    assert [(one.index, one.message[:10]) for one in refused.value.refusals] == [
        (2, "budget.dai"),
        (4, "unknown ac"),
    ]
    assert all(one.remedy for one in refused.value.refusals)
    with pytest.raises(Refused) as refused:
        await parts.accounts.enqueue([*wanted[:500], bad[2]])
    assert [one.index for one in refused.value.refusals] == [500]
    assert await parts.sql.fetchval("SELECT count(*) FROM syncd.updates") == 501


LOOKED_AT = """
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
 WHERE schemaname = 'syncd' AND relname = 'updates'"""


async def test_what_is_queued_for_a_campaign_is_not_gone_through_for_each_line_again(
    parts: Parts,
) -> None:
    await parts.pull([campaign("a")])
    async with parts.sql.transaction():
        before = await parts.sql.fetchval(LOOKED_AT)
        for number in range(100):
            await ask(parts, key=f"key-{number}")
        queued = await parts.sql.fetchval(LOOKED_AT)
        assert queued - before < 100
        await parts.sql.fetch("SELECT * FROM report.updates")
        assert await parts.sql.fetchval(LOOKED_AT) - queued < 300


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
async def test_a_text_that_postgres_cannot_keep_is_refused_like_any_other(
    parts: Parts, text: str
) -> None:
    await parts.pull([campaign("a")])
    for one in (
        Wanted(account="shop", campaign=text, patch={DAILY: "1"}),
        Wanted(account="shop", campaign="a", patch={DAILY: text}),
        Wanted(account="shop", campaign="a", patch={DAILY: "1"}, reason=text),
    ):
        with pytest.raises(Refused):
            await parts.accounts.enqueue([one])


async def test_an_update_can_be_taken_back_before_it_is_sent(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    update_id = await ask(parts)
    await parts.accounts.cancel(update_id, "ann")
    update = await parts.update(update_id)
    assert (update["state"], update["reason"]) == ("cancelled", "by ann")
    with pytest.raises(Refused, match=r"cannot be changed|cannot go from cancelled"):
        await parts.accounts.cancel(update_id, "bob")
    assert (await parts.update(update_id))["reason"] == "by ann"


async def test_an_update_that_is_under_way_or_over_cannot_be_taken_back(parts: Parts) -> None:
    await parts.pull([campaign("a")])
    update_id = await ask(parts)
    batch = await parts.intend()
    with pytest.raises(Refused, match="cannot go from sending to cancelled") as refused:
        await parts.accounts.cancel(update_id, "ann")
    assert "its outcome is being found out" in refused.value.remedy
    await parts.settle(batch, Verdict(outcome=Outcome.UNKNOWN))
    with pytest.raises(Refused, match="cannot go from unknown to cancelled"):
        await parts.accounts.cancel(update_id, "ann")
    with pytest.raises(Refused, match="unknown update 999999"):
        await parts.accounts.cancel(999999, "ann")


async def test_the_door_asks_no_lease_and_works_for_the_service_role(parts: Parts) -> None:
    async with open_database(parts.url, role="syncd_service") as other:
        assert await other.rows("enqueue_many", ["shop"], ["a"], [{DAILY: "1"}], *([None],) * 7)


async def test_keys_are_not_looked_for_among_all_updates_of_the_account(parts: Parts) -> None:
    """Of campaigns that nobody has pulled, so that nothing else is looked at."""
    async with parts.sql.transaction():
        await parts.sql.execute(
            "SELECT syncd.enqueue('shop', 'c' || n, '{\"budget.daily\": \"12\"}', key => 'k' || n)"
            "  FROM generate_series(1, 400) n"
        )
        looked_at = await parts.sql.fetchval(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = 'updates' AND schemaname = 'syncd'"
        )
    assert looked_at < 4000
