"""What may be drawn for an example of the machine: how its accounts are set up, what people queue,
where a pass is interrupted, and how often each rule comes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hypothesis import strategies as st

from syncd.simulator import PROVIDERS
from tests.machine.agreements import CAPS, GUARDS, Agreement, quiet_from
from tests.machine.ground import Role
from tests.machine.lives import MANNERS
from tests.machine.people import Wish
from tests.machine.play import BOTH, PULL, PUSH, Passes
from tests.machine.troubles import LOST, MOST, OWN

_CHOICE = st.tuples(st.integers(0, 8), st.integers(0, 9))
CHOICES = st.one_of(_CHOICE.map(lambda one: [one]), st.lists(_CHOICE, min_size=1, max_size=3))
CAMPAIGN = st.integers(0, 2)
WHICH = st.integers(0, 1)
VALUE = st.one_of(st.none(), st.integers(0, 9))
TROUBLE = st.one_of(st.just(LOST), st.integers(0, OWN - 1), st.integers(0, MOST - 1))
"""A third of the time an answer that is lost, and a third what only this provider does."""
FAILING = st.one_of(st.none(), TROUBLE)
ALIKE = st.builds(
    Wish,
    campaign=st.just(0),
    choices=st.tuples(st.just(0), st.integers(0, 9)).map(lambda one: [one]),
    policy=st.sampled_from([None, "ours", "ours"]),
)
"""The same value at the first path for all."""
OF = st.sampled_from([(0,), (1,), (0, 1)])
WISH = st.builds(
    Wish,
    campaign=CAMPAIGN,
    choices=CHOICES,
    expect=st.sampled_from([None, None, None, "shown", "other"]),
    key=st.sampled_from([None, None, None, "k1", "k2"]),
    policy=st.sampled_from([None, None, "hold", "ours", "theirs"]),
    after=st.sampled_from([None, None, None, 60, 600]),
    until=st.sampled_from([None, None, None, 300, 4000]),
)
PLAIN = st.builds(Wish, campaign=CAMPAIGN, choices=CHOICES)
FEW = st.lists(PLAIN, max_size=2)
POINTS = (
    "after_claim",
    "before_intent_commit",
    "after_intent_commit",
    "before_connect",
    "after_connect",
    "after_headers",
    "mid_body",
    "after_body_no_reply",
    "after_status_line",
    "mid_reply_body",
    "after_reply_parsed",
    "before_result_commit",
    "after_result_commit",
    "before_lease_release",
    "after_lease_release",
    "recover_start",
    "before_read",
    "after_read_before_decision",
    "after_decision_commit",
)
WEIGHTS = {
    "unlucky": 5,
    "push": 4,
    "queue": 6,
    "queue_two": 3,
    "queue_life": 1,
    "edit": 3,
    "sync": 3,
    "pull": 1,
    "crash": 5,
    "hold": 3,
    "contest": 4,
    "several": 5,
    "birth": 2,
    "cut": 2,
    "fault": 2,
    "later": 4,
    "decide": 4,
    "plan": 1,
    "pause": 1,
    "vanish": 1,
    "spend": 1,
}
"""How often each rule is drawn in examples in which all of them are, which is most; the first comes
more often than that."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What one account of an example is set up with; `is_quiet`: there are quiet hours."""

    dialect: str
    guard: str
    fresh: str
    policy: str
    cap: str
    is_quiet: bool

    def agreement(self, provider: str) -> Agreement:
        """What it lets leave."""
        return Agreement(
            provider=provider,
            guard=self.guard,
            fresh=self.fresh,
            policy=self.policy,
            cap=self.cap,
            quiet=quiet_from(dt.datetime.now(dt.UTC)) if self.is_quiet else None,
        )


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One or two accounts. Without `has_all` Hypothesis leaves some rules out altogether."""

    beside: str | None
    terms: tuple[Terms, Terms]
    campaigns: int
    batch: int
    in_flight: int
    has_all: bool

    def roles(self, provider: str) -> list[Role]:
        """The accounts, the first of them at that provider."""
        names = [provider] if self.beside in {None, provider} else [provider, str(self.beside)]
        return [
            Role(
                agreement=terms.agreement(name),
                dialect=terms.dialect,
                campaigns=self.campaigns,
                batch=self.batch,
                in_flight=self.in_flight,
            )
            for name, terms in zip(names, self.terms, strict=False)
        ]


@dataclass(frozen=True, kw_only=True)
class Crash:
    """How and where a pass is interrupted: a point and how often it is passed before, without a
    name any point; what is queued first, and what a person edits there."""

    passes: Passes
    place: tuple[str | None, int]
    manner: str
    wishes: list[Wish]
    edited: Wish


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A call that is held before or after it is applied: what is queued first, what is queued and
    done meanwhile, and how it ends."""

    when: str
    first: Wish
    wishes: list[Wish]
    aside: str | None
    end: str


_TERMS = st.builds(
    Terms,
    dialect=st.sampled_from(["documented", "current"]),
    guard=st.sampled_from(["wide", *GUARDS]),
    fresh=st.sampled_from(["usual", "none"]),
    policy=st.sampled_from(["hold", "hold", "hold", "ours", "theirs"]),
    cap=st.sampled_from(["none", "none", *CAPS]),
    is_quiet=st.sampled_from([False, False, False, True]),
)
SETUP = st.builds(
    Setup,
    beside=st.sampled_from([None, None, *PROVIDERS]),
    terms=st.tuples(_TERMS, _TERMS),
    campaigns=st.sampled_from([6, 12]),
    batch=st.sampled_from([50, 1, 2]),
    in_flight=st.sampled_from([1, 1, 4]),
    has_all=st.sampled_from([True, True, True, False]),
)
CRASH = st.builds(
    Crash,
    passes=st.sampled_from([BOTH, PUSH, PULL]),
    place=st.one_of(
        st.tuples(st.sampled_from(POINTS), st.integers(1, 2)),
        st.tuples(st.none(), st.integers(1, 25)),
    ),
    manner=st.sampled_from(MANNERS),
    wishes=FEW,
    edited=PLAIN,
)
HOLD = st.builds(
    Hold,
    when=st.sampled_from(["before", "after"]),
    first=PLAIN,
    wishes=FEW,
    aside=st.sampled_from([None, "edit", "pause", "cancel"]),
    end=st.sampled_from(["go on", "cancel", "death", "takeover"]),
)
