"""What a PATCH did to up to two hundred campaigns, told in answers that are permuted, shortened,
lengthened or say things twice: an item is told what is true of it, or that nobody knows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from syncd.model.call import CallResult
from syncd.model.update import Outcome
from syncd.providers.criteo.verdicts import judge
from syncd.providers.transport import Answer
from tests.providers.accounts import item
from tests.providers.test_criteo_writes import done, problem

FEW, MANY = 300, 20_000
Reply = dict[str, list[Any]]
Alter = Callable[[Reply, Random], Reply]


def honest(ids: list[str], truth: list[bool]) -> Reply:
    """Every campaign in its place: done, or refused."""
    pairs = list(zip(ids, truth, strict=True))
    return {
        "data": done(*(id_ for id_, is_good in pairs if is_good)),
        "errors": [problem(index) for index, is_good in enumerate(truth) if not is_good],
    }


def permuted(reply: Reply, random: Random) -> Reply:
    return {name: random.sample(entries, len(entries)) for name, entries in reply.items()}


def shortened(reply: Reply, random: Random) -> Reply:
    part = random.random()
    return {name: [one for one in reply[name] if random.random() < part] for name in reply}


def doubled(reply: Reply, random: Random) -> Reply:
    return {
        name: [one for one in reply[name] for _ in range(1 + (random.random() < 0.2))]
        for name in reply
    }


def lengthened(reply: Reply, random: Random) -> Reply:
    count = random.randint(1, 5)
    foreign = done(*(f"x{number}" for number in range(count)))
    beyond = [problem(200 + random.randrange(50)) for _ in range(count)]
    return {"data": [*reply["data"], *foreign], "errors": [*reply["errors"], *beyond]}


ALTERATIONS: tuple[Alter, ...] = (permuted, shortened, doubled, lengthened)


def judged(ids: list[str], reply: Reply) -> CallResult:
    answer = Answer(status=200, headers={}, body=json.dumps(reply).encode(), date=None)
    return judge([item(id_) for id_ in ids], answer, str)


def assert_told_truly(seed: int) -> None:
    """One call of a random size and truth, and what an altered answer says of each item."""
    random = Random(seed)
    ids = [f"c{number}" for number in range(random.randint(1, 200))]
    share = random.random()
    truth = [random.random() < share for _ in ids]
    reply = honest(ids, truth)
    for alter in random.sample(ALTERATIONS, random.randint(0, len(ALTERATIONS))):
        reply = alter(reply, random)
    taken = Counter(entry["id"] for entry in reply["data"])
    failed = {entry["instance"] for entry in reply["errors"]}
    result = judged(ids, reply)
    assert list(result.verdicts) == ids
    for index, (id_, is_good) in enumerate(zip(ids, truth, strict=True)):
        outcome = result.verdicts[id_].outcome
        if taken[id_] == 1:
            assert (outcome, is_good) == (Outcome.APPLIED, True)
        elif f"@data/{index}" in failed:
            assert (outcome, is_good) == (Outcome.REJECTED, False)
        else:
            assert outcome is Outcome.UNKNOWN


def test_random_answers_are_told_truly() -> None:
    for seed in range(FEW):
        assert_told_truly(seed)


@pytest.mark.soak
def test_many_random_answers_are_told_truly() -> None:
    for seed in range(FEW, MANY):
        assert_told_truly(seed)


@pytest.mark.parametrize("count", [1, 2, 17, 200])
@pytest.mark.parametrize("alter", [None, permuted], ids=["honest", "permuted"])
def test_of_a_whole_answer_nothing_is_left_open(alter: Alter | None, count: int) -> None:
    random = Random(count)
    ids = [f"c{number}" for number in range(count)]
    for _ in range(10):
        truth = [random.random() < 0.5 for _ in ids]
        reply = honest(ids, truth)
        result = judged(ids, reply if alter is None else alter(reply, random))
        outcomes = [verdict.outcome for verdict in result.verdicts.values()]
        assert outcomes == [Outcome.APPLIED if good else Outcome.REJECTED for good in truth]
