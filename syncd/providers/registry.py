"""Which providers there are, what each can do, and how one account's adapter is built. The only
module that knows every adapter."""

from __future__ import annotations

from typing import Final

from syncd.errors import ConfigError
from syncd.ports import Capabilities
from syncd.providers.criteo import CAPABILITIES as CRITEO_CAPABILITIES
from syncd.providers.criteo import Criteo
from syncd.providers.settings import Settings

__all__ = ["PROVIDERS", "Settings", "build", "capabilities"]

_ADAPTERS: Final = {"criteo": (Criteo, CRITEO_CAPABILITIES)}

PROVIDERS: Final = tuple(sorted(_ADAPTERS))


def capabilities(provider: str) -> Capabilities:
    """What the adapter of this name can do, without building one. Raises ConfigError."""
    return _adapter(provider)[1]


def build(settings: Settings) -> Criteo:
    """The adapter of one account, an async context that holds its connections. Raises ConfigError
    for a provider or a base_url that cannot be used."""
    return _adapter(settings.provider)[0](settings)


def _adapter(provider: str) -> tuple[type[Criteo], Capabilities]:
    try:
        return _ADAPTERS[provider]
    except KeyError:
        raise ConfigError(
            f'there is no provider "{provider}"', remedy=f"choose one of {', '.join(PROVIDERS)}"
        ) from None
