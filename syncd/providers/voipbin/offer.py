"""What an account at VoIPBIN can do: its fields, and the call that changes each of them in its
dialect. Values only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from syncd.model.listing import Capabilities, Evidence
from syncd.model.path import DELETED, Field, Guard, Kind
from syncd.providers.settings import Scope
from syncd.providers.voipbin import rows, writes

_CALLS_WITH: Final = ("native.outplan_id", "native.outdial_id", "native.queue_id")
"""Whom a start calls, how, and who answers: without one of them it calls nobody, or into the void,
and costs money all the same."""
_SWITCHED: Final = 120.0
"""Seconds until a switch shows for certain: VoIPBIN stops waiting for itself after three, and what
it had begun goes on behind its 503. A start that is looked up too early would be started twice."""


def capabilities(dialect: str, _scope: Scope) -> Capabilities:
    """What an account of this dialect can do."""
    return Capabilities(
        provider="voipbin",
        fields=(*_own(dialect), *_native(dialect)),
        read_batch=100,
        reads_first=True,
        writes=writes.operations(dialect),
        dialect=dialect,
        gone=Evidence.MARKED,
        creates=True,
        settles={writes.operation_of("status", dialect): _SWITCHED},
    )


def _own(dialect: str) -> tuple[Field, ...]:
    return (
        _written(dialect, "name", Kind.TEXT, longest=255),
        _written(dialect, "note", Kind.TEXT, note="the detail"),
        Field(
            path="status",
            kind=Kind.STATUS,
            changeable=True,
            guard=Guard.START,
            needs=_CALLS_WITH,
            call=writes.operation_of("status", dialect),
            note="active starts calling people; a new campaign is paused, as is a stopping one",
        ),
        Field(
            path=DELETED,
            kind=Kind.FLAG,
            changeable=True,
            guard=Guard.DELETE,
            call=writes.DELETE,
            note="only a stopped campaign can be deleted",
        ),
    )


def _native(dialect: str) -> tuple[Field, ...]:
    references = (
        _written(
            dialect,
            f"native.{key}",
            Kind.TEXT,
            nullable=True,
            note="a UUID in small letters; null unlinks it",
        )
        for key in rows.REFERENCES
    )
    return (
        _written(dialect, "native.type", Kind.CHOICE, choices=("call", "flow")),
        _written(
            dialect,
            "native.service_level",
            Kind.COUNT,
            least=Decimal(0),
            note="a percentage, but VoIPBIN keeps no upper end",
        ),
        _written(dialect, "native.end_handle", Kind.CHOICE, choices=("stop", "continue")),
        _written(dialect, "native.actions", Kind.JSON, note="the whole list of actions"),
        *references,
        Field(path="native.customer_id", kind=Kind.TEXT),
        Field(
            path=f"native.{rows.CLEANED}",
            kind=Kind.TEXT,
            note="the paths whose texts had characters that no database takes",
        ),
    )


def _written(dialect: str, path: str, kind: Kind, **more: Any) -> Field:
    return Field(
        path=path,
        kind=kind,
        changeable=True,
        creatable=True,
        required=path in writes.NEEDED,
        call=writes.operation_of(path, dialect),
        **more,
    )
