"""The simulated PAI's campaigns: made from a seed, edited by people, seen as they truly are."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from syncd.simulator import Settings, Simulator
from syncd.simulator.pai.clock import Clock, shown
from tests.simulator.pai.client import PaiClient


def world(seed: int, campaigns: int = 60) -> list[dict[str, object]]:
    settings = Settings(provider="pai", seed=seed, campaigns=campaigns)
    return Simulator(settings).service.world.truth()


def test_a_seed_always_gives_the_same_campaigns() -> None:
    assert world(1) == world(1)
    assert {one["id"] for one in world(1)}.isdisjoint(one["id"] for one in world(2))
    assert world(1, 5) == world(1)[:5]


def test_the_population_has_every_sort(documented: PaiClient) -> None:
    picks = documented.service.picks()
    assert all(picks.values())
    campaigns = documented.campaigns
    assert all(re.fullmatch(r"[0-9a-f-]{36}", known) for known in campaigns)
    for one, other in picks["twins"]:
        assert campaigns[one].values() == campaigns[other].values()
        assert one != other
    assert all(campaigns[one].references for one in picks["referenced"])
    assert all(campaigns[one].note is None for one in picks["without_remark"])
    assert not any(campaigns[pick["id"]].references for pick in picks["ordinary"])


def test_a_time_is_shown_in_china_without_an_offset() -> None:
    assert shown(datetime(2019, 12, 31, 23, 30, 59, 999_999, UTC)) == "2020-01-01 07:30:59"
    clock = Clock()
    clock.ahead = datetime(2027, 1, 31, 16, 0, 1, tzinfo=UTC) - datetime.now(UTC)
    assert clock.month() == "2027-02"
    clock.ahead -= timedelta(minutes=5)
    assert clock.month() == "2027-01"


async def test_people_edit_at_once(pai: PaiClient) -> None:
    one, other, *_ = pai.simulator.world.ids()
    before = pai.campaigns[one].updated
    await pai.admin("edit", id=one, values={"name": "By hand", "note": "seen"})
    row = (await pai.call("get", one)).data
    assert (row["Name"], row["Remark"]) == ("By hand", "seen")
    assert pai.campaigns[one].updated > before
    edits = [{"id": one, "values": {"note": None}}, {"id": other, "values": {"note": ""}}]
    await pai.admin("edit", edits=edits)
    assert (pai.campaigns[one].note, pai.campaigns[other].note) == (None, None)
    assert (await pai.admin(f"truth?id={one}"))["values"] == {"name": "By hand", "note": None}


@pytest.mark.parametrize(
    "values", [{"status": "paused"}, {"name": None}, {"name": 5}, {"budget.daily": "1"}]
)
async def test_an_edit_that_is_none_is_refused(
    documented: PaiClient, values: dict[str, object]
) -> None:
    one = documented.simulator.world.ids()[0]
    before = documented.campaigns[one].values()
    assert "error" in await documented.admin("edit", id=one, values=values)
    assert "unknown" in (await documented.admin("edit", id="x", values={"name": "x"}))["error"]
    assert documented.campaigns[one].values() == before


async def test_what_is_removed_is_out_of_sight_until_it_is_restored(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[3]
    await pai.admin("remove", ids=[one])
    assert (await pai.call("get", one)).code == 404
    assert one not in (await pai.call("list", PageSize=100)).ids
    truth = {row["id"]: row for row in (await pai.admin("truth"))["campaigns"]}
    assert truth[one]["is_removed"]
    await pai.admin("restore", ids=[one])
    assert pai.simulator.world.ids()[3] == one
    assert (await pai.call("get", one)).code == 0


async def test_campaigns_can_be_added(pai: PaiClient) -> None:
    made = (await pai.admin("add", count=3))["ids"]
    assert (await pai.call("list", PageNumber=4)).ids == made
    with pytest.raises(ValueError, match="exists already"):
        pai.put(made[0], "again")


async def test_the_state_shows_choices_and_no_secret(pai: PaiClient) -> None:
    state = await pai.admin("state")
    assert state["options"]["refusals"] == "service"
    assert not any("key" in name or "token" in name for name in state["options"])
    assert (state["campaigns"], state["in_view"], state["revoked"]) == (30, 30, False)
    assert set(state["limits"]) == {"default", "list", "get", "create", "update", "delete"}
