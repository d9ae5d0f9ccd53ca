"""How requests to PAI prove who sends them: an API key as a bearer token, or an access key with the
signature ACS3-HMAC-SHA256. Reads no configuration; whoever builds a signer hands in where the
secrets are."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote

from yarl import URL

from syncd import timing
from syncd.errors import AuthFailed
from syncd.providers.redaction import redact, visible
from syncd.providers.settings import Credentials
from syncd.providers.transport import Request

VERSION: Final = "2022-01-12"
ALGORITHM: Final = "ACS3-HMAC-SHA256"
ACTIONS: Final = {
    "GET campaigns": "ListCampaigns",
    "GET campaign": "GetCampaign",
    "POST campaigns": "CreateCampaign",
    "PUT campaign": "UpdateCampaign",
    "DELETE campaign": "DeleteCampaign",
}
_HIDDEN: Final = 8
_PLAIN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)
_REMEDY: Final = "set it under the account's `credentials`"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessKey:
    """An access key; `token` stands beside a temporary one."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class _Static:
    """A credential that lives until somebody revokes it: nothing fetches another."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._secrets: tuple[str, ...] = ()

    def serves(self, _key: object, _need: float) -> bool:
        return True

    def drop(self, _key: object) -> bool:
        return False

    def conceal(self, text: str) -> str:
        """The text without this account's secrets, else as it is."""
        return redact(text, self._secrets)

    def hide(self, text: str) -> str:
        """A provider's text, fit to be shown: without this account's secrets, in one line."""
        return visible(self.conceal(text))

    def _given(self, *keys: str, optional: tuple[str, ...] = ()) -> dict[str, str]:
        """The credentials as they are configured now. What was used is hidden from then on."""
        given = self._credentials()
        found = {key: given[key] for key in (*keys, *optional) if given.get(key)}
        fresh = tuple(secret for secret in found.values() if secret not in self._secrets)
        self._secrets = (*fresh, *self._secrets)[:_HIDDEN]
        for key in keys:
            if key not in found:
                raise AuthFailed(f"no {key} is configured", remedy=_REMEDY)
        for key, value in found.items():
            if not _PLAIN.fullmatch(value):
                raise AuthFailed(f"{key} has characters that no header takes", remedy=_REMEDY)
        return found


class BearerKey(_Static):
    """`Authorization: Bearer` with the account's API key."""

    async def get(self, need: float = 0.0) -> str:  # noqa: ARG002 (a key that does not end)
        """The API key as it is configured now."""
        return self._given("api_key")["api_key"]

    def sign(self, request: Request, key: str) -> Request:
        """The request with its bearer key."""
        headers = {**request.headers, "Authorization": f"Bearer {key}"}
        return dataclasses.replace(request, headers=headers)


class AccessKeySigner(_Static):
    """A signature over the whole request, with a nonce and a time of its own for every send."""

    async def get(self, need: float = 0.0) -> AccessKey:  # noqa: ARG002 (a key that does not end)
        """The access key as it is configured now."""
        found = self._given("access_key_id", "access_key_secret", optional=("security_token",))
        return AccessKey(
            id=found["access_key_id"],
            secret=found["access_key_secret"],
            token=found.get("security_token"),
        )

    def sign(self, request: Request, key: AccessKey) -> Request:
        """The request with what the signature covers, and the signature."""
        now = timing.wall_clock()
        headers = unsigned_headers(request, key, now, secrets.token_hex(16))
        headers["Authorization"] = authorization(request, headers, key)
        return dataclasses.replace(request, headers=headers)


def unsigned_headers(
    request: Request, key: AccessKey, now: dt.datetime, nonce: str
) -> dict[str, str]:
    """All headers of a request but the signature. `now` is UTC; a nonce is used once."""
    headers = {
        "accept": "application/json",
        "host": URL(request.url, encoded=True).authority,
        "x-acs-action": ACTIONS[request.operation],
        "x-acs-version": VERSION,
        "x-acs-date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": hashlib.sha256(request.body).hexdigest(),
    }
    if request.body:
        headers["content-type"] = "application/json; charset=utf-8"
    if key.token is not None:
        headers["x-acs-accesskey-id"] = key.id
        headers["x-acs-security-token"] = key.token
    return headers


def authorization(request: Request, headers: Mapping[str, str], key: AccessKey) -> str:
    """The `Authorization` of a request with these headers, all of which it covers."""
    covered = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(covered))
    url = URL(request.url, encoded=True)
    canonical = "\n".join(
        [
            request.method,
            url.raw_path or "/",
            _query(url.raw_query_string),
            "".join(f"{name}:{covered[name]}\n" for name in sorted(covered)),
            names,
            covered["x-acs-content-sha256"],
        ]
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key.id},SignedHeaders={names},Signature={signature}"


def _query(raw: str) -> str:
    pairs = sorted(parse_qsl(raw, keep_blank_values=True))
    return "&".join(
        f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in pairs
    )
