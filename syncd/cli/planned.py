"""`syncd plan` at work: makes the plans, or finds a saved one and what has moved since, keeps what
is to be kept, and prints them in the form that was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd import daemon
from syncd.cli.choices import Choices
from syncd.cli.codes import FAILED, ITEMS, OK
from syncd.cli.opened import Opened, opened
from syncd.cli.plan_document import (
    FIELDS,
    Document,
    document,
    moved_since,
    of_updates,
    saved_items,
)
from syncd.cli.plan_markdown import markdown
from syncd.cli.plan_table import draw
from syncd.cli.render.progress import progress
from syncd.cli.requester import person
from syncd.cli.text import rfc3339
from syncd.daemon import AccountPlan
from syncd.errors import SyncdError, UsageError
from syncd.store.database import Database
from syncd.store.plans import Plans, SavedPlan, find_plan
from syncd.store.prospects import Prospects

VALID_FOR: Final = dt.timedelta(hours=24)
_HELD: Final = ("held", "rejected")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanWish:
    """What is asked of `syncd plan`: read first, keep the plan, show only what is or would be held,
    a saved plan instead of a new one, findings as an exit code."""

    fresh: bool = False
    save: bool = False
    held: bool = False
    show: str | None = None
    exit_code: bool = False


async def show_plans(choices: Choices, names: Sequence[str], wish: PlanWish) -> int:
    """Print the plans of these accounts; returns the exit code."""
    if wish.show is not None and (names or wish.fresh or wish.save):
        raise UsageError(
            "--show prints a plan that was saved",
            remedy="leave out the accounts, --fresh and --save",
        )
    async with opened(choices) as here:
        if wish.show is None:
            plans = await _made(here, names, wish)
        else:
            plans = [await _kept(here, wish.show)]
        if wish.held:
            plans = [_narrowed(one) for one in plans]
        _print(here, plans, await here.reports.now())
    if any(one["error"] is not None for one in plans):
        return FAILED
    return ITEMS if wish.exit_code and any(one["items"] for one in plans) else OK


def _narrowed(plan: Document) -> Document:
    """The same plan, of its rows only those that a rule holds or refuses."""
    held = {update for update, items in of_updates(plan).items() if items[0]["mark"] in _HELD}
    return {**plan, "items": [item for item in plan["items"] if item["update"] in held]}


async def _made(here: Opened, names: Sequence[str], wish: PlanWish) -> list[Document]:
    """New plans, kept where that is wanted."""
    if wish.fresh:
        with progress(here.screen) as observe:
            made = await daemon.fresh_plan(here.config, here.database, names, observe)
    else:
        made = await daemon.plan(here.config, here.database, names)
    return [await _with_saved(here, one) if wish.save else document(one) for one in made]


async def _with_saved(here: Opened, planned: AccountPlan) -> Document:
    """The plan, kept, and found again as whoever is given its hash will find it."""
    made = document(planned)
    if not planned.plan.updates:
        return made
    plans = Plans(here.database, planned.number)
    by = person() or "somebody"
    await plans.save(planned.plan.hash, saved_items(planned), made, by, VALID_FOR)
    return _document_of(await known_plan(here.database, planned.plan.hash))


async def _kept(here: Opened, prefix: str) -> Document:
    """A plan that was kept, with what has moved since."""
    saved = await known_plan(here.database, prefix)
    found = _document_of(saved)
    numbers = {one.name: one.number for one in (await here.reports.known_accounts()).values()}
    number = numbers[saved.account]
    campaigns = {item["campaign"] for item in found["items"] if item["campaign"] is not None}
    updates = await here.reports.updates_by_id(saved.updates)
    return moved_since(
        found,
        {str(row["id"]): row for row in updates},
        await daemon.mirrored(here.database, number, campaigns),
        await Prospects(here.database, number).approvals(
            {digest: saved.hits[item] for item, digest in saved.digests.items()}
        ),
    )


def _document_of(saved: SavedPlan) -> dict[str, Any]:
    kept = {
        "made_at": rfc3339(saved.made_at),
        "made_by": saved.made_by,
        "expires_at": rfc3339(saved.expires_at),
        "is_expired": saved.is_expired,
    }
    return {**saved.document, "account": saved.account, "saved": kept}


async def known_plan(database: Database, prefix: str) -> SavedPlan:
    """The saved plan whose hash begins so. Raises UsageError."""
    saved = await find_plan(database, prefix)
    if saved is None:
        raise UsageError(
            f"unknown plan {prefix}",
            remedy="syncd plan --save keeps one and prints its hash",
            code="plan",
        )
    return saved


def _print(here: Opened, plans: Sequence[Document], at: dt.datetime) -> None:
    screen = here.screen
    match here.choices.format:
        case "json":
            screen.document("syncd.plan/1", {"at": at, "plans": plans})
        case "csv":
            screen.csv(FIELDS, [item for one in plans for item in one["items"]])
        case "markdown":
            screen.text(markdown(plans, screen.stamp))
        case _:
            for position, one in enumerate(plans):
                if position:
                    screen.answer()
                draw(screen, one, at)
    for one in plans:
        if one["error"] is not None:
            screen.problem(
                SyncdError(
                    f"{one['account']}: not read: {one['error']['detail']}",
                    remedy=one["error"]["remedy"],
                    code=one["error"]["code"],
                )
            )
