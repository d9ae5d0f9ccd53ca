"""One call sent through the adapter under test, with the bench's own word about it; and what must
hold of every call, whatever came back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from syncd.conformance.stand import Stand
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.update import Outcome, Verdict
from syncd.ports import Provider

_APPLIED: Final = frozenset({"applied", "applied_pending"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A call with what the adapter made of it (`result`), the digests of its intents, and every
    request that the bench saw meanwhile."""

    call: WriteCall
    result: CallResult
    intents: tuple[str, ...]
    arrivals: tuple[dict[str, Any], ...]

    @property
    def writes(self) -> list[dict[str, Any]]:
        """The requests that were to change something."""
        return [one for one in self.arrivals if one["is_write"]]

    @property
    def at(self) -> str | None:
        """What the bench calls the operation."""
        return self.writes[0]["operation"] if self.writes else None

    @property
    def word(self) -> str:
        """Its outcome in a word: why nothing was judged, or what happened to its items."""
        if self.result.whole is not None:
            return self.result.whole.value
        return "/".join(sorted({one.outcome.value for one in self.result.verdicts.values()}))

    @property
    def truths(self) -> dict[str, set[str]]:
        """By campaign, what really happened to the entries that were about it."""
        found: dict[str, set[str]] = {item.external_id: set() for item in self.call.items}
        placeholder = next((one.external_id for one in self.call.items if one.is_create), None)
        for arrival in self.writes:
            for entry in arrival["items"]:
                id_ = placeholder if entry["kind"] == "create" else entry["id"]
                found.setdefault(id_ or "", set()).add(entry["truth"])
        return found

    @property
    def is_applied(self) -> bool:
        """Whether every campaign in it really was changed."""
        return all(truths and truths <= _APPLIED for truths in self.truths.values())

    @property
    def is_untouched(self) -> bool:
        """Whether really nothing was changed."""
        return not any(truths & _APPLIED for truths in self.truths.values())

    @property
    def created(self) -> str | None:
        """The id that the bench gave to what this call created."""
        made = (entry for one in self.writes for entry in one["items"])
        return next((one["id"] for one in made if one["kind"] == "create" and one["id"]), None)


async def send(stand: Stand, adapter: Provider, call: WriteCall) -> Sent:
    """Send a call once, and ask the bench what arrived."""
    intents: list[str] = []

    async def intend(outgoing: Outgoing) -> None:
        intents.append(outgoing.sha256.hex())
        stand.hear(outgoing.text)

    await stand.arrivals()
    result = await adapter.write(call, intend)
    stand.hear(result.message, result.remedy)
    for verdict in result.verdicts.values():
        stand.hear(verdict.code, verdict.message, verdict.trace_id, *verdict.warnings)
    return Sent(
        call=call, result=result, intents=tuple(intents), arrivals=tuple(await stand.arrivals())
    )


def flaws(sent: Sent) -> Iterator[str]:
    """What is wrong with a call in any case."""
    name, result = sent.call.operation, sent.result
    ids = {item.external_id for item in sent.call.items}
    if result.verdicts.keys() != ids:
        yield f"{name}: verdicts about {sorted(result.verdicts)}, and {sorted(ids)} were sent"
    if len(sent.writes) > 1:
        yield f"{name}: {len(sent.writes)} arrivals of one send"
    yield from _intent_flaws(sent)
    are_unjudged = {one.outcome is Outcome.NOT_JUDGED for one in result.verdicts.values()}
    if (result.whole is not None) != (are_unjudged == {True}):
        yield f"{name}: whole is {result.whole}, and its items are {sent.word}"
    for id_, verdict in result.verdicts.items():
        yield from _untruths(sent, id_, verdict)
    if sent.word == "applied" and sent.created and not _told_created(sent):
        yield f"{name}: {sent.created} was created, and the verdict does not name it"


def _untruths(sent: Sent, id_: str, verdict: Verdict) -> Iterator[str]:
    """Where the verdict about one campaign is not what happened to it."""
    name, truths = sent.call.operation, sent.truths.get(id_, set())
    if verdict.outcome is Outcome.APPLIED and not (truths and truths <= _APPLIED):
        yield f"{name}: {id_} is told applied, and was {_words(truths)}"
    if verdict.outcome in (Outcome.REJECTED, Outcome.NOT_JUDGED) and truths & _APPLIED:
        yield f"{name}: {id_} is told {verdict.outcome}, and was {_words(truths)}"
    if verdict.created_id is not None and verdict.created_id != sent.created:
        yield f"{name}: {verdict.created_id} is told created, and {sent.created} was"


def _intent_flaws(sent: Sent) -> Iterator[str]:
    name = sent.call.operation
    if len(sent.intents) > 1:
        yield f"{name}: {len(sent.intents)} intents for one send"
    for arrival in sent.writes:
        digest = arrival["body_sha256"]
        if not sent.intents:
            yield f"{name}: it arrived without an intent"
        elif digest is not None and digest != sent.intents[0]:
            yield f"{name}: what arrived is not what was intended"
    if sent.intents and not sent.writes and sent.result.whole is not Whole.NOT_SENT:
        yield f"{name}: it was intended and never arrived, and is told {sent.word}"


def _told_created(sent: Sent) -> bool:
    return any(one.created_id == sent.created for one in sent.result.verdicts.values())


def _words(truths: set[str]) -> str:
    return " and ".join(sorted(truths)) or "not even looked at"
