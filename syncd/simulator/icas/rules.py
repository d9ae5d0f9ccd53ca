"""What the documents of ICAS leave open, decided by the simulator's dialect and options. It knows
no campaigns and no requests."""

from dataclasses import dataclass

from syncd.simulator.icas.micros import LARGEST
from syncd.simulator.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The decisions for one simulator; limits are micros."""

    vendor_id_length: int
    needs_budgets: bool
    """Whether a create must have them; else they get their defaults."""
    default_daily: int
    daily: tuple[int, int]
    total: tuple[int, int]
    """The smallest and the largest limit that is accepted."""
    max_campaigns: int
    clears_title: bool
    """Whether a PUT without a title takes it away."""
    resets_budgets: bool
    """Whether a budget that a PUT leaves out gets its default; else that is refused."""
    takes_below_spent: bool
    """Whether a total below what is spent is accepted and stops the campaign; else refused."""
    refuses_activation: bool
    """Whether a campaign that reached a budget cannot be activated; else that changes nothing."""
    create_status: int


def rules_of(settings: Settings) -> Rules:
    """By dialect and options; raises ValueError for an option that has no such value."""
    is_current = settings.dialect == "current"
    return Rules(
        vendor_id_length=255 if is_current else 64,
        needs_budgets=is_current,
        default_daily=int(settings.option("default_daily", "10000000")),
        daily=_bounds(settings, "daily"),
        total=_bounds(settings, "total"),
        max_campaigns=int(settings.option("max_campaigns", "1000")),
        clears_title=_choice(settings, "missing_title", "clear", "keep") == "clear",
        resets_budgets=_choice(settings, "partial_budgets", "refuse", "reset") == "reset",
        takes_below_spent=_choice(settings, "below_spent", "refuse", "accept") == "accept",
        refuses_activation=_choice(settings, "activate_reached", "noop", "refuse") == "refuse",
        create_status=int(_choice(settings, "create_status", "201", "200")),
    )


def _choice(settings: Settings, name: str, *values: str) -> str:
    """The option's value, the first where it is not given."""
    chosen = settings.option(name, values[0])
    if chosen not in values:
        raise ValueError(f"{name} is one of {', '.join(values)}")
    return chosen


def _bounds(settings: Settings, budget: str) -> tuple[int, int]:
    smallest = int(settings.option(f"{budget}_min", "1"))
    return smallest, int(settings.option(f"{budget}_max", str(LARGEST)))
