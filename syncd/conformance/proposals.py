"""Changes that could be asked of a campaign, made from what an adapter declares and from what its
campaigns show. Pure; whether one can be written is for the adapter's plan to say."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from syncd.conformance.truth import Values
from syncd.model.money import UNLIMITED, canonical
from syncd.model.path import ANY_KEY, DELETED, Field, Kind, key_of, keyed

_FEW: Final = 4
_NEW_KEYS: Final = ("SE", "NO", "FI", "DK", "IS")
_SERIAL = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Changes under a label that stays the same from campaign to campaign."""

    label: str
    changes: Values


class Pool:
    """What all campaigns of an account show, by path and by key."""

    def __init__(self, campaigns: Mapping[str, Values], fields: Sequence[Field]) -> None:
        self._values: dict[str, dict[str, None]] = {}
        self._keys: dict[str, dict[str, None]] = {}
        stems = [stem_of(one) for one in fields if one.path.endswith(ANY_KEY)]
        for values in campaigns.values():
            for path, value in values.items():
                if value is not None:
                    self._values.setdefault(path, {})[value] = None
                for stem in stems:
                    key = key_of(stem, path)
                    if key is not None:
                        self._keys.setdefault(stem, {})[key] = None

    def others(self, path: str, own: str | None) -> list[str]:
        """Some values that other campaigns show there."""
        found = (value for value in self._values.get(path, ()) if value != own)
        return list(itertools.islice(found, _FEW))

    def keys(self, stem: str) -> list[str]:
        """Every key that some campaign has."""
        return [*self._keys.get(stem, ())]


def stem_of(field: Field) -> str:
    """A path that ends in `.*` without that end."""
    return field.path.removesuffix(f".{ANY_KEY}")


def is_keyed(field: Field) -> bool:
    """Whether it stands for every key below a stem."""
    return field.path.endswith(f".{ANY_KEY}")


def changes_of(fields: Iterable[Field], values: Values, pool: Pool) -> Iterator[Proposal]:
    """What could be changed at a campaign that shows these values; deleting it comes last."""
    known = [one for one in fields if one.changeable]
    single = [one for one in known if not is_keyed(one) and one.path != DELETED]
    for field in single:
        own = values.get(field.path)
        for word, value in candidates(field, own, pool):
            yield Proposal(label=f"{field.path}, {word}", changes={field.path: value})
    for field in known:
        if is_keyed(field):
            yield from _by_key(field, values, pool)
    yield from _together(single, values, pool)
    if any(one.path == DELETED for one in known):
        yield Proposal(label=DELETED, changes={DELETED: "true"})


def creates_of(fields: Sequence[Field], donor: Values) -> Iterator[Proposal]:
    """New campaigns like a donor, with as many texts of their own as a plan may let through: a text
    can be a name, a key, or the id of something that exists."""
    known = [one for one in fields if one.creatable and not is_keyed(one)]
    needed = {one.path for one in known if one.required}
    like = {one.path: value for one in known if (value := donor.get(one.path)) is not None}
    texts = {one.path: fresh_text(one) for one in known if one.kind is Kind.TEXT}
    own = {path: text for path, text in texts.items() if path == "name" or path in needed}
    name = {path: text for path, text in texts.items() if path == "name"}
    none = dict.fromkeys(one.path for one in known if one.nullable)
    for label, whole in (
        ("every text its own", {**like, **texts}),
        ("its own name and key", {**like, **own}),
        ("its own name", {**like, **name}),
        ("its own name and key, no references", {**like, **own, **none}),
    ):
        if needed <= whole.keys() - {path for path, value in whole.items() if value is None}:
            yield Proposal(label=f"all, {label}", changes=whole)
            yield Proposal(
                label=f"what is needed, {label}", changes={path: whole[path] for path in needed}
            )


def candidates(field: Field, own: str | None, pool: Pool) -> Iterator[tuple[str, str | None]]:
    """Values other than its own that a field could take, each with a word for it."""
    for word, value in _made(field, own):
        if value != own:
            yield word, value
    for value in pool.others(field.path, own):
        yield "as another has it", value
    if field.nullable and own is not None:
        yield "null", None


def fresh_text(field: Field | None) -> str:
    """A text that no campaign has."""
    text = f"checked-{next(_SERIAL)}"
    return text if field is None or field.longest is None else text[-field.longest :]


def raised(own: str | None, scale: int, least: Decimal | None) -> str:
    """An amount a little above another, in the canonical form; where there is none, one that is
    different each time."""
    step = Decimal(1).scaleb(-scale)
    if own is None or own == UNLIMITED:
        return canonical(max(12 + step * next(_SERIAL), least or step))
    return canonical(Decimal(own).quantize(step) + step * 7)


def _made(field: Field, own: str | None) -> Iterator[tuple[str, str | None]]:
    match field.kind:
        case Kind.TEXT:
            yield "a new text", fresh_text(field)
        case Kind.STATUS:
            yield "active", "active"
            yield "paused", "paused"
        case Kind.CHOICE:
            yield from (("another word", word) for word in field.choices)
        case Kind.AMOUNT | Kind.NUMBER:
            yield "a little more", raised(own, field.scale, field.least)
            yield "far more", "98765.43" if field.scale >= 2 else "98765"
        case Kind.COUNT:
            yield "one more", str(int(own or 6) + 1)


def _by_key(field: Field, values: Values, pool: Pool) -> Iterator[Proposal]:
    stem = stem_of(field)
    own = [key for path in values if (key := key_of(stem, path)) is not None]
    others = [key for key in (*pool.keys(stem), *_NEW_KEYS) if key not in own]
    if own:
        path = keyed(stem, own[0])
        value = raised(values.get(path), field.scale, field.least)
        yield Proposal(label=f"{field.path}, one that is there", changes={path: value})
        if field.nullable:
            yield Proposal(label=f"{field.path}, null", changes={path: None})
    keys = [keyed(stem, key) for key in (*others, *own)]
    price = raised(None, field.scale, field.least)
    for count in (1, 2):
        if len(keys) >= count:
            yield Proposal(
                label=f"{field.path}, {count} at one price",
                changes=dict.fromkeys(keys[:count], price),
            )
    prices = [canonical(Decimal(price) + number) for number in range(3)]
    if len(keys) >= len(prices):
        yield Proposal(
            label=f"{field.path}, three prices",
            changes=dict(zip(keys, prices, strict=False)),
        )
    if field.nullable and len(own) > 1:
        yield Proposal(
            label=f"{field.path}, two null", changes=dict.fromkeys(keyed(stem, k) for k in own[:2])
        )


def _together(fields: Sequence[Field], values: Values, pool: Pool) -> Iterator[Proposal]:
    """Everything that one call changes, at once."""
    for call in dict.fromkeys(one.call for one in fields):
        several = [one for one in fields if one.call == call]
        changes = {
            one.path: value
            for one in several
            for _, value in itertools.islice(candidates(one, values.get(one.path), pool), 1)
        }
        if len(changes) > 1:
            yield Proposal(label=f"{call}, all at once", changes=changes)
