"""The stand of one run: the bench, the adapter under test opened as an account of it, and all that
the adapter said meanwhile. Knows no check."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from syncd.conformance.bench import Bench
from syncd.conformance.listing import pulled
from syncd.limiter import Limits
from syncd.model.listing import Capabilities
from syncd.model.registration import Registration
from syncd.ports import Provider
from syncd.providers import registry
from syncd.providers.settings import Settings

_TIMEOUT: Final = 20.0
_PATIENCE: Final = 5.0
_MANY_REQUESTS: Final = 50
_FEW_CAMPAIGNS: Final = 60

Opened = Callable[[Settings], AbstractAsyncContextManager[Provider]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is to be proved: a provider's adapter in one dialect. `opened` opens it."""

    registration: Registration
    dialect: str = "documented"
    opened: Opened = registry.opened

    @property
    def spoken(self) -> str | None:
        """The dialect that its bench has to be told; None where there is only one."""
        return self.dialect if len(self.registration.dialects) > 1 else None


@dataclass(kw_only=True)
class Stand:
    """The subject beside its bench. `values` is how many amounts are tried, `said` every text that
    the adapter gave for people, `notes` what one check found out for others, `listed_by` what the
    bench calls the requests of a listing, in their order."""

    subject: Subject
    bench: Bench
    capabilities: Capabilities
    values: int
    said: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    listed_by: list[str] = field(default_factory=list)
    _reader: Provider | None = None
    _seen: int = 0

    @property
    def registration(self) -> Registration:
        """Of the subject."""
        return self.subject.registration

    @property
    def dialect(self) -> str:
        """That the adapter under test speaks."""
        return self.subject.dialect

    @property
    def reader(self) -> Provider:
        """An adapter that stays open for the whole run, with which nothing goes wrong."""
        if self._reader is None:
            raise RuntimeError("the stand is not open")
        return self._reader

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[Self]:
        """Keep the reader open, and learn what a listing asks for."""
        async with self.adapter() as reader:
            self._reader = reader
            # An adapter that cannot even list fails its checks by name, not the run.
            with contextlib.suppress(Exception):
                await pulled(reader)
                await self.arrivals()
                await pulled(reader)
            self.listed_by = [one["operation"] for one in await self.arrivals()]
            await self._thin_out()
            yield self
        self._reader = None

    async def _thin_out(self) -> None:
        """Where a listing asks for campaigns one by one, most of them are taken out of sight: many
        a check lists them all."""
        if len(self.listed_by) > _MANY_REQUESTS:
            told = (await self.bench.admin.ask("truth"))["campaigns"]
            alive = [one["id"] for one in told if not one["is_removed"]]
            await self.bench.admin.act("remove", ids=alive[_FEW_CAMPAIGNS:])

    async def arrivals(self) -> list[dict[str, Any]]:
        """Every request that the bench saw since this was last asked."""
        seen: list[dict[str, Any]] = (await self.bench.admin.ask("journal", since=self._seen))[
            "arrivals"
        ]
        self._seen += len(seen)
        return seen

    def hear(self, *texts: str | None) -> None:
        """Keep what the adapter says to people."""
        self.said += [text for text in texts if text]

    def settings(self, bench: Bench | None = None, **changes: Any) -> Settings:
        """An account at the bench, or at another one."""
        told = (bench or self.bench).told
        return replace(
            Settings(
                provider=self.registration.name,
                base_url=told.base_url,
                credentials=lambda: self._way(told.credentials),
                limits=Limits([], patience=_PATIENCE, on_freeze=None),
                observe=self._observe,
                dialect=self.dialect,
                scope=told.scope,
                vault=(bench or self.bench).drawer,
                allow_loopback=True,
                currency=told.currency or "EUR",
                batch=self.registration.batch,
                request_timeout=_TIMEOUT,
                read_timeout=_TIMEOUT,
            ),
            **changes,
        )

    @asynccontextmanager
    async def adapter(self, bench: Bench | None = None, **changes: Any) -> AsyncIterator[Provider]:
        """The adapter under test; `changes` are fields of its settings."""
        async with self.subject.opened(self.settings(bench, **changes)) as adapter:
            yield adapter

    def _way(self, known: Mapping[str, str]) -> Mapping[str, str]:
        """Of all that the bench takes, the keys of the first way to log in."""
        ways = self.registration.ways(self.dialect)
        way = next((way for way in ways if known.keys() >= {*way.required}), None)
        return known if way is None else {key: known[key] for key in way.keys if key in known}

    def _observe(self, event: str, /, **figures: object) -> None:
        self.said.append(f"{event} {figures}")
