"""When a pass is due: five cron fields as Unix cron means them, or a wake-up for each new update.
Pure: it expands and checks the text, and a later module builds the trigger from the expanded
fields. They carry weekdays as names, because schedulers do not agree on the number of a Sunday."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from syncd.config.values import quoted, refusal, wrong_type

ON_ENQUEUE: Final = "@on_enqueue"
_SHORTHANDS: Final = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0"}
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_REMEDY: Final = 'write five cron fields such as "*/15 * * * *", or "@hourly", "@daily", "@weekly"'


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """`text` as it was written. `fields` are minute, hour, day of month, month, day of week, each
    "*" or a comma list without ranges or steps, weekdays as names (`mon`); empty when `on_enqueue`
    is set."""

    text: str
    fields: tuple[str, ...] = ()
    on_enqueue: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """One place of the five: its name, its numbers, and the words that stand for them from `low`
    on."""

    noun: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def number(self, word: str, text: str) -> int:
        lowered = word.lower()
        if lowered in self.words:
            return self.words.index(lowered) + self.low
        if not (word.isascii() and word.isdigit() and len(word) <= 2):
            raise _refused(text, f"{quoted(word)} is no {self.noun}")
        if not self.low <= int(word) <= self.high:
            raise _refused(text, f"{self.noun} {word} is not between {self.low} and {self.high}")
        return int(word)


_FIELDS: Final = (
    _Field(noun="minute", low=0, high=59),
    _Field(noun="hour", low=0, high=23),
    _Field(noun="day of the month", low=1, high=31),
    _Field(noun="month", low=1, high=12, words=_MONTHS),
    _Field(noun="day of the week", low=0, high=7, words=_WEEKDAYS),
)


def cron(value: object) -> Schedule:
    """A schedule of clock times, for passes that nothing else wakes."""
    if not isinstance(value, str):
        raise wrong_type(value, "a schedule in quotes", _REMEDY)
    if value == ON_ENQUEUE:
        raise refusal("bad-schedule", f"{quoted(value)} can only wake a push", _REMEDY)
    return Schedule(text=value, fields=_expand(value))


def cron_or_enqueue(value: object) -> Schedule:
    """A schedule of clock times, or "@on_enqueue"."""
    if value == ON_ENQUEUE:
        return Schedule(text=ON_ENQUEUE, on_enqueue=True)
    return cron(value)


def _expand(text: str) -> tuple[str, ...]:
    parts = _SHORTHANDS.get(text, text).split()
    if len(parts) != len(_FIELDS):
        why = f"it has {len(parts)} fields" if len(parts) > 1 else "it is not five fields"
        raise _refused(text, why)
    # Cron fires when either day field matches, schedulers of applications when both do.
    if parts[2] != "*" and parts[4] != "*":
        raise refusal(
            "bad-schedule",
            f"{quoted(text)} restricts both the day of the month and the day of the week",
            "leave one of the two as *: cron would fire on either day, others only when both agree",
        )
    sets = [_numbers(field, part, text) for field, part in zip(_FIELDS, parts, strict=True)]
    if not any(min(sets[2]) <= _LONGEST_MONTHS[month - 1] for month in sets[3]):
        raise _refused(text, "no such day ever comes")
    weekdays = {day % 7 for day in sets[4]}
    return (
        *(_listed(field, numbers) for field, numbers in zip(_FIELDS[:4], sets[:4], strict=True)),
        "*" if len(weekdays) == 7 else ",".join(_WEEKDAYS[day] for day in sorted(weekdays)),
    )


def _numbers(field: _Field, part: str, text: str) -> set[int]:
    numbers: set[int] = set()
    for item in part.split(","):
        span, slash, step = item.partition("/")
        first, last = _span(field, span, text)
        if slash and first == last:
            raise _refused(
                text, f'"{item}" has a step without a range; write "{span}-{field.high}/{step}"'
            )
        if slash and not (
            step.isascii() and step.isdigit() and len(step) <= 2 and 1 <= int(step) <= field.high
        ):
            raise _refused(text, f"{quoted(item)} has an impossible step")
        numbers.update(range(first, last + 1, int(step) if slash else 1))
    return numbers


def _span(field: _Field, span: str, text: str) -> tuple[int, int]:
    if span == "*":
        # A star runs over seven weekdays, although 7 is a second name of Sunday.
        return field.low, 6 if field.words is _WEEKDAYS else field.high
    start, dash, end = span.partition("-")
    first = field.number(start, text)
    last = field.number(end, text) if dash else first
    if dash and field.words is _WEEKDAYS and last == 0 < first:
        last = 7
    if last < first:
        raise _refused(text, f'the range "{span}" runs backwards; write it as a list')
    return first, last


def _listed(field: _Field, numbers: set[int]) -> str:
    if len(numbers) == field.high - field.low + 1:
        return "*"
    return ",".join(str(number) for number in sorted(numbers))


def _refused(text: str, why: str) -> Exception:
    return refusal("bad-schedule", f"{quoted(text)} is not a schedule: {why}", _REMEDY)
