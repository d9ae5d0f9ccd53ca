"""The kit that proves an adapter: one suite of checks over any provider, against a running server
that plays its other end. Knows adapters and values only, neither the database nor the passes."""

from syncd.conformance.bench import Bench, BenchFailed, Told, running
from syncd.conformance.check import Check
from syncd.conformance.ending import Outcome, Result
from syncd.conformance.stand import Subject
from syncd.conformance.suite import CHECKS, VALUES, checked, checked_at

__all__ = [
    "CHECKS",
    "VALUES",
    "Bench",
    "BenchFailed",
    "Check",
    "Outcome",
    "Result",
    "Subject",
    "Told",
    "checked",
    "checked_at",
    "running",
]
