"""Checks that nothing moves by itself: a second pull is no change, and what was pushed is what a
fresh read shows."""

from __future__ import annotations

from typing import Final

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.listing import Pull, pulled
from syncd.conformance.paging import unread
from syncd.conformance.rehearsal import Attempt, rehearsed
from syncd.conformance.stand import Stand
from syncd.model.fold import plan_push
from syncd.model.plan import Mark
from syncd.model.update import Pending


@check("steady/pull-twice")
async def pull_twice(stand: Stand) -> str:
    """A second pull, and one by a new process, show every campaign byte for byte as the first."""
    first, second = await pulled(stand.reader), await pulled(stand.reader)
    async with stand.adapter() as adapter:
        third = await pulled(adapter)
    findings: list[str] = []
    for other in (second, third):
        findings += [*await _one_sided(stand, first, other), *_moved(first, other)]
    demand(findings)
    return counted(len(first.campaigns), "campaign")


@check("steady/read-alike")
async def read_alike(stand: Stand) -> str:
    """A campaign that is read singly, or with others, is the one that the listing shows."""
    pull = await pulled(stand.reader)
    ids = [id_ for id_, one in pull.campaigns.items() if not one.is_gone]
    if not ids:
        raise NotApplicable("the bench shows no campaigns")
    several = ids[: min(stand.capabilities.read_batch, 30)]
    asked = [several, *([one] for one in several[:5])]
    findings: list[str] = []
    for wanted in asked:
        reading = await stand.reader.read(wanted)
        findings += [f"{one} is not read" for one in wanted if one not in reading.campaigns]
        for id_, one in reading.campaigns.items():
            if one.fingerprint != pull.campaigns[id_].fingerprint:
                findings.append(f"{id_}: a read shows {_unlike(pull, id_, one.values)}")
    demand(findings)
    return f"{len(several)} together, {len(asked) - 1} alone"


@check("steady/push-then-plan")
async def push_then_plan(stand: Stand) -> str:
    """After a push a fresh read shows what was wanted, so that a plan has nothing left to do."""
    rehearsal = await rehearsed(stand)
    done = [
        one
        for one in rehearsal.attempts
        if one.is_applied and not one.is_pending and one.after is not None
    ]
    if not done:
        raise NotApplicable("nothing could be changed: see mapping/changes")
    demand([found for number, one in enumerate(done) for found in _left(stand, number, one)])
    return counted(len(done), "update")


def _left(stand: Stand, number: int, attempt: Attempt) -> list[str]:
    """Paths of an applied update that a plan would send once more."""
    item, after = attempt.sample.item, attempt.after
    update = Pending(id=number, external_id="it", patch=item.changes, reference=item.remote)
    planned = plan_push([update], {} if after is None else {"it": after}, stand.reader.plan)
    return [
        f"{attempt.sent.call.operation}: {path.path} is {path.remote!r} after it was set to"
        f" {path.desired!r}, and would be {path.mark}"
        for one in planned.updates
        for path in one.paths
        if path.mark is not Mark.ALREADY_SET
    ]


async def _one_sided(stand: Stand, first: Pull, second: Pull) -> list[str]:
    """Campaigns that only one of two pulls shows."""
    absent = sorted(first.campaigns.keys() ^ second.campaigns.keys())
    missing = await unread(stand.capabilities.gone, stand.reader, absent)
    return [f"{one} is shown by one pull only" for one in missing]


def _moved(first: Pull, second: Pull) -> list[str]:
    one, other = first.campaigns, second.campaigns
    findings: list[str] = []
    for id_ in sorted(one.keys() & other.keys()):
        if one[id_].fingerprint != other[id_].fingerprint:
            findings.append(f"{id_} moved: {_unlike(first, id_, other[id_].values)}")
        elif one[id_].raw_digest != other[id_].raw_digest:
            findings.append(f"the bytes of {id_} moved")
    return findings


def _unlike(pull: Pull, id_: str, values: dict[str, str | None]) -> str:
    before = pull.campaigns[id_].values
    paths = {path for path in before.keys() | values if before.get(path) != values.get(path)}
    return ", ".join(f"{path} {values.get(path)!r}" for path in sorted(paths)) or "other figures"


CHECKS: Final = (pull_twice, read_alike, push_then_plan)
