"""The exact request of each call that changes pricing at Epom: path, headers and bytes. Pure; the
proof of who sends it goes into the query elsewhere, so that the body is what is asked and no
more."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlencode

from syncd.model.call import WriteCall, WriteItem
from syncd.model.money import canonical
from syncd.model.path import key_of
from syncd.providers.epom import writes
from syncd.providers.epom.checks import OPTIONAL, flaw
from syncd.providers.epom.rows import ACTION, ACTIONS, COUNTRY, GB, LISTED, UK

ACCEPT: Final[Mapping[str, str]] = {"Accept": "application/json"}

_FORM: Final = "application/x-www-form-urlencoded"
_FILE_NAME: Final = "prices.csv"
# The documents call the file's part by two names; the provider's own client uses the second.
_PARTS: Final = {"documented": "countryPricing", "current": "countryPrices"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One request below the host, without its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: ACCEPT)
    body: bytes = b""


def form(call: WriteCall, dialect: str) -> Form:
    """The request of a call."""
    (item,) = call.items
    pricing = f"{campaign_path(item.external_id)}/pricing"
    match call.operation:
        case writes.UPDATE:
            return _post(f"{pricing}.do", _base(item))
        case writes.COUNTRIES:
            price = next(iter(item.changes.values()))
            return _post(_by_country(pricing, item), {"price": _figure(price)})
        case writes.BATCH:
            return _upload(f"{pricing}/batch.do", _csv(item), _PARTS[dialect])
        case writes.ACTIONS:
            path = f"{campaign_path(item.external_id)}/campaignPricing/actionPricing.do"
            return _post(path, _action(item))
        case writes.DISABLE_COUNTRIES:
            return Form(method="DELETE", path=_by_country(pricing, item))
        case _:
            return Form(method="DELETE", path=f"{pricing}.do")


def campaign_path(external_id: str) -> str:
    """Where a campaign is; to be ended."""
    return f"/rest-api/campaign/{quote(external_id, safe='')}"


def _post(path: str, fields: Mapping[str, str]) -> Form:
    return Form(
        method="POST",
        path=path,
        headers={**ACCEPT, "Content-Type": _FORM},
        body=urlencode(fields).encode(),
    )


def _base(item: WriteItem) -> dict[str, str]:
    """All three that are required, and of the rest what is asked or known, so that nothing falls
    back to a default. What Epom shows and would not take (a click rate of 0 is none) stays away."""
    wanted = {**item.remote, **item.changes}
    fields = {
        "price": _figure(wanted["price.amount"]),
        "paymentModel": "FIXED_PRICE",
        "pricingType": wanted["price.type"] or "",
    }
    for path, name in OPTIONAL.items():
        if path in wanted and flaw(path, wanted[path]) is None:
            fields[name] = _figure(wanted[path])
    return fields


def _action(item: WriteItem) -> dict[str, str]:
    """An action is named as Epom shows it, by key and name; one that it does not show, by its
    key."""
    ((path, price),) = item.changes.items()
    key = key_of(ACTION, path) or ""
    shown = json.loads(item.remote.get(f"native.{ACTIONS}") or "{}")
    return {"price": _figure(price), **shown.get(key, {"actionKey": key})}


def _by_country(pricing: str, item: WriteItem) -> str:
    codes = ", ".join(key_of(COUNTRY, path) or "" for path in item.changes)
    return f"{pricing}/{quote(codes, safe='')}.do"


def _csv(item: WriteItem) -> bytes:
    """The changed prices and all others that are known: right whether the file replaces the prices
    that it does not name, or leaves them."""
    prices = _by_code(item.changes)
    prices |= {code: price for code, price in _others(item).items() if code not in prices}
    content = io.StringIO()
    table = csv.writer(content, lineterminator="\n")
    table.writerow(("Country", "Price"))
    table.writerows((code, _figure(price)) for code, price in prices.items())
    return content.getvalue().encode()


def _others(item: WriteItem) -> dict[str, str]:
    """The prices that are known, one for each country: UK and GB are one, unless Epom lists
    both."""
    known, changed = _by_code(item.remote), _by_code(item.changes)
    if not {UK, GB} <= set((item.remote.get(COUNTRY) or "").split(LISTED)):
        if UK in changed or GB in changed:
            known = {code: price for code, price in known.items() if code not in (UK, GB)}
        elif GB in known:
            known.pop(UK, None)
    return dict(sorted(known.items()))


def _by_code(values: Mapping[str, str | None]) -> dict[str, str]:
    found = ((key_of(COUNTRY, path), price) for path, price in values.items())
    return {code: price for code, price in found if code is not None and price is not None}


def _upload(path: str, content: bytes, part: str) -> Form:
    """The boundary comes from the content: the same file is the same bytes."""
    boundary = f"syncd-{hashlib.sha256(content).hexdigest()[:32]}"
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{part}"; filename="{_FILE_NAME}"\r\n'
        "Content-Type: text/csv; charset=utf-8\r\n\r\n"
    )
    return Form(
        method="POST",
        path=path,
        headers={**ACCEPT, "Content-Type": f"multipart/form-data; boundary={boundary}"},
        body=head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
    )


def _figure(value: str | None) -> str:
    """A number's text without exponent and trailing zeros."""
    return canonical(Decimal(value or ""))
