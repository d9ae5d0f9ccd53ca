"""The state machine: which acts there are. What may be drawn for them stands in `draws`, what they
do in `play`, what must hold at the end in `verdict`."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import Rule, RuleBasedStateMachine, initialize, rule

from tests.cases import COUNTS
from tests.machine.asking import Choice
from tests.machine.draws import (
    ALIKE,
    CAMPAIGN,
    CHOICES,
    CRASH,
    FAILING,
    HOLD,
    OF,
    PLAIN,
    SETUP,
    TROUBLE,
    VALUE,
    WEIGHTS,
    WHICH,
    WISH,
    Crash,
    Hold,
    Setup,
)
from tests.machine.ground import Ground, Role
from tests.machine.lives import Stroke
from tests.machine.people import People, Wish
from tests.machine.play import FOCUS, PULL, PUSH, Play
from tests.machine.tally import Tally
from tests.machine.verdict import verdict


class Machine(RuleBasedStateMachine):
    """Histories of one provider's account, sometimes beside another one."""

    ground: ClassVar[Ground]
    tally: ClassVar[Tally]
    provider: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.play: Play | None = None
        self.people: People | None = None
        self.is_broken = False
        self._open = AsyncExitStack()

    @initialize(setup=SETUP)
    def begin(self, setup: Setup) -> None:
        """Set up the accounts."""
        if setup.has_all:
            self._rules_strategy = cast("Any", _weighted(self.rules))
        self._do("begin", self._begin(setup.roles(self.provider)))

    async def _begin(self, roles: Sequence[Role]) -> None:
        scenes, config = await self._open.enter_async_context(self.ground.play(roles))
        agreements = {one.name: one.agreement for one in roles}
        self.play = Play(scenes=scenes, agreements=agreements, config=config, tally=self.tally)
        self.people = People(play=self.play)
        await self.play.begin()

    @rule(which=WHICH, wish=WISH)
    def queue(self, which: int, wish: Wish) -> None:
        self._do("queue", self._people.queue(which, wish))

    @rule(which=WHICH, wish=PLAIN, second=CHOICES, after=st.sampled_from([None, 60]))
    def queue_two(
        self, which: int, wish: Wish, second: Sequence[Choice], after: int | None
    ) -> None:
        """Two for one campaign, the first of them perhaps due later."""
        first = Wish(campaign=wish.campaign, choices=wish.choices, after=after)
        then = Wish(campaign=wish.campaign, choices=second)

        async def both() -> None:
            await self._people.queue(which, first)
            await self._people.queue(which, then)

        self._do("queue two", both())

    @rule(which=WHICH, campaign=CAMPAIGN, is_new=st.booleans())
    def queue_life(self, *, which: int, campaign: int, is_new: bool) -> None:
        """A new campaign, or the end of one."""
        people = self._people
        work = people.create(which) if is_new else people.delete(which, campaign)
        self._do("queue life", work)

    @rule(which=WHICH, campaign=CAMPAIGN, choices=CHOICES)
    def edit(self, which: int, campaign: int, choices: Sequence[Choice]) -> None:
        self._count("edit")
        self._people.edit(which, campaign, choices)

    @rule(which=WHICH, campaign=CAMPAIGN)
    def vanish(self, which: int, campaign: int) -> None:
        self._count("vanish")
        self._people.vanish(which, campaign)

    @rule(which=WHICH, campaign=CAMPAIGN, amount=st.sampled_from([0, 90, 140]))
    def spend(self, which: int, campaign: int, amount: int) -> None:
        self._count("spend")
        self._people.spend(which, campaign, amount)

    @rule(of=OF)
    def pull(self, of: Sequence[int]) -> None:
        self._do("pull", self._play.sync(of, PULL))

    @rule(of=OF)
    def push(self, of: Sequence[int]) -> None:
        self._do("push", self._play.sync(of, PUSH))

    @rule(of=OF)
    def sync(self, of: Sequence[int]) -> None:
        self._do("sync", self._play.sync(of))

    @rule(which=WHICH, crash=CRASH)
    def crash(self, which: int, crash: Crash) -> None:
        """Somebody queues something, and a pass is interrupted somewhere."""
        point, nth = crash.place
        stroke = Stroke(
            manner=crash.manner,
            nth=nth,
            point=point,
            edit=lambda: self._people.edit(which, crash.edited.campaign, crash.edited.choices),
        )

        async def both() -> None:
            for wish in crash.wishes:
                await self._people.queue(which, wish)
            await self._play.strike(which, stroke, crash.passes)

        self._do("crash", both())

    @rule(which=WHICH, hold=HOLD)
    def hold(self, which: int, hold: Hold) -> None:
        """Somebody queues something, and while the call for it is unanswered other things
        happen."""

        async def aside() -> None:
            for wish in hold.wishes:
                await self._people.queue(which, wish)
            match hold.aside:
                case "edit":
                    self._people.edit(which, hold.first.campaign, hold.first.choices)
                case "pause":
                    await self._people.pause(is_on=True)
                case "cancel":
                    await self._people.decide("cancel", 0, None)

        async def both() -> None:
            await self._people.queue(which, hold.first)
            await self._play.hold(which, hold.when, aside, hold.end)

        self._do("hold", both())

    @rule(which=WHICH, campaign=CAMPAIGN)
    def cut(self, which: int, campaign: int) -> None:
        """Somebody cuts an amount where we do not see it, and a push comes for another wish."""

        async def all_of_it() -> None:
            await self._play.later(70)
            await self._people.cut(which, campaign)
            await self._play.sync([which], PUSH)

        self._do("cut", all_of_it())

    @rule(which=WHICH, wish=ALIKE, number=FAILING)
    def several(self, which: int, wish: Wish, number: int | None) -> None:
        """Somebody wants the same of all campaigns that matter, and perhaps the call goes wrong."""

        async def all_of_it() -> None:
            for campaign in range(FOCUS):
                await self._people.queue(which, wish.of(campaign))
            if number is None:
                await self._play.sync([which], PUSH)
            else:
                await self._play.unlucky(which, number, PUSH)

        self._do("several", all_of_it())

    @rule(which=WHICH, number=FAILING)
    def birth(self, which: int, number: int | None) -> None:
        """Somebody wants a new campaign, and perhaps the call for it goes wrong."""

        async def all_of_it() -> None:
            await self._people.create(which)
            if number is None:
                await self._play.sync([which], PUSH)
            else:
                await self._play.unlucky(which, number, PUSH)

        self._do("birth", all_of_it())

    @rule(which=WHICH, wish=PLAIN, number=TROUBLE, value=VALUE)
    def unlucky(self, which: int, wish: Wish, number: int, value: int | None) -> None:
        """Somebody queues something, and the call for it goes wrong; perhaps somebody wants
        another value, and another push comes."""

        async def all_of_it() -> None:
            await self._people.queue(which, wish)
            await self._play.unlucky(which, number, PUSH)
            if value is not None:
                await self._people.queue(which, wish.with_value(value))
                await self._play.sync([which], PUSH)

        self._do("unlucky", all_of_it())

    @rule(which=WHICH, wish=WISH, value=VALUE, is_first=st.booleans())
    def contest(self, *, which: int, wish: Wish, value: int | None, is_first: bool) -> None:
        """Somebody queues a value, and somebody sets another one in the provider's own pages, where
        we do not see it; then a push comes."""
        choices = wish.with_value(value or 0).choices

        async def all_of_it() -> None:
            if is_first:
                self._people.edit(which, wish.campaign, choices)
            await self._people.queue(which, wish)
            if not is_first:
                self._people.edit(which, wish.campaign, choices)
            await self._play.sync([which], PUSH)

        self._do("contest", all_of_it())

    @rule(
        which=WHICH,
        number=TROUBLE,
        nth=st.integers(1, 2),
        operation=st.integers(0, 5),
    )
    def fault(self, which: int, number: int, nth: int, operation: int) -> None:
        self._count("fault")
        self._play.arm(which, number, nth, operation)

    @rule(seconds=st.sampled_from([20, 60, 130, 130, 400, 4000]))
    def later(self, seconds: int) -> None:
        self._do("later", self._play.later(seconds))

    @rule(
        word=st.sampled_from(["approve", "approve", "approve", "retry", "cancel", "seen"]),
        number=st.integers(0, 11),
        who=st.sampled_from(["boss", None]),
    )
    def decide(self, word: str, number: int, who: str | None) -> None:
        """Somebody decides about an update."""
        self._do(word, self._people.decide(word, number, who))

    @rule(which=WHICH, is_approved=st.booleans())
    def plan(self, *, which: int, is_approved: bool) -> None:
        """Somebody saves a plan, or approves one."""
        self._do("plan", self._people.plan(which, is_approved=is_approved))

    @rule(is_on=st.booleans())
    def pause(self, *, is_on: bool) -> None:
        self._do("pause", self._people.pause(is_on=is_on))

    def teardown(self) -> None:
        """Judge the example where nothing has gone wrong before."""
        try:
            if self.play is not None and not self.is_broken:
                before = COUNTS.copy()
                found = self.ground.do(verdict(self.play))
                for name, number in (COUNTS - before).items():
                    self.tally.add("case", name, number)
                if found and not self.tally.of("run", "steps until found"):
                    self.tally.add("run", "steps until found", self.tally.of("run", "steps"))
                assert not found, "\n".join(map(str, found))
                self._count_ends(self.play)
        finally:
            self.ground.do(self._open.aclose())

    @property
    def _play(self) -> Play:
        assert self.play is not None
        return self.play

    @property
    def _people(self) -> People:
        assert self.people is not None
        return self.people

    def _do(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._count(name)
        try:
            self.ground.do(work)
        except BaseException:
            self.is_broken = True
            raise

    def _count(self, name: str) -> None:
        self.tally.add("run", "steps")
        self.tally.add("rule", name)

    def _count_ends(self, play: Play) -> None:
        self.tally.add("run", "examples")
        for row in play.looks[-1]:
            self.tally.add("update", row["state"])
        for scene in play.scenes:
            for arrival in scene.writes():
                self.tally.add("write", f"{scene.place.provider} {arrival.operation}")
                for fault in arrival.faults:
                    self.tally.add("fault", fault.rpartition("-")[0] or fault)


def _weighted(rules: Sequence[Rule]) -> st.SearchStrategy[tuple[Rule, dict[str, Any]]]:
    """A rule and its arguments, each rule as often as its weight says."""
    known = {one.function.__name__: one for one in rules}
    drawn = [
        st.tuples(st.just(known[name]), st.fixed_dictionaries(known[name].arguments))
        for name, weight in WEIGHTS.items()
        for _ in range(weight)
    ]
    return st.one_of(drawn)
