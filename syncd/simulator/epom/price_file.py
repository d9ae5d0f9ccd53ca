"""The price file of a batch at the simulated Epom: comma-separated UTF-8 lines of countries and
prices. For a CPM or CPC campaign they are `country,price`, with or without the heading
`Country,Price`; for a CPA campaign the heading is `_` and the names of actions. The country `*` is
the campaign itself. It reads files and judges no price."""

import csv
import io
from collections.abc import Mapping

from syncd.simulator.epom.refusal import Refusal

EVERYWHERE = "*"


def read(content: bytes) -> list[list[str]]:
    """The lines of a file as cells; raises a Refusal where it is no such file or is empty."""
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode()), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(400, "file_unreadable") from error
    if not rows:
        raise Refusal(400, "file_empty")
    return rows


def by_country(rows: list[list[str]]) -> list[tuple[str, str]]:
    """(country, price) of every line but the heading; raises a Refusal for another form."""
    if [cell.strip().lower() for cell in rows[0]] == ["country", "price"]:
        rows = rows[1:]
    if not rows or any(len(row) != 2 for row in rows):
        raise Refusal(400, "file_columns_wrong")
    _check_once(rows)
    return [(country.strip(), price.strip()) for country, price in rows]


def by_action(rows: list[list[str]], keys: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """(country, prices by the action's key) of every line; `keys` are by name, which counts case.

    Raises a Refusal for another form or an unknown action.
    """
    head, *lines = rows
    if head[0] != "_" or len(head) < 2 or not lines:
        raise Refusal(400, "file_columns_wrong")
    if len(set(head)) != len(head) or any(name not in keys for name in head[1:]):
        raise Refusal(400, "no_such_action")
    if any(len(row) != len(head) for row in lines):
        raise Refusal(400, "file_columns_wrong")
    _check_once(lines)
    columns = [keys[name] for name in head[1:]]
    return [
        (row[0].strip(), dict(zip(columns, (cell.strip() for cell in row[1:]), strict=True)))
        for row in lines
    ]


def _check_once(rows: list[list[str]]) -> None:
    countries = [row[0].strip() for row in rows]
    if len(set(countries)) != len(countries):
        raise Refusal(400, "file_country_repeated")
