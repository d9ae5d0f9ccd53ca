"""A rehearsal: every path that can be changed and every kind of write, found and carried out once
on a sound bench, so that the other checks have something to send. Knows no provider: it goes by
what an adapter declares, shows and plans."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from syncd.conformance.listing import pulled
from syncd.conformance.proposals import Pool, Proposal, changes_of, creates_of
from syncd.conformance.sending import Sent, send
from syncd.conformance.stand import Stand
from syncd.conformance.truth import Values
from syncd.model.call import WriteCall, WriteItem
from syncd.model.listing import Reading
from syncd.model.path import DELETED
from syncd.model.update import Outcome

_TRIES: Final = 8
_NEW: Final = "+1"
_CREATE: Final = "create: "


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How an operation is brought about: by which proposal; what the bench calls it, and whether
    its usual yes is an empty answer."""

    operation: str
    label: str
    at: str
    is_empty: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Something to send: one campaign's change as the one call that comes of it. `before` are the
    campaign's values at the last read."""

    label: str
    call: WriteCall
    before: Values

    @property
    def item(self) -> WriteItem:
        """The one campaign in the call."""
        return self.call.items[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A sample that was sent, and what a read showed of the campaign afterwards: None where it was
    not shown, or not asked for."""

    sample: Sample
    sent: Sent
    after: Values | None = None

    @property
    def is_applied(self) -> bool:
        """Whether the adapter says so."""
        return all(one.outcome is Outcome.APPLIED for one in self.sent.result.verdicts.values())

    @property
    def is_pending(self) -> bool:
        """Whether it takes effect later."""
        return any(one.is_pending for one in self.sent.result.verdicts.values())

    @property
    def words(self) -> str:
        """What the adapter said of it."""
        said = next((v.message for v in self.sent.result.verdicts.values() if v.message), "")
        return f"{self.sent.word}: {said}" if said else self.sent.word


@dataclass(kw_only=True)
class Rehearsal:
    """What was found. `values` are the campaigns as they were listed, `turns` by label those that
    it may be proposed to, `refusals` by label why the plan let nothing of it out."""

    values: dict[str, Values]
    pool: Pool
    turns: dict[str, deque[str]]
    attempts: list[Attempt] = field(default_factory=list)
    ways: dict[str, Way] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    def learn(self, attempt: Attempt) -> None:
        """Keep an attempt, and the way that it showed."""
        self.attempts.append(attempt)
        operation, sent = attempt.sent.call.operation, attempt.sent
        if attempt.is_applied and sent.at is not None and operation not in self.ways:
            self.ways[operation] = Way(
                operation=operation,
                label=attempt.sample.label,
                at=sent.at,
                is_empty=not sent.writes[0]["reply"],
            )


async def rehearsed(stand: Stand) -> Rehearsal:
    """What can be sent to this provider; found out once in a run."""
    found = stand.notes.get("rehearsal")
    if not isinstance(found, Rehearsal):
        found = stand.notes["rehearsal"] = await _rehearse(stand)
    return found


async def _rehearse(stand: Stand) -> Rehearsal:
    """List every campaign, and send every proposal until one of its label was applied."""
    pull = await pulled(stand.reader)
    if pull.error is not None:
        raise pull.error
    fields = stand.capabilities.fields
    values: dict[str, Values] = {
        one.external_id: one.values for one in pull.campaigns.values() if not one.is_gone
    }
    pool = Pool(values, fields)
    turns: dict[str, deque[str]] = {}
    for id_, values_now in values.items():
        labels = [one.label for one in changes_of(fields, values_now, pool)]
        if stand.capabilities.creates:
            labels += [_CREATE + one.label for one in creates_of(fields, values_now)]
        for label in labels:
            turns.setdefault(label, deque()).append(id_)
    rehearsal = Rehearsal(values=values, pool=pool, turns=turns)
    for label in turns:
        await _try(stand, rehearsal, label)
    return rehearsal


async def _try(stand: Stand, rehearsal: Rehearsal, label: str) -> None:
    """Send what this label stands for to one campaign after the other, until one takes it."""
    for _ in range(_TRIES):
        found = await sample(stand, rehearsal, label)
        if found is None:
            return
        attempt = await attempted(stand, found)
        rehearsal.learn(attempt)
        if attempt.is_applied:
            return


async def sample(
    stand: Stand, rehearsal: Rehearsal, label: str, operation: str | None = None
) -> Sample | None:
    """Something fresh to send under this label, by this operation where one is given; None where no
    campaign takes it."""
    turn = rehearsal.turns[label]
    for _ in range(len(turn)):
        id_ = turn[0]
        turn.rotate(-1)
        if label.startswith(_CREATE):
            made = creates_of(stand.capabilities.fields, rehearsal.values[id_])
            item = _item(_NEW, made, label.removeprefix(_CREATE), {}, is_create=True)
            before: Values | None = {}
        elif not _fits(_planned(stand, rehearsal, label, id_), operation):
            continue  # nor would it after a read, most likely
        else:
            before = shown(await stand.reader.read([id_])).get(id_)
            if before is None:
                continue
            proposed = changes_of(stand.capabilities.fields, before, rehearsal.pool)
            item = _item(id_, proposed, label, before)
        call = None if item is None else _call(stand, rehearsal, label, item)
        if call is not None and _fits(call, operation) and before is not None:
            return Sample(label=label, call=call, before=before)
    return None


async def attempted(stand: Stand, found: Sample) -> Attempt:
    """Send a sample, and read what it came to."""
    sent = await send(stand, stand.reader, found.call)
    id_ = sent.created if found.item.is_create else found.item.external_id
    after = None if id_ is None else shown(await stand.reader.read([id_])).get(id_)
    return Attempt(sample=found, sent=sent, after=after)


def shown(reading: Reading) -> Mapping[str, Values]:
    """What a reading says, campaigns included of which it says that they are gone."""
    values: dict[str, Values] = {one: {DELETED: "true"} for one in reading.gone}
    return values | {id_: one.values for id_, one in reading.campaigns.items()}


def _fits(call: WriteCall | None, operation: str | None) -> bool:
    return call is not None and operation in {None, call.operation}


def _planned(stand: Stand, rehearsal: Rehearsal, label: str, id_: str) -> WriteCall | None:
    """The call that comes of it by the values of the first listing."""
    values = rehearsal.values[id_]
    proposed = changes_of(stand.capabilities.fields, values, rehearsal.pool)
    item = _item(id_, proposed, label, values)
    return None if item is None else _call(stand, rehearsal, label, item)


def _item(
    id_: str, proposed: Iterable[Proposal], label: str, remote: Values, *, is_create: bool = False
) -> WriteItem | None:
    changes = next((one.changes for one in proposed if one.label == label), None)
    if changes is None:
        return None
    return WriteItem(external_id=id_, changes=changes, remote=remote, is_create=is_create)


def _call(stand: Stand, rehearsal: Rehearsal, label: str, item: WriteItem) -> WriteCall | None:
    """The one call that comes of an item, None where the plan refuses it."""
    plan = stand.reader.plan([item])
    for verdict in plan.refused.values():
        rehearsal.refusals[label] = verdict.message or verdict.code or "refused"
        stand.hear(verdict.message)
    return plan.calls[0] if plan.calls else None
