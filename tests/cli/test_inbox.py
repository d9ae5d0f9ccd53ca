"""What waits for a person, as the command line lists it: every reason, its figures, the command;
and who points there."""

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.conftest import ACCOUNT, Begin, Command, Execute, Provider

TOO_MUCH = "2000000"
HELD = f"budget.daily {TOO_MUCH} is above the largest amount, 1000000"


@pytest.fixture
def campaign(shared_provider: Provider) -> str:
    """A campaign with a daily limit."""
    picks = shared_provider.ask("criteo/picks")
    return str(next(one["id"] for one in picks["ordinary"] if one["path"] == "budget.daily"))


@pytest.fixture
def waiting(pulled: Command, shared_provider: Provider, campaign: str) -> dict[str, int]:
    """After a push that held one update and had one refused; nothing was changed by it."""
    uncapped = shared_provider.ask("criteo/picks")["uncapped"]
    held = pulled.queued(ACCOUNT, campaign, "--set", f"budget.daily={TOO_MUCH}", "--reason", "why")
    rejected = pulled.queued(ACCOUNT, uncapped["id"], "--set", f"{uncapped['path']}=75")
    ran = pulled("sync", "--push")
    assert ran.code == 3, ran.err
    assert ran.out.endswith(
        "\n2 updates wait for a person (1 held, 1 rejected); "
        "next: syncd updates list --state inbox\n"
    )
    return {"held": held, "rejected": rejected}


def listed(command: Command, state: str, *more: str) -> dict[str, Any]:
    document = command("updates", "list", "--state", state, *more, "--format", "json").document
    assert isinstance(document, dict)
    return document


def test_every_reason_stands_below_its_update_with_the_way_out(
    pulled: Command, waiting: dict[str, int]
) -> None:
    ran = pulled("updates", "list", "--state", "inbox")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    held, rejected = (f"#{waiting[name]}" for name in ("held", "rejected"))
    (at,) = [number for number, words in enumerate(lines) if words[1:3] == ["held", held]]
    assert ran.out.splitlines()[at + 1 : at + 3] == [
        f"    amount: {HELD}", f"    -> syncd updates approve {held[1:]}",
    ]  # fmt: skip
    (at,) = [number for number, words in enumerate(lines) if words[1:3] == ["rejected", rejected]]
    code, trace, command = ran.out.splitlines()[at + 1 : at + 4]
    assert code.startswith("    spend-limit-does-not-exist: Spend limit does not exist")
    assert trace.startswith("    trace id ")
    assert command == f"    -> syncd updates seen {rejected[1:]}"
    assert ran.err == "2 updates wait for a person (1 held, 1 rejected)\n"
    only = pulled("updates", "list", "--state", "held").out
    assert f"    amount: {HELD}\n    -> syncd updates approve {held[1:]}\n" in only
    assert rejected not in only
    plain = pulled("updates", "list").out
    assert HELD in plain
    assert "-> syncd" not in plain


def test_data_has_code_reason_figures_command_and_since(
    pulled: Command, waiting: dict[str, int]
) -> None:
    document = listed(pulled, "inbox")
    assert (document["schema"], document["counts"]) == (
        "syncd.inbox/1",
        {"held": 1, "rejected": 1},
    )
    held, rejected = document["updates"]
    assert (held["id"], held["cause"], held["code"], held["reason"]) == (
        str(waiting["held"]), "held", "amount", HELD,
    )  # fmt: skip
    (hit,) = held["figures"]["budget.daily"]
    assert hit["figures"] == {"to": TOO_MUCH, "allowed": "1000000"}
    assert held["command"] == f"syncd updates approve {held['id']}"
    assert held["since"].endswith("Z")
    (figures,) = rejected["figures"].values()
    assert figures["code"] == rejected["code"]
    assert figures["trace_id"]
    (row,) = listed(pulled, "held")["updates"]
    names = ("code", "reason", "figures", "command", "since")
    assert {name: row[name] for name in names} == {name: held[name] for name in names}
    for state, number in (("inbox", 2), ("held", 1)):
        out = pulled("updates", "list", "--state", state, "--format", "csv").out
        rows = list(csv.DictReader(io.StringIO(out)))
        assert len(rows) == number
        assert (rows[0]["code"], rows[0]["reason"]) == ("amount", HELD)
        assert rows[0]["command"] == held["command"]
        assert '"allowed": "1000000"' in rows[0]["figures"]
        assert rows[0]["since"] == held["since"]


def test_it_is_narrowed_by_account_and_campaign_only(
    pulled: Command, waiting: dict[str, int], campaign: str
) -> None:
    assert len(listed(pulled, "inbox", "--account", ACCOUNT)["updates"]) == 2
    (one,) = listed(pulled, "inbox", "--campaign", campaign)["updates"]
    assert one["id"] == str(waiting["held"])
    assert len(listed(pulled, "inbox", "--limit", "1")["updates"]) == 1
    assert pulled("updates", "list", "--state", "inbox", "--account", "other").code == 2
    for option in ("--run", "--before"):
        ran = pulled("updates", "list", "--state", "inbox", option, 1)
        assert (ran.code, ran.out) == (2, "")
        assert "begins with what has waited longest" in ran.err


def test_status_points_there_until_it_is_empty(
    pulled: Command, waiting: dict[str, int], execute: Execute
) -> None:
    ran = pulled("status")
    assert "2 updates wait for a person (1 held, 1 rejected); next: syncd updates list" in ran.out
    assert f"syncd updates list --state inbox --account {ACCOUNT}" in ran.out
    document = pulled("status", "--format", "json").document
    assert document["inbox"] == {"held": 1, "rejected": 1}
    assert {need["cause"] for need in document["needs"]} == {"amount", "rejected"}
    execute("UPDATE syncd.clock SET shift = shift + interval '1 day'")
    assert pulled("updates", "seen", waiting["rejected"]).code == 0
    assert pulled("updates", "cancel", waiting["held"]).code == 0
    empty = pulled("updates", "list", "--state", "inbox")
    assert (empty.out, empty.err) == ("", "Nothing waits for a person.\n")
    document = pulled("status", "--format", "json").document
    assert document["inbox"] == {}
    assert not [need for need in document["needs"] if need["cause"] in ("amount", "rejected")]
    assert "wait for a person" not in pulled("status").out
    done = pulled("sync", "--push")
    assert done.out == f"{ACCOUNT} push: nothing is due\n"
    assert pulled("sync", "--push", "--format", "json").document["inbox"] == {}


def test_an_update_of_its_own_policy(pulled: Command, campaign: str) -> None:
    number = pulled.queued(ACCOUNT, campaign, "--set", "budget.daily=5", "--policy", "theirs")
    shown = pulled("updates", "show", number, "--format", "json").document["update"]
    assert shown["policy"] == "theirs"
    wrong = pulled("enqueue", ACCOUNT, campaign, "--set", "budget.daily=5", "--policy", "mine")
    assert wrong.code == 2
    file = pulled.config.parent / "changes.csv"
    file.write_text(
        "account,campaign,path,value,key,policy\n"
        f"{ACCOUNT},{campaign},budget.daily,6,a,ours\n"
        f"{ACCOUNT},{campaign},budget.daily,7,b,mine\n"
    )
    both = pulled("enqueue", "--from", file, "--policy", "ours")
    assert (both.code, "a column: policy" in both.err) == (2, True)
    refused = pulled("enqueue", "--from", file)
    assert refused.code == 2
    assert f'{file}:3: error[value]: unknown policy "mine"' in refused.err
    file.write_text("\n".join(file.read_text().splitlines()[:2]) + "\n")
    assert pulled("enqueue", "--from", file).code == 0
    (newest, *_) = listed(pulled, "open")["updates"]
    shown = pulled("updates", "show", newest["id"], "--format", "json").document["update"]
    assert shown["policy"] == "ours"


def test_what_a_clock_does_about_a_held_update_is_told(begin: Begin) -> None:
    command, provider = begin(
        "criteo", "--campaigns", "60", more='currency = "EUR"\nguard = { min_gap = "1h" }'
    )
    pick = provider.ask("criteo/picks")["ordinary"][0]
    wish = ("shop", pick["id"], "--set")
    command.queued(*wish, f"{pick['path']}={pick['amount']}")
    assert command("sync", "--push").code == 0
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).isoformat(timespec="seconds")
    amount = Decimal(pick["amount"]) + 1
    number = command.queued(*wish, f"{pick['path']}={amount}", "--expires-at", until)
    assert command("sync", "--push").code == 3
    inbox = command("updates", "list", "--state", "inbox", "--utc").out
    clock = r"goes on by itself at \d{4}-\d\d-\d\d \d\d:\d\d UTC; given up at "
    given_up = f"{until[:16].replace('T', ' ')} UTC"
    assert re.search(f"\n    {clock}{given_up}\n    -> syncd updates approve {number}\n", inbox)
    chain = command("updates", "explain", number, "--utc").out
    assert re.search(f"  waits +for a person; {clock}{given_up}\n", chain)


def test_what_gives_way_to_somebody_elses_value_says_so(begin: Begin) -> None:
    command, provider = begin("criteo", "--campaigns", "60", more='currency = "EUR"')
    pick = provider.ask("criteo/picks")["ordinary"][0]
    number = command.queued(
        "shop", pick["id"], "--set", f"{pick['path']}={pick['amount']}", "--policy", "theirs"
    )
    theirs = str(Decimal(pick["current"]) + 7)
    provider.ask("edit", edits=[{"id": pick["id"], "values": {pick["path"]: theirs}}])
    pushed = command("sync", "--push").out
    (row,) = [line for line in pushed.splitlines() if f"#{number} " in line]
    assert f"superseded, remote_wins: {pick['path']} is {theirs} at the provider since" in row
    chain = command("updates", "explain", number).out.splitlines()
    assert chain[2].startswith("  remote_wins: ")
    listed_row = command("updates", "list", "--state", "superseded").out
    assert "remote_wins: " in listed_row
    assert "None" not in listed_row


def test_whoever_asks_for_it_gets_a_code_where_something_is_listed(
    pulled: Command, campaign: str
) -> None:
    asked = [("updates", "list", "--state", state, "--exit-code") for state in ("inbox", "queued")]
    assert [pulled(*one).code for one in asked] == [0, 0]
    pulled.queued(ACCOUNT, campaign, "--set", "budget.daily=21")
    assert [pulled(*one).code for one in asked] == [0, 3]
    pulled.queued(ACCOUNT, campaign, "--set", f"budget.daily={TOO_MUCH}")
    assert pulled("sync", "--push").code == 3
    assert [pulled(*one).code for one in asked] == [3, 0]
    assert pulled("updates", "list", "--state", "inbox").code == 0


def test_a_reason_as_long_as_a_book_leaves_the_table_readable(
    pulled: Command, campaign: str
) -> None:
    why = "as long as a book " * 1000
    update = pulled.queued(ACCOUNT, campaign, "--set", "budget.daily=21", "--reason", why)
    out = pulled("updates", "list").out
    assert f"#{update} " in out
    assert '"as long as a book' in out
    assert max(map(len, out.splitlines())) < 400
    kept = pulled("updates", "show", update, "--format", "json").document["update"]
    assert kept["request_reason"] == why
