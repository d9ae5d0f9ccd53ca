"""What an answer of the simulated PAI shows, as the journal notes it: read from the answer itself,
so that the note is true whatever a fault made of it."""

from typing import Any

from syncd.simulator.exchange import Reply
from syncd.simulator.journal import Arrival


def note_shown(arrival: Arrival, reply: Reply | None) -> None:
    """Note the campaigns that the answer to a read shows, with their values by field path."""
    if arrival.is_write:
        return
    rows = [row for row in _rows(reply) if isinstance(row, dict) and isinstance(row.get("Id"), str)]
    arrival.ids = [row["Id"] for row in rows]
    arrival.shown = {
        row["Id"]: {"name": row.get("Name"), "note": row.get("Remark") or None} for row in rows
    }


def _rows(reply: Reply | None) -> list[Any]:
    value = reply.value if reply is not None and reply.raw is None else None
    data = value.get("Data") if isinstance(value, dict) else None
    if not isinstance(data, dict):
        return []
    rows = data.get("Campaigns") if "Campaigns" in data else [data]
    return rows if isinstance(rows, list) else []
