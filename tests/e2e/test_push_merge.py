"""What a push makes of a provider that people edit too: a third value is held for a person, a value
that is there already costs no call, and what was accepted is confirmed by a read or found to be
different."""

from decimal import Decimal

import pytest

from syncd.errors import UsageError
from syncd.simulator.criteo.world import UNCAPPED, capped
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene


async def assert_promises_kept(scene: Scene) -> None:
    assert await scene.violations() == []


def set_budget(scene: Scene, pick: dict[str, str], amount: str) -> None:
    """A person sets the same spend limit to another amount."""
    limit = capped(pick["path"].removeprefix("budget."), amount)
    scene.simulator.world.edit(pick["id"], limit=limit)


@pytest.mark.parametrize("is_pulled", [True, False])
async def test_a_person_who_edits_between_queueing_and_pushing_is_not_overruled(
    scene: Scene, *, is_pulled: bool
) -> None:
    edited, other = scene.ordinary(2)
    ids = await scene.books.enqueue_picks([edited, other])
    set_budget(scene, edited, "4321.5")
    await scene.sync(pull=is_pulled)
    assert await scene.books.states(ids) == ["held", "applied"]
    row = await scene.books.update(ids[0])
    assert row["reason_code"] == "conflict"
    for figure in (edited["current"], "4321.5", edited["amount"]):
        assert f"{Decimal(figure):f}".rstrip("0").rstrip(".") in row["reason"]
    assert row["waiting_for"]["code"] == "decision"
    assert scene.sent() == [[other["id"]]]
    assert scene.budget(edited["id"], edited["path"]) == "4321.5"
    await scene.sync()
    assert scene.sent() == [[other["id"]]]
    await assert_promises_kept(scene)


async def test_a_person_who_sets_the_very_value_leaves_nothing_to_send(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    (update,) = await scene.books.enqueue_picks([pick])
    set_budget(scene, pick, pick["amount"])
    await scene.push()
    row = await scene.books.update(update)
    assert (row["state"], row["reason_code"], row["confirmation"]) == (
        "applied",
        "already_set",
        "confirmed",
    )
    assert scene.sent() == []
    await assert_promises_kept(scene)


async def test_asking_for_what_is_there_already_costs_no_call(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    update = await scene.books.enqueue(pick["id"], pick["path"], f"{pick['current']}")
    await scene.push()
    row = await scene.books.update(update)
    assert (row["state"], row["reason_code"]) == ("applied", "already_set")
    assert scene.sent() == []


async def test_a_value_of_our_own_is_no_conflict_for_the_next_update(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    (first,) = await scene.books.enqueue_picks([pick])
    wanted = Decimal(pick["amount"]) + 1
    await scene.push()
    seen = {pick["path"]: pick["amount"]}
    second = await scene.books.enqueue(pick["id"], pick["path"], f"{wanted}", expect=seen)
    await scene.push()
    assert await scene.books.states([first, second]) == ["applied", "applied"]
    assert Decimal(scene.budget(pick["id"], pick["path"])) == wanted
    await assert_promises_kept(scene)


async def test_an_update_queued_before_ours_was_applied_still_follows_it(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    (first,) = await scene.books.enqueue_picks([pick])
    later = await scene.books.connection.fetchval("SELECT syncd.now() + interval '1 hour'")
    wanted = Decimal(pick["amount"]) + 1
    second = await scene.books.enqueue(pick["id"], pick["path"], f"{wanted}", not_before=later)
    await scene.push()
    assert await scene.books.states([first, second]) == ["applied", "queued"]
    assert (await scene.books.update(second))["waiting_for"]["code"] == "not_before"
    await scene.books.connection.execute("UPDATE syncd.clock SET shift = interval '2 hours'")
    await scene.push()
    assert await scene.books.states([first, second]) == ["applied", "applied"]
    assert Decimal(scene.budget(pick["id"], pick["path"])) == wanted
    await assert_promises_kept(scene)


async def test_a_value_that_the_requester_saw_and_that_is_no_more_is_held(scene: Scene) -> None:
    (pick,) = scene.ordinary(1)
    seen = {pick["path"]: "1.5"}
    update = await scene.books.enqueue(pick["id"], pick["path"], pick["amount"], expect=seen)
    await scene.push()
    row = await scene.books.update(update)
    assert (row["state"], row["reason_code"]) == ("held", "conflict")
    assert "1.5" in row["reason"]
    assert scene.sent() == []


@pytest.mark.parametrize("change", ["another period", "no limit", "gone"])
async def test_a_campaign_that_changed_its_kind_or_went_away_is_held(
    scene: Scene, change: str
) -> None:
    pick = next(one for one in scene.picks["ordinary"] if one["path"] == "budget.daily")
    (update,) = await scene.books.enqueue_picks([pick])
    world = scene.simulator.world
    if change == "gone":
        world.remove([pick["id"]])
    else:
        limit = UNCAPPED if change == "no limit" else capped("monthly", "77")
        world.edit(pick["id"], limit=limit)
    await scene.push()
    row = await scene.books.update(update)
    assert row["state"] == "held"
    assert row["reason_code"] == ("out_of_view" if change == "gone" else "conflict")
    assert scene.sent() == []


async def test_an_amount_for_the_next_period_is_pending_until_the_period_turns(
    scene: Scene,
) -> None:
    pick = scene.picks["daily_spent"]
    (update,) = await scene.books.enqueue_picks([pick])
    await scene.push()
    for _ in range(2):
        row = await scene.books.update(update)
        assert (row["state"], row["confirmation"]) == ("applied", "pending")
        assert row["confirmed_at"] is None
        await scene.books.connection.execute(
            "UPDATE syncd.clock SET shift = shift + interval '1 hour'"
        )
        await scene.pull()
        assert await scene.books.view("field_history", "external_id = $1", pick["id"]) == []
    again = await scene.books.enqueue(pick["id"], pick["path"], pick["amount"])
    await scene.push()
    assert await scene.books.states([again]) == ["applied"]
    assert len(scene.sent()) == 2, "what waits for its period is not there yet"
    scene.simulator.world.turn_period("daily")
    await scene.pull()
    row = await scene.books.update(again)
    assert (row["state"], row["confirmation"]) == ("applied", "confirmed")
    assert row["confirmed_at"] is not None
    (change,) = await scene.books.view("field_history", "external_id = $1", pick["id"])
    assert (change["new"], change["origin"], change["update_id"]) == (
        pick["amount"],
        "update",
        again,
    )
    assert await scene.differences() == []
    await assert_promises_kept(scene)


async def test_an_amount_for_the_next_period_that_a_newer_one_replaced_is_awaited_no_more(
    scene: Scene,
) -> None:
    pick = scene.picks["daily_spent"]
    (first,) = await scene.books.enqueue_picks([pick])
    await scene.push()
    second = await scene.books.enqueue(pick["id"], pick["path"], "5000")
    await scene.push()
    await scene.pull()
    rows = [await scene.books.update(one) for one in (first, second)]
    assert [row["confirmation"] for row in rows] == ["none", "confirmed"]
    sent = len(scene.sent())
    third = await scene.books.enqueue(pick["id"], pick["path"], "5000")
    await scene.push()
    assert (await scene.books.update(third))["reason_code"] == "already_set"
    assert len(scene.sent()) == sent, "what shows already costs no call"
    # Somebody else sets what the first one had asked for: that is theirs, not ours.
    scene.simulator.world.edit(pick["id"], limit=capped("daily", pick["amount"]))
    await scene.pull()
    history = await scene.books.view("field_history", "external_id = $1", pick["id"])
    assert {(row["new"], row["origin"], row["update_id"]) for row in history} == {
        ("5000", "update", second),
        (pick["amount"], "provider", None),
    }
    await assert_promises_kept(scene)


async def test_a_yes_that_a_later_read_does_not_show_is_found_to_be_different(
    scene: Scene,
) -> None:
    ignored, taken = scene.ordinary(2)
    ids = await scene.books.enqueue_picks([ignored, taken])
    scene.simulator.faults.arm("ignore", "update", indexes=[0])
    await scene.push()
    rows = [await scene.books.update(one) for one in ids]
    assert [(row["state"], row["confirmation"]) for row in rows] == [
        ("applied", "none"),
        ("applied", "confirmed"),
    ]
    await scene.books.connection.execute("UPDATE syncd.clock SET shift = interval '1 minute'")
    await scene.pull()
    rows = [await scene.books.update(one) for one in ids]
    assert [row["confirmation"] for row in rows] == ["different", "confirmed"]
    assert rows[0]["confirmed_at"] is None
    assert await scene.differences() == []
    await assert_promises_kept(scene)


async def test_a_person_who_edits_after_a_confirmed_push_changes_nothing_about_it(
    scene: Scene,
) -> None:
    (pick,) = scene.ordinary(1)
    (update,) = await scene.books.enqueue_picks([pick])
    await scene.push()
    set_budget(scene, pick, "777")
    await scene.books.connection.execute("UPDATE syncd.clock SET shift = interval '1 minute'")
    await scene.pull()
    assert (await scene.books.update(update))["confirmation"] == "confirmed"
    rows = await scene.books.view("field_history", "external_id = $1 ORDER BY id", pick["id"])
    assert [(row["new"], row["origin"]) for row in rows] == [
        (pick["amount"], "update"),
        ("777", "provider"),
    ]


async def test_an_update_of_an_unseen_campaign_waits_for_the_first_complete_pull(
    stage: Stage,
) -> None:
    scene = await stage()
    await scene.push()  # makes the account known, reads nothing
    blind, sighted = scene.ordinary(2)
    ids = await scene.books.enqueue_picks([blind])
    ids.append(await scene.books.enqueue("1", "budget.daily", "10"))
    for campaign in ("2", sighted["id"]):
        seen = {sighted["path"]: sighted["current"]}
        asked = (campaign, sighted["path"], sighted["amount"])
        ids.append(await scene.books.enqueue(*asked, expect=seen))
    await scene.push()
    rows = [await scene.books.update(one) for one in ids]
    assert {(row["state"], row["waiting_for"]["code"]) for row in rows} == {
        ("queued", "first_pull")
    }
    assert scene.sent() == []
    await scene.sync()
    rows = [await scene.books.update(one) for one in ids]
    assert [(row["state"], row["reason_code"]) for row in rows] == [
        ("held", "base_unknown"),
        ("rejected", "no_such_campaign"),
        ("rejected", "no_such_campaign"),
        ("applied", None),
    ]
    await assert_promises_kept(scene)


async def test_a_cancelled_update_is_never_sent(scene: Scene) -> None:
    first, second = scene.ordinary(2)
    ids = await scene.books.enqueue_picks([first, second])
    await scene.books.connection.execute("SELECT syncd.cancel($1)", ids[0])
    await scene.push()
    assert await scene.books.states(ids) == ["cancelled", "applied"]
    assert scene.sent() == [[second["id"]]]
    await assert_promises_kept(scene)


async def test_an_account_that_nobody_configured_is_named_with_those_there_are(
    scene: Scene,
) -> None:
    with pytest.raises(UsageError, match='unknown account "nowhere"') as caught:
        await scene.sync(accounts=("nowhere",))
    assert "criteo-eu" in caught.value.remedy
