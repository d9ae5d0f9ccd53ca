"""Changes of Criteo spend limits as requests: which can be written, how they travel together, and
the exact bytes of a call. Pure; how a call ended is told by `verdicts`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.money import UNLIMITED, AmountError, canonical, parse_amount
from syncd.model.path import PERIODS
from syncd.model.update import Outcome, Verdict

PATCH: Final = "PATCH campaigns"
SCALE: Final = 2

_BUDGETS: Final = {f"budget.{period}": period for period in PERIODS}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def plan(items: Sequence[WriteItem], batch: int) -> WritePlan:
    """Calls of at most `batch` campaigns in the order given, and what can never be written."""
    refused = {item.external_id: verdict for item in items if (verdict := _refusal(item))}
    writable = [item for item in items if item.external_id not in refused]
    if len({item.external_id for item in writable}) != len(writable):
        raise ValueError("a campaign stands in one plan twice")
    calls = tuple(
        WriteCall(operation=PATCH, items=tuple(writable[start : start + batch]))
        for start in range(0, len(writable), batch)
    )
    return WritePlan(calls=calls, refused=refused)


def body(items: Sequence[WriteItem]) -> bytes:
    """The request as the documents show it: a bare amount, with type and renewal beside it."""
    return _ENCODER.encode({"data": [_entry(item) for item in items]})


def _entry(item: WriteItem) -> dict[str, object]:
    ((path, value),) = item.changes.items()
    if not _NUMBER.fullmatch(value):
        raise ValueError(f"{path} of campaign {item.external_id} is not a number")
    return {
        "type": "Campaign",
        "id": item.external_id,
        "attributes": {
            "spendLimit": {
                "spendLimitRenewal": _BUDGETS[path],
                "spendLimitType": "capped",
                "spendLimitAmount": Decimal(canonical(Decimal(value))),
            }
        },
    }


def _refusal(item: WriteItem) -> Verdict | None:
    for path, value in item.changes.items():
        if path not in _BUDGETS:
            return _refused("not_changeable", f"Criteo takes no change of {path}")
        if value == UNLIMITED:
            return _refused(
                "not_offered",
                f"{path}: syncd does not lift or remove spend limits at Criteo;"
                " set an amount, or lift the limit at Criteo itself",
            )
        try:
            parse_amount(value, scale=SCALE)
        except AmountError as error:
            return _refused("bad_amount", f"{path}: {error}")
    return _period_refusal(item)


def _period_refusal(item: WriteItem) -> Verdict | None:
    wanted = [_BUDGETS[path] for path in item.changes]
    if len(wanted) != 1:
        return _refused(
            "period_mismatch",
            f"a Criteo campaign has one spend limit, and {' and '.join(wanted)} were asked for;"
            " queue one of them",
        )
    remote = {period: item.remote.get(path) for path, period in _BUDGETS.items()}
    capped = [period for period, value in remote.items() if value not in {None, UNLIMITED}]
    if not capped or wanted[0] in capped:
        return None
    return _refused(
        "period_mismatch",
        f"the campaign's spend limit is {capped[0]} ({remote[capped[0]]}), not {wanted[0]};"
        f" set budget.{capped[0]}, or change the period at Criteo first",
    )


def _refused(code: str, message: str) -> Verdict:
    return Verdict(outcome=Outcome.REJECTED, code=code, message=message)
