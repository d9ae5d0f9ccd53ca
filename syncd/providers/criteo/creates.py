"""New campaigns at Criteo: which can be made, the exact bytes, what the one answer says, and which
campaigns look like one whose answer was lost. Pure; one campaign a call."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.errors import BadAnswer
from syncd.model.call import CallResult, WriteItem
from syncd.model.campaign import Campaign
from syncd.model.money import UNLIMITED, canonical, parse_amount
from syncd.model.update import Outcome, Verdict
from syncd.providers.calls import Hide
from syncd.providers.criteo import rows, spendlimit, verdicts
from syncd.providers.criteo.dialects import DOCUMENTED
from syncd.providers.criteo.problems import Problem, problems, told
from syncd.providers.fields import RowError, identifier, may_be_called
from syncd.providers.outcomes import Said, every, refused, rejected, undecided
from syncd.providers.redaction import LONGEST
from syncd.providers.transport import Answer
from syncd.providers.wire import NotStrict, parse_row, split, split_one

CREATE: Final = "POST campaigns"
NAME: Final = "name"
GOAL: Final = "native.goal"
ADVERTISER: Final = "native.advertiserId"
GOALS: Final = rows.GOALS[:2]

_REQUIRED: Final = (NAME, GOAL, ADVERTISER)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ADVERTISER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_WHAT: Final = f"{CREATE}: the answer"
# The call has one item, so these speak of it.
_ABOUT_IT: Final = frozenset({400, 409, 413, 422})
_NO_RIGHT: Final = "insufficient-advertiser-permissions"


def refusal(item: WriteItem, advertisers: Collection[str]) -> Verdict | None:
    """Why this campaign can never be made, None where it can. `advertisers` are those that the
    account is limited to, none without such a limit."""
    for path in item.changes:
        if path not in _REQUIRED and path not in spendlimit.BUDGETS:
            return refused("not_changeable", f"Criteo takes no {path} for a new campaign")
    given = {path: item.changes.get(path) or "" for path in _REQUIRED}
    if missing := [path for path, value in given.items() if not value.strip()]:
        return refused("bad_value", f"a new campaign needs {', '.join(missing)}")
    if given[GOAL] not in GOALS:
        return refused("bad_value", f"{GOAL} of a new campaign is {' or '.join(GOALS)}")
    if not _ADVERTISER.fullmatch(given[ADVERTISER]):
        return refused("bad_value", f"{ADVERTISER} is not the number of an advertiser")
    if advertisers and given[ADVERTISER] not in advertisers:
        return refused(
            "out_of_scope",
            f"advertiser {given[ADVERTISER]} is not among the account's scope.advertisers",
        )
    return spendlimit.flaw(item.changes)


def body(items: Sequence[WriteItem], dialect: str) -> bytes:
    """The request as the documents show it. The amount is a bare number in both dialects."""
    (item,) = items
    advertiser = item.changes[ADVERTISER] or ""
    limit = dict(spendlimit.UNCAPPED)
    for path, value in spendlimit.amounts(item.changes).items():
        limit = spendlimit.capped(path, value, is_wrapped=False)
    attributes = {
        "name": item.changes[NAME],
        "advertiserId": int(advertiser) if dialect == DOCUMENTED else advertiser,
        "goal": item.changes[GOAL],
        "spendLimit": limit,
    }
    return _ENCODER.encode({"data": {"type": "Campaign", "attributes": attributes}})


def is_alike(campaign: Campaign, changes: Mapping[str, str | None]) -> bool:
    """Whether a campaign shows all that a create with these changes set."""
    return not _others(campaign, changes)


def may_be(row: bytes, changes: Mapping[str, str | None]) -> bool:
    """Whether a row that could not be read may be the new campaign: only another name says that it
    is not."""
    try:
        name = parse_row(row)["attributes"]["name"]
    except (NotStrict, KeyError, TypeError):
        return True
    return not isinstance(name, str) or name == changes[NAME]


def judge(items: Sequence[WriteItem], answer: Answer, hide: Hide) -> CallResult:
    """What came of the one campaign in a call, from an answer of any status."""
    if answer.status in {200, 201}:
        try:
            return _judge(items, answer, hide)
        except BadAnswer as error:
            said = Said(code=error.code, text=hide(error.message))
            return undecided(items, said, answer.status)
    said = told(answer, hide)
    if answer.status in _ABOUT_IT:
        return rejected(items, said, answer.status)
    if answer.status == 403 and said.code == _NO_RIGHT:
        remedy = "let this advertiser consent to the app, with the right to manage campaigns"
        return rejected(items, said, answer.status, remedy=remedy)
    return verdicts.by_status(items, answer, hide)


def _judge(items: Sequence[WriteItem], answer: Answer, hide: Hide) -> CallResult:
    envelope, found = _data(answer)
    errors = problems(envelope.get("errors"), hide)
    warnings = problems(envelope.get("warnings"), hide)
    if found and errors:
        text = "; ".join(["the answer says both done and failed", *map(verdicts.line, errors)])
        return undecided(items, _said("contradictory", text, errors), answer.status)
    if len(found) > 1:
        text = f"the answer shows {len(found)} campaigns, and one was asked for"
        return undecided(items, Said(code="contradictory", text=text), answer.status)
    if found and (other := _elsewhere(found[0], items[0].changes)) is not None:
        text = hide(f"the answer speaks of another campaign: {other}")[:LONGEST]
        return undecided(items, Said(code="contradictory", text=text), answer.status)
    if found:
        return every(items, _created(items[0], found[0], warnings, hide), answer.status)
    if all(error.is_mute for error in errors):
        said = Said(code="not_mentioned", text="the answer names no campaign")
        return undecided(items, said, answer.status)
    said = _said(errors[0].code, "; ".join(error.text for error in errors), errors)
    return verdicts.of_one(items, errors, said, answer.status)


def _data(answer: Answer) -> tuple[dict[str, Any], list[bytes]]:
    """The envelope, and the campaigns in it: the documents say a list and show one object."""
    envelope, one = split_one(answer.body, "data", _WHAT)
    if one is not None:
        return envelope, [one]
    envelope, several = split(answer.body, "data", _WHAT)
    if several is None and envelope.get("data", "") is not None:
        raise BadAnswer(f"{_WHAT} has no `data` that could be a campaign")
    return envelope, several or []


def _elsewhere(row: bytes, changes: Mapping[str, str | None]) -> str | None:
    """The campaign shown, where its name or advertiser is another than was asked for: then it was
    not made by this call."""
    try:
        attributes = parse_row(row)["attributes"]
        shown = {NAME: attributes.get("name"), ADVERTISER: attributes.get("advertiserId")}
    except (NotStrict, KeyError, TypeError, AttributeError):
        return None
    others = [
        f"{path} is {value}"
        for path, value in shown.items()
        if value is not None and not _is_own(path, str(value), changes[path] or "")
    ]
    return f"{_id(row)}, {', '.join(others)}" if others else None


def _is_own(path: str, shown: str, asked: str) -> bool:
    return may_be_called(shown, asked) if path == NAME else shown == asked


def _created(item: WriteItem, row: bytes, warnings: Sequence[Problem], hide: Hide) -> Verdict:
    """The provider's yes. It stays one where the campaign is otherwise than was asked for: it is
    there now, and what is wrong with it stands beside."""
    lines = [verdicts.line(warning) for warning in warnings]
    try:
        shown, _ = rows.read(row, None)
        lines += [hide(other) for other in _others(shown, item.changes)]
        created_id = shown.external_id
    except RowError as error:
        lines.append(hide(f"the answer does not show the campaign as it should: {error}"))
        created_id = _id(row)
    return Verdict(
        outcome=Outcome.APPLIED,
        warnings=tuple(lines),
        is_pending=verdicts.is_pending(warnings),
        created_id=created_id,
    )


def _others(campaign: Campaign, changes: Mapping[str, str | None]) -> list[str]:
    """Where a campaign shows another value than these changes ask for."""
    wanted = {path: changes.get(path) for path in _REQUIRED}
    wanted |= dict.fromkeys(spendlimit.BUDGETS, UNLIMITED)
    for path, value in spendlimit.amounts(changes).items():
        wanted[path] = canonical(parse_amount(value or ""))
    shown = campaign.values
    return [
        f"the new campaign shows {path} {shown.get(path) or 'empty'}, not {value}"
        for path, value in wanted.items()
        if shown.get(path) != value
    ]


def _id(row: bytes) -> str:
    """The id of a campaign of which more cannot be read."""
    try:
        found = parse_row(row)
        if found.get("type") in (None, "Campaign"):
            return identifier(found.get("id"), "id")
    except (NotStrict, AttributeError, RowError):
        pass
    raise BadAnswer(f"{_WHAT} names no campaign by its id")


def _said(code: str | None, text: str, errors: Sequence[Problem]) -> Said:
    return Said(code=code, text=text[:LONGEST], trace_id=errors[0].trace_id)
