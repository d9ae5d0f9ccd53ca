"""Putting changes into the queue: from arguments or a file to checked wishes, through the one door,
and back to a sentence about each. All wishes of a command are queued, or none."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from syncd.cli.checking import Complaint, complaints, did_you_mean, path_of
from syncd.cli.choices import Choices
from syncd.cli.codes import OK
from syncd.cli.findings import FileProblems, finding
from syncd.cli.intake.rows import read_rows, written
from syncd.cli.intake.updates import Entry, NoTime, entries, when
from syncd.cli.opened import Opened, opened
from syncd.cli.queued import Queued, tell
from syncd.cli.requester import person
from syncd.cli.shared_keys import shared, taken_inside
from syncd.cli.text import shown
from syncd.config import Problem
from syncd.errors import MissingRight, Refusal, Refused, UsageError
from syncd.model.money import UNLIMITED
from syncd.model.path import DELETED, Kind, field_of
from syncd.store.accounts import Accounts, Wanted
from syncd.store.reports import KnownAccount

_SETTING: Final = re.compile(r'((?:[^="]|"[^"]*")+)=(.*)', re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the command line says."""

    account: str | None
    campaign: str | None
    create: bool
    delete: bool
    values: tuple[str, ...]
    expect: tuple[str, ...]
    file: str | None
    key: str | None
    policy: str | None
    not_before: str | None
    expires_at: str | None
    reason: str | None
    requester: str | None
    dry_run: bool


class BadArgument(UsageError):
    """An argument cannot be used; the message shows it with the wrong part marked."""

    def __init__(self, complaint: Complaint, argument: str, part: str) -> None:
        column = argument.rfind(part) if part else len(argument)
        mark = " " * (column + 2) + "^" * max(1, len(part))
        text = f"{complaint.text}\n  {argument}\n{mark}"
        super().__init__(text, remedy=complaint.remedy, code=complaint.code)


async def queue(choices: Choices, order: Order) -> int:
    """Queue what the order says. Raises UsageError, FileProblems or Refused; then nothing was
    queued."""
    given = (order.account, order.campaign, *order.values, order.create, order.delete)
    if (order.file is None) == (not any(given)):
        raise UsageError(
            "give either an account, a campaign and --set, or --from", remedy="syncd enqueue --help"
        )
    async with opened(choices) as here:
        here.screen.refuse_csv("queueing")
        if order.file is not None and order.policy is not None:
            raise UsageError(
                "--policy is for a single change", remedy="give the file a column: policy"
            )
        if order.file is not None:
            return await _from_file(here, order, order.file)
        return await _one(here, order)


async def _one(here: Opened, order: Order) -> int:
    wanted = _wanted(order)
    known = await _known(here, {wanted.account})
    found = list(complaints(wanted, known)) or await _unknown_campaign(here, known, wanted)
    if not found:
        try:
            await _finish(here, order, [wanted])
        except Refused:
            found = (await _refused(here, [wanted], known)).get(0, [])
            if not found:
                raise
    for complaint in found[:-1]:
        here.screen.problem(_bad_argument(complaint, order))
    if found:
        raise _bad_argument(found[-1], order)
    return OK


async def _from_file(here: Opened, order: Order, file: str) -> int:
    reading = read_rows("stdin" if file == "-" else file, _bytes(file))
    found = list(entries(reading, order.requester or person()))
    known = await _known(here, {entry.wanted.account for entry in found})
    problems, good = list(reading.problems), []
    for entry in found:
        wrong = list(complaints(entry.wanted, known))
        problems += [_finding(reading.file, entry, one) for one in wrong]
        if not wrong:
            good.append(entry)
    wanted = [entry.wanted for entry in good]
    if not problems:
        try:
            await _finish(here, order, wanted)
        except Refused as error:
            if not error.refusals:
                raise
        else:
            return OK
    # What the queue itself would refuse is told in the same breath.
    lines = [entry.line for entry in good]
    for index, refused in (await _refused(here, wanted, known, lines)).items():
        problems += [_finding(reading.file, good[index], one) for one in refused]
    raise FileProblems(problems)


async def _refused(
    here: Opened,
    wanted: Sequence[Wanted],
    known: Mapping[str, KnownAccount],
    lines: Sequence[int] = (),
) -> dict[int, list[Complaint]]:
    """Why the queue refuses updates, by their place; `lines` are theirs, where they come from a
    file. It gives one reason for each, so that of several paths every one is asked about alone as
    well, where its value says nothing of another's."""
    accounts = Accounts(here.database)
    refusals = await accounts.check(wanted)
    beside = await taken_inside(accounts, wanted, refusals)
    found = {
        one.index: [
            shared(wanted[one.index], lines[beside[one.index]])
            if one.index in beside
            else _complaint(one, wanted[one.index], known)
        ]
        for one in refusals
    }
    alone = [
        (index, replace(wanted[index], patch={path: value}, expect=None, key=None))
        for index in found
        for path, value in wanted[index].patch.items()
        if wanted[index].campaign is not None and value != UNLIMITED
    ]
    for one in await accounts.check([single for _, single in alone]):
        index, single = alone[one.index]
        complaint = _complaint(one, single, known)
        if complaint not in found[index]:
            found[index].append(complaint)
    return found


def _complaint(refusal: Refusal, wanted: Wanted, known: Mapping[str, KnownAccount]) -> Complaint:
    path = path_of(refusal.message, wanted.patch)
    account = known.get(wanted.account)
    field = field_of(account.fields.values(), path) if account and path else None
    code = "cap" if refusal.code == "amount" else refusal.code
    if code == "value" and field is not None and field.kind is Kind.AMOUNT:
        code = "amount"
    return Complaint(code=code, text=refusal.message, remedy=refusal.remedy, path=path)


def _finding(file: str, entry: Entry, complaint: Complaint) -> Problem:
    line = entry.lines.get(complaint.path or "", entry.line)
    return finding(file, line, complaint.code, complaint.text, complaint.remedy)


async def _finish(here: Opened, order: Order, wanted: Sequence[Wanted]) -> None:
    """Queue, or only check, and tell."""
    if order.dry_run:
        refusals = await Accounts(here.database).check(wanted)
        if refusals:
            first = refusals[0]
            raise Refused(first.message, remedy=first.remedy, refusals=refusals)
        tell(here.screen, Queued(rows=(), since=await here.reports.now(), checked=len(wanted)))
        return
    since = await here.reports.now()
    ids = await Accounts(here.database).enqueue(wanted)
    rows = await here.reports.acted_on(ids)
    others = sorted(set(ids) - {row["id"] for row in rows})
    tell(here.screen, Queued(rows=tuple(rows), since=since, others=tuple(others)))


async def _known(here: Opened, names: set[str]) -> dict[str, KnownAccount]:
    """The accounts of the database; those configured that no pass has made known yet are made known
    now."""
    known = await here.reports.known_accounts()
    configured = {account.name for account in here.config.accounts}
    if names - known.keys() and configured - known.keys():
        await here.introduce()
        known = await here.reports.known_accounts()
    return known


async def _unknown_campaign(
    here: Opened, known: Mapping[str, KnownAccount], wanted: Wanted
) -> list[Complaint]:
    """The queue refuses an id that a complete pull did not show; here it is said with the id that
    was meant."""
    account = known[wanted.account]
    if wanted.campaign is None or account.complete_at is None:
        return []
    try:
        if await here.reports.campaign(wanted.account, wanted.campaign):
            return []
        near = await here.reports.near_campaigns(wanted.account, wanted.campaign)
    except MissingRight:  # the queue says it in its own words
        return []
    meant = did_you_mean(wanted.campaign, near)
    return [
        Complaint(
            code="campaign",
            text=f'unknown campaign "{shown(wanted.campaign)}" in account {wanted.account}{meant}',
            remedy=f"near: {', '.join(near)}"
            if near
            else f"see: syncd campaigns list --account {wanted.account}",
        )
    ]


def _wanted(order: Order) -> Wanted:
    _check_use(order)
    patch = {DELETED: "true"} if order.delete else _settings("--set", order.values)
    return Wanted(
        account=order.account or "",
        campaign=order.campaign,
        patch=patch,
        expect=_settings("--expect", order.expect) or None,
        key=order.key,
        policy=order.policy,
        not_before=None if order.not_before is None else _time("--not-before", order.not_before),
        expires_at=None if order.expires_at is None else _time("--expires-at", order.expires_at),
        requester=order.requester or person(),
        reason=order.reason,
    )


def _check_use(order: Order) -> None:
    """Refuse what names too much or too little. Raises UsageError."""
    if order.create and order.delete:
        raise UsageError("--create and --delete exclude each other", remedy="give one of them")
    if order.create and order.campaign:
        raise UsageError(
            "a new campaign has no id yet", remedy="leave the id out, or --create to change it"
        )
    if order.delete and order.values:
        raise UsageError(
            "--delete stands alone: nothing else is changed on the way", remedy="leave --set out"
        )
    if not order.account or not (order.campaign or order.create):
        raise UsageError(
            "an account and a campaign are needed",
            remedy="such as: syncd enqueue criteo-eu 99999 --set budget.daily=120.50",
        )
    if not order.values and not order.delete:
        raise UsageError(
            "what to change is not said: at least one --set is needed",
            remedy="such as: --set budget.daily=120.50",
        )


def _settings(option: str, given: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in given:
        match = _SETTING.fullmatch(text)
        if match is None:
            raise UsageError(
                f'{option} "{shown(text)}" is not PATH=VALUE',
                remedy=f"such as {option} budget.daily=120.50",
            )
        path, value = match[1].strip(), match[2].strip()
        if path in found:
            raise UsageError(f"{option} gives {shown(path)} twice", remedy="give each path once")
        found[path] = written(value)
    return found


def _time(option: str, text: str) -> dt.datetime:
    try:
        return when(text)
    except NoTime as error:
        raise UsageError(
            f"{option}: {error}",
            remedy="write date, time and zone, such as 2026-11-30T09:00:00+01:00",
        ) from None


def _bad_argument(complaint: Complaint, order: Order) -> UsageError:
    """The complaint with the argument that it is about."""
    for text in order.values:
        match = _SETTING.fullmatch(text)
        if complaint.path is not None and match and match[1].strip() == complaint.path:
            part = match[1] if complaint.code == "path" else match[2]
            return BadArgument(complaint, f"--set {shown(text)}", shown(part.strip()))
    return UsageError(complaint.text, remedy=complaint.remedy, code=complaint.code)


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror or error}", remedy="check the path and its rights"
        ) from error
