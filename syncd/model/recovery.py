"""What a read says about an update whose outcome was unknown: decided by values, never by times.
Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.model.path import DELETED, VERSION, is_told
from syncd.model.update import State

REPEATS = 1
SEARCHES = 3
"""How often a create is looked for before a person has to: the first time after its settle time,
then after twice as long and four times as long, because a list may show late what was made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """An update whose last attempt has no known outcome. `sent` and `before` are values by path;
    `seconds_left` of its settle time (0: it may be read now); `is_late`: it has expired
    meanwhile; `has_more`: paths of it are still to be sent, in another call. A create has a
    placeholder as its id; `searches` that showed nothing were made for it."""

    update_id: int
    external_id: str
    sent: Mapping[str, str | None]
    before: Mapping[str, str | None]
    repeats: int
    seconds_left: float
    is_late: bool
    has_more: bool = False
    is_create: bool = False
    searches: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What a read decided about an unknown update; `results` are path outcomes as they are stored.
    The state `unknown` decides nothing: after another settle time it is searched for again.
    `is_repeat`: the same call may be sent once more. `created_id` is the campaign that a create
    turned out to have made."""

    update_id: int
    state: State
    code: str | None
    message: str | None
    results: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    is_repeat: bool = False
    created_id: str | None = None


def resolve(
    unknown: Unknown, remote: Mapping[str, str | None] | None, *, is_start: bool = False
) -> Resolution:
    """`remote` are the values of a whole read that began after the settle time; None: it is not
    shown, `deleted` alone: it is gone. What starts something is sent again only where nothing at
    all has moved since: what was started may have ended."""
    if remote is None or (remote.keys() == {DELETED} and DELETED not in unknown.sent):
        return _held(
            unknown,
            "out_of_view",
            "after the unanswered call the provider does not show the campaign",
        )
    shown = {path: remote.get(path) for path in unknown.sent}
    before = {path: unknown.before.get(path) for path in unknown.sent}
    if any(unknown.sent[path] == unknown.before.get(path) for path in unknown.sent):
        return _held(
            unknown,
            "undecidable",
            f"the value was {_words(shown)} before the call and is now: no read can tell",
        )
    # What a read leaves out is neither as it was nor as it was asked to be, not even null.
    told = {path for path in unknown.sent if path == DELETED or is_told(path, remote)}
    done = {path for path in told if shown[path] == unknown.sent[path]}
    if len(done) == len(shown):
        return _applied(unknown)
    left = {path: shown[path] for path in told - done}
    if any(value != before[path] for path, value in left.items()):
        said = f"after the unanswered call the provider shows {_words(left)}"
        return _partly(_held(unknown, "conflict", said), done)
    if is_start and remote.get(VERSION) != unknown.before.get(VERSION):
        return _held(
            unknown,
            "undecidable",
            f"after the unanswered start the campaign is {_words(shown)} and has moved"
            f" (from {unknown.before.get(VERSION)} to {remote.get(VERSION)}): it may have run; look"
            " at the provider, then queue the start again or cancel it",
        )
    return _partly(_not_applied(unknown) if left else _unseen(unknown, shown.keys() - done), done)


def _partly(resolution: Resolution, done: Collection[str]) -> Resolution:
    """The same, with the paths that a read shows as they were asked for counted as applied."""
    word = {"outcome": State.APPLIED.value, "code": "read_back", "message": None, "trace_id": None}
    return replace(resolution, results={**resolution.results, **dict.fromkeys(done, word)})


def resolve_create(
    unknown: Unknown, newcomers: Sequence[str], unlike: Mapping[str, str] | None = None
) -> Resolution:
    """`newcomers`: campaigns that look like the one asked for and that no pull before the call
    knew. `unlike`: campaigns with its own key that are otherwise, with the difference. A create is
    never sent again: what a search does not show may still exist."""
    if len(newcomers) == 1:
        return replace(
            _applied(unknown),
            created_id=newcomers[0],
            message=f"no answer came; campaign {newcomers[0]} is new and as asked for",
        )
    if newcomers:
        said = f"{len(newcomers)} new campaigns look like it: {', '.join(newcomers)}"
        return _unresolved(unknown, "create_unresolved", said)
    if unlike:
        others = "; ".join(f"campaign {one} ({why})" for one, why in sorted(unlike.items()))
        said = f"its key belongs to another one than was asked for: {others}"
        return _unresolved(unknown, "conflict", said)
    said = "the provider shows no new campaign like it, which does not prove that there is none"
    if unknown.searches + 1 < SEARCHES:
        message = f"after the unanswered call {said}; it is searched for again"
        return replace(_resolution(unknown, State.UNKNOWN, "not_found_yet", message), results={})
    return _unresolved(unknown, "create_unresolved", said)


def _unresolved(unknown: Unknown, code: str, said: str) -> Resolution:
    message = f"after the unanswered call {said}; look at the provider, then cancel this update"
    return _held(unknown, code, message)


def _not_applied(unknown: Unknown) -> Resolution:
    if unknown.is_late:
        said = "the unanswered call was not applied, and its time has passed"
        return _resolution(unknown, State.EXPIRED, "expired", said)
    if unknown.repeats >= REPEATS:
        return _held(
            unknown,
            "attempts_spent",
            "two calls brought no clear answer, and the provider still shows the old value",
        )
    said = "the unanswered call was not applied; it is sent once more"
    return replace(_resolution(unknown, State.QUEUED, "not_applied", said), is_repeat=True)


def _unseen(unknown: Unknown, paths: Collection[str]) -> Resolution:
    """What a read leaves out may stand there: to send it again would be blind."""
    said = f"the provider does not show {', '.join(sorted(paths))}: no read can tell"
    return _held(unknown, "undecidable", said)


def _applied(unknown: Unknown) -> Resolution:
    said = "no answer came; a read shows the value"
    found = _resolution(unknown, State.APPLIED, "read_back", said)
    return replace(found, state=State.QUEUED) if unknown.has_more else found


def _held(unknown: Unknown, code: str, message: str) -> Resolution:
    return _resolution(unknown, State.HELD, code, message)


def _resolution(unknown: Unknown, state: State, code: str, message: str) -> Resolution:
    """This state, for the update and for each path that the call carried."""
    said = None if state is State.APPLIED else message
    word = {"outcome": state.value, "code": code, "message": said, "trace_id": None}
    return Resolution(
        update_id=unknown.update_id,
        state=state,
        code=code,
        message=message,
        results=dict.fromkeys(unknown.sent, word),
    )


def _words(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{path} {value}" for path, value in sorted(values.items()))
