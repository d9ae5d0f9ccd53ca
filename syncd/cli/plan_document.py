"""A plan as one document: the JSON that `syncd plan` prints and a saved plan keeps, and what its
table, its summary and its Markdown are drawn from. Pure values; knows no terminal and no
database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syncd.cli.plan_totals import totals
from syncd.cli.render.table import to_json
from syncd.cli.text import rfc3339
from syncd.daemon import AccountPlan
from syncd.daemon.anew import CLEARED
from syncd.model.guard import Hit, Way
from syncd.model.plan import Mark, PathPlan, UpdatePlan, Values
from syncd.store.prospects import Approval
from syncd.store.reports import Row

SHORT: Final = 8
"""How many digits of a plan's hash people are shown."""
FIELDS: Final = (
    "account",
    "hash",
    "update",
    "state",
    "campaign",
    "name",
    "path",
    "base",
    "remote",
    "seen_at",
    "desired",
    "currency",
    "policy",
    "mark",
    "code",
    "message",
    "superseded_by",
    "is_later",
    "call",
    "rules",
    "digest",
    "approved_by",
    "approved_until",
    "requester",
    "held_for",
)
"""The columns of a plan as CSV, a row for each item."""
_GOING: Final = (Mark.SEND, Mark.LATER)

Document = Mapping[str, Any]


def document(planned: AccountPlan) -> dict[str, Any]:
    """One account's plan with everything that is known of it, as it is kept too: times and ids are
    text."""
    made: dict[str, Any] = json.loads(to_json(_document(planned)))
    return made


def _document(planned: AccountPlan) -> dict[str, Any]:
    name = planned.plan.hash if planned.plan.updates else None
    carriers = {
        (item.external_id, path): call.operation
        for call in planned.plan.calls
        for item in call.items
        for path in item.changes
    }
    return {
        "account": planned.account,
        "hash": name,
        "at": planned.state.at,
        "read_at": planned.read_at,
        "complete_at": planned.state.complete_at,
        "paused_by": planned.state.paused_by if planned.state.paused_at else None,
        "saved": None,
        "items": [
            {"account": planned.account, "hash": name, **item}
            for one in planned.plan.updates
            for item in _items(planned, one, carriers)
        ],
        "calls": [
            {
                "operation": call.operation,
                "campaigns": [None if item.is_create else item.external_id for item in call.items],
            }
            for call in planned.plan.calls
        ],
        "waiting": [
            {"update": str(one.id), "state": one.state, "code": one.code, "text": one.text}
            for one in planned.waiting
        ],
        "late": [str(one) for one in planned.late],
        "totals": {**_counts(planned), **totals(planned)},
        "error": None
        if planned.error is None
        else {
            "code": planned.error.code,
            "detail": planned.error.message,
            "remedy": planned.error.remedy,
        },
    }


def saved_items(planned: AccountPlan) -> list[dict[str, Any]]:
    """What a saved plan is held to: every item with its digest and the rules that it meets, each
    with a digest of its own."""
    return [
        {
            "update": one.update.id,
            "path": path.path,
            "digest": path.digest,
            "mark": path.mark.value,
            "remote": path.remote,
            "hits": _rules(path),
        }
        for one in planned.plan.updates
        for path in one.paths
    ]


def moved_since(
    plan: Document,
    stands: Mapping[str, Row],
    values: Mapping[str, Values],
    approvals: Mapping[str, Approval],
) -> dict[str, Any]:
    """A plan that was kept, each item beside how things are `now`: where its update `stands` (rows
    of `report.updates`), the rules that hold it where they are not those of the plan, the mirror's
    value, and the approvals that hold."""
    items = []
    for item in plan["items"]:
        row = stands.get(item["update"])
        remote = values.get(item["campaign"] or "")
        approval = approvals.get(item["digest"])
        now = {
            "state": None if row is None else row["state"],
            "held_for": _held_otherwise(item, row),
            "is_shown": remote is not None,
            "remote": None if remote is None else remote.get(item["path"]),
        }
        told = {
            "approved_by": None if approval is None else approval.by,
            "approved_until": None if approval is None else rfc3339(approval.until),
        }
        items.append({**item, **told, "now": now})
    return {**plan, "items": items}


def _held_otherwise(item: Document, row: Row | None) -> list[dict[str, Any]] | None:
    """The rules for which a path is held, None where it is not or as the plan shows it; without any
    where others of its update are to blame."""
    if row is None or row["state"] != "held":
        return None
    if row["holds"] is None:  # a read decided that, and no approval helps
        # A fresh plan may have said that what it was held for is over.
        is_over = item["code"] == CLEARED and item["held_for"] is None
        is_known = not item["rules"] and (is_over or item["code"] == row["reason_code"])
        why = Hit(code=row["reason_code"], message=row["reason"] or "", way=Way.RETRY)
        return None if is_known else [_rule(why, "")]
    hits: list[dict[str, Any]] = row["holds"].get(item["path"], {"hits": []})["hits"]
    # A fresh plan may have said itself that it is held for others than those that are met.
    told = [item["rules"], *([] if item["held_for"] is None else [item["held_for"]])]
    return None if _digests(hits) in map(_digests, told) else hits


def is_covered(item: Document, hits: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether a plan shows all of what its update is held for at this path, so that an approval of
    the plan is one of that."""
    return hits is None or _digests(hits) <= _digests(item["rules"])


def _digests(hits: Sequence[Mapping[str, Any]]) -> set[str]:
    return {hit["digest"] for hit in hits}


def of_updates(shown: Document) -> dict[str, list[Document]]:
    """The items of a plan by update, in their order."""
    found: dict[str, list[Document]] = {}
    for item in shown["items"]:
        found.setdefault(item["update"], []).append(item)
    return found


def approvable(shown: Document) -> list[str]:
    """The updates that leave could be given to: held, by rules that a person may overrule, and not
    for others than those that are shown."""
    return [
        update
        for update, items in of_updates(shown).items()
        if items[0]["mark"] == Mark.HELD
        and all(is_covered(item, item["held_for"]) for item in items)
        and any(item["rules"] for item in items)
        and all(rule["way"] == "approve" for item in items for rule in item["rules"])
    ]


def _items(
    planned: AccountPlan, one: UpdatePlan, carriers: Mapping[tuple[str, str], str]
) -> Iterator[dict[str, Any]]:
    """Its paths; `carriers` are the operations of the first calls by campaign and path."""
    update = one.update
    for path in one.paths:
        approval = planned.approvals.get(path.digest)
        call = carriers.get((update.external_id, path.path)) if path.mark is Mark.SEND else None
        yield {
            "update": str(update.id),
            "state": "held" if update.id in planned.held else "queued",
            "campaign": None if update.is_create else update.external_id,
            "name": update.patch.get("name") if update.is_create else update.name,
            "path": path.path,
            "base": path.reference,
            "remote": path.remote,
            "seen_at": planned.seen.get(update.external_id),
            "desired": path.desired,
            "currency": update.currency,
            "policy": update.policy.value,
            "mark": path.mark.value,
            "code": path.code,
            "message": path.message,
            "superseded_by": path.superseded_by,
            "is_later": path.mark in _GOING and call is None,
            "call": call,
            "rules": _rules(path),
            "digest": path.digest,
            "approved_by": None if approval is None else approval.by,
            "approved_until": None if approval is None else approval.until,
            "requester": update.requester,
            "held_for": _held_before(planned, one, path.path),
        }


def _held_before(planned: AccountPlan, one: UpdatePlan, path: str) -> list[dict[str, Any]] | None:
    """The rules that an update is held for, where a fresh plan judges it otherwise."""
    held = planned.moved.get(one.update.id)
    if held is None:
        return None
    return next(_rules(was) for was in held.paths if was.path == path)


def _rules(path: PathPlan) -> list[dict[str, Any]]:
    return [_rule(*one) for one in zip(path.hits, path.hit_digests, strict=True)]


def _rule(hit: Hit, digest: str) -> dict[str, Any]:
    return {
        "rule": hit.code,
        "message": hit.message,
        "figures": dict(hit.figures),
        "way": hit.way.value,
        "digest": digest,
    }


def _counts(planned: AccountPlan) -> dict[str, int]:
    """Updates by what would become of them; those that are held already count as held."""
    marks = Counter(one.mark.value for one in planned.plan.updates)
    return {
        **{mark.value: marks[mark.value] for mark in Mark},
        "waiting": len(planned.waiting),
        "expired": len(planned.late),
        "calls": len(planned.plan.calls),
    }
