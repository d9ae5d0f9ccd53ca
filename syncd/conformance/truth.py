"""What a bench really has, and where an adapter's campaign differs from it. Compares by the one
vocabulary of field paths and knows no provider's own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from syncd.conformance.bench import Admin
from syncd.model.campaign import Campaign
from syncd.model.money import canonical
from syncd.model.path import ANY_KEY, Field, Kind, field_of, key_of, keyed

Values = Mapping[str, str | None]

# How providers say of a text or a reference that there is none.
_UNSET: Final = frozenset({None, "", "00000000-0000-0000-0000-000000000000"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Real:
    """One campaign as it really is; `told` is all that the bench says of it."""

    id: str
    values: Values
    told: Mapping[str, Any] = field(default_factory=dict)


async def truth(admin: Admin, fields: Sequence[Field]) -> dict[str, Real]:
    """Every campaign in view, by id."""
    told = (await admin.ask("truth"))["campaigns"]
    return {
        one["id"]: Real(id=one["id"], values=spelt(one["values"], fields), told=one)
        for one in told
        if not one["is_removed"]
    }


def spelt(values: Values, fields: Sequence[Field]) -> dict[str, str | None]:
    """The same values, their paths with keys quoted as syncd quotes them."""
    stems = [one.path.removesuffix(f".{ANY_KEY}") for one in fields if one.path.endswith(ANY_KEY)]
    return {_spelt(path, stems): value for path, value in values.items()}


def differences(campaign: Campaign, real: Values, fields: Sequence[Field]) -> Iterator[str]:
    """Where a campaign shows another value than it has, or none where it should."""
    for path, wanted in real.items():
        declared = field_of(fields, path)
        if declared is None or not declared.readable:
            continue
        given = campaign.values.get(path)
        if path not in campaign.values and wanted not in _UNSET:
            yield f"{campaign.external_id} shows no {path}, which is {wanted!r}"
        elif not is_same(declared.kind, given, wanted):
            yield f"{campaign.external_id} shows {path} {given!r}, which is {wanted!r}"


def is_same(kind: Kind, given: str | None, wanted: str | None) -> bool:
    """Whether two texts are one value. An amount has to stand in the canonical form; the words of
    a choice are the same in either case."""
    if kind is Kind.JSON:
        return bool(_parsed(given) == _parsed(wanted))
    if given in _UNSET or wanted in _UNSET:
        return given in _UNSET and wanted in _UNSET
    match kind:
        case Kind.AMOUNT | Kind.NUMBER:
            return given == _canonical(wanted)
        case Kind.CHOICE:
            return str(given).casefold() == str(wanted).casefold()
    return given == wanted


def _spelt(path: str, stems: Sequence[str]) -> str:
    for stem in stems:
        key = key_of(stem, path)
        if key is not None:
            return keyed(stem, key)
    return path


def _canonical(text: str | None) -> str | None:
    try:
        return None if text is None else canonical(Decimal(text))
    except InvalidOperation:
        return text


def _parsed(text: str | None) -> Any:
    """An empty list or object is the same as none."""
    try:
        return json.loads(text or "null", parse_float=Decimal) or None
    except ValueError:
        return text
