"""Random histories of people, queue, faults and deaths at every provider, each judged at its end by
the checker: no promise is ever broken. A seed repeats its histories."""

import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any, cast

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from syncd.simulator import PROVIDERS
from tests.machine.counts import COUNTS
from tests.machine.ground import Ground
from tests.machine.machine import Machine
from tests.machine.tally import Tally

STEPS = 50
SEED, UNTIL = os.environ.get("SEED"), os.environ.get("SOAK_UNTIL")
FIRST, MANY = 0, range(1, 11)
EXAMPLES = 12
MORE = 1000
"""Where the seeds begin that are run as long as there is time."""
Record = Callable[[str, Any], None]


def histories(ground: Ground, provider: str, seed: int, examples: int) -> Tally:
    """Run the histories of a seed; raises for one that breaks a promise, made as short as may
    be."""
    tally = Tally()
    told = {"ground": ground, "provider": provider, "tally": tally}
    made = cast("type[Machine]", type(f"Machine_{provider}", (Machine,), told))
    again = f"SEED={seed} .venv/bin/python -m pytest -p no:cacheprovider -m 'soak or not soak'"
    again += f" tests/machine/test_machine.py -k 'seed and {provider}'"
    try:
        run_state_machine_as_test(
            hypothesis.seed(f"{provider} {seed}")(made),
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.generate, Phase.shrink),
                print_blob=False,
            ),
        )
    except BaseException as error:
        error.add_note(f"after {tally.of('run', 'steps')} steps; again: {again}")
        raise
    return tally


def record(told: Record, seeds: list[str], tally: Tally) -> None:
    told(COUNTS, {"seeds": seeds, "counts": tally.plain()})


@pytest.mark.skipif(SEED is not None, reason="a seed was asked for")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_history_breaks_a_promise(
    ground: Ground, provider: str, record_property: Record
) -> None:
    tally = histories(ground, provider, FIRST, 3)
    record(record_property, [f"{provider} {FIRST}"], tally)


@pytest.mark.soak
@pytest.mark.parametrize("seed", MANY if SEED is None else [int(SEED)])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_history_of_a_seed_breaks_a_promise(
    ground: Ground, provider: str, seed: int, record_property: Record
) -> None:
    tally = histories(ground, provider, seed, EXAMPLES)
    record(record_property, [f"{provider} {seed}"], tally)


@pytest.mark.soak
@pytest.mark.skipif(UNTIL is None, reason="only make soak says how long there is time")
@pytest.mark.parametrize("lane", range(2))
def test_no_history_breaks_a_promise_as_long_as_there_is_time(
    ground: Ground, lane: int, record_property: Record
) -> None:
    tally, seeds = Tally(), []
    for number in count(lane, 2):
        seed, provider = MORE + number // len(PROVIDERS), PROVIDERS[number % len(PROVIDERS)]
        if time.time() > float(UNTIL or 0):
            break
        tally.take(histories(ground, provider, seed, EXAMPLES).plain())
        seeds.append(f"{provider} {seed}")
    record(record_property, seeds, tally)
