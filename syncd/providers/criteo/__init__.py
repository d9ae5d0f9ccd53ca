"""Criteo Marketing Solutions: campaigns and their spend limits."""

from syncd.providers.criteo.adapter import Criteo, capabilities

__all__ = ["Criteo", "capabilities"]
