"""What people, the platform and time do at the simulated ICAS: spend, midnights, consent, rights
and hidden rules. It knows the world and nothing of HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from syncd.simulator.icas.micros import micros_of
from syncd.simulator.icas.oauth import OAuth
from syncd.simulator.icas.paging import PageTokens
from syncd.simulator.icas.tokens import Tokens
from syncd.simulator.icas.world import Campaign, World
from syncd.simulator.service import Act


class Acts:
    """Acts on one service's parts; `add` makes so many campaigns and returns their ids."""

    def __init__(
        self,
        world: World,
        oauth: OAuth,
        tokens: Tokens,
        pages: PageTokens,
        add: Callable[[int], list[str]],
    ) -> None:
        self._world = world
        self._oauth = oauth
        self._tokens = tokens
        self._pages = pages
        self._add_campaigns = add

    def by_name(self) -> Mapping[str, Act]:
        return {
            "add": self._add,
            "spent": self._spent,
            "turn": self._turn,
            "clock": self._clock,
            "consent": self._consent,
            "seller": self._seller,
            "lock": self._lock,
            "index": self._index,
            "later": self._later,
            "pages/expire": self._expire_pages,
            "tokens/revoke": self._revoke,
        }

    def _add(self, asked: dict[str, Any]) -> Any:
        """`{"count": 3}` for made-up campaigns; `{"campaigns": [{"id"?, "values"}]}` for ones with
        values by field path."""
        ids = self._add_campaigns(int(asked.get("count", 0 if "campaigns" in asked else 1)))
        for one in asked.get("campaigns", []):
            now = self._world.clock.utc()
            blank = Campaign(id=one.get("id") or self._world.free_id(), created=now, updated=now)
            ids.append(self._world.add(blank.edited(one["values"])).id)
        return {"ids": ids}

    def _spent(self, asked: dict[str, Any]) -> Any:
        """`{"id", "daily"?, "total"?}` in units of currency."""
        campaign = self._world.campaigns[asked["id"]]
        if "daily" in asked:
            campaign = replace(campaign, spent_daily=_finite(asked["daily"]))
        if "total" in asked:
            campaign = replace(campaign, spent_total=_finite(asked["total"]))
        return self._world.put(campaign).truth()

    def _turn(self, _: dict[str, Any]) -> Any:
        """Midnight."""
        return {"moved": self._world.turn_day()}

    def _clock(self, asked: dict[str, Any]) -> Any:
        """`{"days"?, "seconds"?}` ahead: tokens age, days do not turn."""
        days, seconds = int(asked.get("days", 0)), int(asked.get("seconds", 0))
        self._world.clock.advance(timedelta(days=days, seconds=seconds))
        return {"ahead_seconds": int(self._world.clock.ahead.total_seconds())}

    def _consent(self, asked: dict[str, Any]) -> Any:
        """`{"answer": "granted" | "denied" | "refused"}`."""
        self._oauth.decide(asked["answer"])
        return {"answer": self._oauth.consent}

    def _seller(self, asked: dict[str, Any]) -> Any:
        """`{"is_valid"?, "scope"?, "may_change_budgets"?, "daily_cap"?, "total_cap"?}`; caps in
        units of currency, null for none."""
        seller = self._world.seller
        seller.is_valid = bool(asked.get("is_valid", seller.is_valid))
        seller.may_change_budgets = bool(asked.get("may_change_budgets", seller.may_change_budgets))
        if "scope" in asked:
            seller.scopes = frozenset(asked["scope"].split())
        if "daily_cap" in asked:
            seller.daily_cap = None if asked["daily_cap"] is None else _finite(asked["daily_cap"])
        if "total_cap" in asked:
            seller.total_cap = None if asked["total_cap"] is None else _finite(asked["total_cap"])
        return vars(seller) | {"scopes": sorted(seller.scopes)}

    def _lock(self, asked: dict[str, Any]) -> Any:
        """`{"id", "locked"?}`: its status may not be changed by the seller."""
        campaign = self._world.campaigns[asked["id"]]
        return self._world.put(replace(campaign, is_locked=bool(asked.get("locked", True)))).truth()

    def _index(self, _: dict[str, Any]) -> Any:
        """Every campaign is found by its vendorId, and listed."""
        return {"ids": self._world.index()}

    def _later(self, _: dict[str, Any]) -> Any:
        """Apply what was accepted for later."""
        return {"ids": self._world.apply_waiting()}

    def _expire_pages(self, _: dict[str, Any]) -> Any:
        return {"expired": self._pages.expire()}

    def _revoke(self, _: dict[str, Any]) -> Any:
        """End every refresh token: the account needs a new consent."""
        return {"revoked": self._tokens.revoke()}


def _finite(amount: Any) -> int:
    micros = micros_of(str(amount))
    if micros is None:
        raise ValueError("that needs an amount")
    return micros
