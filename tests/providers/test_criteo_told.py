"""What the answer to a PATCH tells item by item although it is about the caller: fifty times the
same is one throttle or one refused key. It charges no item, and whoever has a verdict of its own
keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.limiter import Freeze, Limits
from syncd.model.call import CallResult, Whole
from tests.providers.accounts import account, always, item, with_token
from tests.providers.scripted import http
from tests.providers.test_criteo_create import create
from tests.providers.test_criteo_writes import done, outcomes, problem, result_of

IDS = [f"c{number}" for number in range(50)]
QUOTA = {"type": "quota", "code": "too-many-requests"}
STALE = {"type": "authorization", "code": "authorization-token-expired"}
STRANGE = {"type": "authentication", "code": "unknown-caller"}
REVOKED = {"type": "authorization", "code": "not-granted"}
NOT_THIS_ONE = {"type": "access-control", "code": "insufficient-advertiser-permissions"}
BROKEN = {"type": "availability", "code": "internal-error"}
INVALID = {"type": "validation", "code": "bad"}


def told(index: int | None, entry: dict[str, str]) -> dict[str, str]:
    return problem(index, **entry)


@pytest.mark.parametrize(
    ("entry", "whole"),
    [
        (QUOTA, Whole.THROTTLED),
        (STALE, Whole.UNAUTHORISED),
        (STRANGE, Whole.UNAUTHORISED),
        (REVOKED, Whole.FORBIDDEN),
    ],
)
async def test_what_is_told_of_every_item_is_told_of_the_call(
    entry: dict[str, str], whole: Whole
) -> None:
    errors = [told(index, entry) for index in range(50)]
    result = await result_of(http(200, {"data": [], "errors": errors}), *IDS)
    assert (result.whole, result.partly) == (whole, frozenset())
    assert outcomes(result) == ["not_judged"] * 50
    assert {verdict.code for verdict in result.verdicts.values()} == {entry["code"]}


@pytest.mark.parametrize(
    ("entry", "whole"),
    [(QUOTA, Whole.THROTTLED), (STALE, Whole.UNAUTHORISED), (REVOKED, Whole.FORBIDDEN)],
)
async def test_items_with_a_verdict_of_their_own_keep_it(
    entry: dict[str, str], whole: Whole
) -> None:
    answer = {
        "data": done("a", "f"),
        "errors": [told(1, INVALID), told(2, entry), told(3, entry), told(5, entry)],
    }
    result = await result_of(http(200, answer), *"abcdef")
    expected = ["applied", "rejected", "not_judged", "not_judged", "unknown", "unknown"]
    assert outcomes(result) == expected
    assert result.whole is None
    assert result.partly == {whole}
    assert whole.value in (result.message or "")


async def test_an_item_with_its_own_no_beside_a_throttle_is_judged() -> None:
    errors = [told(0, QUOTA), told(0, INVALID), told(1, QUOTA)]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a", "b")
    assert outcomes(result) == ["rejected", "not_judged"]
    assert result.verdicts["a"].code == "bad"


async def test_a_campaign_that_may_not_be_changed_is_its_own_matter() -> None:
    errors = [told(index, NOT_THIS_ONE) for index in range(2)]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a", "b")
    assert outcomes(result) == ["rejected", "rejected"]
    assert result.reasons == frozenset()


async def test_an_item_over_which_the_provider_failed_is_looked_up() -> None:
    errors = [told(0, BROKEN), told(1, BROKEN), told(1, INVALID), told(2, BROKEN), told(2, QUOTA)]
    result = await result_of(http(200, {"data": done("d"), "errors": errors}), *"abcd")
    assert outcomes(result) == ["unknown", "rejected", "unknown", "applied"]


async def test_two_reasons_of_the_caller_are_both_heard() -> None:
    errors = [told(0, QUOTA), told(1, STALE)]
    result = await result_of(http(200, {"data": [], "errors": errors}), "a", "b")
    assert outcomes(result) == ["not_judged", "not_judged"]
    assert result.whole is Whole.UNAUTHORISED
    assert result.partly == {Whole.THROTTLED}


class Quiet:
    """The freezes that an adapter asks for."""

    def __init__(self) -> None:
        self.freezes: list[Freeze] = []
        self.limits = Limits([], patience=5.0, on_freeze=self._note)

    async def _note(self, freeze: Freeze) -> None:
        self.freezes.append(freeze)


ANSWERS: dict[str, tuple[Any, list[Any]]] = {
    "all": ([], [told(index, QUOTA) for index in range(50)]),
    "all but one": (done("c0"), [told(index, QUOTA) for index in range(1, 50)]),
    "one": (done(*IDS[1:]), [told(0, QUOTA)]),
    "nobody by name": (done(*IDS[1:]), [told(None, QUOTA)]),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_however_often_it_is_told_the_account_freezes_once(what: str) -> None:
    data, errors = ANSWERS[what]
    quiet = Quiet()
    script = with_token(always(http(200, {"data": data, "errors": errors})))
    async with account(script, limits=quiet.limits) as there:
        await there.write(*map(item, IDS))
        assert len(quiet.freezes) == 1
        assert 5 < quiet.limits.frozen_for() <= 60
        result = await there.write(item("c0"))
        assert (result.whole, len(there.calls)) == (Whole.THROTTLED, 1)


async def test_an_answer_without_a_throttle_freezes_nothing() -> None:
    quiet = Quiet()
    script = with_token(always(http(200, {"data": done("a"), "errors": [told(1, BROKEN)]})))
    async with account(script, limits=quiet.limits) as there:
        await there.write(item("a"), item("b"))
        assert quiet.freezes == []


@pytest.mark.parametrize("indexes", [(0, 1), (1,)], ids=["all", "some"])
async def test_a_key_that_was_refused_item_by_item_is_not_used_again(
    indexes: tuple[int, ...],
) -> None:
    data = done(*("ab"[index] for index in (0, 1) if index not in indexes))
    answer = {"data": data, "errors": [told(index, STALE) for index in indexes]}
    async with account(with_token(always(http(200, answer)))) as there:
        await there.write(item("a"), item("b"))
        assert len(there.token_calls) == 1
        await there.write(item("a"), item("b"))
        assert len(there.token_calls) == 2, "one new key, however often it was told"


@pytest.mark.parametrize(
    ("entries", "outcome", "whole"),
    [
        ([QUOTA], "not_judged", Whole.THROTTLED),
        ([STALE], "not_judged", Whole.UNAUTHORISED),
        ([REVOKED, QUOTA], "not_judged", Whole.FORBIDDEN),
        ([QUOTA, INVALID], "rejected", None),
        ([BROKEN], "unknown", None),
    ],
)
async def test_a_create_is_told_the_same(
    entries: list[dict[str, str]], outcome: str, whole: Whole | None
) -> None:
    answer = {"data": [], "errors": [told(None, entry) for entry in entries]}
    async with account(with_token(always(http(200, answer)))) as there:
        result: CallResult = await create(there)
    assert outcomes(result) == [outcome]
    assert result.whole is whole


def test_a_call_has_the_reasons_of_all_and_of_some() -> None:
    assert CallResult(verdicts={}).reasons == frozenset()
    both = CallResult(verdicts={}, whole=Whole.THROTTLED, partly=frozenset({Whole.FORBIDDEN}))
    assert both.reasons == {Whole.THROTTLED, Whole.FORBIDDEN}
