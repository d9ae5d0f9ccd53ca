"""Reads the bodies that ICAS is sent: every problem that shows in the text alone, each with its
field, or the values that are asked for. It knows no world."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.simulator.icas.codes import Problem, Refusal, refused
from syncd.simulator.icas.micros import UNLIMITED
from syncd.simulator.icas.rules import Rules
from syncd.simulator.wire import MalformedJson, parse

STATUSES = {"ACTIVE": True, "PAUSED": False}
"""What may be sent, and whether it asks the campaign to run."""
_TITLE_LENGTH = 64
_DIGITS = re.compile(r"[1-9][0-9]*")
_NOT_ABOVE_ZERO = re.compile(r"0+|-[0-9]+")
_MOST_DIGITS = 30
_READ_ONLY = frozenset({"dateCreated", "dateLastUpdated", "isDefault"})
_TEXTS = {"title": "name", "vendorId": "native.vendorId"}
_WRITABLE = frozenset({"title", "vendorId", "status", "budgets"})


@dataclass(kw_only=True)
class Budgets:
    """Both limits in micros, None for no limit."""

    daily: int | None
    total: int | None = None


@dataclass(kw_only=True)
class Wanted:
    """What a campaign's body asks for."""

    is_active: bool
    budgets: Budgets
    title: str | None
    vendor_id: str | None
    paths: list[str]
    """What the body names, as field paths."""


@dataclass
class Reading:
    """Reads one body, collecting its problems."""

    rules: Rules
    problems: list[Problem] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def new(self, body: bytes) -> Wanted:
        """A campaign to be made; raises a refusal with all that is wrong."""
        asked = self._object(_parsed(body), "", _WRITABLE, _READ_ONLY | {"id"})
        if "budgets" in asked or self.rules.needs_budgets:
            budgets = self._member_budgets(asked, resets=True)
        else:
            budgets = Budgets(daily=self.rules.default_daily)
        return self._wanted(asked, budgets)

    def changed(self, body: bytes, campaign_id: str) -> Wanted:
        """The whole of a campaign that is there; raises a refusal with all that is wrong."""
        asked = self._object(_parsed(body), "", _WRITABLE | {"id"}, _READ_ONLY)
        if "id" in asked and (type(asked["id"]) is not int or str(asked["id"]) != campaign_id):
            self._add(2003, "id", int(campaign_id))
        return self._wanted(asked, self._member_budgets(asked, resets=self.rules.resets_budgets))

    def budgets(self, body: bytes) -> Budgets:
        """Both budgets without anything around them; raises a refusal with all that is wrong."""
        read = self._budgets(_parsed(body), resets=self.rules.resets_budgets)
        self._check()
        return read

    def _wanted(self, asked: Mapping[str, Any], budgets: Budgets) -> Wanted:
        wanted = Wanted(
            is_active=self._status(asked),
            budgets=budgets,
            title=self._text(asked, "title", 0, _TITLE_LENGTH) or None,
            vendor_id=self._text(asked, "vendorId", 1, self.rules.vendor_id_length),
            paths=self.paths,
        )
        self._check()
        return wanted

    def _status(self, asked: Mapping[str, Any]) -> bool:
        status = asked.get("status")
        if "status" not in asked:
            self._add(2000, "status")
        elif not isinstance(status, str) or status not in STATUSES:
            self._add(2001, "status")
        else:
            self.paths.append("status")
            return STATUSES[status]
        return False

    def _text(self, asked: Mapping[str, Any], name: str, shortest: int, longest: int) -> str | None:
        """A text of so many characters, of the few that a vendorId may have; None where absent."""
        if name not in asked:
            return None
        self.paths.append(_TEXTS[name])
        text = asked[name]
        if not isinstance(text, str) or (name == "vendorId" and not _is_latin(text)):
            self._add(2001, name)
        elif len(text) < shortest:
            self._add(2004, name, shortest)
        elif len(text) > longest:
            self._add(2005, name, longest)
        else:
            return text
        return None

    def _member_budgets(self, asked: Mapping[str, Any], *, resets: bool) -> Budgets:
        if "budgets" in asked:
            return self._budgets(asked["budgets"], resets=resets)
        self._add(2000, "budgets")
        return Budgets(daily=None)

    def _budgets(self, body: Any, *, resets: bool) -> Budgets:
        """With `resets`, what is left out gets its default; else both must be there."""
        asked = self._object(body, "budgets", {"daily", "total"}, frozenset())
        read = Budgets(daily=self.rules.default_daily)
        if "daily" in asked:
            self.paths.append("budget.daily")
            read.daily = self._limit(asked["daily"], "daily", self.rules.daily)
        elif not resets:
            self._add(2000, "budgets.daily")
        if "total" in asked:
            self.paths.append("budget.lifetime")
            read.total = self._limit(asked["total"], "total", self.rules.total)
        elif not resets:
            self._add(2000, "budgets.total")
        return read

    def _limit(self, body: Any, name: str, bounds: tuple[int, int]) -> int | None:
        """One limit; None, too, where there is a problem."""
        asked = self._object(body, f"budgets.{name}", {"limitMicros"}, {"spentMicros"})
        place = f"budgets.{name}.limitMicros"
        micros = asked.get("limitMicros")
        smallest, largest = bounds
        if "limitMicros" not in asked:
            self._add(2000, place)
        elif not isinstance(micros, str):
            self._add(2001, place)
        elif _NOT_ABOVE_ZERO.fullmatch(micros):
            self._add(2002, place, smallest)
        elif _DIGITS.fullmatch(micros):
            if len(micros) > _MOST_DIGITS or int(micros) > largest:
                self._add(2002, place, largest)
            elif int(micros) < smallest:
                self._add(2002, place, smallest)
            else:
                return int(micros)
        elif micros != UNLIMITED or name != "total":
            self._add(2001, place)
        return None

    def _object(
        self,
        value: Any,
        place: str,
        known: frozenset[str] | set[str],
        shown: frozenset[str] | set[str],
    ) -> dict[str, Any]:
        """An object with fields that are known; `shown` ones are read only. Empty where it is
        none."""
        if not isinstance(value, dict):
            self._add(2001, place or "campaign")
            return {}
        for name in value:
            if name not in known:
                code = 2035 if name in shown else 2037
                self._add(code, f"{place}.{name}" if place else name)
        return value

    def _add(self, code: int, place: str, arg: int | None = None) -> None:
        self.problems.append(Problem(code, place, arg))

    def _check(self) -> None:
        if self.problems:
            raise Refusal(*self.problems)


def _parsed(body: bytes) -> Any:
    try:
        return parse(body)
    except MalformedJson as error:
        raise refused(1005) from error


def _is_latin(text: str) -> bool:
    """Whether the platform's character set has every character."""
    try:
        text.encode("windows-1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable()
