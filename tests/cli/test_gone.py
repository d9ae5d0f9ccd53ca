"""Campaigns that are out of view: the list with what settles it, a person's word, the brake and the
way through it."""

import os
import pty
import subprocess
import sys

import pytest

from tests.cli.conftest import ACCOUNT, ROOT, Begin, Command, Configure, Provider


@pytest.fixture
def working(
    capsys: pytest.CaptureFixture[str],
    configure: Configure,
    database_url: str,
    own_provider: Provider,
) -> Command:
    """The command after a first pull of a world that this test may change."""
    command = Command(capsys, configure(database_url, own_provider.told["base_url"]))
    assert command("sync", "--pull").code == 0
    return command


@pytest.fixture
def missing(working: Command, own_provider: Provider) -> list[str]:
    """Two campaigns that the last pull did not show any more."""
    ids = [str(one["id"]) for one in own_provider.ask("criteo/picks")["ordinary"][:2]]
    own_provider.ask("remove", ids=ids)
    ran = working("sync", "--pull")
    assert ran.code == 0, ran.err
    assert "; 2 missing; " in ran.out
    return ids


def test_what_is_missing_is_listed_with_what_would_settle_it(
    working: Command, missing: list[str]
) -> None:
    ran = working("campaigns", "gone", ACCOUNT)
    assert ran.code == 0
    for one in missing:
        assert f"confirm: syncd campaigns gone {ACCOUNT} {one}" in ran.out
    rows = working("campaigns", "gone", ACCOUNT, "--format", "json").document["campaigns"]
    assert {row["external_id"] for row in rows} == set(missing)
    assert {(row["missing_why"], row["evidence"]) for row in rows} == {("absent", "person")}
    assert working("campaigns", "gone", ACCOUNT, "--format", "csv").out.count("\r\n") == 3
    assert working("campaigns", "gone", ACCOUNT, "--limit", "1").out.count("missing") == 1
    assert "(2 missing)" in working("status").out


def test_nothing_missing_and_an_unknown_account_are_told(working: Command) -> None:
    ran = working("campaigns", "gone", ACCOUNT)
    assert (ran.code, ran.out) == (0, "")
    assert "is in view" in ran.err
    unknown = working("campaigns", "gone", "criteo-ue")
    assert unknown.code == 2
    assert 'did you mean "criteo-eu"?' in unknown.err


def test_a_persons_word_ends_it_once_and_stands_in_the_history(
    working: Command, missing: list[str]
) -> None:
    one, other = missing
    ran = working("campaigns", "gone", ACCOUNT, one, "--yes", "--requester", "anna")
    assert (ran.code, ran.out) == (0, f"{ACCOUNT}/{one} is gone\n")
    assert "settled: anna" in working("campaigns", "gone", ACCOUNT).out
    assert one not in working("campaigns", "list", "--limit", "0").out
    assert one not in working("campaigns", "list", "--missing").out
    assert other in working("campaigns", "list", "--missing").out
    listed = working("campaigns", "list", "--gone").out
    assert one in listed
    assert other not in listed
    assert "anna (confirmed)  gone" in working("campaigns", "history", ACCOUNT, one).out
    assert "known from" in working("campaigns", "show", ACCOUNT, one).out
    again = working("campaigns", "gone", ACCOUNT, one, other, "--yes", "--format", "json")
    assert again.code == 2
    assert again.document["confirmed"] == [other]
    assert "is gone already" in again.err


def test_a_campaign_in_view_cannot_be_confirmed(working: Command, own_provider: Provider) -> None:
    one = str(own_provider.ask("criteo/picks")["ordinary"][0]["id"])
    ran = working("campaigns", "gone", ACCOUNT, one, "no-such-id", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert f"campaign {one} of account {ACCOUNT} is in view" in ran.err
    assert 'unknown campaign "no-such-id"' in ran.err


def test_without_a_terminal_nobody_can_be_asked(working: Command, missing: list[str]) -> None:
    ran = working("campaigns", "gone", ACCOUNT, *missing)
    assert ran.code == 2
    assert f"nobody is there to say that 2 campaigns of {ACCOUNT} left for good" in ran.err
    assert "help: give --yes" in ran.err
    assert working("campaigns", "list", "--gone", "--format", "json").document["campaigns"] == []


@pytest.mark.parametrize(("answer", "code"), [("n\n", 130), ("y\n", 0)])
def test_at_a_terminal_the_question_is_asked(
    working: Command, missing: list[str], answer: str, code: int
) -> None:
    arguments = ["--config", str(working.config), "campaigns", "gone", ACCOUNT, missing[0]]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", *arguments],
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        os.write(ours, answer.encode())
        assert running.wait(60) == code
    os.close(ours)
    assert missing[0].encode() in said
    assert f"Is 1 campaign of {ACCOUNT} gone for good?".encode() in said
    gone = working("campaigns", "list", "--gone").out
    assert (missing[0] in gone) is (answer == "y\n")


def test_a_page_is_full_although_gone_ones_are_left_out(
    working: Command, missing: list[str]
) -> None:
    working("campaigns", "gone", ACCOUNT, *missing, "--yes")
    first = working("campaigns", "list", "--limit", "57", "--format", "json").document
    assert len(first["campaigns"]) == 57
    last = first["campaigns"][-1]
    rest = working(
        "campaigns", "list", "--after", last["account"], last["external_id"], "--format", "json"
    ).document
    assert len(rest["campaigns"]) == 1
    found = working("campaigns", "list", "--search", missing[0])
    assert found.out == ""
    assert "1 campaign of them gone: --gone lists those." in found.err


def test_a_braked_pull_is_told_with_its_way_out_and_accepted_once(
    working: Command, own_provider: Provider
) -> None:
    none = working("accounts", "accept", ACCOUNT)
    assert none.code == 2
    assert f"the last pull of account {ACCOUNT} was not braked" in none.err
    ids = [one["id"] for one in own_provider.ask("truth")["campaigns"]][:30]
    own_provider.ask("remove", ids=ids)
    braked = working("sync", "--pull")
    assert braked.code == 3
    assert f"syncd accounts accept {ACCOUNT}" in braked.err
    needs = working("status", "--format", "json").document["needs"]
    assert [(one["cause"], one["command"]) for one in needs] == [
        ("braked", f"syncd accounts accept {ACCOUNT}")
    ]
    status = working("status").out
    assert "the last pull did not show 30 campaigns that were there" in status
    listed = working("accounts", "list").out
    assert "braked" in listed
    assert f"syncd accounts accept {ACCOUNT}" in listed
    accepted = working("accounts", "accept", ACCOUNT)
    assert accepted.code == 0
    assert f"{ACCOUNT}: the next complete pull may count 30 campaigns more as missing, until 2" in (
        accepted.out
    )
    row = working("accounts", "list", "--format", "json").document["accounts"][0]
    assert (row["state"], row["braked_absent"]) == ("braked", 30)
    assert row["command"] == f"syncd sync {ACCOUNT} --pull"
    assert row["accepted_until"] is not None
    passed = working("sync", "--pull")
    assert passed.code == 0, passed.err
    assert "; 30 missing; " in passed.out
    assert working("accounts", "accept", ACCOUNT).code == 2


def test_accepting_as_json_says_how_many_and_until_when(
    working: Command, own_provider: Provider
) -> None:
    ids = [one["id"] for one in own_provider.ask("truth")["campaigns"]]
    own_provider.ask("remove", ids=ids)
    assert working("sync", "--pull").code == 3
    document = working("accounts", "accept", ACCOUNT, "--format", "json").document
    assert document["missing_at_most"] == len(ids)
    assert document["until"].endswith("Z")
    unknown = working("accounts", "accept", "criteo-ue")
    assert unknown.code == 2
    assert 'did you mean "criteo-eu"?' in unknown.err


def test_a_campaign_that_the_provider_marks_as_deleted_is_counted_and_hidden(
    begin: Begin,
) -> None:
    command, provider = begin("voipbin", "--campaigns", "5")
    rows = command("campaigns", "list", "--format", "json").document["campaigns"]
    one = next(row["external_id"] for row in rows if row["status"] == "paused")
    provider.ask("delete", ids=[one])
    ran = command("sync", "--pull")
    assert ran.code == 0, ran.err
    assert "; 1 gone; " in ran.out
    document = command("sync", "--pull", "--format", "json").document
    assert document["accounts"][0]["gone"] == 0
    assert one not in command("campaigns", "list").out
    assert "settled: the provider says so" in command("campaigns", "gone", "shop").out
