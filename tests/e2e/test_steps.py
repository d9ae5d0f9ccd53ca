"""Updates that take several calls: their order, what each path came to, what an earlier no stops,
and a death between two calls."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.endpoints import Stock
from tests.e2e.place import simulated
from tests.e2e.processes import PATIENCE, syncd, syncd_started
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_all_is_kept, is_there
from tests.waiting import eventually

Asked = tuple[str, dict[str, Any]]


def _icas_start(stock: Stock) -> Asked:
    patch = {"name": "In three steps", "status": "active", "budget.daily": "77.5"}
    return stock.pick("activate")["id"], patch


def _icas_stop(stock: Stock) -> Asked:
    patch = {"name": "In three steps", "status": "paused", "budget.lifetime": "91000"}
    return stock.pick()["id"], patch


def _start(stock: Stock) -> Asked:
    return stock.pick()["id"], {"name": "In two steps", "status": "active"}


def _stop(stock: Stock) -> Asked:
    return stock.pick("running")["id"], {"name": "In two steps", "status": "paused"}


def _parts(stock: Stock) -> Asked:
    actions = '[{"type": "talk", "option": {"text": "Now.", "language": "de"}}]'
    queue = stock.scene.picks["free"]["queue_id"]
    return stock.pick()["id"], {
        "note": "In four steps",
        "native.actions": actions,
        "native.queue_id": queue,
        "status": "active",
    }


def _prices(stock: Stock) -> Asked:
    patch = {"price.amount": "3.5", "price.country.SE": "1.25", "price.country.NO": "2.5"}
    return stock.with_values(type="CPM")["id"], patch


def _by_action(stock: Stock) -> Asked:
    """A file says prices by action where a campaign is paid for actions: countries go singly."""
    patch = {"price.country.SE": "1.25", "price.country.NO": "2.5", "price.country.FI": "3"}
    return stock.with_values(type="CPA")["id"], patch


def _actions(stock: Stock) -> Asked:
    campaign, path = stock.with_path("price.action.")
    return campaign, {path: "7.5", "price.country.SE": "1.25", "price.amount": "3.5"}


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A change and the calls that it takes, in the simulator's words."""

    provider: str
    name: str
    ask: Callable[[Stock], Asked]
    calls: tuple[str, ...]
    dialect: str = "documented"
    refusal: Mapping[str, Any] = field(default_factory=dict)
    """A fault by which the provider says no to a call."""

    def __str__(self) -> str:
        return f"{self.provider}-{self.name}"


_ICAS_NO = {"kind": "error", "codes": [2002], "field": "budgets.daily.limitMicros"}
_EPOM_NO = {"kind": "status", "status": 403, "body": {"success": False}}
_VOIPBIN_NO = {"kind": "refuse", "reason": "INVALID_ARGUMENT"}
STEPS = (
    Steps(
        provider="icas",
        name="start",
        ask=_icas_start,
        calls=("budgets", "status", "update"),
        refusal=_ICAS_NO,
    ),
    Steps(
        provider="icas",
        name="stop",
        ask=_icas_stop,
        calls=("status", "budgets", "update"),
        refusal={"kind": "error", "codes": [2040]},
    ),
    Steps(
        provider="voipbin",
        name="start",
        ask=_start,
        calls=("update", "update"),
        refusal=_VOIPBIN_NO,
    ),
    Steps(
        provider="voipbin",
        name="stop",
        ask=_stop,
        calls=("update", "update"),
        refusal=_VOIPBIN_NO,
    ),
    Steps(
        provider="voipbin",
        name="parts",
        ask=_parts,
        calls=("update", "actions", "resource_info", "status"),
        dialect="current",
        refusal=_VOIPBIN_NO,
    ),
    Steps(
        provider="epom",
        name="countries",
        ask=_prices,
        calls=("update", "update_country", "update_country"),
        refusal=_EPOM_NO,
    ),
    Steps(
        provider="epom",
        name="paid by action",
        ask=_by_action,
        calls=("update_country",) * 3,
        refusal=_EPOM_NO,
    ),
    Steps(
        provider="epom",
        name="action",
        ask=_actions,
        calls=("update", "update_country", "action"),
        refusal=_EPOM_NO,
    ),
)
by_name = pytest.mark.parametrize("steps", STEPS, ids=str)
DYING = ("icas-start", "voipbin-parts", "epom-countries")
dying = [one for one in STEPS if str(one) in DYING]


async def opened(stage: Stage, steps: Steps, settle: str = "120s") -> tuple[Scene, int]:
    """A pulled scene with the update queued."""
    settings = simulated(steps.provider, steps.dialect)
    scene = await stage(settings, tables={"push": {"settle": settle}})
    await scene.pull()
    return scene, await scene.books.queue(*steps.ask(Stock(scene=scene)))


def carried(scene: Scene) -> list[str]:
    return [one.operation for one in scene.writes()]


async def assert_done(scene: Scene, update: int) -> Row:
    row = await scene.books.update(update)
    assert row["state"] == "applied", row
    assert {path: said["outcome"] for path, said in row["results"].items()} == dict.fromkeys(
        row["patch"], "applied"
    )
    assert is_there(scene, row)
    await assert_all_is_kept(scene)
    row = await scene.books.update(update)
    assert row["confirmation"] == "confirmed"
    return row


@by_name
async def test_the_calls_of_one_update_go_out_in_order_in_one_push(
    stage: Stage, steps: Steps
) -> None:
    scene, update = await opened(stage, steps)
    report = await scene.push()
    assert report.pushed is not None
    assert report.pushed.error is None
    assert carried(scene) == list(steps.calls)
    attempts = await scene.books.attempts(update)
    sent = [path for attempt in attempts for path in attempt["sent"]]
    row = await assert_done(scene, update)
    assert sorted(sent) == sorted(row["patch"]), "each path is sent once"


ORDERS = {
    "raise and start": ({"budget.daily": "500"}, {"status": "active"}, ["budgets", "status"]),
    "lower and start": ({"budget.daily": "1"}, {"status": "active"}, ["budgets", "status"]),
    "lower and stop": ({"budget.daily": "1"}, {"status": "paused"}, ["status", "budgets"]),
    "raise and stop": ({"budget.daily": "500"}, {"status": "paused"}, ["status", "budgets"]),
}


@pytest.mark.parametrize("is_status_first", [True, False])
@pytest.mark.parametrize("name", ORDERS)
async def test_a_budget_and_a_switch_go_out_in_the_order_that_costs_least(
    stage: Stage, name: str, *, is_status_first: bool
) -> None:
    """Whoever was queued first: two people may have asked for the two."""
    budget, switch, calls = ORDERS[name]
    scene = await stage(simulated("icas"))
    await scene.pull()
    stock = Stock(scene=scene)
    campaign = stock.pick("activate")["id"] if switch["status"] == "active" else stock.pick()["id"]
    patches = [switch, budget] if is_status_first else [budget, switch]
    ids = [await scene.books.queue(campaign, patch) for patch in patches]
    await scene.push()
    assert carried(scene) == calls
    for update, patch in zip(ids, patches, strict=True):
        row = await assert_done(scene, update)
        assert row["patch"] == patch
        (attempt,) = await scene.books.attempts(update)
        assert list(attempt["sent"]) == list(patch), "each update has its own call"


@by_name
async def test_a_no_to_the_first_call_stops_the_later_ones(stage: Stage, steps: Steps) -> None:
    scene, update = await opened(stage, steps)
    options = dict(steps.refusal)
    scene.simulator.faults.arm(options.pop("kind"), steps.calls[0], when="before", **options)
    await scene.push()
    row = await scene.books.update(update)
    if row["state"] == "unknown":  # what that provider's no means, a read has to tell
        await scene.books.later("6 minutes")
        await scene.push()
        await assert_done(scene, update)
        return
    assert row["state"] == "rejected", row
    assert carried(scene) == [steps.calls[0]]
    codes = [said["code"] for said in row["results"].values()]
    assert set(row["results"]) == set(row["patch"])
    assert {said["outcome"] for said in row["results"].values()} == {"rejected"}
    assert codes.count("not_sent") >= 1
    assert set(codes) != {"not_sent"}
    await assert_all_is_kept(scene)


@by_name
async def test_a_no_to_the_last_call_leaves_what_was_applied_before(
    stage: Stage, steps: Steps
) -> None:
    scene, update = await opened(stage, steps)
    options = dict(steps.refusal)
    last = steps.calls[-1]
    nth = steps.calls.count(last)
    scene.simulator.faults.arm(options.pop("kind"), last, when="before", nth=nth, **options)
    await scene.push()
    row = await scene.books.update(update)
    if row["state"] == "unknown":
        await scene.books.later("6 minutes")
        await scene.push()
        await assert_done(scene, update)
        return
    assert row["state"] == "rejected", row
    assert carried(scene) == list(steps.calls)
    applied = {path for path, said in row["results"].items() if said["outcome"] == "applied"}
    assert applied
    values = scene.truth()[row["external_id"]]["values"]
    assert {path for path, wanted in row["patch"].items() if values.get(path) == wanted} == applied
    await assert_all_is_kept(scene)


@pytest.mark.parametrize("steps", dying, ids=str)
async def test_a_death_between_two_calls_loses_and_repeats_nothing(
    stage: Stage, steps: Steps
) -> None:
    scene, update = await opened(stage, steps, settle="200ms")
    code, told = await syncd(scene.place, "sync", "--push", SYNCD_CRASHPOINT="after_result_commit")
    assert code == -signal.SIGKILL, told
    assert carried(scene) == list(steps.calls[:1])
    row = await scene.books.update(update)
    assert row["state"] == "queued", row
    assert {said["outcome"] for said in row["results"].values()} == {"applied"}
    assert row["results"].keys() < row["patch"].keys()
    await scene.push()
    assert carried(scene) == list(steps.calls)
    await assert_done(scene, update)


@pytest.mark.parametrize(
    ("steps", "when"), list(zip(dying, ("before", "after", "before"), strict=True)), ids=str
)
async def test_a_death_in_the_second_call_is_read_back_and_the_rest_goes_on(
    stage: Stage, steps: Steps, when: str
) -> None:
    scene, update = await opened(stage, steps, settle="200ms")
    second = steps.calls[1]
    nth = steps.calls[:2].count(second)
    held = scene.simulator.faults.arm("hold", second, when=when, nth=nth)
    async with syncd_started(scene.place, "sync", "--push") as running, asyncio.timeout(PATIENCE):
        await held.wait_fired()
        running.signal(signal.SIGKILL)
        assert await running.end() == -signal.SIGKILL
    held.release()
    await eventually(scene.is_quiet)
    await scene.push(wait_unknown=True)
    assert carried(scene) == list(steps.calls)
    await assert_done(scene, update)
