"""Plans from end to end: what is shown is what is sent, a saved plan lets out exactly what somebody
looked at, and whatever has changed since drops out alone with its reason."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from syncd.cli.app import run
from syncd.simulator.criteo.world import capped
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene

GUARDED = {"guard": {"max_factor": 2}}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Syncd = Callable[..., Coroutine[Any, Any, Ran]]


@pytest.fixture
async def guarded(stage: Stage) -> Scene:
    """A pulled scene in which no budget may more than double."""
    scene = await stage(tables=GUARDED)
    assert (await scene.pull()).error is None
    return scene


@pytest.fixture
def syncd(
    guarded: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Syncd:
    """The command in this process, beside the loop that the simulator runs in."""
    for name, value in guarded.place.environment.items():
        monkeypatch.setenv(name, value)

    async def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = await asyncio.to_thread(run, ["--config", str(guarded.place.path), *arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return command


async def ask(scene: Scene, count: int, factor: str = "1.5") -> list[tuple[int, dict[str, Any]]]:
    """Queue so many changes of budgets."""
    found = []
    for pick in scene.ordinary(count):
        wanted = (Decimal(pick["current"]) * Decimal(factor)).quantize(Decimal("0.01"))
        update = await scene.books.enqueue(pick["id"], pick["path"], f"{wanted}")
        found.append((update, pick))
    return found


def edit(scene: Scene, pick: dict[str, Any], amount: str) -> None:
    limit = capped(pick["path"].removeprefix("budget."), amount)
    scene.simulator.world.edit(pick["id"], limit=limit)


async def test_four_of_a_saved_plan_go_out_and_the_edited_one_drops_out_alone(
    guarded: Scene, syncd: Syncd
) -> None:
    asked = await ask(guarded, 5)
    (plan,) = (await syncd("plan", "--save", "--format", "json")).document["plans"]
    assert [item["mark"] for item in plan["items"]] == ["send"] * 5
    beside = guarded.ordinary(6)[5]
    late = await guarded.books.enqueue(beside["id"], beside["path"], beside["amount"])
    number, edited = asked[2]
    edit(guarded, edited, "4321.5")
    ran = await syncd("sync", "--push", "--plan", plan["hash"][:6], "--format", "json")
    assert ran.code == 3
    (account,) = ran.document["accounts"]
    (dropped,) = account["plan"]["dropped"]
    assert dropped["update"] == str(number)
    assert (dropped["state"], dropped["code"]) == ("held", "conflict")
    assert "4321.5" in dropped["reason"]
    assert dropped["command"] == f"syncd updates approve {number}"
    states = await guarded.books.states([update for update, _ in asked])
    assert states == ["applied", "applied", "held", "applied", "applied"]
    assert await guarded.books.states([late]) == ["queued"], "it is not in the plan"
    (call,) = guarded.sent()
    assert sorted(call) == sorted(one["id"] for _, one in asked if one is not edited)
    assert await guarded.violations() == []
    again = await syncd("sync", "--push", "--plan", plan["hash"])
    assert (again.code, len(guarded.sent())) == (3, 1), "a plan is no reason to send twice"
    assert f"#{number}  held: {edited['path']} moved at the provider" in again.out
    shown = (await syncd("plan", "--show", plan["hash"][:8])).out
    assert shown.count("since then: applied\n") == 4
    assert shown.count("since then: the mirror shows") == 1
    assert "since then: held" in shown
    assert "since then: the mirror shows 4321.50 EUR" in shown


async def test_what_a_plan_holds_goes_out_once_the_plan_is_approved(
    guarded: Scene, syncd: Syncd
) -> None:
    free = await ask(guarded, 1)
    held = guarded.ordinary(3)[1:]
    ids = [
        await guarded.books.enqueue(one["id"], one["path"], f"{Decimal(one['current']) * 3}")
        for one in held
    ]
    saved = await syncd("plan", "--save")
    (plan,) = (await syncd("plan", "--format", "json")).document["plans"]
    assert f"saved       {plan['hash']}" in saved.out
    assert f"syncd updates approve --plan {plan['hash'][:8]}  lets out 2 held" in saved.out
    first = await syncd("sync", "--push", "--plan", plan["hash"])
    assert first.code == 3
    assert f"plan {plan['hash'][:8]}: 1 of 3 updates went by it, 2 stayed behind" in first.out
    assert first.out.count(f"syncd updates approve --plan {plan['hash'][:8]}, then this") == 2
    assert await guarded.books.states([free[0][0], *ids]) == ["applied", "held", "held"]
    (now,) = (await syncd("plan", "--held", "--format", "json")).document["plans"]
    digests = {item["update"]: item["digest"] for item in plan["items"]}
    assert {item["update"]: item["digest"] for item in now["items"]} == {
        str(one): digests[str(one)] for one in ids
    }
    edit(guarded, held[1], "17.25")
    await guarded.books.connection.execute(
        "SELECT syncd.approve_plan($1, requester => 'anna')", plan["hash"][:6]
    )
    (approved,) = (await syncd("plan", "--format", "json")).document["plans"]
    assert {item["approved_by"] for item in approved["items"]} == {"anna"}
    assert {item["mark"] for item in approved["items"]} == {"send"}, "the mirror knows no better"
    fresh = await syncd("plan", "--fresh", "--format", "json")
    assert fresh.code == 0
    (looked,) = fresh.document["plans"]
    assert [item["mark"] for item in looked["items"]] == ["send", "held"]
    assert {rule["rule"] for rule in looked["items"][1]["rules"]} == {"conflict", "factor"}
    assert len(guarded.sent()) == 1, "a plan sends nothing"
    second = await syncd("sync", "--push", "--plan", plan["hash"])
    assert second.code == 3
    assert await guarded.books.states(ids) == ["applied", "held"]
    shown = await syncd("plan", "--show", plan["hash"])
    assert shown.out.count("since then: held for other rules: conflict: ") == 1
    assert "next  " not in shown.out, "it is no leave for those rules"
    assert guarded.sent()[1:] == [[held[0]["id"]]]
    assert await guarded.violations() == []


async def test_what_meets_less_than_was_approved_with_the_plan_goes_out(
    guarded: Scene, syncd: Syncd
) -> None:
    both = {"guard": {"max_factor": 2, "max_amount": "1"}}
    replace(guarded.place, tables=both).write()
    ((tripled, _),) = await ask(guarded, 1, factor="3")
    (plan,) = (await syncd("plan", "--save", "--format", "json")).document["plans"]
    (item,) = plan["items"]
    assert [rule["rule"] for rule in item["rules"]] == ["amount", "factor"]
    guarded.place.write()
    assert (await syncd("sync", "--push", "--plan", plan["hash"])).code == 3
    assert await guarded.books.states([tripled]) == ["held"]
    assert (await syncd("updates", "approve", "--plan", plan["hash"])).code == 0
    (now,) = (await syncd("plan", "--format", "json")).document["plans"]
    assert [rule["rule"] for rule in now["items"][0]["rules"]] == ["factor"]
    assert (now["items"][0]["mark"], bool(now["items"][0]["approved_by"])) == ("send", True)
    assert (await syncd("sync", "--push", "--plan", plan["hash"])).code == 0
    assert await guarded.books.states([tripled]) == ["applied"]
    assert await guarded.violations() == []


async def test_a_plan_offers_no_leave_for_what_is_overtaken(guarded: Scene, syncd: Syncd) -> None:
    (one,) = guarded.ordinary(1)
    wanted = f"{Decimal(one['current']) * 3:.2f}"
    older = await guarded.books.enqueue(one["id"], one["path"], wanted)
    first = (await syncd("plan", "--save", "--format", "json")).document["plans"][0]["hash"]
    assert (await syncd("sync", "--push")).code == 3
    later = await guarded.books.enqueue(one["id"], one["path"], one["amount"])
    assert (await syncd("sync", "--push")).code == 0
    assert await guarded.books.states([older, later]) == ["held", "applied"]
    told = f"update {later} came later and was applied: syncd updates cancel {older}"
    planned = (await syncd("plan", "--save")).out
    assert "approve" not in planned
    assert told in " ".join(planned.split())
    followed = await syncd("sync", "--push", "--plan", first)
    assert f"help: {told}" in followed.out
    assert f"approve --plan {first[:8]}" not in followed.out


async def test_a_fresh_plan_reads_what_is_held_and_judges_it_anew(
    guarded: Scene, syncd: Syncd
) -> None:
    found = []
    for pick, policy in zip(guarded.ordinary(4), ("hold", "hold", "ours", "hold"), strict=True):
        wanted = f"{Decimal(pick['current']) * 3:.2f}"
        found.append(await guarded.books.enqueue(pick["id"], pick["path"], wanted, policy=policy))
    same, conflicting, cleared, gone = found
    picks = guarded.ordinary(5)
    assert (await syncd("sync", "--push")).code == 3
    assert await guarded.books.states(found) == ["held"] * 4
    await guarded.books.enqueue(picks[4]["id"], picks[4]["path"], picks[4]["amount"])
    edit(guarded, picks[1], f"{Decimal(picks[1]['current']) + 1:.2f}")
    edit(guarded, picks[2], f"{Decimal(picks[2]['current']) * 2:.2f}")
    guarded.simulator.world.remove([picks[3]["id"]])
    before = len(guarded.simulator.journal.arrivals)
    (plan,) = (await syncd("plan", "--fresh", "--save", "--format", "json")).document["plans"]
    arrivals = guarded.simulator.journal.arrivals[before:]
    assert len([one for one in arrivals if one.operation != "token"]) == 1, "all in one read"
    items = {int(item["update"]): item for item in plan["items"]}
    held = [items[one] for one in found]
    assert [(item["mark"], item["state"]) for item in held] == [("held", "held")] * 4
    assert [[rule["rule"] for rule in item["rules"]] for item in held] == [
        ["factor"], ["conflict", "factor"], [], ["out_of_view"],
    ]  # fmt: skip
    assert [item["held_for"] and item["held_for"][0]["rule"] for item in held] == [
        None, "factor", "factor", "factor",
    ]  # fmt: skip
    assert Decimal(items[cleared]["remote"]) == Decimal(picks[2]["current"]) * 2
    assert items[cleared]["message"] == (
        f"nothing holds it any more: it would be sent; syncd updates retry {cleared}"
        ", then a new plan"
    )
    assert plan["totals"]["send"] == 1
    table = (await syncd("plan", "--fresh")).out
    told = f"held for factor as it was then; syncd updates retry {conflicting} has it judged"
    assert told in table
    shown = (await syncd("plan", "--show", plan["hash"])).out
    assert f"approve --plan {plan['hash'][:8]}  lets out 1 held" in shown
    assert "since then: held" not in shown
    outcomes = await guarded.books.connection.fetch(
        "SELECT update_id, outcome FROM syncd.approve_plan($1, requester => 'anna')", plan["hash"]
    )
    assert {row["update_id"]: row["outcome"] for row in outcomes if row["update_id"] in found} == {
        same: "approved", conflicting: "dropped", cleared: "not_needed", gone: "dropped",
    }  # fmt: skip
    for one in (conflicting, cleared, gone):
        assert (await syncd("updates", "retry", str(one))).code == 0
    await by_the_plan_or_the_next(guarded, syncd, plan["hash"], found)
    assert await guarded.books.states(found) == ["applied", "held", "applied", "held"]
    (now,) = (await syncd("plan", "--held", "--format", "json")).document["plans"]
    assert {int(item["update"]): item["digest"] for item in now["items"]} == {
        one: items[one]["digest"] for one in (conflicting, gone)
    }, "a push judges it just so"
    assert await guarded.violations() == []


async def by_the_plan_or_the_next(scene: Scene, syncd: Syncd, name: str, found: list[int]) -> None:
    """What the plan held goes out by no retry, but by the next plan, which shows it as sent."""
    ran = await syncd("sync", "--push", "--plan", name, "--format", "json")
    left = {int(one["update"]): one for one in ran.document["accounts"][0]["plan"]["dropped"]}
    codes = [(left[one]["state"], left[one]["code"]) for one in found[1:]]
    assert codes == [("held", "not_approved"), ("queued", "plan_changed"), ("held", "out_of_view")]
    assert "not by an approval" in left[found[2]]["reason"]
    (again,) = (await syncd("plan", "--save", "--format", "json")).document["plans"]
    await scene.books.connection.execute(
        "INSERT INTO syncd.plans (account_id, hash, items, document, made_by, made_at, expires_at)"
        " SELECT account_id, left(hash, 8) || repeat('e', 24), '[]', '{}', 'x', made_at, expires_at"
        " FROM syncd.plans WHERE hash = $1",
        again["hash"],
    )
    assert (await syncd("sync", "--push", "--plan", again["hash"][:8])).code == 2, "of two plans"
    assert await scene.books.states(found) == ["applied", "held", "queued", "held"]
    assert (await syncd("sync", "--push", "--plan", again["hash"])).code == 3


async def test_what_meets_another_rule_than_the_plan_says_stays_in_the_queue(
    guarded: Scene, syncd: Syncd
) -> None:
    replace(guarded.place, tables={"guard": {"max_factor": 5}}).write()
    ((tripled, pick),) = await ask(guarded, 1, factor="3")
    (plan,) = (await syncd("plan", "--save", "--format", "json")).document["plans"]
    assert plan["items"][0]["rules"] == []
    guarded.place.write()
    assert (await syncd("sync", "--push", "--plan", plan["hash"])).code == 3
    assert (await syncd("updates", "approve", str(tripled))).code == 0
    await guarded.books.connection.execute("UPDATE syncd.clock SET shift = '5 minutes'")
    before = len(guarded.simulator.journal.arrivals)
    ran = await syncd("sync", "--push", "--plan", plan["hash"], "--format", "json")
    assert ran.code == 3
    (account,) = ran.document["accounts"]
    (dropped,) = account["plan"]["dropped"]
    assert (dropped["state"], dropped["code"]) == ("queued", "plan_changed")
    assert dropped["reason"].endswith("meets factor now, which is not what the saved plan says")
    assert dropped["command"] == "syncd plan criteo-eu --save"
    assert (account["push"]["outcome"], account["push"]["counts"]["queued"]) == ("ok", 1)
    reads = [one for one in guarded.simulator.journal.arrivals[before:] if one.operation != "token"]
    assert len(reads) == 1, "it is looked at once"
    await guarded.books.connection.execute("UPDATE syncd.clock SET shift = '-1 hour'")
    older = await guarded.books.enqueue(pick["id"], pick["path"], pick["amount"])
    await guarded.books.connection.execute("UPDATE syncd.clock SET shift = '0'")
    ran = await syncd("sync", "--push", "--plan", plan["hash"])
    assert ran.code == 3
    assert f"#{tripled}  queued: an older update of the same path is in the queue" in ran.out
    assert guarded.sent() == []
    assert (await syncd("sync", "--push")).code == 0
    assert await guarded.books.states([older, tripled]) == ["superseded", "applied"]
    assert guarded.sent() == [[pick["id"]]]


async def test_a_fresh_plan_of_an_account_that_somebody_else_has_is_refused(
    guarded: Scene, syncd: Syncd
) -> None:
    await guarded.books.connection.execute(
        "UPDATE syncd.leases SET owner = 'another', epoch = epoch + 1,"
        " expires_at = now() + interval '1 hour'"
    )
    ran = await syncd("plan", "--fresh")
    assert (ran.code, ran.out) == (5, "")
    assert (await syncd("plan")).code == 0
