"""The writes that arrived at a provider, each joined to the batch that the database says it was
sent for: plain values in, values out. It judges nothing, and shares no code with those judged."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

Row = Mapping[str, Any]

NO_BODY = sha256(b"").hexdigest()
ANY_PATH = "*"
AMOUNTS = ("budget.", "price.")


@dataclass(frozen=True)
class Rows:
    """What the report views said, row by row."""

    updates: Sequence[Row] = ()
    attempts: Sequence[Row] = ()
    approvals: Sequence[Row] = ()
    """Each with the value at the provider that it was given for, as `remote`, and the names of the
    rules that it was given for, as `rules`."""
    events: Sequence[Row] = ()
    """Every move of an update."""


@dataclass(frozen=True)
class Write:
    """One arrival of a write, with the batch that it was sent for.

    A *subject* is the id of a campaign; of a create, which has none before, it stands for the
    update that asked for it.
    """

    row: Row
    batch: int | None = None
    operation: str = ""
    """As the database names it."""
    items: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Subject to the truth about it, entry by entry."""
    updates: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Subject to the updates that this write carried for it."""
    sent: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Update to what this write carried for it, by path."""
    unknown: frozenset[str] = frozenset()
    """Subjects whose attempt the database calls unknown."""

    @property
    def seq(self) -> int:
        return int(self.row["seq"])

    @property
    def start(self) -> int:
        return int(self.row["arrived_ns"])

    @property
    def end(self) -> int | None:
        """When the exchange ended for the sender; None while it lasts."""
        ends = [self.row[key] for key in ("replied_ns", "gone_ns") if self.row[key] is not None]
        return min(ends, default=None)

    def paths(self, subject: str) -> frozenset[str]:
        """The paths that it names of a subject; where nobody knows, any."""
        named = {path for item in self.items[subject] for path in item["new"]}
        named |= {path for one in self.updates.get(subject, ()) for path in self.sent[one]}
        return frozenset(named or {ANY_PATH})

    def about(self, subject: str, path: str) -> Sequence[Row]:
        """The entries that are about a path; all of a subject where none names it."""
        mine = self.items.get(subject, ())
        return [item for item in mine if path in item["new"]] or mine


@dataclass(frozen=True)
class Batch:
    """What the database says of one call, as far as an arrival can be known by it."""

    id: int
    attempts: Sequence[Row]
    campaigns: frozenset[str | None]
    asked: frozenset[tuple[str | None, str, str | None]]
    """Campaign, path and wanted value of all that it carried."""

    @property
    def is_unanswered(self) -> bool:
        return self.attempts[0]["http_status"] is None

    def is_under_way(self, at: int) -> bool:
        """Whether it was sent and not yet answered at a time of the wall clock."""
        sent, answered = (self.attempts[0].get(key) for key in ("sent_at", "answered_at"))
        return bool(sent) and ns_of(sent) <= at and (not answered or at <= ns_of(answered))

    def contradicts(self, row: Row) -> int:
        """How much its recorded status speaks against an arrival: none a little, another much."""
        if self.attempts[0]["http_status"] == row["status"]:
            return 0
        return 1 if self.is_unanswered else 2

    def fits(self, row: Row) -> bool:
        """Whether an arrival of this batch's digest can be of it: by its campaigns, and where a
        body does not tell what was wanted, by what the address asks for.

        A create names no campaign, and what cannot be read names none either.
        """
        if not row["items"] or any(item["kind"] == "create" for item in row["items"]):
            return True
        if {item["id"] for item in row["items"]} != self.campaigns:
            return False
        wanted = {
            (item["id"], path, text_of(value))
            for item in row["items"]
            for path, value in item["new"].items()
        }
        return row["body_sha256"] != NO_BODY or not wanted or wanted == self.asked


def link(arrivals: Iterable[Row], rows: Rows) -> list[Write]:
    """Give every write the batch with its body's digest that it fits; one batch explains one
    arrival."""
    updates = {update["id"]: update for update in rows.updates}
    waiting = _waiting(rows, updates)
    left: dict[str | None, list[Row]] = defaultdict(list)
    writes = [row for row in arrivals if row["is_write"]]
    for row in writes:
        left[row["body_sha256"]].append(row)
    linked = []
    for row in writes:
        digest = row["body_sha256"]
        batch = _take(row, waiting.get(digest, []), left[digest])
        left[digest].pop(0)
        linked.append(_write(row, batch, updates))
    return linked


def _waiting(rows: Rows, updates: Mapping[int, Row]) -> dict[str, list[Batch]]:
    """The batches of each digest in order."""
    attempts: dict[int, list[Row]] = defaultdict(list)
    for attempt in rows.attempts:
        attempts[attempt["batch_id"]].append(attempt)
    waiting: dict[str, list[Batch]] = defaultdict(list)
    for number, mine in sorted(attempts.items()):
        owners = {one["update_id"]: updates[one["update_id"]]["external_id"] for one in mine}
        asked = (
            (owners[one["update_id"]], path, text_of(value))
            for one in mine
            for path, value in sent_of(one, updates).items()
        )
        batch = Batch(number, mine, frozenset(owners.values()), frozenset(asked))
        waiting[mine[0]["body_sha256"]].append(batch)
    return waiting


def _take(row: Row, batches: list[Batch], left: Sequence[Row]) -> Batch | None:
    """The batch of an arrival, taken out; of those never answered, the first that no arrival needs
    go too. Calls with the same bytes that are under way at once need not arrive in the order of
    their numbers: of them it is the one with its status."""
    fitting = [batch for batch in batches if batch.fits(row)]
    needed = sum(1 for one in left if any(batch.fits(one) for batch in fitting))
    spare = max(len(fitting) - needed, 0)
    while spare and fitting and fitting[0].is_unanswered:
        batches.remove(fitting.pop(0))
        spare -= 1
    at_once = [batch for batch in fitting if batch.is_under_way(row["wall_ns"])] or fitting[:1]
    batch = min(at_once, key=lambda one: one.contradicts(row), default=None)
    if batch is not None:
        batches.remove(batch)
    return batch


def _write(row: Row, batch: Batch | None, updates: Mapping[int, Row]) -> Write:
    mine = batch.attempts if batch else []
    makes = any(item["kind"] == "create" for item in row["items"])
    subject_of = {
        one["update_id"]: f"new:{one['update_id']}"
        if makes
        else str(updates[one["update_id"]]["external_id"])
        for one in mine
    }
    carried: dict[str, list[int]] = defaultdict(list)
    for update, subject in subject_of.items():
        carried[subject].append(update)
    made = next(iter(carried), f"new:arrival {row['seq']}")
    items: dict[str, list[Row]] = defaultdict(list)
    for item in row["items"]:
        items[made if makes else item["id"]].append(item)
    return Write(
        row=row,
        batch=batch.id if batch else None,
        operation=str(mine[0].get("operation") or "") if mine else "",
        items=items,
        updates=carried,
        sent={one["update_id"]: sent_of(one, updates) for one in mine},
        unknown=frozenset(
            subject_of[one["update_id"]] for one in mine if one["outcome"] in {"unknown", None}
        ),
    )


def sent_of(attempt: Row, updates: Mapping[int, Row]) -> Mapping[str, Any]:
    """What an attempt carried of its update, by path; all of it where the view does not say."""
    sent: Mapping[str, Any] | None = attempt.get("sent")
    return updates[attempt["update_id"]]["patch"] if sent is None else sent


def text_of(value: Any) -> str | None:
    """A value of a patch or a journal as text; a delete may be spelt `true`."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def same(path: str, one: Any, other: Any) -> bool:
    """Whether two values of a path are equal; amounts by what they are worth."""
    first, second = text_of(one), text_of(other)
    if first is None or second is None or not path.startswith(AMOUNTS):
        return first == second
    try:
        return Decimal(first) == Decimal(second)
    except InvalidOperation:  # a word, such as unlimited or a kind of price
        return first == second


def shows(values: Mapping[str, Any] | None, path: str, wanted: Any) -> bool:
    """Whether values by path have what is wanted there; what is absent is null."""
    if values is None or (path not in values and wanted is not None):
        return False
    return same(path, values.get(path), wanted)


def is_unclear(write: Write, subject: str) -> bool:
    """Whether the answer left open what became of a subject."""
    row = write.row
    if subject in write.unknown or not row["reply_whole"] or row["reply"] is None:
        return True
    if 200 <= row["status"] < 300:
        item, is_only = write.items[subject][0], len(write.items) == 1
        return not row["reply_readable"] or _says_nothing(row["reply"], item, is_only=is_only)
    return not 400 <= row["status"] < 500 or row["status"] == 408


def _says_nothing(reply: str, item: Row, *, is_only: bool) -> bool:
    """Whether the text of an accepted call leaves an entry open. An empty one is a yes, and so is
    any object that neither lists entries nor says that the provider failed."""
    try:
        said = json.loads(reply or "null", object_pairs_hook=_object)
    except ValueError:
        return True
    if not isinstance(said, dict):
        return False
    lists = "data" in said or "errors" in said
    return not _is_judged(said, item, is_only=is_only) if lists else _says_broken(said)


def _is_judged(said: Row, item: Row, *, is_only: bool) -> bool:
    """Whether an answer about several says exactly one thing of one. An error without a place
    speaks of a call's only entry."""
    try:
        data = said["data"] if isinstance(said["data"], list) else [said["data"]]
        applied = {one["id"] for one in data}
        instances = {str(one.get("instance", "")) for one in said.get("errors") or []}
    except (TypeError, KeyError, AttributeError):
        return False
    at = f"@data/{item['index']}"
    refused = any(one == at or one.startswith(f"{at}/") for one in instances)
    refused |= is_only and "" in instances
    return (item["id"] in applied) != refused


def _says_broken(said: Row) -> bool:
    """Whether an accepted call's own code says that the provider failed."""
    codes = (str(said.get(key, "")) for key in ("ErrorCode", "errorCode", "code", "status"))
    return any(code.isdigit() and 500 <= int(code) < 600 for code in codes)


def groups(writes: Iterable[Write]) -> Iterator[tuple[str, list[Write]]]:
    """Each subject's writes in order of arrival."""
    of_subject: dict[str, list[Write]] = defaultdict(list)
    for write in writes:
        for subject in write.items:
            of_subject[subject].append(write)
    yield from of_subject.items()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a repeated key")
    return dict(pairs)


def ns_of(time: Any) -> int:
    """A time of the database as a wall clock's."""
    return int(dt.datetime.fromisoformat(str(time)).timestamp() * 1_000_000_000)
