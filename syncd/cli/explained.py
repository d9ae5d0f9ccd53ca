"""The chain of one update on the screen: a line for each step with its moment and what lay between,
or all of it as one document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from syncd.cli.chain import steps_of
from syncd.cli.changes import answer_of, campaign_of, change_of
from syncd.cli.checking import unknown_update
from syncd.cli.choices import Choices
from syncd.cli.opened import opened
from syncd.cli.render.screen import Screen
from syncd.cli.render.table import Cell, Column, Line
from syncd.cli.steps import Step
from syncd.cli.text import lasted, moment, rfc3339
from syncd.cli.update_table import SHOWN
from syncd.store.reports import Chain


async def show(choices: Choices, update_id: int) -> None:
    """Print it. Raises UsageError where there is no such update."""
    async with opened(choices) as here:
        here.screen.refuse_csv("one update's story")
        found = await here.reports.chain(update_id)
        if found is None:
            raise unknown_update(update_id)
        if choices.format == "json":
            _document(here.screen, found)
        else:
            _draw(here.screen, found)


def _document(screen: Screen, chain: Chain) -> None:
    screen.document(
        "syncd.explain/1",
        {
            "update": {name: chain.update[name] for name in SHOWN},
            "steps": [
                {"at": step.at, "step": step.word, "text": step.text, **_own(step)}
                for step in steps_of(chain, rfc3339)
            ],
        },
    )


def _own(step: Step) -> dict[str, object]:
    return {"details": list(step.notes), "data": step.data}


def _draw(screen: Screen, chain: Chain) -> None:
    update = chain.update
    screen.cells(
        [
            Cell(f"#{update['id']}  "),
            screen.mark(update["state"]),
            Cell(" "),
            screen.word(update["state"]),
            Cell(f"  {update['account']} / {campaign_of(update)}"),
        ]
    )
    screen.answer(f"  {change_of(update)}")
    why = answer_of(update, update["at"])
    if why:
        screen.answer(f"  {why}")
    screen.answer()
    columns = (
        Column(f"TIME ({screen.zone_name})"),
        Column("AFTER", right=True),
        Column("STEP"),
        Column("WHAT"),
    )

    screen.table(columns, list(_lines(screen, steps_of(chain, screen.stamp))))


def _lines(screen: Screen, steps: Sequence[Step]) -> Iterator[Line]:
    before: dt.datetime | None = None
    for step in steps:
        at = "" if step.at is None else moment(step.at, screen.zone, has_seconds=True)
        after = ""
        if step.at is not None and before is not None:
            after = f"+{lasted((step.at - before).total_seconds())}"
        before = step.at or before
        yield Line((at, after, step.word, step.text), step.notes)
