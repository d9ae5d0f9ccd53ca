"""The simulated Criteo. It knows its provider's documents and the server's interface to a
service."""

from syncd.simulator.criteo.service import Criteo

__all__ = ["Criteo"]
