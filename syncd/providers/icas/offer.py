"""What an account at ICAS can do: the paths it reads, changes and creates with, and where creating
is offered at all. Values only."""

from __future__ import annotations

from typing import Final

from syncd.model.listing import Capabilities, Evidence
from syncd.model.path import Field, Kind
from syncd.providers.icas import writes
from syncd.providers.settings import Scope

_FIELDS: Final = (
    Field(
        path="name",
        kind=Kind.TEXT,
        changeable=True,
        creatable=True,
        longest=writes.LONGEST,
        call=writes.UPDATE,
        note="the title, seen by the seller alone; empty where there is none",
    ),
    Field(
        path="status",
        kind=Kind.STATUS,
        changeable=True,
        creatable=True,
        call=writes.STATUS,
        note="a new campaign is paused unless active is asked for",
    ),
    Field(
        path="budget.daily",
        kind=Kind.AMOUNT,
        changeable=True,
        creatable=True,
        scale=writes.SCALE,
        least=writes.LEAST,
        call=writes.BUDGETS,
        note="cannot be unlimited; a new campaign without it gets the provider's default",
    ),
    Field(
        path="budget.lifetime",
        kind=Kind.AMOUNT,
        changeable=True,
        creatable=True,
        scale=writes.SCALE,
        least=writes.LEAST,
        call=writes.BUDGETS,
        note="the total; a new campaign without it is unlimited",
    ),
    Field(
        path=writes.VENDOR,
        kind=Kind.TEXT,
        changeable=True,
        creatable=True,
        required=True,
        longest=writes.LONGEST,
        call=writes.UPDATE,
        note="the seller's own key, printable ASCII; unique whatever its case, and set once",
    ),
    Field(
        path="native.text_cleaned",
        kind=Kind.TEXT,
        note="true where title or vendorId had characters that no database takes",
    ),
)


def capabilities(dialect: str, scope: Scope) -> Capabilities:
    """What an account at this tenant can do. Both dialects speak version 5, which is the same."""
    return Capabilities(
        provider="icas",
        fields=_FIELDS,
        read_batch=50,
        reads_first=True,
        writes=frozenset({writes.CREATE, writes.UPDATE, writes.BUDGETS, writes.STATUS}),
        dialect=dialect,
        gone=Evidence.PERSON,
        creates=scope.get("tenant") == ("kleinanzeigen",),
    )
