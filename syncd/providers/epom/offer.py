"""What can be read and changed at Epom, by dialect and scope: the fields of a campaign's pricing.
Values only."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from syncd.model.listing import Capabilities, Evidence
from syncd.model.path import ANY_KEY, Field, Guard, Kind
from syncd.providers.epom import rows, writes
from syncd.providers.epom.checks import AMOUNT_SCALE
from syncd.providers.settings import Scope

PORTION: Final = 20

# A file has no number to ask after, and nothing says how long its rows take.
_SETTLES: Final = {writes.BATCH: 300.0}

_NUMBERS: Final = tuple(
    Field(
        path=path,
        kind=Kind.NUMBER,
        changeable=True,
        scale=rows.NUMBER_SCALE,
        least=Decimal(0),
        above_least=path == "price.estimated_ctr",
        call=writes.UPDATE,
    )
    for path in rows.NUMBERS
)
_COUNTS: Final = tuple(
    Field(path=path, kind=Kind.COUNT, changeable=True, least=Decimal(0), call=writes.UPDATE)
    for path in rows.COUNTS
)
FIELDS: Final = (
    Field(path="name", kind=Kind.TEXT),
    Field(
        path="price.amount",
        kind=Kind.AMOUNT,
        changeable=True,
        nullable=True,
        scale=AMOUNT_SCALE,
        guard=Guard.DISABLE,
        call=writes.UPDATE,
        note="null disables all pricing of the campaign; where none is set, price.type is needed"
        " too",
    ),
    Field(
        path="price.type",
        kind=Kind.CHOICE,
        changeable=True,
        choices=rows.TYPES,
        call=writes.UPDATE,
        note="with another type Epom may drop the prices of countries and actions",
    ),
    *_NUMBERS,
    *_COUNTS,
    Field(
        path=rows.COUNTRY,
        kind=Kind.TEXT,
        note="the countries with a price of their own, empty where none; absent where the provider"
        " does not list them",
    ),
    Field(
        path=f"{rows.COUNTRY}.{ANY_KEY}",
        kind=Kind.AMOUNT,
        changeable=True,
        nullable=True,
        scale=AMOUNT_SCALE,
        call=writes.COUNTRIES,
        note="by country code as Epom spells it (UK too; GB shows as UK besides); null disables"
        " that country's price; three or more prices travel as one file with all others, save of a"
        " CPA campaign and where the provider does not list them",
    ),
    Field(
        path=f"{rows.ACTION}.{ANY_KEY}",
        kind=Kind.AMOUNT,
        changeable=True,
        scale=AMOUNT_SCALE,
        call=writes.ACTIONS,
        note="by the key of an existing action; CPA and CPC campaigns only",
    ),
    Field(path="native.paymentModel", kind=Kind.TEXT),
    Field(path="native.pricingType", kind=Kind.TEXT, note="a type that is none of price.type"),
    Field(path=f"native.{rows.ACTIONS}", kind=Kind.JSON, note="key and name of each action"),
    Field(
        path="native.text_cleaned",
        kind=Kind.TEXT,
        note="true where the name had characters that no database takes",
    ),
)


def capabilities(dialect: str, scope: Scope) -> Capabilities:
    """What an account of this dialect and scope can do."""
    ids, advertisers = scope.get("ids", ()), scope.get("advertisers", ())
    return Capabilities(
        provider="epom",
        fields=FIELDS,
        read_batch=PORTION,
        reads_first=True,
        writes=writes.WRITES,
        dialect=dialect,
        gone=Evidence.NEVER if ids else Evidence.PERSON,
        settles=_SETTLES,
        parts=frozenset(advertisers) or None,
        ids=frozenset(ids) or None,
    )
