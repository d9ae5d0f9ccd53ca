"""People whose login has one role of syncd's: the commands that their role is for work, each other
one says which role it takes and how to come by it."""

from pathlib import Path

import pytest

from tests.cli.conftest import ACCOUNT, Command, Provider
from tests.cli.test_caps import Join, join, works_as

__all__ = ["join"]  # a fixture


@pytest.fixture
def ids(pulled: Command, shared_provider: Provider) -> list[str]:
    """Campaigns, of which the first three have an update that is held."""
    found = shared_provider.ask("criteo/picks")["ordinary"]
    for one in found[:3]:
        pulled.queued(ACCOUNT, one["id"], "--set", f"{one['path']}=2000000")
    assert pulled("sync", "--push").code == 3
    return [one["id"] for one in found]


def lacks(command: Command, role: str, *arguments: str | int) -> None:
    """The command ends with the role that it takes, and the remedy."""
    ran = command(*arguments)
    assert ran.code == 2, ran.out
    assert f"lacks the role syncd_{role}" in ran.err
    assert f"syncd db grant {role} " in ran.err


def numbers(command: Command) -> list[int]:
    told = command("updates", "list", "--format", "json").document
    return sorted(int(one["id"]) for one in told["updates"])


def test_who_may_approve_does_so_by_the_command_that_the_inbox_names(
    pulled: Command, ids: list[str], join: Join, database_url: str
) -> None:
    one, two, three = numbers(pulled)
    (plan,) = pulled("plan", "--save", "--format", "json").document["plans"]
    works_as(pulled, database_url, user := join("syncd_approve"))
    told = pulled("updates", "approve", one, "--reason", "agreed", "--requester", "the boss")
    assert told.code == 0, told.err
    assert told.out.startswith(f"approved #{one} {ACCOUNT}/{ids[0]} ")
    (row,) = pulled("updates", "approve", two, "--format", "json").document["updates"]
    assert (row["state"], row["approved_by"]) == ("queued", user)
    assert row["items"]
    assert pulled("updates", "retry", three).out.startswith(f"#{three} is queued again")
    assert pulled("updates", "cancel", two).out.startswith(f"cancelled #{two} {ACCOUNT}/{ids[1]}")
    told = pulled("updates", "approve", "--plan", plan["hash"][:8])
    assert told.out.startswith(f"plan {plan['hash'][:8]} of {ACCOUNT}: "), told.err
    assert "there is nothing to take note of" in pulled("updates", "seen", three).err
    assert pulled("accounts", "pause", "--all", "--reason", "stop").code == 0
    assert pulled("accounts", "resume", ACCOUNT).out == f"{ACCOUNT} runs again\n"
    assert 'unknown account "shpo"' in pulled("accounts", "pause", "shpo").err
    for arguments in (["list"], ["show", one], ["explain", one]):
        lacks(pulled, "report", "updates", *arguments)
    lacks(pulled, "enqueue", "enqueue", ACCOUNT, ids[3], "--set", "budget.daily=21")
    lacks(pulled, "service", "sync")
    lacks(pulled, "service", "plan")
    ran = pulled("db", "upgrade")
    assert ran.code == 2
    assert f"belongs to syncd_owner, and the database user {user} may not change it" in ran.err
    assert f"GRANT syncd_owner, syncd_service TO {user};" in ran.err


def test_who_may_only_ask_queues_and_takes_back_what_is_theirs(
    pulled: Command, ids: list[str], join: Join, database_url: str, tmp_path: Path
) -> None:
    one, *_ = numbers(pulled)
    known = pulled.queued(ACCOUNT, ids[3], "--set", "budget.daily=21", "--key", "k")
    works_as(pulled, database_url, join("syncd_enqueue"))
    told = pulled("enqueue", ACCOUNT, ids[4], "--set", "budget.daily=21", "--format", "json")
    (row,) = told.document["updates"]
    assert (row["external_id"], row["state"], row["is_new"]) == (ids[4], "queued", True)
    file = tmp_path / "rows.csv"
    head = "account,campaign,path,value,key\n"
    file.write_text(f"{head}{ACCOUNT},{ids[3]},budget.daily,21,k\n")
    told = pulled("enqueue", "--from", file)
    assert told.out == f"1 update somebody else had queued already (same keys): #{known}\n"
    assert "is ambiguous" in pulled("enqueue", ACCOUNT, ids[4], "--set", "budget.daily=1.000").err
    assert 'unknown campaign "99"' in pulled("enqueue", ACCOUNT, 99, "--set", "budget.daily=5").err
    assert pulled("updates", "cancel", row["id"]).out.startswith(f"cancelled #{row['id']} ")
    assert "was asked for by" in pulled("updates", "cancel", one).err
    for verb in ("approve", "retry", "seen"):
        lacks(pulled, "approve", "updates", verb, one)
    lacks(pulled, "approve", "accounts", "pause", "--all")
    lacks(pulled, "report", "updates", "show", one)


def test_who_may_only_read_sees_everything_and_moves_nothing(
    pulled: Command, ids: list[str], join: Join, database_url: str
) -> None:
    one, two, three = numbers(pulled)
    named = pulled.config.read_text()
    works_as(pulled, database_url, join("syncd_report"))
    told = pulled("updates", "list", "--state", "inbox", "--format", "json").document
    assert {row["command"] for row in told["updates"]} == {
        f"syncd updates approve {number}" for number in (one, two, three)
    }
    for arguments in (
        ["updates", "show", one], ["updates", "explain", one], ["status"], ["accounts", "list"],
        ["campaigns", "list"], ["campaigns", "show", ACCOUNT, ids[0]], ["db", "caps", "list"],
        ["campaigns", "history", ACCOUNT, ids[0]],
    ):  # fmt: skip
        ran = pulled(*arguments)
        assert ran.code == 0, (arguments, ran.err)
    lacks(pulled, "approve", "updates", "approve", one)
    lacks(pulled, "enqueue", "enqueue", ACCOUNT, ids[0], "--set", "budget.daily=21")
    lacks(pulled, "approve", "accounts", "resume", "--all")
    pulled.config.write_text(named)
    works_as(pulled, database_url, user := join())
    ran = pulled("updates", "list")
    assert ran.code == 2
    assert f"the database user {user} has none of syncd's roles" in ran.err
