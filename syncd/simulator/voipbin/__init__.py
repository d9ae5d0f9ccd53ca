"""The simulated VoIPBIN. It knows its provider's documents and the server's interface to a
service."""

from syncd.simulator.voipbin.service import Voipbin

__all__ = ["Voipbin"]
