"""The file as frozen values: the tables that stand there once, and the accounts. Only what one
value says alone is judged here; rules between values stand in `syncd.config.rules`."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from syncd.config import catalogue
from syncd.config.account import Account
from syncd.config.provided import account_model
from syncd.config.tables import (
    Duration,
    Flag,
    FolderPath,
    ListenAddress,
    Name,
    PostgresUrl,
    Secret,
    Table,
    as_written,
)
from syncd.model.registration import Registration


class Database(Table):
    """Postgres by `url`, or `embedded` on this machine: one of the two. `owner_url` is for `syncd
    db upgrade`, `caps` and `grant`."""

    url: PostgresUrl | None = None
    owner_url: PostgresUrl | None = None
    embedded: Flag = False


class Service(Table):
    """The process itself: its name, its folder for state, where it listens, how long `sync` waits,
    and the key that refresh tokens are encrypted with in the database."""

    name: Name = "syncd"
    data_dir: FolderPath = as_written("var")
    listen: ListenAddress = as_written("127.0.0.1:8440")
    http_token: Secret | None = None
    token_key: Secret | None = None
    patience: Duration = as_written("60s")


def account_class(provider: object) -> type[Account]:
    """The class of a provider's accounts, the plain one where there is no such provider."""
    registration = catalogue.lookup(provider)
    return account_model(registration) if isinstance(registration, Registration) else Account


def _of_its_provider(
    value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> object:
    provider = value.get("provider") if isinstance(value, dict) else None
    shaped = account_class(provider)
    if shaped is Account:
        return handler(value)
    return shaped.model_validate(value, context=info.context)


_OfItsProvider = Annotated[
    Account, WrapValidator(_of_its_provider), WithJsonSchema({"type": "object"})
]


class Config(Table):
    """The whole file with the environment's overrides."""

    database: Database = as_written({})
    service: Service = as_written({})
    accounts: tuple[_OfItsProvider, ...] = ()

    def account(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)
