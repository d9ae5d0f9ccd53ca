"""Bugs in what is sent when: newer before older is known, by creation instead of by due time, a
create once more, and what a plan takes for the provider's present values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from syncd.engine import recover
from syncd.model import merge
from syncd.model.item_rules import item_hits
from syncd.model.recovery import Resolution, resolve_create
from syncd.model.update import State
from syncd.store.mirror import Mirror
from tests.conduct import within_factor
from tests.planted.bug import Bug, Ground
from tests.planted.planting import Plant, replaced, statement, together
from tests.promises import Violation


async def a_newer_value_while_the_older_is_unknown(ground: Ground) -> Sequence[Violation]:
    """A call was lost on its way; before anybody may read, a newer value is queued."""
    async with ground.scene(tables={"push": {"settle": "60s"}}) as scene:
        (pick,) = scene.ordinary(1)
        await scene.books.enqueue_picks([pick])
        scene.simulator.faults.arm("reset", "update", when="before")
        await scene.push()
        await scene.books.enqueue(pick["id"], pick["path"], f"{Decimal(pick['amount']) + 1}")
        await scene.push()
        return await scene.violations()


async def a_value_for_later_that_was_queued_first(ground: Ground) -> Sequence[Violation]:
    """Two values of one path, the first of them due after the second; both are due by now."""
    async with ground.scene() as scene:
        (pick,) = scene.ordinary(1)
        due = await scene.books.connection.fetchval("SELECT syncd.now() + interval '1 hour'")
        await scene.books.enqueue(pick["id"], pick["path"], pick["amount"], not_before=due)
        await scene.books.enqueue(pick["id"], pick["path"], f"{Decimal(pick['amount']) + 1}")
        await scene.books.later("2 hours")
        await scene.push()
        return await scene.violations()


async def a_create_that_a_search_does_not_show(ground: Ground) -> Sequence[Violation]:
    """The campaign was made, the answer is lost, and lists show it much later only."""
    async with ground.scene("pai", tables={"push": {"settle": "120s"}}) as scene:
        await scene.books.queue(None, {"name": "Made by a queue", "note": "Once."})
        scene.simulator.faults.arm("list_lag", "create")
        scene.simulator.faults.arm("reset", "create", when="after")
        await scene.push()
        for _ in range(2):
            await scene.books.later("30 minutes")
            await scene.push()
        return await scene.violations(settle=0)


async def a_budget_that_a_person_has_cut(ground: Ground) -> Sequence[Violation]:
    """Since the last pull somebody has cut a budget to a tenth; what is asked for, whatever stands
    there, is hardly more than the mirror shows, and eleven times the present value."""
    guard = {"max_factor": 2}
    async with ground.scene(tables={"guard": guard}) as scene:
        (pick,) = scene.ordinary(1)
        cut = {pick["path"]: f"{Decimal(pick['current']) / 10:.2f}"}
        scene.simulator.world.edit(pick["id"], values=cut)
        await scene.books.later("2 hours")
        await scene.books.enqueue(pick["id"], pick["path"], pick["amount"], policy="ours")
        await scene.push()
        return list(within_factor(scene.simulator.journal.since(0), Decimal(2)))


def _guards_on_the_mirror() -> Plant:
    """The rules are asked about what the mirror had before the push read anything."""
    sound = Mirror.absorb
    stale: dict[str, Any] = {}

    async def absorb(self: Mirror, run_id: int, campaigns: Sequence[Any], marker: Any) -> None:
        stale.update(await self.values([one.external_id for one in campaigns]))
        await sound(self, run_id, campaigns, marker)

    def hits(rules: Any, change: Any, recent: Any) -> Any:
        before = stale.get(change.external_id, change.remote)
        return item_hits(rules, replace(change, remote=before), recent)

    return together(replaced(Mirror, "absorb", absorb), replaced(merge, "item_hits", hits))


def _created_again() -> Plant:
    def again(unknown: Any, newcomers: Sequence[str], *more: Any, **named: Any) -> Any:
        if newcomers:
            return resolve_create(unknown, newcomers, *more, **named)
        return Resolution(
            update_id=unknown.update_id,
            state=State.QUEUED,
            code="not_applied",
            message="planted",
            is_repeat=True,
        )

    return replaced(recover, "resolve_create", again)


BUGS = (
    Bug(
        number=18,
        name="a newer value is sent while the older one is unknown",
        scenario=a_newer_value_while_the_older_is_unknown,
        promise=4,
        plant=lambda: statement("outbox_due", {"o.state IN ('sending', 'unknown')": "false"}),
    ),
    Bug(
        number=19,
        name="updates go by their creation alone, not by when they are due",
        scenario=a_value_for_later_that_was_queued_first,
        promise=3,
        plant=lambda: statement("outbox_due", {"ORDER BY d.due_at, d.id": "ORDER BY d.id"}),
    ),
    Bug(
        number=23,
        name="an empty search lets a create be sent again",
        scenario=a_create_that_a_search_does_not_show,
        promise=4,
        plant=_created_again,
    ),
    Bug(
        number=24,
        name="guards look at the mirror instead of what stands there now",
        scenario=a_budget_that_a_person_has_cut,
        promise=13,
        plant=_guards_on_the_mirror,
    ),
)
