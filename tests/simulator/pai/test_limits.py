"""The limits and the bill of the simulated PAI."""

import re
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from syncd.simulator import Settings, Simulator, parse_rate
from tests.simulator.pai.client import PaiClient
from tests.simulator.pai.conftest import Start

DOCUMENTED = {
    "list": "10/1s",
    "get": "10/1s",
    "create": "10/1s",
    "update": "100/1s",
    "delete": "100/1s",
}


def test_each_operation_has_its_own_limit() -> None:
    simulator = Simulator(Settings(provider="pai", campaigns=0))
    rates = {name: str(rate) for name, rate in simulator.service.rates.items()}
    assert rates == DOCUMENTED
    assert [simulator.service.limit_group(name) for name in rates] == list(rates)
    assert simulator.service.limit_group("unknown") is None
    given = Simulator(Settings(provider="pai", campaigns=0, rate=parse_rate("3/60s")))
    assert {str(given.windows[name].rate) for name in DOCUMENTED} == {"3/60s"}


async def test_a_call_past_its_limit_is_refused_and_others_are_not(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    await pai.admin("limit", group="get", limit="2/60s")
    assert [(await pai.call("get", one)).status for _ in range(3)] == [200, 200, 429]
    assert (await pai.call("update", one, Name="x")).code == 0
    assert (await pai.call("list")).code == 0
    arrival = pai.simulator.journal.of("get")[2]
    assert (arrival.limit_group, arrival.status) == ("get", 429)


async def test_a_caller_without_a_known_key_has_no_limit(pai: PaiClient) -> None:
    await pai.admin("limit", group="list", limit="1/60s")
    for _ in range(3):
        refused = await pai.send("GET", pai.path("list"), Authorization="Bearer other")
        assert refused.status != 429
    assert (await pai.call("list")).code == 0


@pytest.mark.parametrize(
    ("throttling", "told"),
    [
        ("429", (429, "Throttling.User")),
        ("400", (400, "Throttling")),
        ("400-user", (400, "Throttling.User")),
    ],
)
@pytest.mark.parametrize("retry_after", ["seconds", "date", "none"])
async def test_a_refusal_past_the_limit_takes_the_chosen_form(
    begin: Start, throttling: str, retry_after: str, told: tuple[int, str]
) -> None:
    client = await begin(throttling=throttling, retry_after=retry_after)
    await client.admin("limit", group="list", limit="1/60s")
    await client.call("list")
    answer = await client.call("list")
    assert (answer.status, answer.code) == told
    wait = answer.headers.get("retry-after")
    if wait is None:
        assert retry_after == "none"
    elif retry_after == "seconds":
        assert 0 < int(wait) <= 60
    else:
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", wait)
        assert parsedate_to_datetime(wait).tzinfo is not None


async def test_every_request_is_billed_whether_it_succeeds_or_not(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    await pai.call("list")
    await pai.call("get", "no-such-id")
    await pai.call("get", one)
    pai.arm("refuse", "update")
    await pai.call("update", one, Name="x")
    pai.arm("throttling", "delete")
    await pai.call("delete", one)
    await pai.send("GET", pai.path("list"), Authorization=None)
    await pai.send("GET", "/nowhere")
    await pai.admin("limit", group="create", limit="1/60s")
    for _ in range(2):
        await pai.call("create", Name="x")
    state = await pai.admin("state")
    requests = state["requests"]
    assert list(state["requests_by_month"].values()) == [requests]
    assert requests == {"list": 2, "get": 2, "create": 2, "update": 1, "delete": 1}


async def test_requests_are_billed_by_the_month_in_china(pai: PaiClient) -> None:
    await pai.call("list")
    pai.ahead(40 * 86_400)
    await pai.call("list")
    state: dict[str, Any] = await pai.admin("state")
    months = state["requests_by_month"]
    assert len(months) == 2
    assert [month["list"] for month in months.values()] == [1, 1]
    assert state["requests"]["list"] == 2
