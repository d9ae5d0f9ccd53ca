"""syncd killed at every point of a push and of a recovery: the next `syncd sync` brings every
update to its true result, and nothing that may have been applied is sent again unread."""

import asyncio
import signal
from decimal import Decimal

import pytest

from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.processes import PATIENCE, syncd, syncd_started
from tests.e2e.scene import Row, Scene

KILLED = -signal.SIGKILL
CASES = ("ordinary", "ordinary", "ordinary", "uncapped", "hidden_rule", "daily_spent")
RESULTS = [
    ("applied", "confirmed"),
    ("applied", "confirmed"),
    ("applied", "confirmed"),
    ("rejected", "none"),
    ("rejected", "none"),
    ("applied", "pending"),
]
"""What becomes of each case in the end, whoever died on the way."""


async def opened(stage: Stage, settle: str = "500ms") -> tuple[Scene, list[int]]:
    """A pulled scene with one update of each case queued."""
    scene = await stage(Settings(campaigns=60, rate=None), tables={"push": {"settle": settle}})
    await scene.pull()
    picks = scene.picks
    queued = [*picks["ordinary"][:3], *(picks[case] for case in CASES[3:])]
    return scene, await scene.books.enqueue_picks(queued)


async def killed(scene: Scene, point: str, *arguments: str) -> None:
    """Run `syncd sync` until it dies at that point."""
    code, told = await syncd(scene.place, "sync", *arguments, SYNCD_CRASHPOINT=point)
    assert code == KILLED, told


async def killed_before_the_answer(scene: Scene) -> None:
    """Kill `syncd sync` after the provider has applied its call and before a byte of the answer."""
    held = scene.simulator.faults.arm("hold", "update", when="after")
    async with syncd_started(scene.place, "sync", "--push") as running, asyncio.timeout(PATIENCE):
        await held.wait_fired()
        running.signal(signal.SIGKILL)
        assert await running.end() == KILLED
    scene.simulator.faults.clear()


async def finished(scene: Scene, code: int = 3) -> None:
    """Run `syncd sync` to the end of every update; 3 says that some were rejected or held."""
    found, told = await syncd(scene.place, "sync", "--wait-unknown")
    assert found == code, told


async def made_good(scene: Scene) -> None:
    """The same in this process."""
    report = await scene.sync(wait_unknown=True)
    assert report.error is None


async def assert_true_results(scene: Scene, ids: list[int]) -> list[Row]:
    """Every result is what the provider knows, and every promise was kept."""
    rows = [await scene.books.update(one) for one in ids]
    for row in rows:
        assert_true(scene, row)
    assert await scene.violations() == []
    report = await scene.pull()
    assert report.error is None
    assert await scene.differences() == []
    assert await scene.books.view("runs", "outcome::text = 'open'") == []
    return rows


def assert_true(scene: Scene, row: Row) -> None:
    """An applied value is there (now or from the next period on), a rejected one is not; what a
    person is to decide claims neither."""
    assert row["state"] in {"applied", "rejected", "held"}
    ((path, wanted),) = row["patch"].items()
    campaign = scene.simulator.world.campaigns[row["external_id"]]
    limits = [campaign.limit] + ([] if campaign.pending is None else [campaign.pending])
    there = [one.values()[path.removeprefix("budget.")] for one in limits]
    is_there = any(one != "unlimited" and Decimal(one) == Decimal(wanted) for one in there)
    if row["state"] != "held":
        assert is_there == (row["state"] == "applied"), (row["state"], there, wanted)


def results(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["state"], row["confirmation"]) for row in rows]


async def assert_interrupted(scene: Scene, kinds: list[str]) -> None:
    """The runs of those who died are closed as failed, and say why."""
    dead = await scene.books.view("runs", "error_code = 'interrupted' ORDER BY id")
    assert [row["kind"] for row in dead] == kinds
    for row in dead:
        assert row["outcome"] == "failed"
        assert row["ended_at"]
        assert row["error"]


POINTS = {
    "before_intent_commit": "queued",
    "after_intent_commit": "sending",
    "before_result_commit": "sending",
    "after_result_commit": "settled",
}
"""Where an update stands after a death at that point."""


@pytest.mark.parametrize("point", POINTS)
async def test_a_push_killed_at_any_point_ends_in_true_results(stage: Stage, point: str) -> None:
    scene, ids = await opened(stage, settle="1s")
    await killed(scene, point, "--push")
    states = await scene.books.states(ids)
    is_settled = POINTS[point] == "settled"
    assert states == ([state for state, _ in RESULTS] if is_settled else [POINTS[point]] * 6)
    arrived = len(scene.sent())
    assert arrived == (0 if "intent" in point else 1)
    await finished(scene, 0 if is_settled else 3)
    rows = await assert_true_results(scene, ids)
    assert results(rows) == RESULTS
    await assert_interrupted(scene, ["push"])


async def test_a_push_killed_when_the_provider_has_applied_and_not_answered_is_read_back(
    stage: Stage,
) -> None:
    scene, ids = await opened(stage, settle="1s")
    await killed_before_the_answer(scene)
    assert await scene.books.states(ids) == ["sending"] * 6
    await finished(scene)
    rows = await assert_true_results(scene, ids)
    assert results(rows) == RESULTS
    assert [row["reason_code"] for row in rows[:3]] == ["read_back"] * 3
    assert [len(call) for call in scene.sent()] == [6, 3], "what was applied is not sent again"
    await assert_interrupted(scene, ["push"])


RECOVERY = ("recover_start", "before_read", "after_read_before_decision", "after_decision_commit")


@pytest.mark.parametrize("point", RECOVERY)
async def test_a_recovery_that_is_killed_itself_is_taken_up_by_the_next(
    stage: Stage, point: str
) -> None:
    scene, ids = await opened(stage)
    await killed_before_the_answer(scene)
    await killed(scene, point, "--push", "--wait-unknown")
    assert len(scene.sent()) == 1
    await made_good(scene)
    rows = await assert_true_results(scene, ids)
    assert results(rows) == RESULTS
    await assert_interrupted(scene, ["push", "recover"])


async def test_two_deaths_in_a_row_leave_what_nobody_applied_to_a_person(stage: Stage) -> None:
    scene, ids = await opened(stage)
    await killed_before_the_answer(scene)
    await killed(scene, "after_intent_commit", "--push", "--wait-unknown")
    assert len(scene.sent()) == 1
    await made_good(scene)
    rows = await assert_true_results(scene, ids)
    assert results(rows) == [("applied", "confirmed")] * 3 + [("held", "none")] * 3
    assert [row["reason_code"] for row in rows[3:]] == ["attempts_spent"] * 3
    await assert_interrupted(scene, ["push", "push"])


async def test_a_death_before_sending_and_one_after_the_answer_lose_no_applied_value(
    stage: Stage,
) -> None:
    scene, ids = await opened(stage)
    await killed(scene, "after_intent_commit", "--push")
    await killed(scene, "before_result_commit", "--push", "--wait-unknown")
    assert [len(call) for call in scene.sent()] == [6]
    await made_good(scene)
    rows = await assert_true_results(scene, ids)
    assert results(rows) == [("applied", "confirmed")] * 3 + [("held", "none")] * 3
    assert [len(call) for call in scene.sent()] == [6]
    await assert_interrupted(scene, ["push", "push"])
