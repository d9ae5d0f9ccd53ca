"""The journal of a simulated provider: every arrival with its times, its bytes and the truth per
item, kept in memory and appended to a file as one JSON line when the arrival is over. It is the
witness that a checker reads; it knows nothing of any provider and judges nothing."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Any, TextIO


@dataclass(kw_only=True)
class Item:
    """The truth about one entry of a write."""

    index: int
    id: str
    """Of a create: the id that was given, empty where none was."""
    kind: str = "update"
    """`update`, `create` or `delete`."""
    truth: str = "untouched"
    """`untouched`, `refused`, `applied`, or `applied_pending` (accepted for later)."""
    codes: list[str] = field(default_factory=list)
    old: dict[str, str | None] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)
    """Both by field path, of just the paths that the write names: what stood there before, and what
    the write came to; where it was not applied, what it asked for. Of a delete: `{"deleted":
    "true"}`."""


@dataclass(kw_only=True)
class Arrival:
    """One request as the receiver saw it; times are `time.monotonic_ns` of this machine."""

    seq: int
    arrived_ns: int
    wall_ns: int
    """The same as time since the epoch, for people who read the file."""
    connection: str
    method: str
    path: str
    headers: dict[str, str]
    operation: str
    is_write: bool = False
    credential: str | None = None
    """Whose it is, as a name that is no secret."""
    limit_group: str | None = None
    """The group of operations that it counted in; None where nothing was counted."""
    body: str | None = None
    body_sha256: str | None = None
    """Over the exact bytes; None when the body never came whole."""
    status: int | None = None
    reply: str | None = None
    """The text of the answer to a write, as far as it was sent; None for reads and for no
    answer."""
    replied_ns: int | None = None
    reply_whole: bool = False
    """Whether every byte of the answer was handed to a connection that was still there."""
    reply_readable: bool = False
    """Whether the answer was the service's own, no fault having replaced its bytes."""
    gone_ns: int | None = None
    """When the connection was seen lost, or was cut by a fault, before the answer was whole."""
    items: list[Item] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """The campaigns that a read showed or a create made."""
    shown: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """What a read showed: id to all its values by field path."""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the service wants a judge to know, in words."""
    over: bool = False

    def take_body(self, body: bytes, shown: str) -> None:
        """Note a body that came whole; `shown` is its text with secrets masked."""
        self.body = shown
        self.body_sha256 = sha256(body).hexdigest()

    def lose(self) -> None:
        """Note that the connection is gone; only the first time counts."""
        if self.gone_ns is None:
            self.gone_ns = monotonic_ns()


class Journal:
    """All arrivals in order of their heads, and the file that they are appended to."""

    def __init__(self, path: Path | None = None) -> None:
        self.arrivals: list[Arrival] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def open(self, **seen: Any) -> Arrival:
        """Note an arrival whose head has just been read; `seen` holds its remaining fields."""
        arrival = Arrival(
            seq=len(self.arrivals) + 1, arrived_ns=monotonic_ns(), wall_ns=time_ns(), **seen
        )
        self.arrivals.append(arrival)
        return arrival

    def end(self, arrival: Arrival) -> None:
        """The arrival is over: append its line. A second call for the same arrival does nothing."""
        if arrival.over:
            return
        arrival.over = True
        self._append(arrival)

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Arrivals after `seq` as JSON values, those that are not over included."""
        return [asdict(arrival) for arrival in self.arrivals[seq:]]

    def of(self, operation: str) -> list[Arrival]:
        """Arrivals of one operation, in order."""
        return [arrival for arrival in self.arrivals if arrival.operation == operation]

    def close(self) -> None:
        """Append the arrivals that never ended, as they are, and close the file."""
        for arrival in self.arrivals:
            if not arrival.over:
                self._append(arrival)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, arrival: Arrival) -> None:
        if self._file is not None:
            self._file.write(json.dumps(asdict(arrival)) + "\n")
            self._file.flush()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal file as JSON values in order of arrival."""
    with path.open(encoding="utf-8") as lines:
        arrivals = [json.loads(line) for line in lines]
    yield from sorted(arrivals, key=lambda arrival: int(arrival["arrived_ns"]))
