"""One example of the machine: its accounts, time, the network and the lives of syncd. It keeps what
a judge needs to know and cannot see: what was acknowledged, when the clock was moved, which passes
were interrupted, and every look at the updates. What people do stands in `people`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from syncd.config import Config
from syncd.daemon import SyncRequest, register
from syncd.simulator.faults import Fault
from tests.conduct import left_open
from tests.e2e.scene import Row, Scene
from tests.machine import asking
from tests.machine.agreements import Agreement
from tests.machine.lives import Act, Mortal, Stroke, run, run_held
from tests.machine.tally import Tally
from tests.machine.troubles import trouble, writes_of
from tests.moved import Move
from tests.promises import Violation
from tests.waiting import eventually

Passes = tuple[bool, bool]
"""Whether to pull, and whether to push."""
PULL, PUSH, BOTH = (True, False), (False, True), (True, True)
FOCUS = 3  # campaigns that people care about, so that what they do meets
_REFUSES = "hidden_rule"
"""The pick that takes small amounts only: so that a call may be refused in part."""
_MOST_ARMED = 6
_AGES = "UPDATE syncd.leases SET expires_at = 'epoch' WHERE owner IS NOT NULL"
_DIES = """
    UPDATE syncd.leases SET owner = regexp_replace(owner, '[0-9]+[|][0-9]+$', '999999999|1')
     WHERE owner IS NOT NULL"""
"""As if the process that holds them had been another one, which is gone."""
_LAST_BATCH = "SELECT coalesce(max(batch_id), 0) FROM report.update_attempts"
_LOOK = """
    SELECT id, account, state::text, results, superseded_by, reason_code, reason
      FROM report.updates ORDER BY id"""


@dataclass(kw_only=True)
class Play:
    """The scenes of one example and what happened in them."""

    scenes: list[Scene]
    agreements: Mapping[str, Agreement]
    """By account."""
    config: Config
    tally: Tally
    focus: dict[str, list[str]] = field(default_factory=dict)
    acked: dict[int, Row] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    looks: list[list[Row]] = field(default_factory=list)
    torn: dict[str, set[int]] = field(default_factory=dict)
    hanging: list[Fault] = field(default_factory=list)
    found: list[Violation] = field(default_factory=list)
    """What was seen broken on the way."""
    plans: list[str] = field(default_factory=list)
    made: int = 0

    async def begin(self) -> None:
        """Give the campaigns that matter their first values and pull once."""
        for scene in self.scenes:
            provider, world = scene.place.provider, scene.simulator.world
            picks = scene.picks
            ordinary = [one["id"] for one in picks["ordinary"]][: FOCUS - 1]
            refusing = [picks[_REFUSES]["id"]] if _REFUSES in picks else []
            known = list(dict.fromkeys([*refusing, *ordinary, *world.ids()]))
            self.focus[scene.place.account] = known[:FOCUS]
            self.torn[scene.place.account] = set()
            for campaign in known[:FOCUS]:
                values = asking.start(provider, scene.truth()[campaign]["values"])
                if values:
                    world.edit(campaign, values)
            await self._cap(scene)
        await self.sync(range(len(self.scenes)), PULL)

    async def _cap(self, scene: Scene) -> None:
        """The owner sets the caps."""
        cap = self.agreements[scene.place.account].caps
        await register(self.config, self.life)
        if cap:
            names = ", ".join(cap)
            places = ", ".join(f"${at}" for at in range(2, len(cap) + 2))
            await scene.books.connection.execute(
                f"INSERT INTO syncd.caps (account_id, {names})"
                f" SELECT a.id, {places} FROM syncd.accounts a WHERE a.name = $1",
                scene.place.account,
                *cap.values(),
            )

    def scene(self, which: int) -> Scene:
        return self.scenes[which % len(self.scenes)]

    async def say(self, statement: str, *values: Any) -> Any:
        """What a person does by SQL; that it is refused is an answer too."""
        word = statement.partition("syncd.")[2].partition("(")[0]
        try:
            found = await self.scenes[0].books.connection.fetchval(statement, *values)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith("SY"):
                raise
            self.tally.add("door", f"{word} {error.sqlstate}")
            return None
        self.tally.add("door", f"{word} done")
        return found

    async def later(self, seconds: int) -> None:
        """Time passes; whatever still hangs is done before, sooner than any settle time."""
        await self.let_go()
        await self.scenes[0].books.later(f"{seconds} seconds")
        self.moves.append(Move(time.time_ns(), seconds))

    async def let_go(self) -> None:
        """What hangs at the providers is applied now."""
        for fault in self.hanging:
            fault.release()
        self.hanging.clear()
        for scene in self.scenes:
            await eventually(scene.is_quiet)

    def arm(self, which: int, number: int, nth: int, operation: int) -> None:
        """Something is going to go wrong."""
        scene = self.scene(which)
        faults = scene.simulator.faults
        if sum(not one.is_spent for one in faults.armed) < _MOST_ARMED:
            trouble(scene.place.provider, number).arm(scene.simulator, nth, operation)

    async def unlucky(self, which: int, number: int, passes: Passes) -> None:
        """A pass of which the first call of a kind goes wrong, and nothing else."""
        scene = self.scene(which)
        armed = trouble(scene.place.provider, number).arm_all(scene.simulator)
        await self.sync([which], passes)
        for fault in armed:
            scene.simulator.faults.clear(fault.name)

    async def sync(self, of: Sequence[int], passes: Passes = BOTH) -> None:
        """A pass that nobody interrupts."""
        await run(self.config, self.life, self._request(of, passes))
        await self.look()

    async def strike(self, which: int, stroke: Stroke, passes: Passes) -> None:
        """A pass that is interrupted."""
        before, last = self._seqs(), await self._last_batch()
        await run(self.config, self.life, self._request([which], passes), stroke)
        if stroke.fired is not None:
            self.tally.add("struck", f"{stroke.manner} at {stroke.fired}")
            if stroke.manner == "cancel":
                self.found += await self._left_open(self.scene(which), before, last)
        await self._after(before, is_torn=stroke.fired is not None and stroke.manner != "edit")

    async def _left_open(
        self, scene: Scene, before: Mapping[str, int], last: int
    ) -> list[Violation]:
        """What a pass that was cancelled left open of its batches, which come after the last one
        before it."""
        new = scene.simulator.journal.since(before[scene.place.account])
        rows = await scene.books.view("update_attempts", "batch_id > $1", last)
        mine = [row for row in rows if row["account"] == scene.place.account]
        return list(left_open(new, mine))

    async def _last_batch(self) -> int:
        """The number of the last batch of all."""
        connection = self.scenes[0].books.connection
        return int(await connection.fetchval(_LAST_BATCH))

    async def hold(self, which: int, when: str, aside: Act, end: str) -> None:
        """A push of which one call is held, before or after it is applied, while something else
        happens; then it goes on, is cancelled, dies with the call still held, or is taken over."""
        scene, before, last = self.scene(which), self._seqs(), await self._last_batch()
        held = scene.simulator.faults.arm("hold", writes_of(scene.simulator)[0], when=when)
        life = self.life

        async def then() -> bool:
            await aside()
            if end == "takeover":
                await scene.books.connection.execute(_AGES)
                self._new_life()
                await run(self.config, self.life, self._request([which], PUSH))
            life.is_dead = end == "death"
            if end in {"go on", "takeover"}:
                held.release()
            return end in {"cancel", "death"}

        request = self._request([which], PUSH)
        _, is_held = await run_held(self.config, life, request, held, then)
        if is_held:
            self.tally.add("struck", f"{end} while held {when}")
        if is_held and end == "cancel":
            self.found += await self._left_open(scene, before, last)
        if is_held and end in {"cancel", "death"}:
            self.hanging.append(held)
        else:
            scene.simulator.faults.clear(held.name)
        await self._after(before, is_torn=is_held and end != "go on")

    async def _after(self, before: Mapping[str, int], *, is_torn: bool) -> None:
        """Remember what came of an interrupted pass, and begin another life where one ended."""
        for scene in self.scenes:
            account = scene.place.account
            last = len(scene.simulator.journal.arrivals)
            if is_torn:
                self.torn[account] |= set(range(before[account] + 1, last + 1))
        if self.life.is_dead:
            await self.scenes[0].books.connection.execute(_DIES)
            self._new_life()
        self.life.loses_reply = False
        await self.look()

    def arrived(self) -> int:
        """How many writes have arrived."""
        return sum(len(scene.writes()) for scene in self.scenes)

    async def look(self) -> None:
        """Remember how all updates are."""
        rows = await self.scenes[0].books.connection.fetch(_LOOK)
        self.looks.append([dict(row) for row in rows])

    @property
    def life(self) -> Mortal:
        """The database of the present life."""
        life = self.scenes[0].database
        assert isinstance(life, Mortal)
        return life

    def _new_life(self) -> None:
        born = self.life.reborn()
        for scene in self.scenes:
            scene.database = born

    def _request(self, of: Sequence[int], passes: Passes) -> SyncRequest:
        names = tuple(self.scene(one).place.account for one in of)
        pull, push = passes
        return SyncRequest(accounts=names, started_by="machine", pull=pull, push=push)

    def _seqs(self) -> Mapping[str, int]:
        return {one.place.account: len(one.simulator.journal.arrivals) for one in self.scenes}

    def campaign(self, scene: Scene, number: int) -> str:
        """One of those that people care about."""
        focus = self.focus[scene.place.account]
        return focus[number % len(focus)]

    def values(self, scene: Scene, campaign: str) -> Mapping[str, str | None]:
        """What a campaign really has."""
        values: Mapping[str, str | None] = scene.truth()[campaign]["values"]
        return values
