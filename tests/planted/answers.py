"""Bugs in what an answer, or none, is taken for: a status, a word about one item, a 404."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from syncd.model.path import DELETED
from syncd.model.update import Outcome, Verdict
from syncd.providers import outcomes
from syncd.providers.criteo import adapter, verdicts
from syncd.providers.outcomes import Said
from syncd.providers.pai import writes as pai_writes
from tests.planted.bug import Bug, Ground
from tests.planted.planting import replaced
from tests.promises import Violation

_SAID = Said(code="planted", text="planted")


async def a_failure_after_all_was_applied(ground: Ground) -> Sequence[Violation]:
    """HTTP 500 to a call that the provider carried out."""
    async with ground.scene() as scene:
        await scene.books.enqueue_picks(scene.ordinary(2))
        scene.simulator.faults.arm("status", "update", when="after", status=500)
        await scene.push(wait_unknown=True)
        return await scene.violations()


async def an_answer_that_never_comes(ground: Ground) -> Sequence[Violation]:
    """The provider carried a call out and is still silent when its time is up."""
    lease = {"ttl": "3s", "renew": "500ms", "request_timeout": "1s"}
    async with ground.scene(tables={"lease": lease}) as scene:
        await scene.books.enqueue_picks(scene.ordinary(2))
        held = scene.simulator.faults.arm("hold", "update", when="after")
        await scene.push(wait_unknown=True)
        held.release()
        return await scene.violations()


async def a_call_that_is_throttled(ground: Ground) -> Sequence[Violation]:
    """429 to a call of which nothing was looked at."""
    async with ground.scene(service={"patience": "50ms"}) as scene:
        await scene.books.enqueue_picks(scene.ordinary(2))
        scene.simulator.faults.arm("throttle", "update", when="before")
        await scene.push()
        return await scene.violations()


async def a_mixed_answer(ground: Ground) -> Sequence[Violation]:
    """One of four items is refused inside HTTP 200, and the others stand in another order."""
    async with ground.scene() as scene:
        await scene.books.enqueue_picks([scene.picks["hidden_rule"], *scene.ordinary(3)])
        scene.simulator.faults.arm("reorder", "update")
        await scene.push(wait_unknown=True)
        return await scene.violations()


async def an_answer_without_a_word_about_one_item(ground: Ground) -> Sequence[Violation]:
    """The second of three items was not applied, and the answer leaves it out."""
    async with ground.scene() as scene:
        await scene.books.enqueue_picks(scene.ordinary(3))
        scene.simulator.faults.arm("omit", "update", indexes=[1], apply=False)
        await scene.push()
        return await scene.violations()


async def a_refusal_under_200(ground: Ground) -> Sequence[Violation]:
    """An error number in the body of HTTP 200."""
    async with ground.scene("pai") as scene:
        pick = scene.picks["ordinary"][0]
        await scene.books.queue(pick["id"], {pick["path"]: pick["value"]})
        scene.simulator.faults.arm("refuse", "update", when="before", code=400, form="service")
        await scene.push()
        return await scene.violations()


async def a_delete_that_went_to_a_lost_route(ground: Ground) -> Sequence[Violation]:
    """404 from somebody who knows nothing of the campaign."""
    async with ground.scene("pai") as scene:
        await scene.books.queue(scene.picks["ordinary"][0]["id"], {DELETED: True})
        scene.simulator.faults.arm("lost_route", "delete", when="before", count=None)
        await scene.push()
        return await scene.violations()


def _by_status(status: int, result: Any) -> AbstractContextManager[None]:
    """Criteo's answers of a status, 500 standing for all above, come to this."""
    sound = verdicts.by_status

    def by_status(items: Any, answer: Any, hide: Any) -> Any:
        if answer.status == status or 500 <= status <= answer.status:
            return result(items, answer.status)
        return sound(items, answer, hide)

    return replaced(verdicts, "by_status", by_status)


def _failed() -> AbstractContextManager[None]:
    def failed(items: Any, _: Any) -> Any:
        return outcomes.rejected(items, _SAID, None)

    return replaced(adapter, "failed", failed)


def _by_position() -> AbstractContextManager[None]:
    sound = verdicts._verdict  # noqa: SLF001  (a bug is planted wherever it would be made)

    def verdict(word: Any, external_id: str, index: int) -> Verdict:
        if index < word.taken.total():
            return Verdict(outcome=Outcome.APPLIED)
        return sound(word, external_id, index)

    return replaced(verdicts, "_verdict", verdict)


def _silence_is_yes() -> AbstractContextManager[None]:
    sound = verdicts._unknown  # noqa: SLF001

    def unknown(code: str, *more: Any) -> Verdict:
        if code == "not_mentioned":
            return Verdict(outcome=Outcome.APPLIED)
        return sound(code, *more)

    return replaced(verdicts, "_unknown", unknown)


def _pai_yes(status: int, *, is_delete: bool) -> AbstractContextManager[None]:
    """An answer of this status is a yes, whatever it says."""
    sound = pai_writes.judge

    def judge(item: Any, answer: Any, hide: Any) -> Any:
        if answer.status == status and is_delete == (DELETED in item.changes):
            return outcomes.applied([item], status)
        return sound(item, answer, hide)

    return replaced(pai_writes, "judge", judge)


def _rejected(items: Any, status: int) -> Any:
    return outcomes.rejected(items, _SAID, status)


BUGS = (
    Bug(
        number=3,
        name="5xx is taken for a failure",
        scenario=a_failure_after_all_was_applied,
        promise=8,
        plant=lambda: _by_status(500, _rejected),
    ),
    Bug(
        number=4,
        name="a timeout is taken for a failure",
        scenario=an_answer_that_never_comes,
        promise=8,
        plant=_failed,
        is_slow=True,
    ),
    Bug(
        number=5,
        name="429 is taken for applied",
        scenario=a_call_that_is_throttled,
        promise=8,
        plant=lambda: _by_status(429, outcomes.applied),
    ),
    Bug(
        number=8,
        name="results are told apart by their position",
        scenario=a_mixed_answer,
        promise=8,
        plant=_by_position,
    ),
    Bug(
        number=9,
        name="an item that the answer leaves out is taken for applied",
        scenario=an_answer_without_a_word_about_one_item,
        promise=8,
        plant=_silence_is_yes,
    ),
    Bug(
        number=10,
        name="HTTP 200 is taken for a yes, whatever the body says",
        scenario=a_refusal_under_200,
        promise=8,
        plant=lambda: _pai_yes(200, is_delete=False),
    ),
    Bug(
        number=22,
        name="any 404 to a delete is taken for done",
        scenario=a_delete_that_went_to_a_lost_route,
        promise=8,
        plant=lambda: _pai_yes(404, is_delete=True),
    ),
)
