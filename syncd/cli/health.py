"""What the state of an account asks of a person: the command to type next, and the advice beside
it. Works on rows of `report.account_health`; knows neither the database nor a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TROUBLED: Final = (
    "blocked",
    "failing",
    "braked",
    "other dialect",
    "paused",
    "partial",
    "late",
)
_AUTHORIZE: Final = "syncd accounts authorize"
_COMMANDS: Final = {
    "blocked": "accounts check {}",
    "failing": "accounts check {}",
    "without consent": "accounts authorize {}",
    "braked": "accounts accept {}",
    "accepted": "sync {} --pull",
    "paused": "accounts resume {}",
    "partial": "sync {}",
    "late": "sync {}",
    "never pulled": "sync {}",
}


def command_of(row: Mapping[str, Any]) -> str:
    """The next command, or the line to write; empty where nobody has to do anything."""
    state, remedy = row["state"], row["remedy"] or ""
    if state == "other dialect":
        return str(remedy)
    if state == "braked" and row["accepted_until"] is not None:
        state = "accepted" if row["accepted_until"] > row["at"] else state
    elif _AUTHORIZE in remedy:
        state = "without consent"
    command = _COMMANDS.get(state)
    return "" if command is None else f"syncd {command.format(row['account'])}"


def advice_of(row: Mapping[str, Any]) -> str:
    """What the database advises, and the command where that does not stand in it."""
    remedy, command = row["remedy"] or "", command_of(row)
    if not remedy or remedy in command or _AUTHORIZE in remedy:
        return command
    return remedy if "syncd " in remedy or not command else f"{remedy}; {command}"
