"""The rules of one account, from its configuration: what the engine's guards go by. Knows values
only."""

from __future__ import annotations

from syncd.config import Account
from syncd.config.account import PathGuard
from syncd.model.guard import Bounds, Rules
from syncd.model.path import Field, Guard


def rules_of(account: Account, fields: tuple[Field, ...]) -> Rules:
    """What may leave without leave; the owner's caps come from the database."""
    guard, quiet = account.guard, account.guard.quiet_hours
    return Rules(
        fields=fields,
        free=free_guards(account),
        bounds=Bounds(
            max_factor=guard.max_factor,
            max_amount=guard.max_amount,
            min_gap=guard.min_gap.total_seconds() or None,
        ),
        paths={path: _bounds(one) for path, one in guard.paths.items()},
        quiet=None if quiet is None else (quiet.begin, quiet.end),
        zone=account.timezone,
        window=guard.window.total_seconds(),
        share=guard.share,
        activations=guard.activations,
        max_increase=guard.max_increase,
    )


def free_guards(account: Account) -> frozenset[Guard]:
    """The guarded changes that the configuration lets through."""
    return frozenset(guard for guard in Guard if getattr(account.guard, guard.value) == "free")


def _bounds(one: PathGuard) -> Bounds:
    return Bounds(
        max_factor=one.max_factor,
        max_amount=one.max_amount,
        floor=one.floor,
        min_gap=None if one.min_gap is None else one.min_gap.total_seconds(),
    )
