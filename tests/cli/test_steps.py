"""One update that takes several calls: planned step by step, and told path by path where its paths
fared differently."""

from typing import Any

import pytest

from tests.cli.conftest import FREE, Begin, Command, Provider


@pytest.fixture
def shop(begin: Begin) -> tuple[Command, Provider]:
    """An account at ICAS, where status and budgets are calls of their own."""
    return begin("icas", "--campaigns", "8", more=FREE)


@pytest.fixture
def campaign(shop: tuple[Command, Provider]) -> str:
    """A paused campaign with a daily budget."""
    rows = shop[0]("campaigns", "list", "--format", "json").document["campaigns"]
    return next(
        str(row["external_id"])
        for row in rows
        if row["values"].get("status") == "paused"
        and row["values"]["budget.daily"] not in ("30", "unlimited")
    )


def queue(command: Command, campaign: str) -> int:
    return command.queued("shop", campaign, "--set", "status=active", "--set", "budget.daily=30")


def test_a_plan_says_what_goes_out_in_a_later_call(
    shop: tuple[Command, Provider], campaign: str
) -> None:
    command, _ = shop
    queue(command, campaign)
    ran = command("plan")
    assert ran.out.count("in a later call") == 1
    assert "in 1 call (1 x " in ran.out
    assert ") and then in later ones · " in ran.out
    items = command("plan", "--format", "json").document["plans"][0]["items"]
    assert sorted(item["is_later"] for item in items) == [False, True]


def test_a_push_of_two_calls_reads_as_one_update(
    shop: tuple[Command, Provider], campaign: str
) -> None:
    command, provider = shop
    number = queue(command, campaign)
    ran = command("sync", "--push")
    assert ran.code == 0, ran.err
    assert ran.out.count(f"#{number}") == 1
    assert "1 = 1 applied        2 calls, " in ran.out
    assert ran.out.count("applied, ") == 1
    shown = command("updates", "show", number).out
    assert shown.count("  attempt  batch ") == 2
    writes = provider.ask("counters")["by_operation"]
    assert (writes["status"], writes["budgets"]) == (1, 1)


def test_paths_that_fared_differently_are_told_one_by_one(
    shop: tuple[Command, Provider], campaign: str
) -> None:
    command, provider = shop
    first = next(item["path"] for item in _planned(command, campaign) if not item["is_later"])
    second = {"status": "budgets", "budget.daily": "status"}[first]
    provider.ask("faults", kind="error", when="before", operation=second, codes=[2040], count=1)
    ran = command("sync", "--push")
    assert ran.code == 3
    lines = ran.out.splitlines()
    other = "budget.daily" if first == "status" else "status"
    (done,) = [line for line in lines if f"  {first}  " in line]
    (refused,) = [number for number, line in enumerate(lines) if f"  {other}  " in line]
    assert done.endswith("  applied")
    assert "rejected: 2040" in lines[refused]
    assert "2040 The status cannot be changed" in lines[refused + 1]


def test_an_update_of_which_a_part_is_done_says_so(
    shop: tuple[Command, Provider], campaign: str
) -> None:
    command, provider = shop
    items = _planned(command, campaign)
    first = next(item["path"] for item in items if not item["is_later"])
    number = int(items[0]["update"])
    second = {"status": "budgets", "budget.daily": "status"}[first]
    provider.ask("faults", kind="reset", when="after", operation=second, count=1)
    ran = command("sync", "--push")
    assert ran.code == 3
    listed = command("updates", "list").out
    assert f"{first} applied; " in listed
    assert f"#{number}" in listed


def _planned(command: Command, campaign: str) -> list[dict[str, Any]]:
    queue(command, campaign)
    items: list[dict[str, Any]] = command("plan", "--format", "json").document["plans"][0]["items"]
    return items
