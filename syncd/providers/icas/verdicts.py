"""What the answer to a write says of its one campaign: a yes in the form that the contract gives
it, a no, or nothing that could be relied on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from syncd.errors import BadAnswer
from syncd.model.call import CallResult, Whole, WriteCall, WriteItem
from syncd.model.campaign import Status
from syncd.model.money import UNLIMITED, canonical
from syncd.model.update import Outcome, Verdict
from syncd.providers.calls import Hide
from syncd.providers.fields import RowError, text
from syncd.providers.icas import rows
from syncd.providers.icas.answers import ACCOUNT, INTERNAL, NOT_IMPLEMENTED, word
from syncd.providers.icas.writes import BUDGET_PATHS, BUDGETS, CREATE, PATHS, STATUS, VENDOR
from syncd.providers.outcomes import Said, every, rejected, undecided, unjudged
from syncd.providers.transport import Answer
from syncd.providers.wire import parse

# Statuses that say nothing of the campaign in the call.
_WHOLE: Final = {
    401: Whole.UNAUTHORISED,
    403: Whole.FORBIDDEN,
    413: Whole.TOO_LARGE,
    429: Whole.THROTTLED,
    **dict.fromkeys((405, 406, 410, 415), Whole.UNUSABLE),
}
_NO: Final = frozenset({400, 409, 422})


def judge(call: WriteCall, answer: Answer, hide: Hide) -> CallResult:
    """What came of the one campaign in a call."""
    if answer.status >= 400:
        return _refused(call, answer, hide)
    yes = {200, 201} if call.operation == CREATE else {200}
    if answer.status not in yes:
        said = Said(code=f"http-{answer.status}", text=f"HTTP {answer.status} is no answer to this")
        return undecided(call.items, said, answer.status)
    try:
        return _yes(call, answer, hide)
    except (BadAnswer, RowError) as error:
        said = Said(code="bad-answer", text=hide(f"HTTP {answer.status}: {error}"))
        return undecided(call.items, said, answer.status)


def _refused(call: WriteCall, answer: Answer, hide: Hide) -> CallResult:
    told, status = word(answer, hide), answer.status
    items, codes = call.items, set(told.codes)
    if status >= 500:
        if codes == {NOT_IMPLEMENTED}:
            return rejected(items, told.said, status, remedy=told.remedy)
        return undecided(items, told.said, status)
    whole = _WHOLE.get(status) if told.account is None else ACCOUNT[told.account]
    if status == 404 and not codes:
        whole = Whole.UNUSABLE
    if whole is not None:
        return unjudged(items, whole, told.said, status, remedy=told.remedy)
    if INTERNAL in codes or not (codes or status in _NO):
        return undecided(items, told.said, status)
    return rejected(items, told.said, status, remedy=told.remedy)


def _yes(call: WriteCall, answer: Answer, hide: Hide) -> CallResult:
    """Raises BadAnswer or RowError for a success that cannot be read."""
    (item,) = call.items
    if call.operation == STATUS:
        others = differences(item.changes, _status(answer) or item.changes, hide)
        return _done(item, others, answer)
    sent = {**item.remote, **item.changes}
    if call.operation == BUDGETS:
        sent = {path: sent.get(path) for path in BUDGET_PATHS}
        return _done(item, differences(sent, _budgets(item, answer), hide), answer)
    one = rows.campaign(answer.body, None)
    vendor = one.values.get(VENDOR)
    if item.is_create:
        if vendor not in (None, item.changes[VENDOR]):
            return _contradictory(item, f"vendorId {hide(vendor)}", answer)
        return _made(item, one.external_id, differences(item.changes, one.values, hide), answer)
    if one.external_id != item.external_id:
        return _contradictory(item, f"campaign {hide(one.external_id)}", answer)
    sent = {path: sent.get(path) for path in sorted(PATHS)}
    return _done(item, differences(sent, one.values, hide), answer)


def _status(answer: Answer) -> Mapping[str, str | None]:
    """The status that an answer shows. The contract's yes is empty, and shows none."""
    if not answer.body.strip():
        return {}
    found = parse(answer.body, "the answer")
    if not isinstance(found, dict):
        raise RowError("it is neither empty nor an object")
    if not found:
        return {}
    shown = text(found.get("status"), "status")
    status, _ = rows.STATUSES.get(shown, (Status.NONE, None))
    return {"status": status.value}


def _budgets(item: WriteItem, answer: Answer) -> Mapping[str, str | None]:
    shown = rows.budgets(parse(answer.body, "the answer"))
    values = {
        f"budget.{period}": canonical(amount) if isinstance(amount, Decimal) else amount
        for period, amount in shown.items()
    }
    missing = sorted(item.changes.keys() - values.keys())
    if missing:
        raise RowError(f"it shows no {' and no '.join(missing)}")
    return values


def differences(
    sent: Mapping[str, str | None], values: Mapping[str, str | None], hide: Hide
) -> dict[str, str]:
    """What a campaign shows otherwise than it was sent, in words by path."""
    return {
        path: f"{path}: {hide(str(values.get(path)))} was stored instead of {value}"
        for path, value in sent.items()
        if _plain(path, value) != values.get(path)
    }


def _done(item: WriteItem, others: Mapping[str, str], answer: Answer) -> CallResult:
    """A yes, unless something else than was asked for is there now."""
    lines = tuple(others.values())
    verdict = Verdict(outcome=Outcome.APPLIED, warnings=lines)
    if item.changes.keys() & others.keys():
        verdict = Verdict(outcome=Outcome.REJECTED, code="not_taken", message="; ".join(lines))
    return every((item,), verdict, answer.status)


def _made(
    item: WriteItem, external_id: str, others: Mapping[str, str], answer: Answer
) -> CallResult:
    """A yes to a create: the campaign is there, even where it is not quite as asked for."""
    lines = tuple(others.values())
    verdict = Verdict(outcome=Outcome.APPLIED, warnings=lines, created_id=external_id)
    return every((item,), verdict, answer.status)


def _contradictory(item: WriteItem, what: str, answer: Answer) -> CallResult:
    said = Said(code="contradictory", text=f"the answer says yes and speaks of {what}")
    return undecided((item,), said, answer.status)


def _plain(path: str, value: str | None) -> str | None:
    """A value as the mirror writes it."""
    if path in BUDGET_PATHS and value not in (None, UNLIMITED):
        return canonical(Decimal(value))
    return value
