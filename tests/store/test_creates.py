"""Updates that create a campaign: what they take, how they travel under a placeholder, and how the
id that the provider gave becomes known, once and to one of them only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from syncd.errors import IntentRefused
from syncd.model.path import Field, Guard, Kind
from syncd.model.recovery import Resolution, resolve_create
from syncd.model.run import RunKind
from syncd.model.update import Outcome, State, Verdict, new_id
from syncd.store.accounts import Wanted
from tests.store.parts import BODY, FIELDS, SETTLE, Parts, campaign, registration, stepwise
from tests.store.test_mirror_beside import successor
from tests.waiting import eventually

OFFERED = (
    Field(path="name", kind=Kind.TEXT, changeable=True, creatable=True, required=True),
    *(replace(one, creatable=True) for one in FIELDS if one.path.startswith("budget.")),
    Field(path="status", kind=Kind.STATUS, changeable=True, creatable=True, guard=Guard.START),
    Field(path="native.vendorId", kind=Kind.TEXT, creatable=True, readable=False),
    Field(path="native.kind.*", kind=Kind.TEXT, changeable=True, creatable=True, required=True),
    Field(path="native.goal", kind=Kind.TEXT, changeable=True),
)
NEW = {"name": "Fresh", "budget.daily": "10", "native.kind.a": "x"}
APPLIED = Verdict(outcome=Outcome.APPLIED, created_id="900")
UNKNOWN = Verdict(outcome=Outcome.UNKNOWN, code="no-answer", message="cut")


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """An account that may create, after its first complete pull."""
    await parts.accounts.declare("criteo", "documented", OFFERED)
    await parts.accounts.register([registration(can_create=True)])
    await parts.pull([campaign("a")])
    return parts


async def create(parts: Parts, **other: Any) -> int:
    return await parts.enqueue(None, patch=other.pop("patch", NEW), **other)


async def refusal(parts: Parts, patch: Any, campaign: str | None = None) -> asyncpg.PostgresError:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await parts.sql.fetchval(
            "SELECT syncd.enqueue('shop', $2, $1)", json.dumps(patch), campaign
        )
    return refused.value


def told(refused: asyncpg.PostgresError) -> str:
    """The message without its hint."""
    return str(refused).partition("\n")[0]


async def test_a_create_takes_what_the_provider_creates_with(parts: Parts) -> None:
    update = await parts.update(await create(parts))
    assert (update["external_id"], update["is_create"], update["patch"]) == (None, True, NEW)
    assert (update["reference"], update["reference_source"]) == (None, "none")


async def test_a_create_that_cannot_be_made_is_refused_with_what_it_takes(parts: Parts) -> None:
    can = (
        "criteo can create with: budget.daily, budget.lifetime, budget.monthly, name,"
        " native.kind.*, native.vendorId, status"
    )
    refused = await refusal(parts, {"budget.daily": 1})
    assert (told(refused), refused.hint) == ("a new campaign needs name, native.kind.*", can)
    refused = await refusal(parts, NEW | {"native.goal": "x"})
    assert (told(refused), refused.hint) == ('criteo cannot create with "native.goal"', can)
    refused = await refusal(parts, NEW | {"deleted": True})
    assert told(refused) == 'unknown path "deleted" for criteo'
    refused = await refusal(parts, NEW | {"name": " "})
    assert told(refused) == "name: it cannot be empty"
    refused = await refusal(parts, {"native.vendorId": "x"}, "a")
    assert "only given when a campaign is created" in told(refused)


async def test_an_account_that_may_not_create_says_so(parts: Parts) -> None:
    first = await create(parts, key="k")
    await parts.accounts.register([registration()])
    refused = await refusal(parts, NEW)
    assert refused.sqlstate == "SY002"
    assert told(refused) == "creating campaigns is not offered for criteo in account shop"
    assert await create(parts, key="k") == first


async def test_a_create_expects_nothing(parts: Parts) -> None:
    with pytest.raises(asyncpg.PostgresError, match="this one is to be created"):
        await parts.sql.fetchval(
            "SELECT syncd.enqueue('shop', NULL, $1, expect => $2)",
            json.dumps(NEW), '{"budget.daily": "1"}',
        )  # fmt: skip


async def test_a_key_keeps_a_create_from_being_asked_for_twice(parts: Parts) -> None:
    first = await create(parts, key="k")
    assert await create(parts, key="k") == first
    await parts.settle(await parts.intend(), APPLIED)
    assert await create(parts, key="k") == first
    await parts.enqueue("a", patch=NEW, key="l")
    for key, campaign_id, patch in (
        ("k", "a", NEW),
        ("k", None, NEW | {"name": "Other"}),
        ("l", None, NEW),
    ):
        line = Wanted(account="shop", campaign=campaign_id, patch=patch, key=key)
        assert [one.code for one in await parts.accounts.check([line])] == ["key"]


async def test_creates_wait_for_the_first_complete_pull(parts: Parts) -> None:
    await parts.accounts.register([registration(can_create=True), registration("other")])
    await parts.sql.execute("UPDATE syncd.accounts SET complete_at = NULL")
    update_id = await create(parts)
    row = await parts.sql.fetchrow("SELECT * FROM report.updates WHERE id = $1", update_id)
    assert row is not None
    assert row["is_create"]
    assert json.loads(row["waiting_for"])["code"] == "first_pull"
    assert await parts.outbox.due(10, ()) == []
    slots = await parts.database.row("push_wanted", parts.number)
    assert slots is not None
    assert slots["due_in"] is None
    await parts.pull([campaign("a")])
    assert [one.id for one in await parts.outbox.due(10, ())] == [update_id]


async def test_every_create_is_a_campaign_of_its_own_under_a_placeholder(parts: Parts) -> None:
    first, second = await create(parts), await create(parts)
    third = await parts.enqueue("a", "5")
    due = await parts.outbox.due(10, ())
    assert [one.external_id for one in due] == [new_id(first), new_id(second), "a"]
    assert [one.is_create for one in due] == [True, True, False]
    assert [(one.name, one.currency) for one in due] == [("Fresh", "EUR")] * 2 + [
        ("Campaign a", "EUR")
    ]
    assert [one.id for one in await parts.outbox.due(2, ())] == [first, second]
    assert [one.id for one in await parts.outbox.due(9, (new_id(first), "a"))] == [second]
    assert third == due[2].id


async def test_the_id_that_the_provider_gave_is_written_down_with_the_result(parts: Parts) -> None:
    update_id = await create(parts)
    batch = await parts.intend()
    row = await parts.row("syncd.batches", batch.id)
    assert row["items"] == [{"external_id": None, "changes": NEW, "updates": [update_id]}]
    sent = await parts.sql.fetchrow("SELECT external_id, sent, remote FROM syncd.attempts")
    assert sent is not None
    assert (sent["external_id"], json.loads(sent["sent"]), sent["remote"]) == (
        None,
        NEW,
        json.dumps(dict.fromkeys(NEW)),
    )
    assert await parts.settle(batch, APPLIED) == {update_id: State.APPLIED}
    update = await parts.update(update_id)
    assert (update["state"], update["external_id"], update["confirmation"]) == (
        "applied",
        "900",
        "none",
    )


async def made(name: str = "Fresh", external_id: str = "900") -> Any:
    return campaign(external_id, "10", name=name, native={"kind.a": "x"})


async def test_a_read_confirms_what_was_created(parts: Parts) -> None:
    """What the provider takes and never shows is no reason to doubt."""
    update_id = await create(parts, patch=NEW | {"native.vendorId": "v"})
    batch = await parts.intend()
    await parts.settle(batch, APPLIED)
    await parts.mirror.absorb(batch.run_id, [await made()], await parts.mirror.mark())
    assert (await parts.update(update_id))["confirmation"] == "confirmed"


async def test_what_was_created_otherwise_is_different(parts: Parts) -> None:
    update_id = await create(parts)
    await parts.settle(await parts.intend(), APPLIED)
    await parts.move_clock(SETTLE)
    await parts.pull([campaign("a"), await made("Cut")])
    assert (await parts.update(update_id))["confirmation"] == "different"


async def test_two_creates_do_not_get_one_id(parts: Parts) -> None:
    first, second = await create(parts), await create(parts)
    run_id = await parts.runs.open(RunKind.PUSH, "test")
    plan = await parts.plan()
    batches = [await parts.batch(run_id, plan, [new_id(one)]) for one in (first, second)]
    for batch in batches:
        await parts.outbox.intend(batch, BODY)
    reached = await asyncio.gather(*(parts.settle(batch, APPLIED) for batch in batches))
    assert sorted(state for one in reached for state in one.values()) == ["applied", "unknown"]
    rows = [await parts.update(one) for one in (first, second)]
    assert sorted(str(row["external_id"]) for row in rows) == ["900", "None"]
    unsure = next(row for row in rows if row["external_id"] is None)
    assert unsure["reason_code"] == "created_id_taken"
    assert unsure["results"] == {}


async def test_a_campaign_that_was_there_before_was_not_made(parts: Parts) -> None:
    await parts.pull([campaign("a"), await made()])
    update_id = await create(parts)
    await parts.settle(await parts.intend(), APPLIED)
    row = await parts.update(update_id)
    assert (row["state"], row["external_id"]) == ("unknown", None)
    assert (row["reason_code"], row["results"]) == ("created_id_taken", {})


async def test_a_create_in_two_calls_goes_on_as_a_change_of_what_was_made(parts: Parts) -> None:
    parts.calls = stepwise
    update_id = await create(parts)
    await parts.settle(await parts.intend(), APPLIED)
    (rest,) = await parts.outbox.due(10, ())
    assert (rest.external_id, rest.is_create) == ("900", False)
    assert rest.patch == {"name": "Fresh", "native.kind.a": "x"}
    assert (await parts.update(update_id))["state"] == "queued"


async def unanswered(parts: Parts) -> int:
    update_id = await create(parts)
    await parts.settle(await parts.intend([new_id(update_id)]), UNKNOWN)
    await parts.move_clock(SETTLE)
    return update_id


async def test_an_unanswered_create_is_found_out_under_its_placeholder(parts: Parts) -> None:
    update_id = await unanswered(parts)
    (one,) = await parts.unknowns.all()
    assert (one.update_id, one.external_id, one.is_create) == (update_id, new_id(update_id), True)
    assert (one.sent, one.before, one.has_more) == (NEW, dict.fromkeys(NEW), False)
    await parts.unknowns.resolve([resolve_create(one, ["900"])])
    update = await parts.update(update_id)
    assert (update["state"], update["external_id"]) == ("applied", "900")


async def test_the_create_of_an_owner_that_is_gone_is_adopted(parts: Parts) -> None:
    update_id = await create(parts)
    await parts.intend()
    later = await successor(parts)
    assert await later.unknowns.adopt() == 1
    for state in ("unknown", "unknown", "held"):
        (one,) = await later.unknowns.all()
        assert one.is_create
        await later.unknowns.resolve([resolve_create(one, [])])
        assert (await parts.update(update_id))["state"] == state
    assert (await parts.update(update_id))["reason_code"] == "create_unresolved"
    await parts.accounts.cancel(update_id, "ann")


async def test_a_create_without_a_budget_is_above_the_owners_cap(parts: Parts) -> None:
    bare = {path: value for path, value in NEW.items() if path != "budget.daily"}
    early = await create(parts, patch=bare)
    await parts.cap("*", max_amount=100)
    refused = await refusal(parts, bare)
    assert refused.sqlstate == "SY005"
    assert told(refused) == (
        "no budget is given, and a campaign without a limit is above the owner's cap, 100"
    )
    await create(parts)
    with pytest.raises(IntentRefused):  # queued before, and planned by whoever knows no cap
        await parts.intend([new_id(early)])
    await parts.cap("*", max_factor=2)
    await parts.intend([new_id(early)])


async def test_newcomers_are_what_nobody_knew_before_the_call_and_nobody_else_made(
    parts: Parts,
) -> None:
    other = await create(parts)
    await parts.settle(await parts.intend([new_id(other)]), replace(APPLIED, created_id="800"))
    update_id = await unanswered(parts)
    ids = ["900", "a", "800", "700"]
    assert await parts.unknowns.newcomers(update_id, ids) == ["900", "700"]
    await parts.pull([campaign("a"), campaign("700"), campaign("800")])
    assert await parts.unknowns.newcomers(update_id, ids) == ["900", "700"]
    second = await unanswered(parts)
    assert await parts.unknowns.newcomers(second, ids) == ["900"]
    assert await parts.unknowns.newcomers(other, ["800"]) == ["800"]


async def test_two_unanswered_creates_do_not_adopt_one_campaign(parts: Parts) -> None:
    first, second, third = [await unanswered(parts) for _ in range(3)]
    found = {one.update_id: one for one in await parts.unknowns.all()}
    await parts.unknowns.resolve([resolve_create(found[one], ["900"]) for one in (first, second)])
    await parts.unknowns.resolve([resolve_create(found[third], ["900"])])
    rows = [await parts.update(one) for one in (first, second, third)]
    assert [(row["state"], row["external_id"]) for row in rows] == [
        ("applied", "900"),
        ("held", None),
        ("held", None),
    ]
    assert [row["reason_code"] for row in rows[1:]] == ["create_unresolved"] * 2
    assert f"which update {first} made" in rows[2]["reason"]
    assert rows[2]["results"]["name"]["outcome"] == "unknown"


async def while_made(parts: Parts, maker: int, act: Coroutine[Any, Any, Any]) -> None:
    """Something else is under way while `maker` is written down as the maker of 900."""
    async with parts.database.transaction() as session:
        await session.run("account_hold", parts.number)
        await session.ask("UPDATE syncd.updates SET external_id = '900' WHERE id = $1", maker)
        running = asyncio.ensure_future(act)
        await eventually(parts.is_waiting)
    await running


async def test_a_campaign_that_is_being_adopted_is_not_adopted_again(parts: Parts) -> None:
    first, second = await unanswered(parts), await unanswered(parts)
    found = {one.update_id: one for one in await parts.unknowns.all()}
    resolution = resolve_create(found[second], ["900"])
    await while_made(parts, first, parts.unknowns.resolve([resolution]))
    assert (await parts.update(second))["state"] == "held"


async def test_a_campaign_that_is_being_adopted_is_not_made_by_a_call(parts: Parts) -> None:
    first, second = await unanswered(parts), await create(parts)
    batch = await parts.intend([new_id(second)])
    await while_made(parts, first, parts.settle(batch, APPLIED))
    assert (await parts.update(second))["reason_code"] == "created_id_taken"


async def test_a_create_that_was_not_applied_is_queued_again_only_by_word(parts: Parts) -> None:
    update_id = await unanswered(parts)
    again = Resolution(update_id=update_id, state=State.QUEUED, code=None, message=None)
    await parts.unknowns.resolve([again])
    assert (await parts.update(update_id))["repeats"] == 0
    (one,) = await parts.outbox.due(10, ())
    assert (one.external_id, one.patch) == (new_id(update_id), NEW)


async def test_a_created_id_is_written_once(parts: Parts) -> None:
    update_id = await create(parts)
    change = "UPDATE syncd.updates SET external_id = $2 WHERE id = $1"

    async def is_refused() -> bool:
        try:
            await parts.sql.execute(change, update_id, "901")
        except asyncpg.PostgresError as error:
            return error.sqlstate == "SY010"
        return False

    assert await is_refused()  # nothing was sent yet
    batch = await parts.intend()
    await parts.settle(batch, UNKNOWN)
    await parts.sql.execute(change, update_id, "900")
    assert await is_refused()
    for column in ("external_id = NULL", "is_create = false"):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await parts.sql.execute(f"UPDATE syncd.updates SET {column} WHERE id = {update_id}")
        assert refused.value.sqlstate == "SY010"
