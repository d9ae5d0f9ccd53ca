"""Changes at Criteo as calls: which can be written, how they travel together, and the exact bytes
of a PATCH. Pure; how it ended is told by `verdicts`, and what a new campaign takes by `creates`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.money import UNLIMITED
from syncd.model.update import Verdict
from syncd.providers.criteo import creates, spendlimit
from syncd.providers.criteo.dialects import CURRENT
from syncd.providers.outcomes import refused

PATCH: Final = "PATCH campaigns"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def plan(items: Sequence[WriteItem], batch: int, advertisers: Collection[str] = ()) -> WritePlan:
    """Changes in calls of at most `batch` campaigns in the order given, then new campaigns one a
    call; and what can never be written."""
    impossible = {}
    for item in items:
        why = creates.refusal(item, advertisers) if item.is_create else _refusal(item)
        if why is not None:
            impossible[item.external_id] = why
    writable = [item for item in items if item.external_id not in impossible]
    if len({item.external_id for item in writable}) != len(writable):
        raise ValueError("a campaign stands in one plan twice")
    changes = [item for item in writable if not item.is_create]
    calls = [
        *(
            WriteCall(operation=PATCH, items=tuple(changes[start : start + batch]))
            for start in range(0, len(changes), batch)
        ),
        *(
            WriteCall(operation=creates.CREATE, items=(item,))
            for item in writable
            if item.is_create
        ),
    ]
    return WritePlan(calls=tuple(calls), refused=impossible)


def body(items: Sequence[WriteItem], dialect: str) -> bytes:
    """The request as the dialect writes it: type, renewal and amount always together."""
    return _ENCODER.encode({"data": [_entry(item, dialect) for item in items]})


def _entry(item: WriteItem, dialect: str) -> dict[str, object]:
    ((path, value),) = spendlimit.amounts(item.changes).items()
    limit = spendlimit.capped(path, value, is_wrapped=dialect == CURRENT)
    return {"type": "Campaign", "id": item.external_id, "attributes": {"spendLimit": limit}}


def _refusal(item: WriteItem) -> Verdict | None:
    for path in item.changes:
        if path not in spendlimit.BUDGETS:
            return refused("not_changeable", f"Criteo takes no change of {path}")
    if (why := spendlimit.flaw(item.changes)) is not None:
        return why
    wanted = next(iter(spendlimit.amounts(item.changes)), None)
    if wanted is None:
        return refused(
            "not_offered",
            f"{', '.join(item.changes)}: syncd does not lift or remove spend limits at Criteo;"
            " set an amount, or lift the limit at Criteo itself",
        )
    return _period_refusal(item, wanted)


def _period_refusal(item: WriteItem, wanted: str) -> Verdict | None:
    """A limit of another period has to be lifted by the same item: nobody may come to spend by
    month what was meant for a day."""
    shown = {path: item.remote.get(path) for path in spendlimit.BUDGETS}
    if not any(shown.values()):
        return refused("not_shown", "Criteo shows no spend limit of this campaign, capped or not")
    left = [
        path
        for path, value in shown.items()
        if path != wanted and value not in {None, UNLIMITED} and item.changes.get(path) != UNLIMITED
    ]
    if not left:
        return None
    periods = spendlimit.BUDGETS
    return refused(
        "period_mismatch",
        f"the campaign's spend limit is {periods[left[0]]} ({shown[left[0]]}),"
        f" not {periods[wanted]}; set {left[0]}, or set it to unlimited in the same update to"
        " change the period",
    )
