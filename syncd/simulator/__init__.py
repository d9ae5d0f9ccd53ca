"""Simulated providers: servers that speak the providers' protocols over made-up campaigns, for the
demo and as the judge of the tests. Nothing in here imports any other part of syncd."""

from syncd.simulator.journal import Arrival, Item, Journal, read_journal
from syncd.simulator.process import serve
from syncd.simulator.rate import parse_rate
from syncd.simulator.server import PROVIDERS, Simulator
from syncd.simulator.settings import Settings, of_each

__all__ = [
    "PROVIDERS",
    "Arrival",
    "Item",
    "Journal",
    "Settings",
    "Simulator",
    "of_each",
    "parse_rate",
    "read_journal",
    "serve",
]
