"""A yes that is not quite true: values that a provider clamps, rounds, ignores or takes later are
found by the reads after it, and what its own answer shows otherwise is no yes by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.endpoints import DELETE, Stock
from tests.e2e.place import simulated
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_nothing_is_left, is_there

AGES = "6 minutes"
Asked = tuple[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change, and the fault that makes something else of it."""

    provider: str
    at: str
    kind: str
    patch: dict[str, Any] | Callable[[Stock], Asked]
    options: dict[str, Any] = field(default_factory=dict)
    settles: str = ""
    """The act by which a late change takes effect."""

    def __str__(self) -> str:
        return "-".join((self.provider, self.at, self.kind, *map(str, self.options.values())))

    def ask(self, stock: Stock) -> Asked:
        if callable(self.patch):
            return self.patch(stock)
        return stock.pick()["id"], self.patch


def _daily(amount: str) -> Callable[[Stock], Asked]:
    """An amount for a campaign whose limit is a daily one."""

    def ask(stock: Stock) -> Asked:
        ordinary = stock.scene.picks["ordinary"]
        pick = next(one for one in ordinary if one["path"] == "budget.daily")
        return pick["id"], {"budget.daily": amount}

    return ask


_NOTE = {"note": "Once more, and longer than before."}
_NAME = {"name": "A name of more than twenty signs"}
_BUDGET = {"budget.daily": "321.5"}
_PRICE = {"price.amount": "1.234567"}
_START = {"status": "active"}

DIFFERENT = (
    Case(provider="criteo", at="update", kind="clamp", patch=_daily("777.77")),
    Case(provider="criteo", at="update", kind="round", patch=_daily("777.77")),
    Case(provider="criteo", at="update", kind="ignore", patch=_daily("777.77")),
    Case(provider="icas", at="budgets", kind="clamp", patch=_BUDGET),
    Case(provider="icas", at="budgets", kind="ignore", patch=_BUDGET),
    Case(provider="icas", at="update", kind="ignore", patch={"name": "Another title"}),
    Case(provider="icas", at="status", kind="ignore", patch={"status": "paused"}),
    Case(provider="epom", at="update", kind="round", patch=_PRICE),
    Case(provider="epom", at="update", kind="clamp", patch=_PRICE, options={"most": "1.2"}),
    Case(provider="epom", at="update", kind="ignore", patch=_PRICE),
    Case(provider="epom", at="update_country", kind="ignore", patch={"price.country.SE": "1.25"}),
    Case(provider="epom", at="disable", kind="ignore", patch={"price.amount": None}),
    Case(provider="pai", at="update", kind="clamp", patch=_NAME, options={"show": "asked"}),
    Case(provider="pai", at="update", kind="ignore", patch=_NOTE),
    Case(provider="pai", at="delete", kind="ignore", patch=DELETE),
    Case(provider="voipbin", at="update", kind="ignore", patch=_NOTE),
    Case(
        provider="voipbin",
        at="update",
        kind="alter",
        patch=_NOTE,
        options={"path": "note", "value": "Once"},
    ),
    Case(provider="voipbin", at="update", kind="ignore", patch=_START),
    Case(provider="voipbin", at="delete", kind="ignore", patch=DELETE),
)
LATE = (
    Case(provider="icas", at="budgets", kind="later", patch=_BUDGET, settles="later"),
    Case(provider="epom", at="update", kind="late", patch=_PRICE, settles="settle"),
    Case(provider="pai", at="update", kind="later", patch=_NOTE, settles="apply"),
    Case(provider="pai", at="delete", kind="later", patch=DELETE, settles="apply"),
    Case(provider="voipbin", at="update", kind="later", patch=_NOTE, settles="settle"),
    Case(provider="voipbin", at="delete", kind="later", patch=DELETE, settles="settle"),
)
NOT_TAKEN = (
    Case(provider="icas", at="budgets", kind="echo_other", patch=_BUDGET),
    Case(provider="pai", at="update", kind="clamp", patch=_NAME),
    Case(provider="pai", at="update", kind="ignore", patch=_NOTE, options={"show": "kept"}),
    Case(provider="voipbin", at="update", kind="ignore", patch=_NOTE, options={"shows": "real"}),
    Case(
        provider="voipbin",
        at="update",
        kind="alter",
        patch=_NOTE,
        options={"path": "note", "value": "Once", "shows": "real"},
    ),
)


async def pushed(stage: Stage, case: Case) -> tuple[Scene, int]:
    """A scene in which the change was pushed and bent."""
    settings = simulated(case.provider)
    scene = await stage(settings, tables={"push": {"settle": "120s"}})
    await scene.pull()
    update = await scene.books.queue(*case.ask(Stock(scene=scene)))
    fault = scene.simulator.faults.arm(case.kind, case.at, **case.options)
    await scene.push()
    assert fault.fired == 1
    assert len(scene.writes()) == 1
    return scene, update


async def read(scene: Scene, update: int) -> Row:
    """The update after a pull that began later than any settle time."""
    await scene.books.later(AGES)
    report = await scene.pull()
    assert report.pulled is not None
    assert report.pulled.error is None
    return await scene.books.update(update)


@pytest.mark.parametrize("case", DIFFERENT, ids=str)
async def test_what_a_later_read_shows_otherwise_is_found(stage: Stage, case: Case) -> None:
    scene, update = await pushed(stage, case)
    row = await scene.books.update(update)
    assert (row["state"], row["confirmation"]) == ("applied", "none"), row
    row = await read(scene, update)
    assert (row["state"], row["confirmation"]) == ("applied", "different"), row
    assert row["confirmed_at"] is None
    assert not is_there(scene, row)
    assert len(scene.writes()) == 1, "nothing is sent again by itself"
    assert await scene.violations(settle=0) == []
    assert await scene.differences() == []
    await assert_nothing_is_left(scene)


@pytest.mark.parametrize("case", LATE, ids=str)
async def test_what_takes_effect_late_is_told_as_it_is_each_time(stage: Stage, case: Case) -> None:
    scene, update = await pushed(stage, case)
    assert (await scene.books.update(update))["confirmation"] == "none"
    await scene.pull()
    assert (await scene.books.update(update))["confirmation"] == "none", "its time is not over"
    row = await read(scene, update)
    assert (row["state"], row["confirmation"]) == ("applied", "different"), row
    assert not is_there(scene, row)
    scene.simulator.service.acts[case.settles]({})
    row = await read(scene, update)
    assert (row["state"], row["confirmation"]) == ("applied", "confirmed"), row
    assert is_there(scene, row)
    assert await scene.violations(settle=0) == []
    await assert_nothing_is_left(scene)


@pytest.mark.parametrize("case", NOT_TAKEN, ids=str)
async def test_an_answer_that_shows_another_value_is_a_no_unless_a_read_shows_ours(
    stage: Stage, case: Case
) -> None:
    scene, update = await pushed(stage, case)
    if await scene.books.states([update]) == ["unknown"]:
        await scene.books.later(AGES)
        await scene.push()
    row = await scene.books.update(update)
    ((_, said),) = row["results"].items()
    if is_there(scene, row):
        assert row["state"] == said["outcome"] == "applied", row
    else:
        assert row["state"] == said["outcome"] == "rejected", row
        assert said["code"] == "not_taken"
    assert len(scene.writes()) == 1
    assert await scene.violations(settle=0) == []
    await read(scene, update)
    assert await scene.differences() == []
    await assert_nothing_is_left(scene)
