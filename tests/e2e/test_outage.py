"""Three days without a provider: five hundred updates wait in the queue, twenty of them starts.
What has expired by then is never sent, whatever was sent is known for certain, people's edits are
not written over, and everything else goes out once the provider is back."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from tests.arrivals import same
from tests.e2e.place import WIDE, Place, Row, simulated
from tests.e2e.scene import Scene, staged_together
from tests.e2e.spelling import spelt_arrival
from tests.e2e.truths import assert_all_is_kept

UPDATES, STARTS = 500, 20
SIZES = {"criteo": 370, "icas": 70, "voipbin": 60}
WORLDS = {"criteo": 640, "icas": 120, "voipbin": 90}
"""VoIPBIN's fits one page: what two pages may hide is another test's matter."""
STARTING = {"icas": 10, "voipbin": 10}

DAY = dt.timedelta(days=1)


@dataclass(kw_only=True)
class Queue:
    """What was queued at one account, by what has to become of it."""

    scene: Scene
    starts: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    """They expire on the second day."""
    older: list[int] = field(default_factory=list)
    """A newer update of the same path stands behind each."""
    plain: list[int] = field(default_factory=list)
    wanted: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Campaign, path and value of each update."""
    edited: list[int] = field(default_factory=list)
    agreed: list[int] = field(default_factory=list)
    """A person wrote another value meanwhile, or the wanted one."""
    _paused: Iterator[str] = field(default_factory=lambda: iter(()))
    _others: Iterator[Row] = field(default_factory=lambda: iter(()))

    async def begin(self) -> None:
        """Look for campaigns that can be changed, and queue what is under way when all ends."""
        mirror = await self.scene.books.campaigns()
        shown = {one for one, row in mirror.items() if not row["gone_at"]}
        truth = [one for one in self.scene.truth().values() if one["id"] in shown]
        paused = [one["id"] for one in truth if _may_start(one)]
        paused = paused[: STARTING.get(self.scene.place.provider, 0)]
        taken = {*paused, *_special(self.scene)}
        self._paused = iter(paused)
        self._others = iter([one for one in truth if _path_of(one) and one["id"] not in taken])
        for _ in range(4):
            await self._start()
            self.short.append(await self._change(expires_at=await self._in(DAY)))

    async def fill(self) -> None:
        """Queue the rest, each of a campaign of its own save those that fall behind."""
        for _ in range(STARTS):
            await self._start()
        for _ in range(6):
            self.short.append(await self._change(expires_at=await self._in(DAY)))
            self.plain.append(await self._change(expires_at=await self._in(5 * DAY)))
            self.plain.append(await self._change(not_before=await self._in(2 * DAY)))
            row = next(self._others)
            self.older.append(await self._change(row))
            self.plain.append(await self._change(row, by=2))
        while len(self.wanted) < SIZES[self.scene.place.provider]:
            self.plain.append(await self._change())

    def people_edit(self) -> None:
        """While nobody can be reached by us, people can."""
        world, free = self.scene.simulator.world, iter(reversed(self.plain))
        for number in range(8):
            update = next(free)
            campaign, path, wanted = self.wanted[update]
            value = wanted if number % 2 else _next(self.scene.place.provider, wanted, 7)
            world.edit(campaign, {path: value})
            (self.agreed if number % 2 else self.edited).append(update)

    async def _start(self) -> None:
        campaign = next(self._paused, None)
        if campaign is not None:
            self.starts.append(await self._queue(campaign, "status", "active"))

    async def _change(self, row: Row | None = None, by: int = 1, **more: dt.datetime) -> int:
        row = row or next(self._others)
        path = str(_path_of(row))
        value = _next(self.scene.place.provider, row["values"][path], by)
        return await self._queue(row["id"], path, value, **more)

    async def _queue(self, campaign: str, path: str, value: str, **more: dt.datetime) -> int:
        update = await self.scene.books.enqueue(campaign, path, value, **more)
        self.wanted[update] = campaign, path, value
        return update

    async def _in(self, time: dt.timedelta) -> dt.datetime:
        now: dt.datetime = await self.scene.books.connection.fetchval("SELECT syncd.now()")
        return now + time


def _special(scene: Scene) -> set[str]:
    """Campaigns that answer a change in a way of their own."""
    picks = [one for one in scene.picks.values() if isinstance(one, dict) and "id" in one]
    refusing = scene.picks.get("unavailable_feature", {}).get("advertiser_id", "none")
    return {one["id"] for one in picks} | {
        one["id"]
        for one in scene.truth().values()
        if one.get("is_locked") or one.get("advertiser_id") == refusing
    }


def _may_start(row: Row) -> bool:
    """Whether a start of it is possible: what it calls with is set, and nobody has locked it."""
    references = [row.get(key, "set") for key in ("outplan_id", "outdial_id", "queue_id")]
    lacking = any(one.startswith("00000000") for one in references)
    is_out = row["is_removed"] or row.get("is_locked") or row.get("is_hidden")
    return row["values"].get("status") == "paused" and not (lacking or is_out)


def _path_of(row: Row) -> str | None:
    values = row["values"]
    if "native.service_level" in values:
        return "note"
    budgets = [path for path in values if path.startswith("budget.")]
    return next((path for path in budgets if values[path] not in (None, "unlimited")), None)


def _next(provider: str, value: str | None, by: int) -> str:
    """A value a little beyond this one."""
    return f"{value} {by}" if provider == "voipbin" else f"{Decimal(str(value)) + by:.0f}"


@asynccontextmanager
async def pulled(folder: Path, database_url: str) -> AsyncIterator[list[Queue]]:
    """Three accounts, all pulled once."""
    place = Place(folder=folder, database_url=database_url, base_url="")
    tables: dict[str, Row] = {"guard": WIDE, "push": {"settle": "120s"}}
    tables["lease"] = {"ttl": "45s", "renew": "10s", "request_timeout": "20s"}
    wanted = [
        (
            replace(place, account=f"at-{one}", provider=one, tables=tables),
            simulated(one, campaigns=campaigns),
        )
        for one, campaigns in WORLDS.items()
    ]
    async with staged_together(wanted) as scenes:
        queues = [Queue(scene=scene) for scene in scenes]
        for queue in queues:
            report = await queue.scene.pull()
            assert report.pulled is not None
            assert report.pulled.error is None
        yield queues


def gone_away(queue: Queue) -> None:
    """The last answers get lost, some of them after the change was made; then nothing answers."""
    faults = queue.scene.simulator.faults
    for operation in ("update", "status", "budgets"):
        if operation in queue.scene.simulator.service.writes:
            faults.arm("reset", operation, when="after", count=2)
            faults.arm("reset", operation, when="before", nth=3, count=None)


def nothing_answers(queue: Queue) -> None:
    queue.scene.simulator.faults.clear()
    queue.scene.simulator.faults.arm("reset", count=None)


async def test_after_three_days_nothing_that_expired_is_sent_and_all_else_is_right(
    tmp_path: Path, database_url: str, at_once: None
) -> None:
    async with pulled(tmp_path, database_url) as queues:
        for queue in queues:
            await queue.begin()
            gone_away(queue)
            await queue.scene.push()
            nothing_answers(queue)
            await queue.fill()
        assert sum(len(one.wanted) for one in queues) == UPDATES
        assert sum(len(one.starts) for one in queues) == STARTS
        begun = [await begun_of(queue) for queue in queues]
        assert all(begun)
        for _ in range(3):
            await queues[0].scene.books.later("1 day")
            for queue in queues:
                await queue.scene.sync()
        for queue, sent in zip(queues, begun, strict=True):
            queue.people_edit()
            assert await begun_of(queue) == sent
        left = [len(queue.scene.simulator.journal.arrivals) for queue in queues]
        for queue in queues:
            queue.scene.simulator.faults.clear()
            for _ in range(3):
                await queue.scene.books.later("3 minutes")
                assert (await queue.scene.sync()).error is None
        for queue, sent, before in zip(queues, begun, left, strict=True):
            await assert_right(queue, sent, before)


async def begun_of(queue: Queue) -> set[int]:
    """The updates that were sent and of which nobody knows yet."""
    rows = await queue.scene.books.view("updates", "account = $1", queue.scene.place.account)
    return {row["id"] for row in rows if row["state"] == "unknown"}


async def assert_right(queue: Queue, begun: set[int], before: int) -> None:
    """Each update is where it has to be, the provider has what was applied, and the books balance;
    `before` requests had arrived when the provider came back."""
    scene = queue.scene
    where = "account = $1 ORDER BY id"
    rows = {row["id"]: row for row in await scene.books.view("updates", where, scene.place.account)}
    assert rows.keys() == queue.wanted.keys()
    late, truth = {*queue.starts, *queue.short}, scene.truth()
    for update, row in rows.items():
        assert row["state"] == _end(queue, begun, update, row), (dict(row), update in begun)
        campaign, path, value = queue.wanted[update]
        newer = update in queue.older
        is_there = same(path, truth[campaign]["values"].get(path), value)
        assert row["state"] != "held" or row["reason_code"] == "conflict", row
        assert newer or is_there == (row["state"] == "applied"), row
    expired = {update for update, row in rows.items() if row["state"] == "expired"}
    assert expired <= late
    assert len(expired) >= len(late) - len(begun)
    for write in map(spelt_arrival, scene.simulator.journal.since(0)):
        assert write["seq"] <= before or not _carries(queue, expired, write), write
    await assert_balanced(scene, rows)
    await assert_all_is_kept(scene)


def _end(queue: Queue, begun: set[int], update: int, row: Row) -> str:
    """How an update has to end. One that was sent before all this ends as the read says."""
    if update in begun and row["state"] == "applied":
        return "applied"
    if update in {*queue.starts, *queue.short}:
        return "expired"
    if update in queue.older:
        return "superseded"
    return "held" if update in queue.edited else "applied"


def _carries(queue: Queue, updates: set[int], write: Row) -> bool:
    """Whether a write asks for the change of one of these updates."""
    asked = {queue.wanted[one] for one in updates}
    return any(
        (item["id"], path, str(value)) in asked
        for item in write["items"]
        for path, value in item["new"].items()
    )


async def assert_balanced(scene: Scene, rows: dict[int, Row]) -> None:
    """Every call that arrived was intended, every attempt has an outcome, and the counts of health
    and of all updates are one."""
    account = scene.place.account
    attempts = await scene.books.view("update_attempts", "account = $1", account)
    assert len({one["batch_id"] for one in attempts}) == len(scene.writes())
    assert all(one["outcome"] for one in attempts)
    states = Counter(row["state"] for row in rows.values())
    health = await scene.books.health()
    counted = {state: health[state] for state in ("queued", "held", "unknown")}
    assert counted == {state: states[state] for state in counted}
    assert (health["state"], health["queued"], health["unknown"]) == ("ok", 0, 0)
