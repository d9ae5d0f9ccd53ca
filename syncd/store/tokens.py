"""Credentials that change with their use, sealed with a key that the database never sees. Stored
durably before anybody may use them. Knows nothing of what they open."""

from __future__ import annotations

import datetime as dt

from cryptography.fernet import Fernet, InvalidToken

from syncd.errors import ConfigError, DatabaseUnavailable
from syncd.store.database import Database


class TokenVault:
    """Where one account's credential is kept between processes. Raises ConfigError for a key that
    is none."""

    def __init__(self, database: Database, account_id: int, key: str) -> None:
        self._database = database
        self._account_id = account_id
        try:
            self._seal = Fernet(key)
        except ValueError as error:
            raise ConfigError(
                "token_key is not 32 bytes in url-safe base64",
                remedy="make one: openssl rand -base64 32 | tr '+/' '-_'",
                code="bad-token-key",
            ) from error

    async def load(self) -> str | None:
        """The credential to use next, None where there is none yet. Raises ConfigError when it was
        sealed with another key."""
        sealed = await self._database.value("token_load", self._account_id)
        if sealed is None:
            return None
        try:
            return self._seal.decrypt(sealed).decode()
        except InvalidToken as error:
            raise ConfigError(
                "the stored credential was sealed with another token_key",
                remedy="set the token_key that was used before, or authorize the account again",
                code="wrong-token-key",
            ) from error

    async def store(self, secret: str) -> None:
        """Keep a new credential; it may be used only after this has returned. Raises
        DatabaseUnavailable when it is not certain that it was kept."""
        sealed = self._seal.encrypt(secret.encode())
        try:
            async with self._database.transaction() as session:
                await session.run("token_durable")
                await session.run("token_store", self._account_id, sealed)
        except DatabaseUnavailable:
            # The commit may have happened: every sealing differs from all others.
            if await self._database.value("token_load", self._account_id) != sealed:
                raise


async def idle_tokens(database: Database, unused_for: dt.timedelta) -> list[int]:
    """Numbers of the accounts whose credential has not been used for so long, the longest first."""
    return [row["account_id"] for row in await database.rows("tokens_idle", unused_for)]
