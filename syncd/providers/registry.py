"""Which providers there are, what each can do, and how one account's adapter is built. The only
module that knows every adapter; those of others come by entry point."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from syncd.config import catalogue
from syncd.errors import ConfigError
from syncd.model.listing import Capabilities
from syncd.ports import Provider
from syncd.providers import criteo, epom, icas, pai, voipbin
from syncd.providers.settings import Scope, Settings

__all__ = ["Scope", "Settings", "capabilities", "names", "opened"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """How one provider's adapter is made, and what it can do by dialect and scope."""

    build: Callable[[Settings], Any]
    capabilities: Callable[[str, Scope], Capabilities]


_BUILT_IN: Final = {
    "criteo": Adapter(build=criteo.Criteo, capabilities=criteo.capabilities),
    "epom": Adapter(build=epom.Epom, capabilities=epom.capabilities),
    "icas": Adapter(build=icas.Icas, capabilities=icas.capabilities),
    "pai": Adapter(build=pai.Pai, capabilities=pai.capabilities),
    "voipbin": Adapter(build=voipbin.Voipbin, capabilities=voipbin.capabilities),
}


def names() -> tuple[str, ...]:
    """Every provider that an account can have, those of other packages included."""
    return tuple(sorted(catalogue.registrations()))


def capabilities(provider: str, dialect: str, scope: Scope) -> Capabilities:
    """What the adapter of this name can do, without building one. Raises ConfigError."""
    return _adapter(provider).capabilities(dialect, scope)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Provider]:
    """The adapter of one account with its connections. Raises ConfigError for a provider or a
    base_url that cannot be used."""
    async with _adapter(settings.provider).build(settings) as adapter:
        yield adapter


def _adapter(provider: str) -> Adapter:
    if provider in _BUILT_IN:
        return _BUILT_IN[provider]
    found = catalogue.registrations().get(provider)
    if found is None or found.open is None or found.capabilities is None:
        raise ConfigError(
            f'there is no provider "{provider}"', remedy=f"choose one of {', '.join(names())}"
        )
    return Adapter(build=found.open, capabilities=found.capabilities)
