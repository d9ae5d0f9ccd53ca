"""A seller's consent from the outside: the address to open in a browser, what comes back in the
redirect, and the refresh token that this is worth. Knows no terminal and no listener."""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from syncd.errors import UsageError
from syncd.providers.calls import open_transport
from syncd.providers.icas.auth import RefreshTokens, oauth
from syncd.providers.redaction import visible
from syncd.providers.settings import Settings

SCOPE: Final = "api_ro api_rw"
_AGAIN: Final = "begin again: syncd accounts authorize"
_LONGEST: Final = 300


def authorize_address(base_url: str, client_id: str, redirect_uri: str, state: str) -> str:
    """Where the seller consents. `state` is a new secret of ours, which the redirect must bring
    back."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "scope": SCOPE,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{oauth(base_url, 'authorize')}?{urlencode(query)}"


def code_of(redirect: str, state: str) -> str:
    """The code in the address that the browser was sent back to. Raises UsageError for one that is
    not the answer to this `state`, and for a consent that was not given."""
    try:
        query = parse_qs(urlsplit(redirect).query, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise UsageError("the redirect cannot be read", remedy=_AGAIN) from error

    def word(name: str) -> str:
        given = query.get(name, [])
        return given[0] if len(given) == 1 else ""

    if not state or not hmac.compare_digest(word("state").encode(), state.encode()):
        raise UsageError("the redirect does not belong to this consent", remedy=_AGAIN)
    if "error" in query:
        said = ": ".join(filter(None, (word("error"), word("error_description"))))
        raise UsageError(
            f"the provider gave no consent: {visible(said, _LONGEST)}",
            remedy="sign in there as the seller, allow the access, and " + _AGAIN,
        )
    if not word("code"):
        raise UsageError("the redirect brings no code", remedy=_AGAIN)
    return word("code")


async def exchange(settings: Settings, code: str, redirect_uri: str) -> None:
    """Turn a code into a refresh token in the account's vault. Raises ProviderError."""
    transport = open_transport(settings)
    tokens = RefreshTokens(settings, transport)
    async with transport:
        await tokens.exchange(code, redirect_uri)


async def refresh(settings: Settings) -> None:
    """Use the account's refresh token once: unused for 60 days it would die. Raises
    ProviderError."""
    transport = open_transport(settings)
    tokens = RefreshTokens(settings, transport)
    async with transport:
        await tokens.get()
