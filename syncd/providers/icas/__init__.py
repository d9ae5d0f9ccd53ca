"""ICAS Sellside (campaigns v5): campaigns with a daily and a total budget."""

from syncd.providers.icas.adapter import Icas
from syncd.providers.icas.offer import capabilities

__all__ = ["Icas", "capabilities"]
