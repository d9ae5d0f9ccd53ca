"""What requests of the simulated PAI carry: pages and filters in the query, a name and a remark in
the body. It reads and refuses; it applies nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from syncd.simulator.exchange import Exchange
from syncd.simulator.pai.answers import Refusal
from syncd.simulator.pai.options import Options
from syncd.simulator.wire import MalformedJson, parse

FIELDS = {"Name": "name", "Remark": "note"}
"""The fields of a campaign that can be written, and their field paths."""
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DEFAULTS = {"PageNumber": "1", "PageSize": "10", "Name": "", "Remark": ""}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a list is asked for; an empty filter lets everything through."""

    number: int
    size: int
    name: str
    note: str


def read_listing(target: str, options: Options) -> Listing:
    """The query of a list; raises Refusal."""
    asked = _query(target)
    unknown = set(asked).difference(_DEFAULTS)
    if unknown:
        raise Refusal(400, f"There is no parameter {', '.join(sorted(unknown))}.")
    asked = _DEFAULTS | asked
    return Listing(
        number=_whole("PageNumber", asked["PageNumber"], None, options),
        size=_whole("PageSize", asked["PageSize"], int(options.page_max), options),
        name=asked["Name"],
        note=asked["Remark"],
    )


def check_bare(exchange: Exchange) -> None:
    """Raises Refusal for a query or a body where neither belongs."""
    if _query(exchange.target):
        raise Refusal(400, "This operation takes no parameters in its query.")
    if exchange.body and exchange.arrival.operation in {"get", "delete"}:
        raise Refusal(400, "This operation takes no body.")


def read_values(exchange: Exchange) -> dict[str, str]:
    """What the body of a write asks for, by field path; raises Refusal."""
    media_type, _, charset = exchange.headers.get("Content-Type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Refusal(400, "The Content-Type must be application/json.")
    if charset and charset.strip().lower() not in {"charset=utf-8", 'charset="utf-8"'}:
        raise Refusal(400, "The body must be UTF-8.")
    try:
        body = parse(exchange.body)
    except MalformedJson as error:
        raise Refusal(400, str(error)) from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object.")
    for name, value in body.items():
        if name not in FIELDS:
            raise Refusal(400, f"There is no field {name}; known: {', '.join(FIELDS)}.")
        if not isinstance(value, str):
            raise Refusal(400, f"{name} must be a string.")
    return {FIELDS[name]: value for name, value in body.items()}


def by_path(values: Mapping[str, str]) -> dict[str, str | None]:
    """Values as the world keeps them: an empty remark is none."""
    return {path: value if path == "name" else value or None for path, value in values.items()}


def _query(target: str) -> dict[str, str]:
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    if len(dict(pairs)) != len(pairs):
        raise Refusal(400, "A parameter stands twice in the query.")
    return dict(pairs)


def _whole(name: str, text: str, most: int | None, options: Options) -> int:
    """A whole number from 1 to `most`; outside, the nearest one or a refusal, as chosen."""
    if not _WHOLE.fullmatch(text):
        raise Refusal(400, f"{name} must be a whole number.")
    number = int(text)
    nearest = max(1, number if most is None else min(number, most))
    if nearest != number and options.page_range == "refuse":
        limits = "1 or more" if most is None else f"between 1 and {most}"
        raise Refusal(400, f"{name} must be {limits}.")
    return nearest
