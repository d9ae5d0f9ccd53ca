"""Epom: the pricing of campaigns, on the network's own host."""

from syncd.providers.epom.adapter import Epom
from syncd.providers.epom.offer import capabilities

__all__ = ["Epom", "capabilities"]
