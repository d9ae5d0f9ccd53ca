"""What an approval is bound to: the digest of one item of a plan and of each hit that it meets, and
the hash of a whole plan. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from syncd.model.guard import Hit
from syncd.model.jsontext import canonical_json

LENGTH = 32


def item_digest(
    update_id: int, path: str, values: tuple[str | None, str | None], hits: Iterable[Hit]
) -> str:
    """One path of one update: `values` are what the requester saw and what is wanted; of each hit
    its code and what it binds."""
    found = sorted([hit.code, hit.binds] for hit in hits)
    return _hex(canonical_json([update_id, path, *values, found]))


def hit_digest(update_id: int, path: str, values: tuple[str | None, str | None], hit: Hit) -> str:
    """One hit of an item, which an approval covers whatever else the item meets: the item as if it
    met this alone."""
    return item_digest(update_id, path, values, [hit])


def plan_hash(items: Iterable[str]) -> str:
    """A plan's items, each as one line, in any order."""
    return _hex("\n".join(sorted(items)))


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
