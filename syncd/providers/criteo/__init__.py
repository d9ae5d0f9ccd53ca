"""Criteo Marketing Solutions: campaigns and their spend limits."""

from syncd.providers.criteo.adapter import CAPABILITIES, Criteo

__all__ = ["CAPABILITIES", "Criteo"]
