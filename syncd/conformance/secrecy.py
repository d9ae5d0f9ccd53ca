"""Checks that no secret of the account stands in anything that an adapter says to people."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from syncd.conformance.check import check
from syncd.conformance.ending import NotApplicable, counted, demand
from syncd.conformance.listing import pulled
from syncd.conformance.paging import pulled_first
from syncd.conformance.rehearsal import rehearsed, sample
from syncd.conformance.sending import send
from syncd.conformance.stand import Stand
from syncd.errors import ProviderError

# What names an account without opening it.
_NO_SECRET: Final = re.compile(r"username|.*_id")
_SHORTEST: Final = 4
_SHAPES: Final = 4


@check("secrets/told")
async def told(stand: Stand) -> str:
    """A provider that repeats the account's secrets in its answers does not get them shown: in no
    error, no verdict, no note and no event of the whole run."""
    secrets = await _secrets(stand)
    if not secrets:
        raise NotApplicable("the bench's credentials have no secret among them")
    for number in range(_SHAPES):
        for status in (400, 401, 403, 500, 200):
            secrets |= await _asked(stand, number, status)
    shown = [text for text in stand.said for secret in secrets if secret in text]
    demand([f'a secret stands in "{_masked(text, secrets)}"' for text in shown])
    return f"{counted(len(stand.said), 'text')} without {counted(len(secrets), 'secret')}"


async def _secrets(stand: Stand) -> set[str]:
    """What opens the account now; what the vault has replaced opens nothing any more."""
    known = stand.settings().credentials()
    kept = await stand.bench.drawer.load()
    replaced = {
        key for way in stand.registration.ways(stand.dialect) for key in way.optional if kept
    }
    found = {
        value
        for key, value in known.items()
        if key not in replaced and not _NO_SECRET.fullmatch(key) and len(value) >= _SHORTEST
    }
    return found if kept is None else found | {kept}


async def _asked(stand: Stand, shape: int, status: int) -> set[str]:
    """A listing and a write to which the provider answers so; returns the secrets in the answer."""
    rehearsal = await rehearsed(stand)
    admin = stand.bench.admin
    async with stand.adapter() as adapter:
        await pulled_first(adapter)
        secrets = await _secrets(stand)
        params = {"status": status, "body": _repeating(" ".join(sorted(secrets)))[shape]}
        for way in [*rehearsal.ways.values()][:1]:
            found = await sample(stand, rehearsal, way.label)
            if found is not None:
                await admin.arm("status", operation=way.at, **params)
                await send(stand, adapter, found.call)
                await admin.act("faults/clear")
        await admin.arm("status", count=None, **params)
        pull = await pulled(adapter)
        notes = [note for page in pull.pages for note in page.notes]
        stand.hear(*notes, *(row.message for row in pull.bad), *_of_error(pull.error))
        await admin.act("faults/clear")
    return secrets


def _of_error(error: ProviderError | None) -> Sequence[str | None]:
    if error is None:
        return ()
    return (str(error), error.message, error.remedy, error.code, error.trace_id)


def _repeating(secret: str) -> list[Any]:
    """Answers in which a secret stands wherever a provider could put it."""
    said = f"the key {secret} is refused"
    problem = dict.fromkeys(
        ("message", "Message", "detail", "title", "text", "error_description"), said
    )
    ids = dict.fromkeys(("RequestId", "request_id", "traceId", "traceIdentifier"), secret)
    codes = dict.fromkeys(("code", "Code", "reason", "status"), secret)
    entry = {**problem, **ids, **codes, "success": False, "ErrorCode": 500}
    return [
        {**entry, "error": entry, "errors": [entry], "data": [], "result": None},
        [{**entry, "code": 2000}],
        f"<html>{said}</html>",
        json.dumps({secret: said, "success": False}),
    ]


def _masked(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text[:200]


CHECKS: Final = (told,)
