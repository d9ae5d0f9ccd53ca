"""What is said of accounts and done to them: names, states with cause and command, and the check
from the credentials to one page."""

import json

import pytest

from tests.cli.conftest import ACCOUNT, Begin, Command

NIL = "00000000-0000-0000-0000-000000000000"


def test_an_account_keeps_its_history_under_another_name(pulled: Command) -> None:
    ran = pulled("accounts", "rename", ACCOUNT, "criteo-de")
    assert ran.code == 0, ran.err
    said, todo = ran.out.splitlines()
    assert said == f"{ACCOUNT} is now criteo-de, with all its history"
    assert todo.startswith(f'write name = "criteo-de" instead of "{ACCOUNT}" in the configuration')
    behind = pulled("sync")
    assert behind.code == 2
    assert f'account "{ACCOUNT}" was renamed to "criteo-de"' in behind.err
    text = pulled.config.read_text().replace(f'name = "{ACCOUNT}"', 'name = "criteo-de"')
    pulled.config.write_text(text)
    (row,) = pulled("accounts", "list", "--format", "json").document["accounts"]
    assert (row["account"], row["campaigns"]) == ("criteo-de", 60)


def test_a_configuration_that_is_ahead_is_no_reason_to_say_that_it_must_follow(
    pulled: Command,
) -> None:
    text = pulled.config.read_text().replace(f'name = "{ACCOUNT}"', 'name = "criteo-de"')
    pulled.config.write_text(text)
    ran = pulled("accounts", "rename", ACCOUNT, "criteo-de", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.document["is_configured"] is True
    assert pulled("sync", "--pull").code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nobody", "somebody", 'unknown account "nobody"'),
        (ACCOUNT, ACCOUNT, f'there is an account "{ACCOUNT}" already'),
        (ACCOUNT, "Not A Name", "cannot be the name of an account"),
    ],
)
def test_a_name_that_cannot_be_is_refused(pulled: Command, old: str, new: str, said: str) -> None:
    ran = pulled("accounts", "rename", old, new)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "help: " in ran.err


def test_an_account_whose_provider_speaks_another_dialect_says_which_line_to_write(
    begin: Begin,
) -> None:
    command, _ = begin("criteo", "--option", "reads=current", "--campaigns", "12")
    (need,) = command("status", "--format", "json").document["needs"]
    assert need["cause"] == "other dialect"
    assert 'write dialect = "current" under account shop' in need["command"]
    assert "the provider's answers are of dialect current" in command("status").out
    assert 'write dialect = "current" under account shop' in command("accounts", "list").out
    checked = command("accounts", "check", "shop")
    assert checked.code == 1
    assert 'help: write dialect = "current"' in checked.out


def test_a_pull_that_was_not_whole_is_told_with_its_cause(begin: Begin) -> None:
    command, provider = begin("criteo", "--campaigns", "12")
    provider.ask("faults", kind="search_errors", operation="search", count=1)
    ran = command("sync", "--pull")
    assert ran.code == 3, ran.err
    (need,) = command("status", "--format", "json").document["needs"]
    assert (need["cause"], need["command"]) == ("partial", "syncd sync shop")
    (row,) = command("accounts", "list", "--format", "json").document["accounts"]
    assert (row["state"], row["command"]) == ("partial", "syncd sync shop")
    assert row["remedy"] in command("accounts", "list").out


def test_a_check_lists_campaigns_that_can_call_nobody(begin: Begin) -> None:
    command, provider = begin("voipbin", "--campaigns", "8", pulls=False)
    truth = provider.ask("truth")["campaigns"]
    known = command("accounts", "check", "shop", "--format", "json").document
    assert known["ok"] is True
    (step,) = [one for one in known["steps"] if one["name"] == "references"]
    lacking = {
        one["id"]
        for one in truth
        if NIL in (one["outplan_id"], one["outdial_id"], one["queue_id"])
        and not (one["is_deleted"] or one["is_hidden"] or one["is_removed"])
    }
    assert {finding.split(":")[0] for finding in step["findings"]} == lacking
    assert lacking
    ran = command("accounts", "check", "shop")
    assert ran.code == 0
    assert "cannot call anybody" in ran.out
    assert "native.outplan_id not set" in ran.out
    assert "  ! references" in ran.out


def test_a_check_shows_the_default_campaign_and_where_the_token_comes_from(begin: Begin) -> None:
    command, provider = begin("icas", "--campaigns", "6", pulls=False)
    first = command("accounts", "check", "shop")
    assert first.code == 0, first.out + first.err
    assert "refresh token of file:refresh_token, not used yet" in first.out
    default = provider.ask("truth")["campaigns"]
    (named,) = [one["id"] for one in default if one.get("is_default")]
    assert f"default      {named}" in first.out
    second = command("accounts", "check", "shop").out
    assert "refresh token kept in the database" in second
    command("sync", "--pull")
    listed = command("campaigns", "list").out
    assert "(default)" in listed
    assert "MONTHLY" not in listed


def test_a_check_without_anybodys_consent_ends_with_the_command_for_it(begin: Begin) -> None:
    command, provider = begin("icas", "--campaigns", "3", without=("refresh_token",), pulls=False)
    ran = command("accounts", "check", "shop")
    assert ran.code == 1
    assert "nobody has consented yet" in ran.out
    assert "help: syncd accounts authorize shop" in ran.out
    assert provider.ask("counters")["arrivals"] == 0
    assert command("sync", "--pull").code == 1
    (need,) = command("status", "--format", "json").document["needs"]
    assert need["command"] == "syncd accounts authorize shop"


def test_lists_show_what_the_account_has(begin: Begin) -> None:
    command, _ = begin("pai", "--campaigns", "6")
    table = command("campaigns", "list").out
    assert "NOTE" in table
    assert "DAILY" not in table
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    shown = command("campaigns", "show", "shop", rows[0]["external_id"])
    assert "currency" not in shown.out
    assert "created there" in shown.out
    assert json.dumps(rows)  # one document, every value a plain one
