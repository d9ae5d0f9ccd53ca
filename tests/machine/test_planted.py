"""The machine shown to fail: with a bug planted, random histories alone find the promise that it
breaks, within a few hundred steps."""

from typing import cast

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.counts import FOUND
from tests.machine.ground import Ground
from tests.machine.machine import Machine
from tests.machine.tally import Tally
from tests.machine.test_machine import STEPS, Record
from tests.planted.table import BUGS

EXAMPLES = 10


@pytest.mark.soak
@pytest.mark.parametrize(
    ("number", "provider", "seed"),
    [(4, "criteo", 1), (8, "criteo", 3), (9, "criteo", 1), (23, "pai", 1), (24, "criteo", 1)],
)
def test_the_machine_alone_finds_a_planted_bug(
    ground: Ground, number: int, provider: str, seed: int, record_property: Record
) -> None:
    bug, tally = BUGS[number], Tally()
    told = {"ground": ground, "provider": provider, "tally": tally}
    made = cast("type[Machine]", type(f"Machine_{provider}", (Machine,), told))
    with bug.plant(), pytest.raises(AssertionError, match=f"promise {bug.promise}:"):
        run_state_machine_as_test(
            hypothesis.seed(f"{provider} {seed}")(made),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.generate,),
                print_blob=False,
                report_multiple_bugs=False,
            ),
        )
    steps = tally.of("run", "steps until found")
    record_property(FOUND, f"found bug {number} at {provider} after {steps} steps, seed {seed}")
