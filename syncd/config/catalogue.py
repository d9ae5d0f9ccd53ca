"""What each provider asks of an account's configuration: one row per provider, with the keys of
its scope and credentials. A new provider is two small models and a row here. It knows nothing of
how they are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from syncd.config import values
from syncd.config.tables import Secret, Table, as_written

Identifiers = Annotated[
    tuple[str, ...],
    PlainValidator(values.identifiers),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
]


class CriteoScope(Table):
    """Which campaigns of the portfolio are the account's: those of `advertisers`, or all when it
    is empty."""

    advertisers: Identifiers = as_written([])


class CriteoCredentials(Table):
    """The two halves of an OAuth client-credentials grant."""

    client_id: Secret
    client_secret: Secret


Scope = CriteoScope
Credentials = CriteoCredentials


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderKeys:
    """A row: the provider's display name, its documented host, dialects and limit, the models of
    its own tables, written as in the file, and the credential key that tells one credential from
    another."""

    title: str
    host: str
    dialects: tuple[str, ...]
    limit: str
    scope: type[Scope]
    credentials: type[Credentials]
    identity: str


PROVIDERS: Final = {
    "criteo": ProviderKeys(
        title="Criteo",
        host="api.criteo.com",
        dialects=("documented",),
        limit="250/60s",
        scope=CriteoScope,
        credentials=CriteoCredentials,
        identity="client_id",
    ),
}
