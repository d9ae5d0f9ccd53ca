"""The state machine: which acts there are and what may be drawn for them. What they do stands in
`play`, what must hold at the end in `verdict`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Rule, RuleBasedStateMachine, initialize, rule

from syncd.simulator import PROVIDERS
from tests.machine.agreements import CAPS, Agreement, quiet_from
from tests.machine.asking import Choice
from tests.machine.ground import Ground, Role
from tests.machine.lives import MANNERS, Stroke
from tests.machine.play import Play, Wish
from tests.machine.tally import Tally
from tests.machine.troubles import MOST
from tests.machine.verdict import verdict

_CHOICES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), min_size=1, max_size=3)
_CAMPAIGN = st.integers(0, 3)
_WHICH = st.integers(0, 1)
_BOTH = st.sampled_from([(0,), (1,), (0, 1)])
_PASSES = st.sampled_from([(True, True), (False, True), (True, False)])
_WISH = st.builds(
    Wish,
    campaign=_CAMPAIGN,
    choices=_CHOICES,
    expect=st.sampled_from([None, None, None, "shown", "other"]),
    key=st.sampled_from([None, None, None, "k1", "k2"]),
    policy=st.sampled_from([None, None, "hold", "ours", "theirs"]),
    after=st.sampled_from([None, None, None, 60, 600]),
    until=st.sampled_from([None, None, None, 300, 4000]),
)
_PLAIN = st.builds(Wish, campaign=_CAMPAIGN, choices=_CHOICES)
_FEW = st.lists(_PLAIN, max_size=2)
Terms = tuple[str, str, str, str, bool]
_TERMS = st.tuples(
    st.sampled_from(["wide", "wide", "usual", "tight"]),
    st.sampled_from(["usual", "none"]),
    st.sampled_from(["hold", "hold", "hold", "ours", "theirs"]),
    st.sampled_from(["none", "none", "none", *CAPS]),
    st.sampled_from([False, False, True]),
)
"""Guards, freshness, policy, the owner's caps, and whether there are quiet hours."""
POINTS = (
    "before_intent_commit",
    "after_intent_commit",
    "before_connect",
    "after_reply",
    "before_result_commit",
    "after_result_commit",
    "recover_start",
    "before_read",
    "after_read_before_decision",
    "after_decision_commit",
)
_PLACE = st.one_of(
    st.tuples(st.sampled_from(POINTS), st.integers(1, 2)),
    st.tuples(st.none(), st.integers(1, 20)),
)
"""A point and how often it is passed before; without a name any point."""
WEIGHTS = {
    "queue": 6,
    "queue_two": 3,
    "queue_life": 1,
    "edit": 3,
    "push": 4,
    "sync": 3,
    "pull": 1,
    "crash": 5,
    "hold": 3,
    "fault": 4,
    "later": 4,
    "decide": 4,
    "plan": 1,
    "pause": 1,
    "vanish": 1,
}
"""How often each rule is drawn in examples in which all of them are, which is most."""


class Machine(RuleBasedStateMachine):
    """Histories of one provider's account, sometimes beside another one."""

    ground: ClassVar[Ground]
    tally: ClassVar[Tally]
    provider: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.play: Play | None = None
        self.is_broken = False
        self._open = AsyncExitStack()

    @initialize(
        dialects=st.tuples(*[st.sampled_from(("documented", "current"))] * 2),
        beside=st.sampled_from([None, None, *PROVIDERS]),
        terms=st.tuples(_TERMS, _TERMS),
        campaigns=st.sampled_from([6, 12]),
        batch=st.sampled_from([50, 1, 2]),
        in_flight=st.sampled_from([1, 1, 4]),
        has_all=st.sampled_from([True, True, True, False]),
    )
    def begin(
        self,
        dialects: tuple[str, str],
        beside: str | None,
        terms: tuple[Terms, Terms],
        campaigns: int,
        batch: int,
        in_flight: int,
        has_all: bool,
    ) -> None:
        """Set up the accounts. Without `has_all` Hypothesis leaves some rules out altogether."""
        if has_all:
            self._rules_strategy = _weighted(self.rules)
        names = [self.provider] if beside in {None, self.provider} else [self.provider, beside]
        roles = [
            Role(
                agreement=_agreement(str(name), *term),
                dialect=dialect,
                campaigns=campaigns,
                batch=batch,
                in_flight=in_flight,
            )
            for name, dialect, term in zip(names, dialects, terms, strict=False)
        ]
        self._do("begin", self._begin(roles))

    async def _begin(self, roles: Sequence[Role]) -> None:
        scenes, config = await self._open.enter_async_context(self.ground.play(roles))
        agreements = {one.name: one.agreement for one in roles}
        self.play = Play(scenes=scenes, agreements=agreements, config=config, tally=self.tally)
        await self.play.begin()

    @rule(which=_WHICH, wish=_WISH)
    def queue(self, which: int, wish: Wish) -> None:
        self._do("queue", self._play.queue(which, wish))

    @rule(which=_WHICH, wish=_PLAIN, second=_CHOICES, after=st.sampled_from([None, 60]))
    def queue_two(
        self, which: int, wish: Wish, second: Sequence[Choice], after: int | None
    ) -> None:
        """Two for one campaign, the first of them perhaps due later."""
        first = Wish(campaign=wish.campaign, choices=wish.choices, after=after)
        then = Wish(campaign=wish.campaign, choices=second)

        async def both() -> None:
            await self._play.queue(which, first)
            await self._play.queue(which, then)

        self._do("queue two", both())

    @rule(which=_WHICH, campaign=_CAMPAIGN, is_new=st.booleans())
    def queue_life(self, which: int, campaign: int, is_new: bool) -> None:
        """A new campaign, or the end of one."""
        play = self._play
        work = play.create(which) if is_new else play.delete(which, campaign)
        self._do("queue life", work)

    @rule(which=_WHICH, campaign=_CAMPAIGN, choices=_CHOICES)
    def edit(self, which: int, campaign: int, choices: Sequence[Choice]) -> None:
        self._count("edit")
        self._play.edit(which, campaign, choices)

    @rule(which=_WHICH, campaign=_CAMPAIGN)
    def vanish(self, which: int, campaign: int) -> None:
        self._count("vanish")
        self._play.vanish(which, campaign)

    @rule(of=_BOTH)
    def pull(self, of: Sequence[int]) -> None:
        self._do("pull", self._play.sync(of, push=False))

    @rule(of=_BOTH)
    def push(self, of: Sequence[int]) -> None:
        self._do("push", self._play.sync(of, pull=False))

    @rule(of=_BOTH)
    def sync(self, of: Sequence[int]) -> None:
        self._do("sync", self._play.sync(of))

    @rule(
        which=_WHICH,
        passes=_PASSES,
        place=_PLACE,
        manner=st.sampled_from(MANNERS),
        wishes=_FEW,
        edited=_PLAIN,
    )
    def crash(
        self,
        which: int,
        passes: tuple[bool, bool],
        place: tuple[str | None, int],
        manner: str,
        wishes: Sequence[Wish],
        edited: Wish,
    ) -> None:
        """Somebody queues something, and a pass is interrupted somewhere."""
        point, nth = place

        def edit() -> None:
            self._play.edit(which, edited.campaign, edited.choices)

        stroke = Stroke(manner=manner, nth=nth, point=point, edit=edit)
        pull, push = passes

        async def both() -> None:
            for wish in wishes:
                await self._play.queue(which, wish)
            await self._play.strike([which], stroke, pull=pull, push=push)

        self._do("crash", both())

    @rule(
        which=_WHICH,
        when=st.sampled_from(["before", "after"]),
        first=_PLAIN,
        wishes=_FEW,
        end=st.sampled_from(["go on", "death", "takeover"]),
    )
    def hold(self, which: int, when: str, first: Wish, wishes: Sequence[Wish], end: str) -> None:
        """Somebody queues something, and more while the call for it is unanswered."""

        async def both() -> None:
            await self._play.queue(which, first)
            await self._play.hold(which, when, wishes, end)

        self._do("hold", both())

    @rule(
        which=_WHICH,
        number=st.integers(0, MOST - 1),
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
        self._do(word, self._play.decide(word, number, who))

    @rule(which=_WHICH, is_approved=st.booleans())
    def plan(self, which: int, is_approved: bool) -> None:
        """Somebody saves a plan, or approves one."""
        self._do("plan", self._play.plan(which, is_approved=is_approved))

    @rule(is_on=st.booleans())
    def pause(self, is_on: bool) -> None:
        self._do("pause", self._play.pause(is_on=is_on))

    def teardown(self) -> None:
        """Judge the example where nothing has gone wrong before."""
        try:
            if self.play is not None and not self.is_broken:
                found = self.ground.do(verdict(self.play))
                assert not found, "\n".join(map(str, found))
                self._count_ends(self.play)
        finally:
            self.ground.do(self._open.aclose())

    @property
    def _play(self) -> Play:
        assert self.play is not None
        return self.play

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


def _agreement(provider: str, *terms: Any) -> Agreement:
    guard, fresh, policy, cap, is_quiet = terms
    return Agreement(
        provider=provider,
        guard=guard,
        fresh=fresh,
        policy=policy,
        cap=cap,
        quiet=quiet_from(dt.datetime.now(dt.UTC)) if is_quiet else None,
    )


def _weighted(rules: Sequence[Rule]) -> st.SearchStrategy[tuple[Rule, dict[str, Any]]]:
    """A rule and its arguments, each rule as often as its weight says."""
    known = {one.function.__name__: one for one in rules}
    drawn = [
        st.tuples(st.just(known[name]), st.fixed_dictionaries(known[name].arguments))
        for name, weight in WEIGHTS.items()
        for _ in range(weight)
    ]
    return st.one_of(drawn)
