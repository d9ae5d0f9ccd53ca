"""The grid of what may go wrong with a push and where: the crash points of a push and of a
recovery, the kinds of write, the manners, and of the cells that do not exist the reason. Values
only; it starts nothing."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final


class Reach(StrEnum):
    """How far a call has come where a process dies."""

    NOTHING = "nothing is recorded"
    INTENDED = "the intent is recorded, nothing has arrived"
    PARTLY = "an unfinished request has arrived"
    UNHEEDED = "the request has arrived and is never carried out"
    APPLIED = "the call was carried out, its result is not recorded"
    SETTLED = "the result is recorded"


PUSH: Final = {
    "after_claim": Reach.NOTHING,
    "before_intent_commit": Reach.NOTHING,
    "during_intent_commit": Reach.INTENDED,
    "after_intent_commit": Reach.INTENDED,
    "before_connect": Reach.INTENDED,
    "after_connect": Reach.INTENDED,
    "after_headers": Reach.PARTLY,
    "mid_body": Reach.PARTLY,
    "after_body_no_reply": Reach.UNHEEDED,
    "provider_applied_no_reply": Reach.APPLIED,
    "after_status_line": Reach.APPLIED,
    "mid_reply_body": Reach.APPLIED,
    "after_reply_parsed": Reach.APPLIED,
    "before_result_commit": Reach.APPLIED,
    "during_result_commit": Reach.SETTLED,
    "after_result_commit": Reach.SETTLED,
    "before_lease_release": Reach.SETTLED,
    "after_lease_release": Reach.SETTLED,
}
"""The points of a push in their order."""
RECOVERY: Final = (
    "recover_start",
    "before_read",
    "after_read_before_decision",
    "after_decision_commit",
)
POINTS: Final = (*PUSH, *RECOVERY)
ELSEWHERE: Final = {
    "during_intent_commit": "the way to Postgres holds the answer to the COMMIT (tests/proxy.py)",
    "during_result_commit": "the way to Postgres holds the answer to the COMMIT (tests/proxy.py)",
    "provider_applied_no_reply": "the simulator has applied the call and holds its answer",
}
"""Moments that only the other end can see, and who holds them; all others are named in the code."""


class Manner(StrEnum):
    """What happens at a point."""

    SIGKILL = "SIGKILL"
    EXCEPTION = "exception"
    CANCELLATION = "cancellation"
    CUT = "connections cut"
    GONE = "database gone"
    """As cut, and nobody gets a connection until the pass has ended."""


IN_PROCESS: Final = tuple(one for one in Manner if one is not Manner.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of write; `operation` and `detail` tell its endpoint, `at` is the simulator's word
    for it. `others` are calls of the same batch, by the simulator's word for their campaigns."""

    letter: str
    what: str
    provider: str
    operation: str
    at: str
    detail: str = ""
    dialect: str = "documented"
    refused: str = ""
    """A campaign whose entry the provider refuses, as the simulator names it."""

    def __str__(self) -> str:
        return self.letter

    @property
    def creates(self) -> bool:
        return self.at == "create"


KINDS: Final = (
    Kind(
        letter="A",
        what="PUT of an absolute value",
        provider="icas",
        operation="PUT campaign/budgets",
        at="budgets",
        detail="daily",
    ),
    Kind(
        letter="B",
        what="PATCH of several, one of them refused",
        provider="criteo",
        operation="PATCH campaigns",
        at="update",
        refused="hidden_rule",
    ),
    Kind(
        letter="C",
        what="POST create without a key",
        provider="pai",
        operation="POST campaigns",
        at="create",
    ),
    Kind(
        letter="D",
        what="POST create with a natural key",
        provider="icas",
        operation="POST campaign",
        at="create",
    ),
    Kind(
        letter="E",
        what="upload of a CSV file",
        provider="epom",
        operation="POST pricing/batch",
        at="batch",
    ),
    Kind(
        letter="F",
        what="DELETE",
        provider="pai",
        operation="DELETE campaign",
        at="delete",
    ),
    Kind(
        letter="G",
        what="switch of a status: a start",
        provider="voipbin",
        dialect="current",
        operation="PUT campaign/status",
        at="status",
        detail="start",
    ),
)
MISSING: Final = {
    ("mid_body", "F"): "a DELETE has no body: after its head it is whole",
    ("mid_reply_body", "E"): "its yes is an empty answer: after its head it is whole",
}
"""Cells that do not exist, and why."""
NOT_THERE: Final = {
    "after_upload_no_job_id": "the upload is one synchronous call; there is no job and no id",
    "while_polling": "its answer is the result; nothing is polled",
    "before_result_fetch": "its answer is the result; nothing is fetched",
    "after_result_fetch": "its answer is the result; nothing is fetched",
}
"""Points of an upload of files that have jobs, and why kind E has none of them."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One square of the grid."""

    point: str
    kind: Kind
    manner: Manner

    def __str__(self) -> str:
        return f"{self.point}-{self.kind}-{self.manner.replace(' ', '_')}"

    @property
    def is_missing(self) -> bool:
        return (self.point, self.kind.letter) in MISSING

    @property
    def reach(self) -> Reach:
        """How far a call comes that dies there; a request without a body is whole at its head."""
        reach = PUSH[self.point]
        is_whole = self.point == "after_headers" and ("mid_body", self.kind.letter) in MISSING
        return Reach.APPLIED if is_whole else reach


def cells(*manners: Manner) -> list[Cell]:
    """Every cell of these manners that exists."""
    grid = product(manners, POINTS, KINDS)
    every = (Cell(point=point, kind=kind, manner=manner) for manner, point, kind in grid)
    return [cell for cell in every if not cell.is_missing]


def rotated(*manners: Manner) -> list[Cell]:
    """Each point once, kinds and manners taking turns."""
    found = []
    for at, point in enumerate(POINTS):
        manner = manners[at % len(manners)]
        turns = (KINDS[(at + turn) % len(KINDS)] for turn in range(len(KINDS)))
        those = (Cell(point=point, kind=kind, manner=manner) for kind in turns)
        found.append(next(cell for cell in those if not cell.is_missing))
    return found
