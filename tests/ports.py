"""Ports of this machine at which nobody listens, for whoever has to be told one beforehand."""

import socket
from random import SystemRandom

_UNASKED = range(20_000, 32_000)
"""Below those that a system hands out by itself: what asks for any port never gets one of them."""


def free_port() -> int:
    """Another one each time, whatever the seed of a test is."""
    while True:
        with socket.socket() as asked:
            try:
                asked.bind(("127.0.0.1", port := SystemRandom().choice(_UNASKED)))
            except OSError:
                continue
            return port
