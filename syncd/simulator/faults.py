"""Faults that can be armed in a simulated provider: once, several times or for good, for one
operation or for all, from the n-th match on. Every fault has a name and counts how often it took
effect. The kinds that need to know a provider's answers live beside that provider."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from syncd.simulator.exchange import Exchange, Stage

ANY = "*"


@dataclass(kw_only=True)
class Fault:
    """One armed fault."""

    name: str
    kind: str
    operation: str
    when: Stage
    nth: int
    """It takes effect from this match on, counted from 1."""
    count: int | None
    """How often it takes effect; None is for good."""
    params: dict[str, Any]
    seen: int = 0
    fired: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Opened by a release; each release puts a new one in its place."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_spent(self) -> bool:
        return self.count is not None and self.fired >= self.count

    def note_fired(self) -> None:
        self.fired += 1
        self._news.set()
        self._news = asyncio.Event()

    async def wait_fired(self, times: int = 1) -> None:
        """Return as soon as the fault has taken effect so many times."""
        while self.fired < times:
            await self._news.wait()

    def release(self) -> None:
        """Let everything that this fault holds go on."""
        self.gate.set()
        self.gate = asyncio.Event()

    def describe(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "operation": self.operation,
            "when": self.when.value,
            "nth": self.nth,
            "count": self.count,
            "params": {name: _exact(value) for name, value in self.params.items()},
            "seen": self.seen,
            "fired": self.fired,
        }


def _exact(value: Any) -> Any:
    """A float as the decimal that people wrote, for JSON."""
    return Decimal(str(value)) if isinstance(value, float) else value


def always(exchange: Exchange) -> bool:
    """The fault fits every exchange."""
    return exchange.arrival is not None


def when_accepted(exchange: Exchange) -> bool:
    """The fault fits only where the service is about to answer 200."""
    return exchange.reply is not None and exchange.reply.status == 200


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault: where it may happen, whom it fits, what it does."""

    act: Callable[[Exchange, Fault], Awaitable[None]]
    stages: tuple[Stage, ...]
    """Where it may happen; the first is the default."""
    fits: Callable[[Exchange], bool] = always
    prepare: Callable[[Exchange, Fault], None] | None = None
    """Called before anything is applied, for kinds that also steer what is applied."""


class Faults:
    """The armed faults of one simulator, in the order of their arming."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds
        self.armed: list[Fault] = []
        self._made = 0

    def arm(self, kind: str, operation: str = ANY, **options: Any) -> Fault:
        """Arm a fault; options are name, when, nth, count and the parameters of the kind.

        Raises ValueError for an unknown kind, stage or a name that is in use.
        """
        if kind not in self.kinds:
            raise ValueError(f"no fault is called {kind!r}; known: {', '.join(sorted(self.kinds))}")
        stages = self.kinds[kind].stages
        when = Stage(options.pop("when", stages[0]))
        if when not in stages:
            raise ValueError(f"{kind} cannot happen {when}; it can: {', '.join(stages)}")
        self._made += 1
        name = options.pop("name", f"{kind}-{self._made}")
        if any(fault.name == name for fault in self.armed):
            raise ValueError(f"a fault called {name!r} is armed already")
        fault = Fault(
            name=name,
            kind=kind,
            operation=operation,
            when=when,
            nth=options.pop("nth", 1),
            count=options.pop("count", 1),
            params=options,
        )
        self.armed.append(fault)
        return fault

    def named(self, name: str) -> Fault:
        """The armed fault of that name; raises KeyError."""
        for fault in self.armed:
            if fault.name == name:
                return fault
        raise KeyError(name)

    def clear(self, name: str | None = None) -> None:
        """Disarm one fault or all, and release what they hold."""
        for fault in [fault for fault in self.armed if name in {None, fault.name}]:
            fault.release()
            self.armed.remove(fault)

    def release(self, name: str | None = None) -> None:
        """Release what one fault holds, or all."""
        for fault in self.armed:
            if name in {None, fault.name}:
                fault.release()

    def match(self, operation: str) -> list[Fault]:
        """Count a new arrival and return the faults that may take effect on it."""
        matching = [fault for fault in self.armed if fault.operation in {ANY, operation}]
        for fault in matching:
            fault.seen += 1
        return [fault for fault in matching if fault.seen >= fault.nth and not fault.is_spent]

    async def fire(self, stage: Stage, matched: list[Fault], exchange: Exchange) -> None:
        """Let the matched faults of a stage take effect; raises Cut where one resets."""
        for fault in matched:
            kind = self.kinds[fault.kind]
            if fault.is_spent:
                continue
            if stage is Stage.BEFORE and kind.prepare is not None:
                kind.prepare(exchange, fault)
            if fault.when is stage and kind.fits(exchange):
                fault.note_fired()
                exchange.arrival.faults.append(fault.name)
                await kind.act(exchange, fault)
