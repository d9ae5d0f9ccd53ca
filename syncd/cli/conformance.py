"""`syncd providers check`: the suite that proves an adapter, over one provider and its server, with
every check by name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from syncd.cli.choices import Choices, command
from syncd.cli.codes import FAILED, OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.cli.render.screen import Screen
    from syncd.conformance import Check, Result
    from syncd.model.registration import Registration

_SCHEMA: Final = "syncd.conformance/1"
_FIELDS: Final = ("provider", "dialect", "check", "sentence", "outcome", "told", "seconds")
_WORDS: Final = {"passed": "ok", "failed": "failed", "skipped": "already_set"}


@command("check")
@click.argument("name", metavar="NAME")
@click.option("--dialect", help="Only this dialect; by default all that the provider has.")
@click.option(
    "--only", "wanted", multiple=True, metavar="CHECK", help="Only this check or group; repeatable."
)
@click.option(
    "--values",
    type=click.IntRange(1, 10_000_000),
    default=100_000,
    show_default=True,
    help="How many amounts of money are read, in all dialects together.",
)
@click.pass_obj
def check_(
    choices: Choices, /, name: str, dialect: str | None, wanted: tuple[str, ...], values: int
) -> int:
    """Prove an adapter against its provider's simulated server: every check by name, with what was
    seen. Exit code 1 where one fails."""
    import asyncio

    from syncd import telemetry
    from syncd.cli.render.screen import Screen

    telemetry.configure(is_verbose=choices.verbose)
    registration = _registration(name)
    dialects = _dialects(registration, dialect)
    checks = _chosen(wanted)
    screen = Screen(choices=choices)
    rows = asyncio.run(_checked(screen, registration, dialects, checks, values))
    _tell(screen, rows)
    return FAILED if any(row["outcome"] == "failed" for row in rows) else OK


def _registration(name: str) -> Registration:
    from syncd.cli.checking import did_you_mean
    from syncd.config import catalogue
    from syncd.errors import UsageError
    from syncd.model.registration import Registration

    found = catalogue.lookup(name)
    if isinstance(found, Registration):
        return found
    if found is None:
        names = catalogue.names()
        raise UsageError(
            f'unknown provider "{name}"{did_you_mean(name, names)}',
            remedy=f"providers: {', '.join(names)}",
        )
    raise UsageError(found.text, remedy=found.help)


def _dialects(registration: Registration, wanted: str | None) -> tuple[str, ...]:
    from syncd.errors import UsageError

    if wanted is None:
        return registration.dialects
    if wanted not in registration.dialects:
        raise UsageError(
            f'{registration.title} has no dialect "{wanted}"',
            remedy=f"dialects: {', '.join(registration.dialects)}",
        )
    return (wanted,)


def _chosen(wanted: Sequence[str]) -> list[Check]:
    """The checks of these names, and all of these groups."""
    from syncd.cli.checking import did_you_mean
    from syncd.conformance import CHECKS
    from syncd.errors import UsageError

    names = {one.name for one in CHECKS}
    groups = {name.partition("/")[0] for name in names}
    for name in wanted:
        if name not in names | groups:
            near = did_you_mean(name, sorted(names | groups))
            raise UsageError(
                f'no check is called "{name}"{near}', remedy="leave --only out for all"
            )
    return [
        one
        for one in CHECKS
        if not wanted or one.name in wanted or one.name.partition("/")[0] in wanted
    ]


async def _checked(
    screen: Screen,
    registration: Registration,
    dialects: Sequence[str],
    checks: Sequence[Check],
    values: int,
) -> list[dict[str, Any]]:
    """Every result as a row; on a table's screen each is shown as it comes."""
    from syncd.conformance import Subject, checked

    rows = []
    share = -(-values // len(dialects))
    for dialect in dialects:
        if screen.choices.format == "table":
            screen.answer(f"{registration.title}, dialect {dialect}")
        subject = Subject(registration=registration, dialect=dialect)
        async for result in checked(subject, checks=checks, values=share):
            rows.append(_row(registration, dialect, result))
            if screen.choices.format == "table":
                _show(screen, result)
    return rows


def _row(registration: Registration, dialect: str, result: Result) -> dict[str, Any]:
    return {
        "provider": registration.name,
        "dialect": dialect,
        "check": result.name,
        "sentence": result.sentence,
        "outcome": result.outcome.value,
        "told": result.told,
        "seconds": round(result.seconds, 3),
    }


def _show(screen: Screen, result: Result) -> None:
    from syncd.cli.render.table import Cell
    from syncd.cli.text import shown

    word = result.outcome.value
    mark = screen.mark(_WORDS[word])
    screen.cells(
        [
            Cell("  "),
            mark,
            Cell(f" {result.name:<28} "),
            Cell(f"{word:<8}", mark.role),
            Cell(shown(result.told)),
        ]
    )


def _tell(screen: Screen, rows: Sequence[dict[str, Any]]) -> None:
    from syncd.cli.text import plural

    counts = Counter(row["outcome"] for row in rows)
    match screen.choices.format:
        case "json":
            screen.document(_SCHEMA, {"counts": dict(counts), "checks": list(rows)})
        case "csv":
            screen.csv(_FIELDS, rows)
        case _:
            ends = ", ".join(f"{counts[word]} {word}" for word in _WORDS)
            screen.answer(f"{plural(len(rows), 'check')}: {ends}")
