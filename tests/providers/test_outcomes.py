"""Results of calls where all items fare alike: each has every item that was sent, and says neither
more nor less than is known."""

from __future__ import annotations

import pytest

from syncd.errors import (
    AuthFailed,
    BadAnswer,
    CallRefused,
    Forbidden,
    LimitWait,
    NoAnswer,
    NotSent,
    ProviderDown,
    ProviderError,
    Stopped,
    Throttled,
)
from syncd.model.call import CallResult, Whole, WriteItem
from syncd.model.update import Outcome, Verdict
from syncd.providers.outcomes import (
    Said,
    applied,
    every,
    failed,
    held_back,
    refused,
    rejected,
    undecided,
    unjudged,
)

ITEMS = [WriteItem(external_id=one, changes={"name": "x"}, remote={}) for one in ("a", "b")]
SAID = Said(code="c", text="words", trace_id="t")


def word(outcome: Outcome) -> Verdict:
    """An outcome in those words."""
    return Verdict(outcome=outcome, code="c", message="words", trace_id="t")


def alike(result: CallResult) -> Verdict:
    """The one verdict that every item has."""
    assert list(result.verdicts) == ["a", "b"]
    assert result.verdicts["a"] == result.verdicts["b"]
    return result.verdicts["a"]


def test_one_verdict_stands_for_all_items() -> None:
    verdict = Verdict(outcome=Outcome.APPLIED, message="words")
    result = every(ITEMS, verdict, 200)
    assert alike(result) is verdict
    assert (result.status, result.whole, result.message) == (200, None, "words")
    assert every([], verdict).verdicts == {}


def test_a_yes_has_the_id_of_what_was_created() -> None:
    assert alike(applied(ITEMS, 200)) == Verdict(outcome=Outcome.APPLIED)
    created = applied(ITEMS[:1], 201, created_id="new")
    assert created.verdicts == {"a": Verdict(outcome=Outcome.APPLIED, created_id="new")}
    assert created.status == 201


def test_a_no_about_the_items_has_the_providers_words() -> None:
    result = rejected(ITEMS, SAID, 400, remedy="do this")
    assert alike(result) == word(Outcome.REJECTED)
    assert (result.status, result.whole) == (400, None)
    assert (result.message, result.remedy) == ("words", "do this")


@pytest.mark.parametrize("whole", Whole)
def test_a_call_that_nobody_looked_into_judges_no_item(whole: Whole) -> None:
    result = unjudged(ITEMS, whole, SAID, 429, remedy="wait")
    assert alike(result) == word(Outcome.NOT_JUDGED)
    assert (result.status, result.whole) == (429, whole)
    assert (result.message, result.remedy) == ("words", "wait")


def test_no_word_leaves_every_item_unknown() -> None:
    result = undecided(ITEMS, SAID, 502)
    assert alike(result) == word(Outcome.UNKNOWN)
    assert (result.status, result.whole, result.message) == (502, None, "words")


def test_proof_that_nothing_left_is_not_an_unknown() -> None:
    result = failed(ITEMS, NotSent("no route", remedy="look at the network"))
    assert alike(result) == Verdict(outcome=Outcome.NOT_JUDGED, code="not-sent", message="no route")
    assert (result.status, result.whole) == (None, Whole.NOT_SENT)
    assert result.remedy == "look at the network"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoAnswer("cut", remedy="r", trace_id="t"), None),
        (BadAnswer("garbage", remedy="r", status=200, trace_id="t"), 200),
        (ProviderDown("down", remedy="r", status=503, trace_id="t"), 503),
        (CallRefused("odd", remedy="r", status=418, trace_id="t"), 418),
        (AuthFailed("late", remedy="r", status=401, trace_id="t"), 401),
    ],
)
def test_any_other_failed_send_may_have_arrived(error: ProviderError, status: int | None) -> None:
    result = failed(ITEMS, error)
    assert alike(result) == Verdict(
        outcome=Outcome.UNKNOWN, code=error.code, message=error.message, trace_id="t"
    )
    assert (result.status, result.whole, result.remedy) == (status, None, "r")


@pytest.mark.parametrize(
    ("error", "whole"),
    [
        (AuthFailed("e", remedy="r"), Whole.UNAUTHORISED),
        (Forbidden("e", remedy="r"), Whole.FORBIDDEN),
        (Throttled("e", retry_after=9, remedy="r"), Whole.THROTTLED),
        (LimitWait("e", seconds=9, remedy="r"), Whole.THROTTLED),
        (Stopped("e", remedy="r"), Whole.STOPPED),
        (NotSent("e", remedy="r"), Whole.NOT_SENT),
        (NoAnswer("e", remedy="r"), Whole.NOT_SENT),
        (BadAnswer("e", remedy="r"), Whole.NOT_SENT),
        (ProviderDown("e", remedy="r", status=500), Whole.NOT_SENT),
        (CallRefused("e", remedy="r", status=404), Whole.NOT_SENT),
    ],
)
def test_without_key_or_permit_nothing_of_the_call_left(error: ProviderError, whole: Whole) -> None:
    result = held_back(ITEMS, error)
    assert alike(result) == Verdict(
        outcome=Outcome.NOT_JUDGED, code=error.code, message="e", trace_id=error.trace_id
    )
    assert (result.status, result.whole) == (None, whole), "the write itself had no answer"
    assert (result.message, result.remedy) == ("e", "r")


def test_what_our_own_rules_do_not_send_is_rejected() -> None:
    assert refused("bad_value", "too long") == Verdict(
        outcome=Outcome.REJECTED, code="bad_value", message="too long"
    )
