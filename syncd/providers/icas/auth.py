"""Access tokens of five minutes for a refresh token, which may be another one after every use: the
newest is in the vault before the access token that came with it serves anybody. Knows no calls but
those to the token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from yarl import URL

from syncd.errors import AuthFailed, BadAnswer, ConfigError, ProviderError, SyncdError
from syncd.ports import Vault
from syncd.providers.auth import Grants, Token, grant_error
from syncd.providers.settings import Settings
from syncd.providers.transport import Answer, Transport

AUTHORIZE: Final = "let the seller consent again: syncd accounts authorize"
_LIFETIME: Final = 300.0


class GrantRefused(AuthFailed):
    """The provider does not take this refresh token or code, or no longer."""


def oauth(base_url: str, path: str) -> str:
    """An address below the provider's OAuth root; that hangs off the host, not off the API."""
    return f"{URL(base_url).origin()}/accounts/oauth/{path}"


class RefreshTokens(Grants):
    """The tokens of one seller. The configured refresh token stands in only until the vault holds
    one."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        super().__init__(
            transport,
            settings.limits,
            url=oauth(settings.base_url, "token"),
            credentials=settings.credentials,
            lifetime=_LIFETIME,
        )
        if settings.vault is None:
            raise ConfigError(
                "refresh tokens of ICAS need a place to be kept in",
                remedy="set service.token_key",
                code="token-key",
            )
        self._vault: Vault = settings.vault
        self._unkept: tuple[str | None, str] | None = None
        """What the vault held, and the refresh token that could not be stored there since."""

    async def ask(self) -> Token:
        held, used = await self._newest()
        try:
            return await self._refresh(held, used)
        except GrantRefused:
            newer = await self._load()
            if newer is None or newer == used:
                raise
            return await self._refresh(newer, newer)  # another process was quicker

    async def exchange(self, code: str, redirect_uri: str) -> None:
        """Keep the refresh token that a consent's code is worth. A code serves once, so that
        nothing is tried again. Raises ProviderError."""
        self.keep(code)
        client = self.client()
        held = await self._load()
        form = {"grant_type": "authorization_code", "code": code, **client}
        _, told = await self.grant({**form, "redirect_uri": redirect_uri})
        if not await self._keep_new(held, told):
            raise BadAnswer("the consent gave no refresh token", remedy=AUTHORIZE, status=200)

    async def refusal(self, answer: Answer) -> ProviderError:
        """The error for a token call that was not answered with 200."""
        error, text = grant_error(answer.body)
        if error == "invalid_grant":
            said = f"the provider takes the seller's consent no longer{self.hide(text)}"
            return GrantRefused(said, remedy=AUTHORIZE, status=answer.status)
        return await super().refusal(answer)

    async def _newest(self) -> tuple[str | None, str]:
        """What the vault holds, and the refresh token to use."""
        held = await self._load()
        if self._unkept is not None:
            before, fresh = self._unkept
            if before == held:
                await self._store(held, fresh)
                return fresh, fresh
            self._unkept = None  # another process has stored a newer one
        given = self._credentials()
        self.keep(*(value for key, value in given.items() if key != "client_id"))
        found = held or given.get("refresh_token")
        if not found:
            raise AuthFailed("no refresh token is known for this account", remedy=AUTHORIZE)
        return held, found

    async def _refresh(self, held: str | None, refresh_token: str) -> Token:
        client = self.client()
        self.keep(refresh_token)
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **client}
        token, told = await self.grant(form)
        if not await self._keep_new(held, told):
            await self._store(held, refresh_token)  # so that its last use is known
        return token

    async def _keep_new(self, held: str | None, told: Mapping[str, Any]) -> bool:
        """Whether the answer had a refresh token; if so, it is in the vault."""
        fresh = told.get("refresh_token")
        if fresh is None:
            return False
        if not isinstance(fresh, str) or not fresh:
            raise BadAnswer("the token call gave HTTP 200 and no usable refresh_token", status=200)
        self.keep(fresh)
        await self._store(held, fresh)
        return True

    async def _store(self, held: str | None, fresh: str) -> None:
        self._unkept = (held, fresh)
        try:
            await self._vault.store(fresh)
        except SyncdError as error:
            said = f"the new refresh token could not be kept: {self.hide(error.message)}"
            raise ProviderError(said, remedy=error.remedy, code=error.code) from error
        self._unkept = None

    async def _load(self) -> str | None:
        try:
            return await self._vault.load()
        except ConfigError as error:  # sealed with another key
            raise AuthFailed(error.message, remedy=error.remedy) from error
