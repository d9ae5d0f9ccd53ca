"""One example of the machine: people, a queue, a provider and lives of syncd, act by act. It keeps
what a judge needs to know and cannot see: what was acknowledged, when the clock was moved, which
passes were interrupted, and every look at the updates."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from syncd.cli.plan_document import saved_items
from syncd.config import Config
from syncd.daemon import SyncRequest, plan, register
from syncd.simulator.faults import Fault
from syncd.store.plans import Plans
from tests.e2e.scene import Row, Scene
from tests.machine import asking
from tests.machine.agreements import Agreement
from tests.machine.lives import Mortal, Stroke, run, run_held
from tests.machine.tally import Tally
from tests.machine.troubles import trouble, writes_of
from tests.moved import Move
from tests.waiting import eventually

Passes = tuple[bool, bool]
"""Whether to pull, and whether to push."""
PULL, PUSH, BOTH = (True, False), (False, True), (True, True)
_FOCUS = 4  # campaigns that people care about, so that what they do meets
_MOST_ARMED = 6
_AGES = "UPDATE syncd.leases SET expires_at = 'epoch' WHERE owner IS NOT NULL"
_DIES = """
    UPDATE syncd.leases SET owner = regexp_replace(owner, '[0-9]+[|][0-9]+$', '999999999|1')
     WHERE owner IS NOT NULL"""
"""As if the process that holds them had been another one, which is gone."""
_LOOK = """
    SELECT id, account, state::text, results, superseded_by, reason_code, reason
      FROM report.updates ORDER BY id"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody queues for a campaign: `expect` is None, `shown` or `other`; times are seconds
    from now."""

    campaign: int
    choices: Sequence[asking.Choice]
    expect: str | None = None
    key: str | None = None
    policy: str | None = None
    after: int | None = None
    until: int | None = None


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
    plans: list[str] = field(default_factory=list)
    made: int = 0

    async def begin(self) -> None:
        """Give the campaigns that matter their first values and pull once."""
        for scene in self.scenes:
            provider, world = scene.place.provider, scene.simulator.world
            ordinary = [one["id"] for one in scene.picks["ordinary"]]
            known = list(dict.fromkeys([*ordinary, *world.ids()]))
            self.focus[scene.place.account] = known[:_FOCUS]
            self.torn[scene.place.account] = set()
            for campaign in known[:_FOCUS]:
                values = asking.start(provider, scene.truth()[campaign]["values"])
                if values:
                    world.edit(campaign, values)
            await self._cap(scene)
        await self.sync(range(len(self.scenes)), PULL)

    async def _cap(self, scene: Scene) -> None:
        """The owner sets the caps."""
        cap = self.agreements[scene.place.account].caps
        await register(self.config, self._life)
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

    # What people do.

    async def queue(self, which: int, wish: Wish) -> None:
        """Somebody queues a change."""
        scene = self.scene(which)
        campaign = self._campaign(scene, wish.campaign)
        patch = asking.patch(scene.place.provider, self._values(scene, campaign), wish.choices)
        more = await self._options(scene, campaign, patch, wish)
        await self._enqueue(scene, campaign, patch, more)

    async def create(self, which: int) -> None:
        """Somebody queues a new campaign."""
        scene = self.scene(which)
        advertiser = next(iter(scene.truth().values())).get("advertiser_id")
        wanted = None if scene.place.provider != "criteo" else advertiser
        patch = asking.new_campaign(scene.place.provider, self.made % 3, wanted)
        self.made += 1
        if patch is not None:
            await self._enqueue(scene, None, patch, {})

    async def delete(self, which: int, number: int) -> None:
        """Somebody queues the end of a campaign."""
        scene = self.scene(which)
        if scene.place.provider in asking.DELETING:
            await self._enqueue(scene, self._campaign(scene, number), {"deleted": True}, {})

    async def _enqueue(
        self, scene: Scene, campaign: str | None, patch: asking.Patch, more: Mapping[str, Any]
    ) -> None:
        try:
            number = await scene.books.queue(campaign, patch, **more)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith("SY"):
                raise
            self.tally.add("door", f"enqueue {error.sqlstate}")
            return
        self.tally.add("door", "enqueue done")
        self.acked.setdefault(
            number, {"account": scene.place.account, "external_id": campaign, "patch": patch}
        )

    async def _options(
        self, scene: Scene, campaign: str, patch: asking.Patch, wish: Wish
    ) -> Mapping[str, Any]:
        now: dt.datetime = await scene.books.connection.fetchval("SELECT syncd.now()")
        start = now + dt.timedelta(seconds=wish.after or 0)
        found: dict[str, Any] = {"key": wish.key, "policy": wish.policy}
        found["not_before"] = start if wish.after else None
        found["expires_at"] = start + dt.timedelta(seconds=wish.until) if wish.until else None
        if wish.expect == "shown":
            values = self._values(scene, campaign)
            found["expect"] = {path: values.get(path) for path in patch}
        elif wish.expect == "other":
            found["expect"] = dict.fromkeys(patch, "1.23")
        return {name: one for name, one in found.items() if one is not None}

    def edit(self, which: int, number: int, choices: Sequence[asking.Choice]) -> None:
        """Somebody changes a campaign in the provider's own pages."""
        scene = self.scene(which)
        campaign, provider = self._campaign(scene, number), scene.place.provider
        patch = asking.patch(provider, self._values(scene, campaign), choices)
        one_at_a_time = dict(list(patch.items())[:1]) if provider == "criteo" else patch
        try:
            scene.simulator.world.edit(campaign, one_at_a_time)
        except ValueError:
            self.tally.add("door", "impossible edit")

    def vanish(self, which: int, number: int) -> None:
        """A campaign goes out of everybody's sight, or comes back."""
        scene = self.scene(which)
        campaign, world = self._campaign(scene, number), scene.simulator.world
        if campaign in world.ids():
            world.remove([campaign])
        else:
            world.restore([campaign])

    async def decide(self, word: str, number: int, who: str | None) -> None:
        """Somebody decides about an update that is open, or was not long ago. Nobody tries a
        create again without having looked whether it was made."""
        books = self.scenes[0].books
        rows = await books.connection.fetch(
            "SELECT id, is_create, account FROM report.updates"
            " ORDER BY state <> 'held', settled_at IS NOT NULL, id DESC LIMIT 12"
        )
        if not rows:
            return
        row = rows[number % len(rows)]
        say = "cancel" if word == "retry" and row["is_create"] else word
        found = await self.say(f"SELECT syncd.{say}($1::bigint, $2)", row["id"], who)
        if say == "retry" and found is not None and found not in self.acked:
            made = await books.update(int(found))
            self.acked[int(found)] = {key: made[key] for key in ("account", "external_id", "patch")}

    async def plan(self, which: int, *, is_approved: bool) -> None:
        """Somebody saves a plan, or approves the one that was saved last."""
        if is_approved and self.plans:
            await self.say("SELECT syncd.approve_plan($1, $2)", self.plans[-1], "boss")
            return
        account = self.scene(which).place.account
        (made,) = await plan(self.config, self._life, [account])
        if made.plan.updates:
            plans, items = Plans(self._life, made.number), saved_items(made)
            await plans.save(made.plan.hash, items, {}, "somebody", dt.timedelta(hours=24))
            self.plans.append(made.plan.hash)

    async def pause(self, *, is_on: bool) -> None:
        """Somebody pauses all accounts, or lets them go on."""
        await self.say("SELECT syncd.pause()" if is_on else "SELECT syncd.resume()")

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

    # What time and the network do.

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

    # What syncd does.

    async def sync(self, of: Sequence[int], passes: Passes = BOTH) -> None:
        """A pass that nobody interrupts."""
        await run(self.config, self._life, self._request(of, passes))
        await self.look()

    async def strike(self, which: int, stroke: Stroke, passes: Passes) -> None:
        """A pass that is interrupted."""
        before = self._seqs()
        await run(self.config, self._life, self._request([which], passes), stroke)
        if stroke.fired is not None:
            self.tally.add("struck", f"{stroke.manner} at {stroke.fired}")
        await self._after(before, is_torn=stroke.fired is not None and stroke.manner != "edit")

    async def hold(self, which: int, when: str, wishes: Sequence[Wish], end: str) -> None:
        """A push of which one call is held, before or after it is applied, while people queue more;
        then it goes on, is cancelled or dies with the call still held, or is taken over."""
        scene, before = self.scene(which), self._seqs()
        held = scene.simulator.faults.arm("hold", writes_of(scene.simulator)[0], when=when)
        life = self._life

        async def then() -> None:
            for wish in wishes:
                await self.queue(which, wish)
            if end == "takeover":
                await scene.books.connection.execute(_AGES)
                self._new_life()
                await run(self.config, self._life, self._request([which], PUSH))
            life.is_dead = end == "death"
            if end in {"go on", "takeover"}:
                held.release()

        request = self._request([which], PUSH)
        _, is_held = await run_held(self.config, life, request, held, then)
        if is_held:
            self.tally.add("struck", f"{end} while held {when}")
        if is_held and end == "death":
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
        if self._life.is_dead:
            await self.scenes[0].books.connection.execute(_DIES)
            self._new_life()
        self._life.loses_reply = False
        await self.look()

    def arrived(self) -> int:
        """How many writes have arrived."""
        return sum(len(scene.writes()) for scene in self.scenes)

    async def look(self) -> None:
        """Remember how all updates are."""
        rows = await self.scenes[0].books.connection.fetch(_LOOK)
        self.looks.append([dict(row) for row in rows])

    @property
    def _life(self) -> Mortal:
        life = self.scenes[0].database
        assert isinstance(life, Mortal)
        return life

    def _new_life(self) -> None:
        born = self._life.reborn()
        for scene in self.scenes:
            scene.database = born

    def _request(self, of: Sequence[int], passes: Passes) -> SyncRequest:
        names = tuple(self.scene(one).place.account for one in of)
        pull, push = passes
        return SyncRequest(accounts=names, started_by="machine", pull=pull, push=push)

    def _seqs(self) -> Mapping[str, int]:
        return {one.place.account: len(one.simulator.journal.arrivals) for one in self.scenes}

    def _campaign(self, scene: Scene, number: int) -> str:
        focus = self.focus[scene.place.account]
        return focus[number % len(focus)]

    def _values(self, scene: Scene, campaign: str) -> Mapping[str, str | None]:
        values: Mapping[str, str | None] = scene.truth()[campaign]["values"]
        return values
