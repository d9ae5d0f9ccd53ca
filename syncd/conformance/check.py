"""What a check is: a name, a sentence, and a function that looks at a stand. What is checked stands
in the modules beside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from syncd.conformance.stand import Stand

Run = Callable[[Stand], Awaitable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A named check. `run` returns what it saw; it raises Broken or NotApplicable."""

    name: str
    sentence: str
    run: Run


def check(name: str) -> Callable[[Run], Check]:
    """Make a function a check; its docstring is the sentence that is shown beside the name."""

    def made(run: Run) -> Check:
        return Check(name=name, sentence=" ".join((run.__doc__ or "").split()), run=run)

    return made
