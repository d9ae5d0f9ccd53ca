"""`syncd db caps`: the owner's limits in the database, which hold for every door and every
approver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, Final

import rich_click as click

from syncd.cli.choices import Choices, LazyGroup, command, group
from syncd.cli.codes import OK

if TYPE_CHECKING:
    from syncd.cli.render.screen import Screen
    from syncd.store.caps import Cap, Caps
    from syncd.store.reports import KnownAccount

FIELDS: Final = (
    "account", "path", "max_amount", "max_factor", "max_increase", "activations", "set_by",
    "set_at",
)  # fmt: skip
_FIGURES: Final = ("max_amount", "max_factor", "max_increase", "activations")
_COUNTED: Final = ("max_increase", "activations")
"""Those of a whole account."""


class Amount(click.ParamType[Decimal]):
    """Money as the queue takes it."""

    name = "amount"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """Exact, zero or more."""
        from syncd.model.money import AmountError, parse_amount

        try:
            return parse_amount(str(value))
        except AmountError as error:
            self.fail(str(error), param, ctx)


class Factor(click.ParamType[Decimal]):
    """How many times the old value the new one may be."""

    name = "factor"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """1 or more."""
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            found = Decimal("NaN")
        if not (found.is_finite() and 1 <= found <= 1_000_000):
            self.fail(f'"{value}" is no factor; write a number from 1 to 1000000', param, ctx)
        return found


class CapsCommands(LazyGroup):
    """The commands about caps."""

    places: ClassVar[Mapping[str, str]] = {
        name: f"syncd.cli.caps:{name}_" for name in ("list", "set", "remove")
    }


@group("caps", CapsCommands, invoke_without_command=True)
@click.pass_context
def caps(context: click.Context, /) -> int | None:
    """List the owner's caps, set or remove one.

    They stand in the database, hold for every door, and nobody can approve past them. Of the
    configuration's figure and the cap the lower one rules."""
    return OK if context.invoked_subcommand else int(context.invoke(list_))


@command("list")
@click.option("--account", metavar="ACCOUNT", help="Only of this account.")
@click.pass_obj
def list_(choices: Choices, /, account: str | None = None) -> int:
    """The caps of every account, or of one."""
    from syncd.cli.opened import finish

    finish(choices, _list(choices, account))
    return OK


@command("set")
@click.argument("account", metavar="ACCOUNT")
@click.argument("path", metavar="[PATH]", default="*")
@click.option("--max-amount", type=Amount(), help="No amount above this.")
@click.option("--max-factor", type=Factor(), help="No amount more than so many times the old one.")
@click.option(
    "--max-increase", type=Amount(), help="Budgets rise by no more than this in all within an hour."
)
@click.option(
    "--activations", type=click.IntRange(0, 1_000_000), help="No more starts within an hour."
)
@click.pass_obj
def set_(choices: Choices, /, account: str, path: str, **given: Decimal | int | None) -> int:
    """Set figures of a cap, for one path, for all below one (`price.country.*`) or for all of an
    account. The others stay.

    Only the owner of the database may: the user of [database] owner_url. Amounts are in the
    account's currency."""
    from syncd.cli.opened import finish

    figures = {name: figure for name, figure in given.items() if figure is not None}
    finish(choices, _set(choices, account, path, figures))
    return OK


@command("remove")
@click.argument("account", metavar="ACCOUNT")
@click.argument("path", metavar="[PATH]", default="*")
@click.pass_obj
def remove_(choices: Choices, /, account: str, path: str) -> int:
    """Take a cap back with all its figures. Only the owner of the database may."""
    from syncd.cli.opened import finish

    finish(choices, _remove(choices, account, path))
    return OK


async def _list(choices: Choices, account: str | None) -> None:
    from syncd.cli.checking import require_account
    from syncd.cli.opened import opened
    from syncd.cli.render.table import Column, Line, Listing
    from syncd.store.caps import Caps

    async with opened(choices) as here:
        require_account(account, await here.reports.known_accounts())
        rows = await Caps(here.database).all(account)
        headings = ("ACCOUNT", "PATH", *(name.replace("_", " ").upper() for name in FIELDS[2:]))
        here.screen.listing(
            Listing(
                schema="syncd.caps/1",
                key="caps",
                fields=FIELDS,
                rows=[_row(one) for one in rows],
                columns=[
                    Column(heading, right=2 <= number < 6, flexible=heading == "SET BY")
                    for number, heading in enumerate(headings)
                ],
                lines=[Line(_cells(here.screen, one)) for one in rows],
            ),
            empty="There are no caps; the guards of the configuration hold.",
        )


def _row(cap: Cap) -> dict[str, Any]:
    amounts = {name: getattr(cap, name) for name in _FIGURES[:3]}
    told = {name: None if one is None else _written(one) for name, one in amounts.items()}
    return {name: getattr(cap, name) for name in FIELDS} | told


def _cells(screen: Screen, cap: Cap) -> tuple[str, ...]:
    from syncd.cli.text import moment, shown

    figures = (getattr(cap, name) for name in _FIGURES)
    return (
        cap.account,
        "every path" if cap.path == "*" else shown(cap.path),
        *("" if one is None else _written(one) for one in figures),
        shown(cap.set_by),
        moment(cap.set_at, screen.zone),
    )


def _place(path: str) -> str:
    return "every path" if path == "*" else path


def _written(figure: Decimal | int) -> str:
    from syncd.model.money import canonical

    return canonical(figure) if isinstance(figure, Decimal) else str(figure)


async def _set(
    choices: Choices, account: str, path: str, figures: Mapping[str, Decimal | int]
) -> None:
    from syncd.cli.requester import person
    from syncd.errors import UsageError

    if not figures:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in _FIGURES)
        raise UsageError("nothing is set", remedy=f"give one of {named}")
    async with _written_to(choices, "setting a cap") as (screen, stored, known):
        _check(account, path, figures, known)
        await stored.set(account, path, figures, person())
        (cap,) = [one for one in await stored.all(account) if one.path == path]
    if choices.format == "json":
        screen.document("syncd.cap/1", _row(cap))
        return
    held = [name for name in _FIGURES if getattr(cap, name) is not None]
    told = ", ".join(f"{name} {_written(getattr(cap, name))}" for name in held)
    screen.deed(f"{account}, {_place(path)}: {told}")
    screen.hint("syncd db caps list")


async def _remove(choices: Choices, account: str, path: str) -> None:
    from syncd.cli.checking import require_account
    from syncd.errors import UsageError

    where = "every path" if path == "*" else f'"{path}"'
    async with _written_to(choices, "removing a cap") as (screen, stored, known):
        require_account(account, known)
        if not await stored.remove(account, path):
            raise UsageError(
                f"there is no cap of {account} for {where}", remedy="see: syncd db caps list"
            )
    if choices.format == "json":
        screen.document("syncd.cap_removed/1", {"account": account, "path": path})
    else:
        screen.deed(f"{account}, {_place(path)}: no cap any more")


@asynccontextmanager
async def _written_to(
    choices: Choices, what: str
) -> AsyncIterator[tuple[Screen, Caps, Mapping[str, KnownAccount]]]:
    """The caps as the owner of the database writes them, where the configuration names one, and
    the accounts that there are."""
    from syncd.cli.opened import opened
    from syncd.daemon import owner_dsn
    from syncd.store.caps import Caps
    from syncd.store.database import open_database

    async with opened(choices) as here:
        here.screen.refuse_csv(what)
        await here.introduce()
        known = await here.reports.known_accounts()
    with owner_dsn(here.config) as dsn:
        async with open_database(dsn) as database:
            yield here.screen, Caps(database), known


def _check(
    account: str,
    path: str,
    figures: Mapping[str, Decimal | int],
    known: Mapping[str, KnownAccount],
) -> None:
    """Raise UsageError for a cap that nothing would ever meet."""
    from syncd.cli.checking import did_you_mean, require_account
    from syncd.errors import UsageError
    from syncd.model.path import ANY_KEY, Kind, covers, field_of

    require_account(account, known)
    if path == "*":
        return
    counted = [f"--{name.replace('_', '-')}" for name in _COUNTED if name in figures]
    if counted:
        verb = "counts" if len(counted) == 1 else "count"
        raise UsageError(
            f"{' and '.join(counted)} {verb} over the whole account", remedy="leave PATH out"
        )
    offered = known[account].fields.values()
    amounts = [one.path for one in offered if one.kind is Kind.AMOUNT]
    found = field_of(offered, path)
    is_stem = path.endswith(f".{ANY_KEY}") and any(covers(path, one) for one in amounts)
    if not is_stem and (found is None or found.kind is not Kind.AMOUNT or ANY_KEY in path):
        raise UsageError(
            f'"{path}" is no amount of {account}{did_you_mean(path, amounts)}',
            remedy=f"amounts there: {', '.join(amounts) or 'none'}",
            code="path",
        )
