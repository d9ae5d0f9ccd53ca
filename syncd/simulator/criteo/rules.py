"""How Criteo judges one entry of an update, by the contract's list of validation errors and
warnings. Pure rules over a campaign and an entry: no HTTP, and nothing is applied here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from syncd.simulator.criteo.dialect import Dialect
from syncd.simulator.criteo.world import PERIODS, UNCAPPED, Advertiser, Campaign, SpendLimit

PREFIX = "campaign--campaign-update-check--"
NO_LIMIT = PREFIX + "spend-limit-does-not-exist"
BELOW_SPENT = PREFIX + "cannot-decrease-lifetime-spend-limit-below-what-is-already-spent"
INVALID = PREFIX + "validation-failed-on-spend-limit"
REPEATED = PREFIX + "cannot-update-same-campaign-multiple-times"
NO_FEATURE = PREFIX + "unavailable-feature-for-this-advertiser"
NEXT_PERIOD = PREFIX + "new-spend-limit-amount-will-take-place-at-the-next-period-start"
NOT_FOUND = "campaign-not-found"
"""General errors are not listed in the contract; an unknown campaign needs one of them."""
BAD_GOAL = "invalid"

TEXTS: Mapping[str, tuple[str, str]] = {
    NO_LIMIT: (
        "Spend limit does not exist",
        "The campaign has no spend limit, or you may not update its spend limit.",
    ),
    BELOW_SPENT: (
        "Cannot decrease lifetime spend limit below what is already spent",
        "The new lifetime spend limit is lower than what the campaign has already spent.",
    ),
    INVALID: (
        "Validation failed on spend limit",
        "There was an issue with the spend limit value specified.",
    ),
    REPEATED: (
        "Cannot update same campaign multiple times",
        "The campaign is included more than once in this update.",
    ),
    NO_FEATURE: (
        "Unavailable feature for this advertiser",
        "The feature is not available for the advertiser of this campaign.",
    ),
    NEXT_PERIOD: (
        "New spend limit amount will take place at the next period start",
        "The new amount is lower than what was already spent in the current period.",
    ),
    NOT_FOUND: ("Campaign not found", "There is no such campaign in your portfolio."),
    BAD_GOAL: ("Invalid value", "The goal can be Acquisition or Retention."),
}

_LARGEST = Decimal(10) ** 14


class UnreadableEntry(Exception):
    """An entry that cannot be read at all, so that the whole call is refused."""


@dataclass(kw_only=True)
class Judgement:
    """What becomes of one entry."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    limit: SpendLimit | None = None
    """The limit to take effect, now or (with the warning) at the next period."""
    goal: str | None = None


def check_shape(entry: Any, dialect: Dialect) -> None:
    """Raise UnreadableEntry unless an entry has the types that the dialect takes."""
    match entry:
        case {"id": str(), **rest}:
            if rest.get("type", "Campaign") != "Campaign":
                raise UnreadableEntry("type must be Campaign")
        case _:
            raise UnreadableEntry("an entry needs an id, a string")
    attributes = rest.get("attributes", {})
    if not isinstance(attributes, dict):
        raise UnreadableEntry("attributes must be an object")
    if not isinstance(attributes.get("goal", ""), str):
        raise UnreadableEntry("goal must be a string")
    limit = attributes.get("spendLimit", {})
    if dialect.takes_any_amount or not dialect.is_current:
        check_limit_shape(_bare_limit(limit) if dialect.takes_any_amount else limit)
        return
    amount = limit.get("spendLimitAmount") if isinstance(limit, dict) else None
    if amount is not None and not isinstance(amount, dict):
        raise UnreadableEntry("spendLimitAmount must be an object with a value, or null")
    check_limit_shape(_bare_limit(limit))


def bare(entry: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """An entry of good shape as the contract spells it, without what an update cannot bring."""
    attributes = dict(entry.get("attributes", {}))
    if dialect.is_current:
        attributes.pop("goal", None)  # not among the fields of a patch, so it is overlooked
    if "spendLimit" in attributes and (dialect.is_current or dialect.takes_any_amount):
        attributes["spendLimit"] = _bare_limit(attributes["spendLimit"])
    return dict(entry) | {"attributes": attributes}


def _bare_limit(limit: Any) -> Any:
    """A limit with its amount taken out of the object around it; no object: no amount given."""
    if not isinstance(limit, dict):
        return limit
    bared = dict(limit)
    amount = bared.pop("spendLimitAmount", None)
    if isinstance(amount, dict):
        if not amount.keys() <= {"value"}:
            raise UnreadableEntry("spendLimitAmount has a value and nothing else")
        return bared | {"spendLimitAmount": amount.get("value")}
    return bared if amount is None else limit


def check_limit_shape(limit: Any) -> None:
    """Raise UnreadableEntry unless a spend limit has a bare number or null for its amount."""
    if not isinstance(limit, dict):
        raise UnreadableEntry("spendLimit must be an object")
    for key in ("spendLimitType", "spendLimitRenewal"):
        if not isinstance(limit.get(key, ""), str):
            raise UnreadableEntry(f"{key} must be a string")
    amount = limit.get("spendLimitAmount")
    if isinstance(amount, bool) or not (amount is None or isinstance(amount, int | Decimal)):
        raise UnreadableEntry("spendLimitAmount must be a number or null")


def judge(
    campaign: Campaign | None,
    owner: Advertiser | None,
    entry: Mapping[str, Any],
    *,
    needs_whole: bool,
) -> Judgement:
    """All that is wrong with an entry of good shape, or what it asks for; `needs_whole`: a capped
    limit names its renewal and its amount."""
    if campaign is None or owner is None:
        return Judgement(errors=[NOT_FOUND])
    attributes = entry.get("attributes", {})
    judgement = Judgement()
    _judge_goal(campaign, attributes.get("goal"), judgement)
    if attributes.get("spendLimit"):
        if not owner.has_feature:
            judgement.errors.append(NO_FEATURE)
        if not owner.may_update or not campaign.limit.is_capped:
            judgement.errors.append(NO_LIMIT)
        asked = attributes["spendLimit"]
        is_whole = asked.keys() >= {"spendLimitRenewal", "spendLimitAmount"}
        lacks = needs_whole and asked.get("spendLimitType") == "capped" and not is_whole
        limit = None if lacks else read_limit(asked, campaign.limit)
        _judge_limit(campaign, limit, judgement)
    return judgement


def read_limit(asked: Mapping[str, Any], present: SpendLimit) -> SpendLimit | None:
    """The limit that a partial or whole `spendLimit` asks for, None where it contradicts itself."""
    present_type = "capped" if present.is_capped else "uncapped"
    kind = asked.get("spendLimitType", present_type)
    amount = asked.get("spendLimitAmount", None if kind == "uncapped" else present.amount)
    default = "undefined" if kind == "uncapped" else present.renewal
    renewal = asked.get("spendLimitRenewal", default)
    if kind == "uncapped":
        return UNCAPPED if renewal == "undefined" and amount is None else None
    if kind != "capped" or renewal not in PERIODS or amount is None:
        return None
    return SpendLimit(renewal, Decimal(amount))


def is_acceptable(limit: SpendLimit | None, maximum: Decimal | None) -> bool:
    """Whether an amount is above zero, of a sane size, and within the hidden maximum."""
    if limit is None:
        return False
    if limit.amount is None:
        return True
    return 0 < limit.amount <= min(maximum or _LARGEST, _LARGEST)


def _judge_limit(campaign: Campaign, asked: SpendLimit | None, judgement: Judgement) -> None:
    judgement.limit = asked
    if asked is None or not is_acceptable(asked, campaign.maximum):
        judgement.errors.append(INVALID)
        return
    if asked.amount is None:
        return
    if asked.renewal == "lifetime":
        if asked.amount < campaign.spent_lifetime and _is_lower(asked.amount, campaign.limit):
            judgement.errors.append(BELOW_SPENT)
    elif asked.amount < campaign.spent_period and asked != campaign.limit:
        judgement.warnings.append(NEXT_PERIOD)


def _is_lower(amount: Decimal, present: SpendLimit) -> bool:
    """Whether a lifetime amount decreases the limit; coming from another period it always may."""
    return present.renewal != "lifetime" or present.amount is None or amount < present.amount


def _judge_goal(campaign: Campaign, goal: str | None, judgement: Judgement) -> None:
    if goal is None or goal == campaign.goal:
        return
    if goal not in {"Acquisition", "Retention"}:
        judgement.errors.append(BAD_GOAL)
    judgement.goal = goal
