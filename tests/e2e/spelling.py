"""Values of simulated worlds and journals in the spelling in which people queue them and reports
show them. It is written from the vocabulary of field paths and knows no adapter."""

import json
import re
from collections.abc import Mapping
from typing import Any

Values = dict[str, str | None]

NIL = "00000000-0000-0000-0000-000000000000"
_QUOTED = re.compile(r'price\.action\."([A-Za-z0-9_-]+)"')
_REFERENCE = re.compile(r"native\.(outplan|outdial|queue|next_campaign)_id")
_TEXTS = {"name", "note"}


def spelt(values: Mapping[str, str | None]) -> Values:
    """Values by field path: keys without needless quotes, nothing for what is unset, JSON as
    Postgres writes it."""
    return {_QUOTED.sub(r"price.action.\1", path): _text(path, one) for path, one in values.items()}


def _text(path: str, value: str | None) -> str | None:
    if path in _TEXTS:
        return value or ""
    if path == "native.goal":
        return None if value is None else value.capitalize()
    if _REFERENCE.fullmatch(path):
        return None if value == NIL else value
    if path == "native.actions":
        return _jsonb([] if value in {None, "null"} else json.loads(value or "[]"))
    return value


def _jsonb(value: Any) -> str:
    """As `jsonb::text`: keys by length and then by bytes."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{json.dumps(key)}: {_jsonb(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_jsonb, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def spelt_arrival(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a journal with its values in that spelling, and of the codes of its entries those
    that the answer told."""
    said = row["reply"] or ""
    items = [
        {
            **item,
            "old": spelt(item["old"]),
            "new": spelt(item["new"]),
            "codes": [code for code in item["codes"] if code.rpartition("--")[2] in said],
        }
        for item in row["items"]
    ]
    shown = {campaign: spelt(values) for campaign, values in row["shown"].items()}
    return {**row, "items": items, "shown": shown}


def spelt_truth(campaign: Mapping[str, Any]) -> dict[str, Any]:
    """A campaign of a world's truth with its values in that spelling."""
    return {**campaign, "values": spelt(campaign["values"])}
