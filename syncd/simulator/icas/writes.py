"""The calls of the simulated ICAS that change campaigns: create, PUT of a campaign, of its budgets,
of its status. A call is judged, applied in one step, and its truth noted in the arrival."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.icas.answers import Answers
from syncd.simulator.icas.bodies import STATUSES, Budgets, Reading
from syncd.simulator.icas.codes import Problem, Refusal, refused
from syncd.simulator.icas.reads import Reads
from syncd.simulator.icas.routes import BASE_PATH, named_in
from syncd.simulator.icas.rules import Rules
from syncd.simulator.icas.world import Campaign, World

_BUDGETS = ("budget.daily", "budget.lifetime")
_REACHED = {"BUDGET_REACHED", "DAILY_BUDGET_REACHED"}


class Writes:
    """The writing calls over one world; `has_many` where the tenant allows several campaigns."""

    def __init__(
        self, world: World, rules: Rules, reads: Reads, answers: Answers, *, has_many: bool
    ) -> None:
        self._world = world
        self._rules = rules
        self._reads = reads
        self._answers = answers
        self._has_many = has_many

    def by_operation(self) -> Mapping[str, Callable[[Exchange], Reply]]:
        return {
            "create": self.create,
            "update": self.update,
            "budgets": self.budgets,
            "status": self.status,
        }

    def create(self, exchange: Exchange) -> Reply:
        wanted = Reading(self._rules).new(exchange.body)
        if not self._has_many and self._world.in_view():
            raise refused(2034, "campaign", "")
        if len(self._world.in_view()) >= self._rules.max_campaigns:
            raise refused(2039, "campaign", self._rules.max_campaigns)
        problems = self._vendor_problems(None, wanted.vendor_id)
        problems += self._budget_problems(None, wanted.budgets)
        if problems:
            raise Refusal(*problems)
        now = self._world.clock.utc()
        made = Campaign(
            id=self._world.free_id(),
            title=wanted.title,
            vendor_id=wanted.vendor_id,
            is_active=wanted.is_active,
            daily=wanted.budgets.daily,
            total=wanted.budgets.total,
            created=now,
            updated=now,
        )
        (item,) = exchange.arrival.items
        item.id = made.id
        exchange.arrival.ids = [made.id]
        if 0 not in exchange.unapplied:
            made = self._world.add(made)
            item.truth = "applied"
            item.new = {path: made.values()[path] for path in wanted.paths}
        reply = self._answers.campaign(made, self._rules.create_status)
        host = exchange.headers.get("Host", "")
        reply.headers["Location"] = f"http://{host}{BASE_PATH}/campaign/{made.id}"
        return reply

    def update(self, exchange: Exchange) -> Reply:
        campaign = self._reads.campaign(exchange)
        wanted = Reading(self._rules).changed(exchange.body, campaign.id)
        problems = self._vendor_problems(campaign, wanted.vendor_id)
        problems += self._budget_problems(campaign, wanted.budgets)
        problems += self._status_problems(campaign, is_active=wanted.is_active)
        if problems:
            raise Refusal(*problems)
        paths = ["status", *_BUDGETS]
        changed = replace(
            campaign,
            is_active=wanted.is_active,
            daily=wanted.budgets.daily,
            total=wanted.budgets.total,
        )
        if "name" in wanted.paths or self._rules.clears_title:
            changed = replace(changed, title=wanted.title)
            paths.append("name")
        if wanted.vendor_id is not None:
            changed = replace(changed, vendor_id=wanted.vendor_id)
            paths.append("native.vendorId")
        return self._answers.campaign(self._put(exchange, changed, paths))

    def budgets(self, exchange: Exchange) -> Reply:
        campaign = self._reads.campaign(exchange)
        wanted = Reading(self._rules).budgets(exchange.body)
        problems = self._budget_problems(campaign, wanted)
        if problems:
            raise Refusal(*problems)
        changed = replace(campaign, daily=wanted.daily, total=wanted.total)
        return self._answers.budgets(self._put(exchange, changed, _BUDGETS))

    def status(self, exchange: Exchange) -> Reply:
        campaign = self._reads.campaign(exchange)
        asked = named_in(exchange.target, "status")["status"]
        if exchange.body:
            raise refused(1005)
        if asked not in STATUSES:
            raise refused(2001, "status", asked)
        problems = self._status_problems(campaign, is_active=STATUSES[asked])
        if problems:
            raise Refusal(*problems)
        self._put(exchange, replace(campaign, is_active=STATUSES[asked]), ["status"])
        return self._answers.nothing()

    def _put(self, exchange: Exchange, changed: Campaign, paths: Iterable[str]) -> Campaign:
        """Apply a change, unless a fault keeps it from that; returns what the answer shows."""
        changed = replace(changed, updated=self._world.clock.utc())
        if 0 not in exchange.unapplied:
            (item,) = exchange.arrival.items
            old, new = self._world.campaigns[changed.id].values(), changed.values()
            item.truth = "applied"
            item.old = {path: old[path] for path in paths}
            item.new = {path: new[path] for path in paths}
            self._world.put(changed)
        return changed

    def _vendor_problems(self, campaign: Campaign | None, vendor_id: str | None) -> list[Problem]:
        """Set once, and only once per seller, whatever became of the campaign that has it."""
        if vendor_id is None or (campaign is not None and campaign.vendor_id == vendor_id):
            return []
        if campaign is not None and campaign.vendor_id is not None:
            return [Problem(2024, "vendorId", campaign.vendor_id)]
        taken = self._world.with_vendor_id(vendor_id) is not None
        return [Problem(2025, "vendorId", vendor_id)] if taken else []

    def _budget_problems(self, campaign: Campaign | None, budgets: Budgets) -> list[Problem]:
        """Against what is spent, and against what the platform allows this seller."""
        seller = self._world.seller
        problems = []
        if campaign is not None:
            has_new_total = campaign.total != budgets.total
            is_moved = has_new_total or campaign.daily != budgets.daily
            if is_moved and not seller.may_change_budgets:
                problems.append(Problem(2027, "budgets"))
            spent = campaign.spent_total
            if (
                has_new_total
                and not self._rules.takes_below_spent
                and _is_above(spent, budgets.total)
            ):
                problems.append(Problem(2002, "budgets.total.limitMicros", str(spent)))
        if seller.daily_cap is not None and _is_above(budgets.daily, seller.daily_cap):
            problems.append(Problem(2020, "budgets.daily", str(seller.daily_cap)))
        if seller.total_cap is not None and _is_above(budgets.total, seller.total_cap):
            problems.append(Problem(2019, "budgets.total", str(seller.total_cap)))
        return problems

    def _status_problems(self, campaign: Campaign, *, is_active: bool) -> list[Problem]:
        asked = "ACTIVE" if is_active else "PAUSED"
        is_change = campaign.is_active != is_active
        is_stuck = self._rules.refuses_activation and is_active and campaign.status in _REACHED
        if is_stuck or (campaign.is_locked and is_change):
            return [Problem(2040, "status", asked)]
        return []


def _is_above(amount: int | None, bound: int | None) -> bool:
    """Whether an amount is more than a bound; None has no end in either place."""
    if bound is None:
        return False
    return amount is None or amount > bound
