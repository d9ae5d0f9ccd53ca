"""What happened to one update, as steps in the order of time: how it was queued, what stood beside
it, what held it and who let it through, what was sent and what came back, what a read showed, how
it ended, and what it waits for. Works on rows of the report views and knows neither the database
nor a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from syncd.cli.calls import calls
from syncd.cli.changes import short_code
from syncd.cli.merged import merge_step
from syncd.cli.plan_document import SHORT
from syncd.cli.steps import Stamp, Step, ends_by_itself, hit_notes, moved, origin, rules_of, wanted
from syncd.cli.text import quoted, shown, transition
from syncd.model.path import DELETED
from syncd.model.recovery import SEARCHES
from syncd.store.reports import Chain, Row

_FINAL: Final = ("applied", "rejected", "superseded", "cancelled", "expired")
# What stands at one moment stands in this order.
_ORDER: Final = (
    "earlier", "queued", "planned", "merged", "held", "approved", "retried", "released", "sent",
    "answered", "unknown", "again",
)  # fmt: skip
_LINKS: Final = {
    "superseded_by": "replaced by",
    "supersedes": "replaces",
    "retry_of": "retry of",
    "retried_by": "tried again as",
}


def steps_of(chain: Chain, stamp: Stamp) -> list[Step]:
    """Every step in the order of time; what is still to come stands last."""
    every = [
        _queued(chain.update, stamp),
        *_beside(chain),
        *_planned(chain, stamp),
        *_merges(chain, stamp),
        *_approvals(chain, stamp),
        *calls(chain.update, chain.attempts, {key: list(ids) for key, ids in chain.mates.items()}),
        *_events(chain),
        *_read_back(chain),
        *_seen(chain.update),
    ]
    past = [step for step in every if step.at is not None]
    past.sort(key=lambda step: (step.at, _rank(step.word)))
    return [*past, *_waits(chain, stamp)]


def _rank(word: str) -> int:
    return _ORDER.index(word) if word in _ORDER else len(_ORDER)


def _queued(update: Row, stamp: Stamp) -> Step:
    reason = f" {quoted(update['request_reason'])}" if update["request_reason"] else ""
    words = [f"by {shown(update['requester'])}{reason}"]
    if update["asked_by"] != update["requester"]:
        words.append(f"logged in as {shown(update['asked_by'])}")
    words.append(f"policy {update['policy']}")
    if update["key"]:
        words.append(f"key {shown(update['key'])}")
    for name, word in (("not_before", "not before"), ("expires_at", "expires")):
        if update[name] is not None:
            words.append(f"{word} {stamp(update[name])}")
    names = ("requester", "asked_by", "request_reason", "policy", "key", "not_before", "expires_at")
    return Step(
        at=update["created_at"],
        word="queued",
        text=", ".join(words),
        notes=tuple(_references(update)),
        data={name: update[name] for name in names}
        | {"patch": update["patch"], "reference": update["reference"]}
        | {"reference_sources": update["reference_sources"]},
    )


def _references(update: Row) -> Iterator[str]:
    """Each path, and where the value came from that the requester meant to change."""
    reference, sources = update["reference"] or {}, update["reference_sources"] or {}
    for path in sorted(update["patch"]):
        source = sources.get(path)
        if update["is_create"]:
            yield wanted(update, path)
        elif source is None:
            yield f"{wanted(update, path)}; nobody had seen a value"
        else:
            yield f"{moved(update, path, reference)}; {origin(source)}"


def _beside(chain: Chain) -> Iterator[Step]:
    """The nearest updates of the same paths, and those that this one is linked to."""
    links = {row["id"]: row for row in (*chain.neighbours, *chain.links)}
    for row in links.values():
        named = {**row, "currency": chain.update["currency"]}
        change = ", ".join(wanted(named, path) for path in sorted(row["patch"]))
        link = _LINKS.get(row["link"])
        name = f"{link} #{row['id']}" if link else f"#{row['id']}"
        yield Step(
            at=row["created_at"],
            word="later" if row["id"] > chain.update["id"] else "earlier",
            text=f"{name}, {row['state']}: {change}",
            data={"update_id": row["id"], "state": row["state"], "patch": row["patch"]}
            | {"link": row["link"]},
        )


def _planned(chain: Chain, stamp: Stamp) -> Iterator[Step]:
    for plan in chain.plans:
        items = sorted(plan["items"], key=lambda item: item["path"])
        marks = ", ".join(dict.fromkeys(item["mark"].replace("_", " ") for item in items))
        yield Step(
            at=plan["made_at"],
            word="planned",
            text=f"{marks} in plan {plan['hash'][:SHORT]} of {shown(plan['made_by'])}, "
            f"valid until {stamp(plan['expires_at'])}",
            notes=tuple(hit_notes({item["path"]: item for item in items})),
            data=dict(plan),
        )


def _approvals(chain: Chain, stamp: Stamp) -> Iterator[Step]:
    """One step for what one person let through at once."""
    met = {
        (path, hold["digest"]): hold["hits"]
        for holds in (*(event["holds"] or {} for event in chain.events), *_plan_holds(chain))
        for path, hold in holds.items()
    }
    key = ("approved_at", "approved_by", "session_user_name", "expires_at", "plan_hash", "reason")
    for _, group in groupby(chain.approvals, key=lambda row: [row[name] for name in key]):
        rows = list(group)
        first = rows[0]
        reason = f" {quoted(first['reason'])}" if first["reason"] else ""
        until = stamp(first["expires_at"])
        plan = f", with plan {first['plan_hash'][:SHORT]}" if first["plan_hash"] else ""
        hits = {row["path"]: met.get((row["path"], row["digest"]), []) for row in rows}
        yield Step(
            at=first["approved_at"],
            word="approved",
            text=f"by {shown(first['approved_by'])}{reason} until {until}{plan}",
            notes=tuple(f"{path}: {rules_of(found)}" for path, found in hits.items() if found),
            data={name: first[name] for name in key}
            | {"items": [{"path": row["path"], "digest": row["digest"]} for row in rows]},
        )


def _plan_holds(chain: Chain) -> Iterator[dict[str, Row]]:
    for plan in chain.plans:
        yield {item["path"]: item for item in plan["items"]}


def _events(chain: Chain) -> Iterator[Step]:
    """Every state that was reached, and every search for what an unanswered create has made."""
    searches = 0
    for event in chain.events:
        is_search = event["was"] == event["state"] == "unknown"
        searches = searches + 1 if event["was"] == "unknown" else 0
        if is_search:
            yield _step(event, "searched", f"search {searches} of {SEARCHES}: {_told(event)}")
        elif event["was"] != event["state"]:
            yield from _event(chain, event, searches)


def _event(chain: Chain, event: Row, searches: int) -> Iterator[Step]:
    """A state that was reached, unless another step tells it; a create is read back by a search."""
    was, state = event["was"], event["state"]
    if was is None or state == "sending" or (was == "held" and event["code"] == "approved"):
        return
    word, text = state, _told(event)
    hits = [hit for hold in (event["holds"] or {}).values() for hit in hold["hits"]]
    if hits:
        text = rules_of(hits)
    elif state == "queued" and was == "held":
        word = "retried" if event["code"] == "retried" else "released"
        text = text or "the cause is gone"
    elif state == "queued":
        word = "again"
        if event["code"] != "not_applied":  # which says so itself
            text = f"to be sent once more: {text}" if text else "to be sent with the next call"
    elif state in _FINAL:
        text = _ended(chain.update, event)
    if chain.update["is_create"] and searches:
        text = f"search {searches} of {SEARCHES}: {text}"
    yield _step(event, word, text)


def _merges(chain: Chain, stamp: Stamp) -> Iterator[Step]:
    """What each merge found, just before what came of it."""
    sent = {attempt["batch_id"]: attempt["sent_at"] for attempt in chain.attempts}
    for event in chain.events:
        if event["merged"] is not None:
            is_sent = event["state"] == "sending"
            at = sent.get(event["batch_id"]) if is_sent else None
            yield merge_step(chain.update, event["merged"], at or event["at"], stamp)


def _step(event: Row, word: str, text: str) -> Step:
    names = ("was", "state", "code", "message", "by", "batch_id", "holds")
    return Step(
        at=event["at"],
        word=word,
        text=text,
        notes=tuple(hit_notes(event["holds"] or {})),
        data={name: event[name] for name in names},
    )


def _told(event: Row) -> str:
    code, message = short_code(event["code"]), shown(event["message"] or "")
    if event["code"] in ("retried", "cancelled"):
        return message
    return f"{code}: {message}" if code and message else code or message


def _ended(update: Row, event: Row) -> str:
    told = _told(event)
    if event["state"] == "superseded":
        by = update["superseded_by"]
        return f"by #{by}" if by is not None else told
    if event["was"] == "sending" and event["state"] in ("applied", "rejected"):
        return "as the provider answered"
    return told


def _read_back(chain: Chain) -> Iterator[Step]:
    """What a read showed of it: values of the mirror that moved, and that it was confirmed."""
    update = chain.update
    notes = [
        "the campaign is gone"
        if row["path"] == DELETED and row["new"] == "true"
        else transition(row["path"], row["old"], row["new"], update["currency"])
        for row in chain.history
    ]
    data: dict[str, Any] = {"confirmation": update["confirmation"]}
    names = ("path", "old", "new", "seen_at", "run_id")
    data["history"] = [{name: row.get(name) for name in names} for row in chain.history]
    moments = [row["seen_at"] for row in chain.history]
    at = update["confirmed_at"] or max(moments, default=None)
    if at is not None:
        text = update["confirmation"] if update["confirmed_at"] else "the mirror shows it"
        yield Step(at=at, word="read back", text=text, notes=tuple(notes), data=data)


def _seen(update: Row) -> Iterator[Step]:
    if update["seen_at"] is not None:
        by = update["seen_by"]
        yield Step(at=update["seen_at"], word="seen", text=f"by {shown(by)}", data={"seen_by": by})


def _waits(chain: Chain, stamp: Stamp) -> Iterator[Step]:
    """What is still to come: what it waits for and until when, or what a person should look at."""
    update, inbox = chain.update, chain.inbox
    waiting = update["waiting_for"]
    command = update["command"] if inbox is None else inbox["command"]
    notes = (f"-> {shown(command)}",) if command and update["seen_at"] is None else ()
    if update["state"] == "held":
        text = "; ".join(["for a person", *ends_by_itself(update, stamp)])
        yield Step(at=None, word="waits", text=text, notes=notes, data=dict(waiting))
    elif waiting is not None:
        until = waiting.get("until")
        when = f": {stamp(dt.datetime.fromisoformat(until))}" if until else ""
        text = shown(waiting["text"]) + when
        yield Step(at=None, word="waits", text=text, data=dict(waiting))
    elif update["confirmation"] == "pending":
        text = "accepted for later: a pull confirms it when the provider shows it"
        yield Step(at=None, word="waits", text=text)
    elif inbox is not None:
        text = shown(inbox["reason"] or "") if inbox["cause"] == "different" else "for a look"
        yield Step(at=None, word="waits", text=text, notes=notes)
