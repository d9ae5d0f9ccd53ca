"""Which campaigns an answer of the simulated VoIPBIN shows, and the note of it in the journal:
taken from the answer itself, so that it stays true when a fault changes one."""

from typing import Any

from syncd.simulator.exchange import Reply
from syncd.simulator.journal import Arrival
from syncd.simulator.voipbin.times import UNSET
from syncd.simulator.voipbin.values import values_of

_READS = ("list", "get")


def shown_by(reply: Reply | None) -> list[dict[str, Any]]:
    """The campaign objects of an answer, in order; none for a refusal."""
    value = reply.value if reply is not None and reply.status == 200 else None
    if not isinstance(value, dict):
        return []
    if "result" in value:
        return list(value["result"] or [])
    return [value] if "id" in value else []


def note_shown(arrival: Arrival, reply: Reply | None) -> None:
    """Note what a read shows; nothing for other calls."""
    if arrival.operation not in _READS:
        return
    shown = [one for one in shown_by(reply) if isinstance(one.get("id"), str)]
    arrival.ids = [one["id"] for one in shown]
    arrival.shown = {one["id"]: values_of(one) | _deletion(one) for one in shown}


def _deletion(shown: dict[str, Any]) -> dict[str, str | None]:
    """`{"deleted": "true"}` of a campaign that is shown with the time of its deletion."""
    is_deleted = shown.get("tm_delete") not in UNSET.values()
    return {"deleted": "true"} if is_deleted and shown.get("tm_delete") else {}
