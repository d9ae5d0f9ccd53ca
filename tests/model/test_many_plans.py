"""Plans by the thousand, made from a seed: wild ones, of which nothing beyond a rule goes out, and
ordinary days, of which nothing is held."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

import pytest

from syncd.model.guard import Bounds, Cap, Recent, Rules
from syncd.model.path import Guard
from syncd.model.plan import Mark, PushPlan
from syncd.model.update import Pending, Policy, new_id
from tests.model.queued import DAILY, FIELDS, MONTHLY, NAME, NOON, QUEUE, STATUS, plan
from tests.model.reckoning import exceeded, reckoned

SEED = 20261122
WILD, SHARDS = 10_000, 4
# Slips of people and of programs: no number at all, a comma for the point, cents or millionths for
# whole units, what doubles make of a sum.
SLIPS = (
    "NaN",
    "sNaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-0.01",
    "1.000,50",
    "12,50",
    "0.30000000000000004",
    "1000000000000000000",
    "100000000",
    "unlimited",
    "",
)
Maker = Callable[[Random], str | None]


def _amount(random: Random) -> str | None:
    if random.random() < 0.4:
        return random.choice(SLIPS)
    return random.choice(["0", "50", "100", "100.01", "199.99", "200", "200.01", "1000", "1000.01"])


WILD_VALUES: dict[str, Maker] = {
    DAILY: _amount,
    MONTHLY: _amount,
    "price.amount": lambda random: random.choice([None, "1", "2.01", "NaN"]),
    STATUS: lambda random: random.choice(["active", "paused"]),
    QUEUE: lambda random: random.choice([None, "", "7"]),
    NAME: lambda random: random.choice(["x", "y"]),
}


def wild_rules(random: Random) -> Rules:
    """The usual rules, or sharper ones; none without any figure at all."""
    caps = Cap(max_amount=Decimal(1000), max_factor=Decimal(3), max_increase=Decimal(200))
    return Rules(
        fields=FIELDS,
        free=frozenset(guard for guard in Guard if random.random() < 0.5),
        bounds=Bounds(max_factor=Decimal(2), max_amount=random.choice([None, Decimal(200)])),
        paths={DAILY: Bounds(floor=Decimal(50))} if random.random() < 0.3 else {},
        caps={"*": caps} if random.random() < 0.5 else {},
        quiet=(dt.time(11), dt.time(13)) if random.random() < 0.05 else None,
        share=Decimal("0.3"),
        activations=random.choice([1, 10]),
        max_increase=random.choice([None, Decimal(100)]),
    )


def wild_plan(random: Random) -> tuple[PushPlan, Rules, Recent]:
    """One to three updates of two campaigns; policy ours, so that nothing but a rule holds."""
    rules = wild_rules(random)
    before = {DAILY: "100", MONTHLY: "unlimited", STATUS: "paused", NAME: "n", "price.amount": "1"}
    remote = {place: before | {QUEUE: random.choice(["", "7"])} for place in "ab"}
    queue = []
    for number in range(1, random.choice([2, 3, 4])):
        paths = random.sample(list(WILD_VALUES), random.randint(1, 2))
        patch = {path: WILD_VALUES[path](random) for path in paths}
        place = random.choice("ab")
        queue.append(
            Pending(id=number, external_id=place, patch=patch, reference=None, policy=Policy.OURS,
                    currency="EUR" if place == "a" else None)
        )  # fmt: skip
    changed = frozenset(random.sample("cdef", random.randint(0, 3)))
    starts, risen = random.randint(0, 1), {"EUR": Decimal(random.choice([0, 90, 190]))}
    recent = Recent(
        now=NOON,
        campaigns=10,
        changed=changed,
        activations=starts,
        increases=risen,
        hour_activations=starts,
        hour_increases=risen,
    )
    return plan(queue, remote, rules, recent), rules, recent


@pytest.mark.parametrize("shard", range(SHARDS))
def test_of_ten_thousand_wild_plans_nothing_beyond_a_rule_goes_out(shard: int) -> None:
    seen: Counter[str] = Counter()
    for number in range(shard, WILD, SHARDS):
        made, rules, recent = wild_plan(Random(SEED + number))
        items = [item for call in made.calls for item in call.items]
        writes = reckoned(items, {"b": None})
        faults = {fault for write in writes for fault in write.faults(rules, recent)}
        assert not faults | exceeded(rules, recent, writes), f"plan {number}"
        seen.update(one.mark.value for one in made.updates)
        seen.update(one.deciding.code or "" for one in made.marked(Mark.HELD))
    assert seen["send"] > 500
    assert seen["held"] > 1000
    missing = {"amount", "cap-amount", "factor", "cap-factor", "floor", "unlimited", "quiet_hours",
               "guard-start", "guard-disable", "start-incomplete", "activations", "share",
               "currency-unknown", "increase", "cap-increase"} - set(seen)  # fmt: skip
    assert not missing


@dataclass
class Day:
    """An ordinary hour of an account: what its campaigns show, what is asked of them, and what is
    still allowed."""

    random: Random
    rules: Rules
    remote: dict[str, dict[str, str | None]] = field(default_factory=dict)
    queue: list[Pending] = field(default_factory=list)
    starts: int = 0
    rise: Decimal = Decimal(0)

    def ask(
        self, place: str, patch: dict[str, str | None], seen: dict[str, str | None] | None = None
    ) -> None:
        """Queue a change by somebody who saw what is shown, unless told otherwise."""
        self.queue.append(
            Pending(
                id=len(self.queue) + 1,
                external_id=place,
                patch=patch,
                reference=seen or dict.fromkeys(patch) | self.remote[place],
                currency="EUR",
            )
        )

    def figure(self, most: Decimal) -> str:
        """An amount that people write, in cents, up to and with this one."""
        cents = int(most * 100)
        least = max(cents // 3, 500)
        return str(Decimal(self.random.choice([cents, self.random.randint(least, cents)])) / 100)


def _budget(day: Day, place: str) -> None:
    """Up to twice as much, or down, within what may rise together."""
    before = Decimal(day.remote[place][DAILY] or 0)
    most = min(before * 2, Decimal(5000))
    if day.rules.max_increase is not None:
        most = min(most, before + day.rules.max_increase - day.rise)
    wanted = day.figure(most)
    day.rise += max(Decimal(wanted) - before, Decimal(0))
    day.ask(place, {DAILY: wanted})


def _pause(day: Day, place: str) -> None:
    day.ask(place, {STATUS: "paused"})


def _resume(day: Day, place: str) -> None:
    day.remote[place][STATUS] = "paused"
    if day.starts < (day.rules.activations or 0):
        day.starts += 1
        day.ask(place, {STATUS: "active"})


def _rename(day: Day, place: str) -> None:
    day.ask(place, {NAME: f"Winter sale {day.random.randint(1, 99)} \N{EM DASH} {place}"})


def _bid(day: Day, place: str) -> None:
    key = day.random.choice(["UK", "US", "DE"])
    day.remote[place][f"price.country.{key}"] = "1.20"
    day.ask(place, {f"price.country.{key}": day.random.choice(["2.40", "0.80", None])})


def _new_key(day: Day, place: str) -> None:
    day.remote[place]["price.country"] = "US"
    day.ask(place, {"price.country.FR": "0.90"}, {"price.country.FR": None})


def _change_period(day: Day, place: str) -> None:
    day.remote[place] |= {DAILY: "100", MONTHLY: "unlimited"}
    day.ask(place, {DAILY: "unlimited", MONTHLY: "3000"})


def _think_again(day: Day, place: str) -> None:
    for _ in range(2):
        day.ask(place, {NAME: f"name {day.random.randint(1, 9)}"})


def _after_our_own(day: Day, place: str) -> None:
    """Asked for before our last write was seen, and once more while it is awaited."""
    day.ask(place, {NAME: "after"}, {NAME: "before"})
    day.queue[-1] = replace(day.queue[-1], ours={NAME: day.remote[place][NAME]})
    day.ask(place, {NAME: "later"}, {NAME: "pending"})
    day.queue[-1] = replace(day.queue[-1], awaited={NAME: day.remote[place][NAME]})


def _already_there(day: Day, place: str) -> None:
    day.ask(place, {NAME: day.remote[place][NAME]}, {NAME: "before"})


def _touched_by_somebody(day: Day, place: str) -> None:
    day.ask(place, {NAME: "mine"}, {NAME: "before"})
    policy = day.random.choice([Policy.OURS, Policy.THEIRS])
    day.queue[-1] = replace(day.queue[-1], policy=policy)


def _create(day: Day, _: str) -> None:
    number = len(day.queue) + 1
    day.queue.append(
        Pending(id=number, external_id=new_id(number), patch={NAME: "new", STATUS: "paused"},
                reference=None, currency="EUR", is_create=True)
    )  # fmt: skip


ORDINARY = (
    _budget,
    _budget,
    _budget,
    _pause,
    _resume,
    _rename,
    _bid,
    _new_key,
    _change_period,
    _think_again,
    _after_our_own,
    _already_there,
    _touched_by_somebody,
    _create,
)


def ordinary_day(number: int) -> tuple[Day, Recent]:
    """A day under the usual rules or sharper ones, up to and with what they allow."""
    random = Random(f"{SEED} ordinary {number}")
    rules = Rules(
        fields=FIELDS,
        free=frozenset({Guard.START}),
        bounds=Bounds(
            max_factor=Decimal(2),
            max_amount=random.choice([None, Decimal(5000)]),
            min_gap=random.choice([None, 300.0]),
        ),
        paths=random.choice([{}, {"budget.*": Bounds(floor=Decimal(5))}]),
        caps=random.choice([{}, {"*": Cap(max_amount=Decimal(10000), activations=10)}]),
        quiet=random.choice([None, (dt.time(22), dt.time(6))]),
        share=Decimal("0.3"),
        activations=10,
        max_increase=random.choice([None, Decimal(1000), Decimal(5000)]),
    )
    size = random.choice([4, 9, 10, 40, 200])
    day = Day(random, rules)
    for one in range(size):
        day.remote[f"c{one}"] = {
            DAILY: str(random.choice([20, 50, 120, 900, 2500])),
            MONTHLY: "unlimited",
            STATUS: "active",
            NAME: f"n{one}",
            QUEUE: "7",
        }
    may_change = size if size < 10 else size * 3 // 10
    places = random.sample(sorted(day.remote), random.randint(1, may_change))
    before = random.randint(0, may_change - len(places)) if size >= 10 else 0
    for place in places:
        random.choice(ORDINARY)(day, place)
    recent = Recent(
        now=NOON,
        campaigns=size,
        changed=frozenset(sorted(set(day.remote) - set(places))[:before]),
        activations=10 - day.starts,
        increases={"USD": Decimal(99999)},
        last_change={(place, path): 300.0 for place in places for path in (NAME, DAILY)},
    )
    return day, recent


def test_of_two_hundred_ordinary_days_nothing_is_held() -> None:
    seen: Counter[str] = Counter()
    for number in range(200):
        day, recent = ordinary_day(number)
        made = plan(day.queue, day.remote, day.rules, recent)
        held = {one.update.id: one.deciding.message for one in made.updates
                if one.mark in (Mark.HELD, Mark.REJECTED)}  # fmt: skip
        assert not held, f"day {number}"
        seen.update(one.mark.value for one in made.updates)
        seen.update(path for one in made.marked(Mark.SEND) for path in one.update.patch)
        seen["full"] += bool(recent.changed) or recent.activations + day.starts == 10
    assert seen["send"] > 1000
    assert min(seen[what] for what in ("already_set", "superseded", DAILY, MONTHLY, STATUS)) > 40
