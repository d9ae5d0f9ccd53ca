"""Approving, trying again, taking note and taking back: a row for each update, one that is refused
undoes no other, and the exit code says how much of it was done."""

from decimal import Decimal
from typing import Any

import pytest

from tests.cli.conftest import ACCOUNT, Begin, Command, Execute, Provider

TOO_MUCH = "2000000"


@pytest.fixture
def picks(shared_provider: Provider) -> list[dict[str, Any]]:
    """Campaigns that take any amount."""
    found: list[dict[str, Any]] = shared_provider.ask("criteo/picks")["ordinary"]
    return found


def queued(command: Command, pick: dict[str, Any], amount: str = TOO_MUCH) -> int:
    return command.queued(ACCOUNT, pick["id"], "--set", f"{pick['path']}={amount}")


def states(command: Command, *numbers: int) -> list[str]:
    return [update(command, one)["state"] for one in numbers]


def update(command: Command, number: int) -> dict[str, Any]:
    document = command("updates", "show", number, "--format", "json").document
    found: dict[str, Any] = document["update"]
    return found


def test_each_is_approved_by_itself_and_told_with_what_was_let_through(
    pulled: Command, picks: list[dict[str, Any]], execute: Execute
) -> None:
    one, two = (queued(pulled, pick) for pick in picks[:2])
    assert pulled("sync", "--push").code == 3
    third = queued(pulled, picks[2])
    assert states(pulled, one, two, third) == ["held", "held", "queued"]
    ran = pulled(
        "updates", "approve", one, third, 999_999, one, "--reason", "agreed", "--for", "2h",
        "--requester", "anna", "--utc",
    )  # fmt: skip
    assert ran.code == 3
    first, second = ran.out.splitlines()
    assert first.startswith(f"approved #{one} {ACCOUNT}/{picks[0]['id']} ")
    assert second.startswith(f"  {picks[0]['path']} ")
    assert f" {Decimal(picks[0]['current']):.2f} -> 2000000.00 EUR (+" in second
    assert second.endswith("  amount")
    assert f"error[refused]: update {third} is queued; only what is held can be approved" in ran.err
    assert "error[refused]: unknown update 999999" in ran.err
    assert states(pulled, one, two, third) == ["queued", "held", "queued"]
    row = update(pulled, one)
    assert row["approved_until"] > row["created_at"]
    again = pulled("updates", "approve", two, "--format", "json")
    assert (again.code, again.document["schema"]) == (0, "syncd.approved/1")
    (told,) = again.document["updates"]
    assert (told["id"], told["state"]) == (str(two), "queued")
    (item,) = told["items"]
    assert (item["path"], item["to"]) == (picks[1]["path"], TOO_MUCH)
    assert [rule["rule"] for rule in item["rules"]] == ["amount"]
    execute("UPDATE syncd.clock SET shift = shift + interval '3 hours'")
    assert update(pulled, one)["approved_until"] is None
    assert update(pulled, two)["approved_until"] is not None
    refused = pulled("updates", "approve", third, 999_999)
    assert (refused.code, refused.out) == (2, "")


def test_a_plan_is_approved_item_by_item_and_what_has_changed_drops_out(begin: Begin) -> None:
    command, provider = begin("criteo", "--campaigns", "60", more='currency = "EUR"')
    picks = provider.ask("criteo/picks")["ordinary"]
    wishes = [(picks[0], 3), (picks[1], 3), (picks[2], 1.1)]
    numbers = [
        command.queued(
            "shop", one["id"], "--set", f"{one['path']}={float(one['current']) * times:.2f}"
        )
        for one, times in wishes
    ]
    saved = command("plan", "shop", "--save", "--format", "json").document["plans"][0]["hash"]
    budget = {picks[1]["path"].removeprefix("budget."): f"{float(picks[1]['current']) + 1:.2f}"}
    provider.ask("edit", edits=[{"id": picks[1]["id"], "budget": budget}])
    assert command("sync", "--push").code == 3
    assert states(command, *numbers) == ["held", "held", "applied"]
    short = saved[:8]
    alone = command("updates", "approve", numbers[1], "--plan", short)
    assert alone.code == 2
    assert f"what update {numbers[1]} meets has changed since plan {short}" in alone.err
    ran = command("updates", "approve", "--plan", short, "--reason", "agreed")
    assert ran.code == 3
    head, *items = ran.out.splitlines()
    assert head == (f"plan {short} of shop: 1 approved, 1 dropped out, 1 in need of no approval")
    assert items[0].startswith(f"  #{numbers[0]}  {picks[0]['path']} ")
    assert items[0].endswith("  factor  approved")
    assert items[1].startswith(f"  #{numbers[1]}  ")
    assert items[1].endswith("dropped out: what it meets has changed since the plan was made")
    assert states(command, *numbers) == ["queued", "held", "applied"]
    assert "lets out" not in command("plan", "--show", short).out, "it is held for more by now"
    again = command("updates", "approve", "--plan", short, "--format", "json")
    assert again.document["schema"] == "syncd.approved_plan/1"
    outcomes = {one["update_id"]: one["outcome"] for one in again.document["items"]}
    assert outcomes[str(numbers[1])] == "dropped"
    unknown = command("updates", "approve", "--plan", "abcdef")
    assert unknown.code == 2
    assert unknown.err.startswith("error[plan]: unknown plan abcdef\n")
    assert command("sync", "--push", "shop").code == 0
    assert states(command, *numbers) == ["applied", "held", "applied"]


def test_what_is_held_is_judged_anew_and_what_is_final_is_queued_once_more(
    pulled: Command, shared_provider: Provider, picks: list[dict[str, Any]]
) -> None:
    held = queued(pulled, picks[0])
    uncapped = shared_provider.ask("criteo/picks")["uncapped"]
    rejected = queued(pulled, uncapped, "75")
    assert pulled("sync", "--push").code == 3
    waiting = queued(pulled, picks[1])
    ran = pulled("updates", "retry", held, waiting, rejected, "--reason", "the cap is higher")
    assert ran.code == 3
    first, second = ran.out.splitlines()
    assert first.startswith(f"#{held} is queued again, to be judged anew: {ACCOUNT}/")
    assert second.startswith(f"#{rejected} was rejected; queued once more as #")
    assert f"error[refused]: update {waiting} is queued already" in ran.err
    assert "warning" not in ran.err
    new = int(second.partition("once more as #")[2].partition(":")[0])
    assert states(pulled, held, rejected, new) == ["queued", "rejected", "queued"]
    assert update(pulled, new)["retry_of"] == rejected
    told = pulled("updates", "retry", rejected, "--format", "json").document
    assert told["schema"] == "syncd.retried/1"
    (row,) = told["updates"]
    assert (row["id"], row["was"], row["state"]) == (str(rejected), "rejected", "queued")
    assert int(row["queued_as_id"]) > new


def test_what_went_wrong_is_noted_and_keeps_its_result(
    pulled: Command, shared_provider: Provider, picks: list[dict[str, Any]]
) -> None:
    uncapped = shared_provider.ask("criteo/picks")["uncapped"]
    rejected = queued(pulled, uncapped, "75")
    assert pulled("sync", "--push").code == 3
    waiting = queued(pulled, picks[0])
    ran = pulled("updates", "seen", waiting, rejected, "--requester", "anna")
    assert ran.code == 3
    assert ran.out.startswith(f"seen #{rejected} {ACCOUNT}/{uncapped['id']} ")
    assert ran.out.endswith(": rejected spend-limit-does-not-exist, noted by anna\n")
    assert f"update {waiting} is queued; there is nothing to take note of" in ran.err
    row = update(pulled, rejected)
    assert (row["state"], row["seen_by"]) == ("rejected", "anna")
    told = pulled("updates", "seen", rejected, "--format", "json").document
    assert told["schema"] == "syncd.seen/1"
    assert [one["seen_by"] for one in told["updates"]] == ["anna"]
    cancelled = pulled("updates", "cancel", waiting, rejected)
    assert cancelled.code == 3
    assert cancelled.out.startswith(f"cancelled #{waiting} ")
    assert f"update {rejected} cannot go from rejected to cancelled" in cancelled.err


def test_wrong_use_decides_nothing(syncd: Command) -> None:
    for arguments, said in (
        (["approve"], "name the updates, or give --plan"),
        (["approve", "1", "--for", "soon"], '"soon" is not a duration'),
        (["approve", "1", "--for", "0s"], "is no time at all"),
        (["approve", "1", "--format", "csv"], "no CSV of it"),
        (["approve", "--plan", "xyz"], '"xyz" is not the hash of a plan'),
        (["retry"], "ID"),
        (["seen", "x"], '"x" is not an id'),
        (["explain", "1", "--format", "csv"], "no CSV of it"),
    ):
        ran = syncd("updates", *arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert said in ran.err
        assert "help: " in ran.err
