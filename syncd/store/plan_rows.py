"""Plans as the outbox writes them down: what becomes of each update, what a call says and what
stood there before. Values to rows, without a statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from syncd.model.batch import Batch
from syncd.model.path import VERSION
from syncd.model.plan import Mark, PathPlan, UpdatePlan


def marked(batch: Batch, mark: Mark) -> list[UpdatePlan]:
    """The updates of a batch with this mark."""
    return [plan for plan in batch.updates if plan.mark is mark]


def explaining(plan: UpdatePlan) -> PathPlan:
    """The path whose words explain what becomes of an update. Of those that are taken over, one
    that a newer update took: the update is linked to it."""
    taken = (path for path in plan.paths if path.superseded_by is not None)
    return next(taken, plan.deciding) if plan.mark is Mark.SUPERSEDED else plan.deciding


def holds(plan: UpdatePlan) -> dict[str, dict[str, Any]] | None:
    """By path why an update is held, as people and approvals need it."""
    if plan.mark is not Mark.HELD:
        return None
    return {
        path.path: {
            "digest": path.digest,
            "remote": path.remote,
            "hits": [
                {
                    "rule": hit.code,
                    "message": hit.message,
                    "figures": dict(hit.figures),
                    "way": hit.way.value,
                    "digest": digest,
                }
                for hit, digest in zip(path.hits, path.hit_digests, strict=True)
            ],
        }
        for path in plan.paths
        if path.hits
    }


def merged(plan: UpdatePlan) -> dict[str, Any] | None:
    """What the merge found of each path, in what was read when, and what it came to; None where
    nothing was compared. What was wanted and seen stands in the update itself."""
    paths = {path.path: _merged(path) for path in plan.paths if path.found is not None}
    if not paths:
        return None
    read = plan.read
    return {
        "read": None if read is None else "now" if read.is_new else "mirror",
        "read_at": None if read is None else read.at.astimezone(dt.UTC).isoformat(),
        "paths": paths,
    }


def _merged(path: PathPlan) -> dict[str, Any]:
    return {
        "remote": path.remote,
        "found": path.found,
        "mark": path.mark.value,
        "code": path.code,
        "superseded_by": path.superseded_by,
        "is_approved": bool(path.relies_on),
    }


def reason_code(path: PathPlan) -> str | None:
    """The word under which the reason is filed."""
    return "already_set" if path.mark is Mark.ALREADY_SET else path.code


def results(plan: UpdatePlan) -> dict[str, dict[str, Any]]:
    """What is already certain of each path; a path that goes out has no result yet."""
    return {
        path.path: {
            "outcome": path.mark.state.value,
            "code": reason_code(path),
            "message": path.message,
            "trace_id": None,
            **({"superseded_by": path.superseded_by} if path.superseded_by else {}),
        }
        for path in plan.paths
        if path.mark in (Mark.ALREADY_SET, Mark.SUPERSEDED, Mark.REJECTED)
    }


def sent(plan: UpdatePlan) -> Mapping[str, str | None]:
    """What a call says for an update, by path."""
    return {path.path: path.desired for path in plan.paths if path.mark is Mark.SEND}


def before(plan: UpdatePlan) -> Mapping[str, str | None]:
    """What stood there when it was sent, and in which version of the campaign."""
    values = {path.path: path.remote for path in plan.paths if path.mark is Mark.SEND}
    return values if plan.version is None else {**values, VERSION: plan.version}


def items(batch: Batch) -> list[dict[str, Any]]:
    """The campaigns of a call, each with the updates that it carries."""
    ids: dict[str, list[int]] = {}
    for plan in batch.updates:
        if plan.mark is Mark.SEND:
            ids.setdefault(plan.update.external_id, []).append(plan.update.id)
    return [
        {
            "external_id": None if item.is_create else item.external_id,
            "changes": dict(item.changes),
            "updates": ids.get(item.external_id, []),
        }
        for item in batch.call.items
    ]
