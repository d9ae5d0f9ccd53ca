"""What can be said about a wanted change beside the queue's own answer: what was probably meant by
an account or a path that is not known, and figures that two readers would read in two ways. What
may be queued is for the database to decide."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from syncd.cli.text import shown
from syncd.errors import UsageError
from syncd.model.path import Field, Kind, field_of
from syncd.store.accounts import Wanted
from syncd.store.reports import KnownAccount

FEW: Final = 10
_GROUPED: Final = re.compile(r"([1-9][0-9]{0,2})[.,]([0-9]{3})", re.ASCII)
_NUMBERS: Final = (Kind.AMOUNT, Kind.NUMBER, Kind.COUNT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What is wrong, and the path that it is about where there is one."""

    code: str
    text: str
    remedy: str
    path: str | None = None


def complaints(wanted: Wanted, known: Mapping[str, KnownAccount]) -> Iterator[Complaint]:
    """What is wrong with this change as far as it is told better here than by the queue."""
    account = known.get(wanted.account)
    if account is None:
        yield unknown_account(wanted.account, known)
        return
    is_create = wanted.campaign is None
    for path, value in wanted.patch.items():
        yield from _of_path(account, path, value, is_create=is_create)


def require_account(name: str | None, known: Collection[str]) -> None:
    """Raise UsageError for a name that no account has; None is every account."""
    if name is not None and name not in known:
        complaint = unknown_account(name, known)
        raise UsageError(complaint.text, remedy=complaint.remedy, code=complaint.code)


def unknown_update(number: int) -> UsageError:
    """The error about a number that no update has."""
    return UsageError(
        f"there is no update #{number}", remedy="syncd updates list --state all", code="update"
    )


def unknown_account(name: str, known: Collection[str]) -> Complaint:
    """The complaint about an account that neither the database nor the configuration has."""
    near = did_you_mean(name, known)
    names = f"accounts: {', '.join(known)}" if 0 < len(known) < FEW else "see: syncd accounts list"
    return Complaint(code="account", text=f'unknown account "{shown(name)}"{near}', remedy=names)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`; did you mean "criteo-eu"?`, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def path_of(message: str, patch: Collection[str]) -> str | None:
    """The path of a patch that a refusal's sentence is about."""
    named = [path for path in patch if message.startswith((f"{path}:", f"{path} ="))]
    named += [path for path in patch if f'"{path}"' in message]
    return max(named, key=len, default=None)


def _of_path(
    account: KnownAccount, path: str, value: str | None, *, is_create: bool
) -> Iterator[Complaint]:
    field = field_of(account.fields.values(), path)
    if field is not None:
        yield from _ambiguous(field, path, value)
        return
    offered = account.fields.values()
    can = [one.path for one in offered if (one.creatable if is_create else one.changeable)]
    yield Complaint(
        code="path",
        text=f'unknown path "{shown(path)}" for {account.provider}{did_you_mean(path, can)}',
        remedy=f"{account.provider} can {'create with' if is_create else 'change'}: "
        f"{', '.join(can) or 'nothing'}",
        path=path,
    )


def _ambiguous(field: Field, path: str, value: str | None) -> Iterator[Complaint]:
    """The queue would take 1.000 for one, and who wrote it may have meant a thousand."""
    match = _GROUPED.fullmatch(value or "")
    scale = 0 if field.kind is Kind.COUNT else field.scale
    if field.kind not in _NUMBERS or match is None or scale > len(match[2]) - 1:
        return
    small = f"{match[1]}.{match[2][:scale]}" if scale else match[1]
    yield Complaint(
        code="amount" if field.kind is Kind.AMOUNT else "value",
        text=f'{path}: "{value}" is ambiguous',
        remedy=f"write {small} or {match[1]}{match[2]}",
        path=path,
    )
