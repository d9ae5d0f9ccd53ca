"""VoIPBIN: campaigns that call people. A start costs money with every call that it makes."""

from syncd.providers.voipbin.adapter import Voipbin
from syncd.providers.voipbin.offer import capabilities

__all__ = ["Voipbin", "capabilities"]
