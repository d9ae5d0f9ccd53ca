"""A push of many at once: every update gets its own result, in the provider's own words, and one
PATCH carries each campaign once."""

from decimal import Decimal
from typing import Any

import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.scene import Row, Scene

CHECK = "campaign--campaign-update-check--"
REFUSED = ("unavailable_feature", "uncapped", "lifetime_spent", "hidden_rule")


async def assert_promises_kept(scene: Scene) -> None:
    assert await scene.violations() == []


def result(row: Row) -> dict[str, Any]:
    """The result of an update's only path."""
    ((path, said),) = row["results"].items()
    assert [path] == list(row["patch"])
    return dict(said)


async def test_each_documented_answer_reaches_its_update_and_the_good_ones_are_applied(
    scene: Scene,
) -> None:
    picks = scene.picks
    good = await scene.books.enqueue_picks(picks["ordinary"][:3])
    bad = {case: (await scene.books.enqueue_picks([picks[case]]))[0] for case in REFUSED}
    (later,) = await scene.books.enqueue_picks([picks["daily_spent"]])
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.counts["applied"] == 4
    assert report.pushed.counts["rejected"] == 4
    cases = [*picks["ordinary"][:3], *(picks[case] for case in (*REFUSED, "daily_spent"))]
    assert scene.sent() == [[one["id"] for one in cases]]
    for case, update in bad.items():
        row = await scene.books.update(update)
        said = result(row)
        (attempt,) = await scene.books.attempts(update)
        assert (row["state"], said["outcome"], attempt["outcome"]) == ("rejected",) * 3
        assert said["code"] == attempt["code"] == picks[case]["code"]
        assert said["message"] == attempt["message"] == row["reason"]
        assert len(said["trace_id"]) == 36
        assert said["trace_id"] == attempt["trace_id"]
        assert attempt["http_status"] == 200
    for update in [*good, later]:
        row = await scene.books.update(update)
        assert (row["state"], result(row)["outcome"]) == ("applied", "applied")
    assert (await scene.books.update(good[0]))["confirmation"] == "confirmed"
    waiting = await scene.books.update(later)
    assert waiting["confirmation"] == "pending"
    (warned,) = await scene.books.attempts(later)
    assert any(picks["daily_spent"]["code"] in line for line in warned["warnings"])
    await assert_promises_kept(scene)


async def test_one_patch_carries_every_campaign_once_and_the_later_update_wins(
    scene: Scene,
) -> None:
    first, second, third = scene.ordinary(3)
    lowest = Decimal(first["amount"])
    one = await scene.books.enqueue(first["id"], first["path"], f"{lowest + 2}")
    two = await scene.books.enqueue(second["id"], second["path"], second["amount"])
    three = await scene.books.enqueue(first["id"], first["path"], f"{lowest + 1}")
    four = await scene.books.enqueue(third["id"], third["path"], third["amount"])
    five = await scene.books.enqueue(first["id"], first["path"], first["amount"])
    await scene.push()
    (call,) = scene.sent()
    assert sorted(call) == sorted(one["id"] for one in (first, second, third))
    assert await scene.books.states([one, two, three, four, five]) == [
        "superseded",
        "applied",
        "superseded",
        "applied",
        "applied",
    ]
    assert [(await scene.books.update(row))["superseded_by"] for row in (one, three)] == [five] * 2
    assert Decimal(scene.budget(first["id"], first["path"])) == lowest
    assert [len(await scene.books.attempts(row)) for row in (one, three, five)] == [0, 0, 1]
    await assert_promises_kept(scene)


async def test_a_campaign_named_twice_is_the_code_that_only_the_provider_can_give(
    scene: Scene,
) -> None:
    first, second = scene.ordinary(2)
    code = f"{CHECK}cannot-update-same-campaign-multiple-times"
    problem = {"traceIdentifier": "t-1", "type": "validation", "code": code}
    problem |= {"title": "Cannot update same campaign multiple times", "instance": "@data/0"}
    body = {"data": [{"type": "Campaign", "id": second["id"]}], "errors": [problem]}
    scene.simulator.faults.arm("no_lists", "update", lists=["warnings"], **{"as": "absent"})
    ids = await scene.books.enqueue_picks([first, second])
    scene.simulator.faults.arm("status", "update", when="after", status=200, body=body)
    await scene.push()
    row = await scene.books.update(ids[0])
    assert (row["state"], result(row)["code"], result(row)["trace_id"]) == ("rejected", code, "t-1")
    assert (await scene.books.update(ids[1]))["state"] == "applied"


async def test_several_errors_of_one_item_are_all_in_its_message(scene: Scene) -> None:
    first, second = scene.ordinary(2)
    scene.simulator.faults.arm("several_errors", "update", indexes=[0])
    ids = await scene.books.enqueue_picks([first, second])
    await scene.push()
    assert await scene.books.states(ids) == ["rejected", "applied"]
    said = result(await scene.books.update(ids[0]))
    assert said["code"] == f"{CHECK}spend-limit-does-not-exist"
    assert "Spend limit does not exist" in said["message"]
    assert "Cannot decrease lifetime spend limit" in said["message"]
    assert "Validation failed on spend limit" in said["message"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("reorder", {}),
        ("foreign_id", {}),
        ("no_lists", {"as": "null"}),
        ("no_lists", {"as": "absent"}),
    ],
)
async def test_results_go_by_id_and_index_however_the_lists_come(
    scene: Scene, kind: str, options: dict[str, Any]
) -> None:
    picks = [*scene.ordinary(3), *(scene.picks[case] for case in REFUSED)]
    if kind == "no_lists":
        picks = picks[:3]
    scene.simulator.faults.arm(kind, "update", **options)
    ids = await scene.books.enqueue_picks(picks)
    await scene.push()
    wanted = ["applied" if pick["code"] is None else "rejected" for pick in picks]
    assert await scene.books.states(ids) == wanted
    for update, pick in zip(ids, picks, strict=True):
        assert result(await scene.books.update(update))["code"] == pick["code"]
    await assert_promises_kept(scene)


async def test_a_queue_longer_than_a_batch_goes_out_in_batches_of_the_configured_size(
    stage: Stage,
) -> None:
    settings = Settings(campaigns=120, advertisers=2, rate=None)
    scene = await stage(settings, tables={"push": {"batch": 7, "in_flight": 2}})
    await scene.pull()
    picks = scene.ordinary(20)
    ids = await scene.books.enqueue_picks(picks)
    await scene.push()
    assert set(await scene.books.states(ids)) == {"applied"}
    assert sorted(len(one) for one in scene.sent()) == [6, 7, 7]
    assert sorted(one for call in scene.sent() for one in call) == sorted(p["id"] for p in picks)
    await assert_promises_kept(scene)


async def test_an_update_of_another_period_is_refused_here_and_never_sent(scene: Scene) -> None:
    monthly = next(one for one in scene.picks["ordinary"] if one["path"] == "budget.monthly")
    update = await scene.books.enqueue(monthly["id"], "budget.daily", "10")
    await scene.push()
    row = await scene.books.update(update)
    assert row["state"] == "rejected"
    assert result(row)["code"] == "period_mismatch"
    assert scene.sent() == []


async def test_a_second_push_finds_nothing_to_do_and_sends_nothing(scene: Scene) -> None:
    await scene.books.enqueue_picks([*scene.ordinary(3), scene.picks["uncapped"]])
    await scene.push()
    arrived = len(scene.simulator.journal.arrivals)
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.run_id is None
    assert len(scene.simulator.journal.arrivals) == arrived
    await scene.pull()
    assert await scene.differences() == []


async def test_values_that_a_push_put_there_carry_their_update_in_history(scene: Scene) -> None:
    pick = scene.ordinary(1)[0]
    update = await scene.books.enqueue(pick["id"], pick["path"], pick["amount"], requester="ann")
    await scene.push()
    (change,) = await scene.books.view("field_history", "external_id = $1", pick["id"])
    assert (change["path"], change["old"], change["new"]) == (
        pick["path"],
        pick["current"],
        pick["amount"],
    )
    assert (change["origin"], change["update_id"], change["requester"]) == ("update", update, "ann")
    assert change["confirmed_at"] is not None
    await scene.pull()
    assert await scene.differences() == []
    assert len(await scene.books.view("field_history")) == 1
