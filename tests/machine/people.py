"""What people do in an example of the machine: they queue, change and decide, at syncd and in the
provider's own pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import asyncpg

from syncd.cli.plan_document import saved_items
from syncd.daemon import plan
from syncd.store.plans import Plans
from tests.e2e.scene import Scene
from tests.machine import asking
from tests.machine.play import Play

_MORE = Decimal("1.1")


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

    def of(self, campaign: int) -> Wish:
        """The same for another campaign."""
        return replace(self, campaign=campaign)

    def with_value(self, value: int) -> Wish:
        """A plain wish for another value of the same path."""
        return Wish(campaign=self.campaign, choices=[(self.choices[0][0], value)])


@dataclass(kw_only=True)
class People:
    """Everybody who acts in one example."""

    play: Play
    _plans: list[str] = field(default_factory=list)
    _made: int = 0

    async def queue(self, which: int, wish: Wish) -> None:
        """Somebody queues a change."""
        scene = self.play.scene(which)
        campaign = self.play.campaign(scene, wish.campaign)
        patch = asking.patch(scene.place.provider, self.play.values(scene, campaign), wish.choices)
        more = await self._options(scene, campaign, patch, wish)
        await self._enqueue(scene, campaign, patch, more)

    async def cut(self, which: int, number: int) -> None:
        """Somebody cuts an amount to a tenth in the provider's own pages; long after the last read
        another wants hardly more than it was before, whatever stands there."""
        scene = self.play.scene(which)
        campaign = self.play.campaign(scene, number)
        amount = asking.amount(self.play.values(scene, campaign))
        if amount is None:
            return
        path, before = amount
        try:
            scene.simulator.world.edit(campaign, {path: f"{before / 10:.2f}"})
        except ValueError:
            self.play.tally.add("door", "impossible edit")
            return
        await self._enqueue(scene, campaign, {path: f"{before * _MORE:.2f}"}, {"policy": "ours"})

    async def create(self, which: int) -> None:
        """Somebody queues a new campaign."""
        scene = self.play.scene(which)
        advertiser = next(iter(scene.truth().values())).get("advertiser_id")
        wanted = None if scene.place.provider != "criteo" else advertiser
        patch = asking.new_campaign(scene.place.provider, self._made % 3, wanted)
        self._made += 1
        if patch is not None:
            await self._enqueue(scene, None, patch, {})

    async def delete(self, which: int, number: int) -> None:
        """Somebody queues the end of a campaign."""
        scene = self.play.scene(which)
        if scene.place.provider in asking.DELETING:
            await self._enqueue(scene, self.play.campaign(scene, number), {"deleted": True}, {})

    async def _enqueue(
        self, scene: Scene, campaign: str | None, patch: asking.Patch, more: Mapping[str, Any]
    ) -> None:
        try:
            number = await scene.books.queue(campaign, patch, **more)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith("SY"):
                raise
            self.play.tally.add("door", f"enqueue {error.sqlstate}")
            return
        self.play.tally.add("door", "enqueue done")
        self.play.acked.setdefault(
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
            values = self.play.values(scene, campaign)
            found["expect"] = {path: values.get(path) for path in patch}
        elif wish.expect == "other":
            found["expect"] = dict.fromkeys(patch, "1.23")
        return {name: one for name, one in found.items() if one is not None}

    def edit(self, which: int, number: int, choices: Sequence[asking.Choice]) -> None:
        """Somebody changes a campaign in the provider's own pages."""
        scene = self.play.scene(which)
        campaign, provider = self.play.campaign(scene, number), scene.place.provider
        patch = asking.patch(provider, self.play.values(scene, campaign), choices)
        one_at_a_time = dict(list(patch.items())[:1]) if provider == "criteo" else patch
        try:
            scene.simulator.world.edit(campaign, one_at_a_time)
        except ValueError:
            self.play.tally.add("door", "impossible edit")

    def spend(self, which: int, number: int, amount: int) -> None:
        """A campaign of Criteo has spent so much of its period that a lower amount waits for the
        next; at 0 the next begins."""
        scene = self.play.scene(which)
        if scene.place.provider != "criteo":
            return
        world = scene.simulator.world
        if amount:
            world.spend(self.play.campaign(scene, number), period=Decimal(amount))
        else:
            world.turn_period("daily")

    def vanish(self, which: int, number: int) -> None:
        """A campaign goes out of everybody's sight, or comes back."""
        scene = self.play.scene(which)
        campaign, world = self.play.campaign(scene, number), scene.simulator.world
        if campaign in world.ids():
            world.remove([campaign])
        else:
            world.restore([campaign])

    async def decide(self, word: str, number: int, who: str | None) -> None:
        """Somebody decides about an update that is open, or was not long ago. Nobody tries a
        create again without having looked whether it was made."""
        books = self.play.scenes[0].books
        rows = await books.connection.fetch(
            "SELECT id, is_create, account FROM report.updates"
            " ORDER BY state <> 'held', settled_at IS NOT NULL, id DESC LIMIT 12"
        )
        if not rows:
            return
        row = rows[number % len(rows)]
        say = "cancel" if word == "retry" and row["is_create"] else word
        found = await self.play.say(f"SELECT syncd.{say}($1::bigint, $2)", row["id"], who)
        if say == "retry" and found is not None and found not in self.play.acked:
            made = await books.update(int(found))
            self.play.acked[int(found)] = {
                key: made[key] for key in ("account", "external_id", "patch")
            }

    async def plan(self, which: int, *, is_approved: bool) -> None:
        """Somebody saves a plan, or approves the one that was saved last."""
        if is_approved and self._plans:
            await self.play.say("SELECT syncd.approve_plan($1, $2)", self._plans[-1], "boss")
            return
        account = self.play.scene(which).place.account
        (made,) = await plan(self.play.config, self.play.life, [account])
        if made.plan.updates:
            plans, items = Plans(self.play.life, made.number), saved_items(made)
            await plans.save(made.plan.hash, items, {}, "somebody", dt.timedelta(hours=24))
            self._plans.append(made.plan.hash)

    async def pause(self, *, is_on: bool) -> None:
        """Somebody pauses all accounts, or lets them go on."""
        await self.play.say("SELECT syncd.pause()" if is_on else "SELECT syncd.resume()")
