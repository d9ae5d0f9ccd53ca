"""Stopping accounts and letting them run again: single ones, all of them, and in spite of whatever
is wrong with the configuration."""

import pytest

from tests.cli.conftest import ACCOUNT, Command


def state(command: Command) -> tuple[str, str]:
    """How the account is, and why."""
    (row,) = command("accounts", "list", "--format", "json").document["accounts"]
    return row["state"], row["cause"] or ""


def add(command: Command, name: str) -> None:
    """Write a second account into the configuration, with a credential of its own."""
    told = command.config.read_text()
    one = told[told.index("[[accounts]]") :].replace(ACCOUNT, name)
    for key in ("client_id", "client_secret"):
        secret = command.config.parent / f"{name}-{key}"
        secret.touch(mode=0o600)
        secret.write_text(f"{name}-{key}")
        one = one.replace(f"file:{key}", f"file:{secret.name}")
    command.config.write_text(told + one)


@pytest.mark.parametrize("named", [[ACCOUNT], ["--all"]])
def test_a_paused_account_says_by_whom_and_why_until_it_is_resumed(
    syncd: Command, named: list[str]
) -> None:
    ran = syncd("accounts", "pause", *named, "--reason", "the sale is wrong")
    assert (ran.code, ran.out) == (0, f"{ACCOUNT} is paused: nothing new is read or sent\n")
    is_now, cause = state(syncd)
    assert is_now == "paused"
    assert cause.startswith("paused by ")
    assert cause.endswith(": the sale is wrong")
    again = syncd("accounts", "pause", *named)
    assert again.out == f"{ACCOUNT} was paused already\n"
    assert state(syncd)[1] == cause
    ran = syncd("accounts", "resume", *named, "--reason", "mended")
    assert ran.out == f"{ACCOUNT} runs again\n"
    assert state(syncd)[0] == "never pulled"
    assert syncd("accounts", "resume", *named).out == f"{ACCOUNT} was not paused\n"


def test_nothing_is_read_or_sent_while_it_is_paused(pulled: Command) -> None:
    campaign = pulled("campaigns", "list", "--format", "json").document["campaigns"][0]
    update = pulled.queued(ACCOUNT, campaign["external_id"], "--set", "budget.daily=20")
    told = pulled("accounts", "pause", "--all", "--format", "json").document
    assert told["accounts"] == [{"account": ACCOUNT, "is_paused": True}]
    assert pulled("sync").code == 0
    shown = pulled("updates", "show", str(update), "--format", "json").document
    assert shown["update"]["state"] == "queued"
    assert shown["update"]["waiting_for"]["code"] == "account_paused"
    told = pulled("accounts", "resume", "--all", "--format", "json").document
    assert told["accounts"] == [{"account": ACCOUNT, "is_paused": False}]


def test_an_account_that_never_ran_is_paused_before_it_does(syncd: Command) -> None:
    assert syncd("accounts", "pause", ACCOUNT).code == 0
    assert state(syncd)[0] == "paused"


def test_all_of_them_includes_those_that_never_ran(syncd: Command) -> None:
    ran = syncd("accounts", "pause", "--all")
    assert ran.out == f"{ACCOUNT} is paused: nothing new is read or sent\n"
    assert state(syncd)[0] == "paused"


def test_a_configuration_that_is_behind_does_not_keep_the_switch_from_working(
    syncd: Command,
) -> None:
    assert state(syncd)[0] == "never pulled"
    syncd("accounts", "rename", ACCOUNT, "criteo-de")
    ran = syncd("accounts", "pause", "--all")
    assert ran.code == 2
    assert ran.out == "criteo-de is paused: nothing new is read or sent\n"
    assert "was renamed" in ran.err
    syncd.config.write_text(syncd.config.read_text().replace(ACCOUNT, "criteo-de"))
    assert state(syncd)[0] == "paused"


@pytest.mark.parametrize("act", ["pause", "resume"])
def test_what_names_no_account_changes_none(syncd: Command, act: str) -> None:
    for arguments, said in (
        ([], "name the accounts, or give --all"),
        ([ACCOUNT, "--all"], "name the accounts, or give --all"),
        (["criteo-ue"], 'did you mean "criteo-eu"?'),
        ([ACCOUNT, "criteo-ue"], 'unknown account "criteo-ue"'),
        (["--all", "--format", "csv"], "no CSV of it"),
    ):
        ran = syncd("accounts", act, *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert said in ran.err
    assert state(syncd)[0] == "never pulled"


def test_what_is_added_to_the_configuration_after_all_was_paused_sends_nothing(
    syncd: Command,
) -> None:
    syncd("accounts", "pause", "--all", "--reason", "the sale is wrong")
    add(syncd, "criteo-us")
    ran = syncd("sync")
    assert (ran.code, ran.out.count("is paused; nothing was read or sent")) == (0, 2)
    said = syncd("status").out
    assert "every account was paused when this one was added" in said
    assert "syncd accounts resume criteo-us" in said
    ran = syncd("accounts", "resume", "--all")
    assert ran.out == f"{ACCOUNT} runs again\ncriteo-us runs again\n"


def test_an_account_that_only_the_configuration_has_is_paused_with_the_others(
    syncd: Command,
) -> None:
    state(syncd)
    add(syncd, "criteo-us")
    ran = syncd("accounts", "pause", "--all")
    assert ran.out.count("is paused: nothing new is read or sent\n") == 2
