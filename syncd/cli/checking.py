"""What can be said about a wanted change before the queue is asked: account, paths and amounts,
each complaint with what was probably meant. The database's own answer decides in the end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from syncd.cli.text import shown
from syncd.errors import UsageError
from syncd.model.money import UNLIMITED, AmountError, parse_amount
from syncd.model.path import Field, Kind
from syncd.store.accounts import Wanted
from syncd.store.reports import KnownAccount

FEW: Final = 10
_THOUSAND: Final = re.compile(r"([1-9][0-9]{0,2})\.([0-9]{3})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What is wrong, and the path that it is about where there is one."""

    code: str
    text: str
    remedy: str
    path: str | None = None


def complaints(wanted: Wanted, known: Mapping[str, KnownAccount]) -> Iterator[Complaint]:
    """Everything that is wrong with this change as far as can be told without the queue."""
    account = known.get(wanted.account)
    if account is None:
        yield unknown_account(wanted.account, known)
        return
    for path, value in wanted.patch.items():
        yield from _of_path(account, path, value)
    for path in wanted.expect or {}:
        if path not in wanted.patch:
            yield Complaint(
                code="path",
                text=f"{shown(path)} is expected to have a value but not changed",
                remedy="give --expect for a path of --set",
                path=path,
            )


def require_account(name: str | None, known: Collection[str]) -> None:
    """Raise UsageError for a name that no account has; None is every account."""
    if name is not None and name not in known:
        complaint = unknown_account(name, known)
        raise UsageError(complaint.text, remedy=complaint.remedy, code=complaint.code)


def unknown_account(name: str, known: Collection[str]) -> Complaint:
    """The complaint about an account that neither the database nor the configuration has."""
    near = did_you_mean(name, known)
    names = f"accounts: {', '.join(known)}" if 0 < len(known) < FEW else "see: syncd accounts list"
    return Complaint(code="account", text=f'unknown account "{shown(name)}"{near}', remedy=names)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`; did you mean "criteo-eu"?`, or nothing."""
    near = get_close_matches(name, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def _of_path(account: KnownAccount, path: str, value: str) -> Iterator[Complaint]:
    field = account.fields.get(path)
    changeable = [one.path for one in account.fields.values() if one.changeable]
    can = f"{account.provider} can change: {', '.join(changeable)}"
    if field is None:
        text = (
            f'unknown path "{shown(path)}" for {account.provider}{did_you_mean(path, changeable)}'
        )
        yield Complaint(code="path", text=text, remedy=can, path=path)
    elif not field.changeable:
        text = f'{account.provider} cannot change "{path}"; it is read only there'
        yield Complaint(code="path", text=text, remedy=can, path=path)
    elif field.kind is Kind.AMOUNT:
        yield from _of_amount(path, value, field)


def _of_amount(path: str, value: str, field: Field) -> Iterator[Complaint]:
    if value == UNLIMITED:
        text, remedy = (
            "unlimited is not accepted",
            "lift a limit in the provider's own pages; give an amount here",
        )
    elif value.lower() in ("null", "none"):
        text, remedy = (
            f'"{value}" is not accepted: a budget cannot be taken away',
            "give an amount such as 120.50",
        )
    elif field.scale < 3 and (match := _THOUSAND.fullmatch(value)):
        text = f'"{value}" is ambiguous'
        remedy = f"write {int(match[1])}.{match[2][: field.scale]} or {int(match[1])}{match[2]}"
    else:
        try:
            parse_amount(value, scale=field.scale)
            return
        except AmountError as error:
            text, _, way = shown(str(error)).partition("; write ")
            remedy = f"write {way}" if way else "write an amount such as 120.50"
    yield Complaint(code="amount", text=f"{path}: {text}", remedy=remedy, path=path)
