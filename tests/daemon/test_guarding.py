"""Every key of an account's guard reaches the rules that the engine goes by."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from syncd.config import load
from syncd.daemon.guarding import rules_of
from syncd.model.guard import Bounds, Rules
from syncd.model.path import Field, Guard, Kind

ACCOUNT = """\
[database]
embedded = true

[[accounts]]
name = "criteo-eu"
provider = "criteo"
timezone = "Europe/Berlin"
credentials = { client_id = "env:ID", client_secret = "env:SECRET" }
"""
FIELDS = (Field(path="budget.daily", kind=Kind.AMOUNT),)


def rules(folder: Path, lines: str = "") -> Rules:
    """The rules of the account with these lines."""
    path = folder / "syncd.toml"
    path.write_text(ACCOUNT + lines)
    (account,) = load(path, {"ID": "i", "SECRET": "s"}).accounts
    return rules_of(account, FIELDS)


def test_an_account_that_says_nothing_has_the_defaults(tmp_path: Path) -> None:
    assert rules(tmp_path) == Rules(
        fields=FIELDS,
        bounds=Bounds(max_factor=Decimal(2)),
        zone=ZoneInfo("Europe/Berlin"),
        window=3600,
        share=Decimal("0.3"),
        activations=10,
    )


def test_what_it_says_is_what_the_rules_have(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        """\
[accounts.guard]
max_factor = 1.5
max_amount = "900"
max_increase = "1000"
share = 0.5
activations = 4
window = "2h"
min_gap = "15m"
quiet_hours = "22:00-06:30"
start = "free"
disable = "free"
[accounts.guard.paths]
"budget.*" = { max_factor = 3 }
"budget.daily" = { max_amount = "500", floor = "5", min_gap = "0s" }
""",
    )
    assert found == Rules(
        fields=FIELDS,
        free=frozenset({Guard.START, Guard.DISABLE}),
        bounds=Bounds(max_factor=Decimal("1.5"), max_amount=Decimal(900), min_gap=900),
        paths={
            "budget.*": Bounds(max_factor=Decimal(3)),
            "budget.daily": Bounds(max_amount=Decimal(500), floor=Decimal(5), min_gap=0),
        },
        quiet=(dt.time(22), dt.time(6, 30)),
        zone=ZoneInfo("Europe/Berlin"),
        window=7200,
        share=Decimal("0.5"),
        activations=4,
        max_increase=Decimal(1000),
    )
    assert found.bounds_of("budget.daily") == Bounds(
        max_factor=Decimal(3), max_amount=Decimal(500), floor=Decimal(5), min_gap=0
    )
