"""The owner's limits, which no configuration and no approval gets past. Anybody may read them; that
only the owner writes them is the database's own rule. It knows nothing of who asks."""

from __future__ import annotations

import contextlib
import datetime as dt
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from syncd.errors import ConfigError
from syncd.store.database import Database
from syncd.store.translation import login, shown_dsn

EVERY: Final = "*"
"""The path that stands for all of an account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cap:
    """The limits for one path of an account, or for all of it; None is no limit."""

    account: str
    path: str
    max_amount: Decimal | None
    max_factor: Decimal | None
    max_increase: Decimal | None
    activations: int | None
    set_by: str
    set_at: dt.datetime


class Caps:
    """The limits of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, account: str | None = None) -> list[Cap]:
        """The limits of an account, or of every one."""
        return [Cap(**row) for row in await self._database.rows("caps_list", account)]

    async def set(
        self, account: str, path: str, figures: Mapping[str, Decimal | int], requester: str | None
    ) -> None:
        """Change these figures and leave the others. Raises ConfigError for anybody but the
        owner."""
        given = {name: str(figure) for name, figure in figures.items()}
        with _as_the_owner(self._database.dsn):
            await self._database.run("cap_set", account, path, given, requester)

    async def remove(self, account: str, path: str) -> bool:
        """Take all figures back; returns whether there were any. Raises ConfigError for anybody
        but the owner."""
        with _as_the_owner(self._database.dsn):
            return bool(await self._database.value("cap_remove", account, path))


@contextlib.contextmanager
def _as_the_owner(dsn: str) -> Iterator[None]:
    """Tell a missing right for what it is here."""
    try:
        yield
    except ConfigError as error:
        if error.code != "missing-right":
            raise
        raise ConfigError(
            f"only the owner of the database sets caps, and {shown_dsn(dsn)} is not",
            remedy="name the owner in [database] owner_url; or let somebody who may grant it run: "
            f"syncd db grant owner {shlex.quote(login(dsn) or 'USER')}",
            code="missing-right",
        ) from error
