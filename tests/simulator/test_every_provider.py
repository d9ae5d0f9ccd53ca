"""What every simulated provider has in common, whatever its protocol: what it says of itself, the
truth of its world, people's edits, limits by group, and no secret in a journal."""

import itertools
import json
from pathlib import Path

import aiohttp
import pytest

from syncd.simulator import PROVIDERS, Settings, Simulator, of_each, parse_rate, read_journal
from syncd.simulator.exchange import Exchange
from syncd.simulator.sending import masked_path
from syncd.simulator.wire import Double, emit
from tests.simulator.client import Client
from tests.simulator.conftest import Start

DIALECTS = ("documented", "current")
BOTH = list(itertools.product(PROVIDERS, DIALECTS))


async def started(start: Start, provider: str, dialect: str) -> Client:
    return await start(Settings(provider=provider, dialect=dialect, campaigns=12, rate=None))


@pytest.mark.parametrize(("provider", "dialect"), BOTH)
async def test_it_says_what_a_configuration_needs(
    start: Start, provider: str, dialect: str
) -> None:
    simulator = (await started(start, provider, dialect)).simulator
    told = simulator.describe()
    assert (told["provider"], told["dialect"]) == (provider, dialect)
    assert told["base_url"] == simulator.base_url == simulator.address + told["base_path"]
    assert told["admin_url"] == f"{simulator.address}/_sim"
    assert told["credentials"]
    assert all(isinstance(one, str) and one for one in told["credentials"].values())
    assert isinstance(told["scope"], dict)


@pytest.mark.parametrize(("provider", "dialect"), BOTH)
async def test_people_edit_remove_restore_and_add_by_the_same_words(
    start: Start, provider: str, dialect: str
) -> None:
    client = await started(start, provider, dialect)
    truth = {one["id"]: one for one in (await client.admin("truth"))["campaigns"]}
    in_view = [one for one, campaign in truth.items() if not campaign["is_removed"]]
    assert sorted(in_view) == sorted(client.simulator.service.world.ids())
    for campaign in truth.values():
        values = campaign["values"].values()
        assert all(value is None or isinstance(value, str) for value in values)
    first = in_view[0]
    assert "name" in truth[first]["values"]
    edit = {"id": first, "values": {"name": "By hand"}}
    (edited,) = (await client.admin("edit", edits=[edit]))["campaigns"]
    assert edited["values"] == truth[first]["values"] | {"name": "By hand"}
    assert (await client.admin(f"truth?id={first}"))["values"]["name"] == "By hand"
    assert "unknown" in (await client.admin("edit", id="nobody", values={"name": "x"}))["error"]
    assert "error" in await client.admin("edit", id=first, values={"native.nothing": "x"})
    await client.admin("remove", ids=[first])
    assert first not in client.simulator.service.world.ids()
    assert (await client.admin(f"truth?id={first}"))["is_removed"]
    await client.admin("restore", ids=[first])
    assert first in client.simulator.service.world.ids()
    (added,) = (await client.admin("add", count=1))["ids"]
    assert added in client.simulator.service.world.ids()
    state = await client.admin("state")
    assert (state["campaigns"], state["limit"]) == (len(truth) + 1, "off")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_same_seed_gives_the_same_world(start: Start, provider: str) -> None:
    first, second = [await started(start, provider, "documented") for _ in range(2)]
    assert first.simulator.world.truth() == second.simulator.world.truth()
    other = await start(Settings(provider=provider, campaigns=12, seed=2))
    assert other.simulator.world.truth() != first.simulator.world.truth()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_operation_counts_in_a_group_that_has_a_rate(
    start: Start, provider: str
) -> None:
    simulator = (await start(Settings(provider=provider, campaigns=1))).simulator
    service = simulator.service
    named = {service.limit_group(one) for one in (*service.writes, "token", "login", "other")}
    assert named <= {*simulator.windows, None}
    assert service.writes
    for group, rate in service.rates.items():
        assert simulator.windows[group].rate == rate


async def test_a_rate_of_the_settings_is_the_one_of_the_default_group(start: Start) -> None:
    rate = parse_rate("3/60s")
    simulator = (await start(Settings(provider="voipbin", campaigns=1, rate=rate))).simulator
    documented = simulator.service.rates
    others = {group: one.rate for group, one in simulator.windows.items() if group != "default"}
    assert simulator.windows["default"].rate == rate
    assert others == {group: one for group, one in documented.items() if group != "default"}
    assert others


async def test_a_limit_is_changed_for_one_group_only(start: Start) -> None:
    client = await start(Settings(provider="voipbin", campaigns=1))
    (group,) = [one for one in client.simulator.windows if one != "default"]
    before = (await client.admin("state"))["limits"]
    await client.admin("limit", limit="7/60s", group=group)
    assert (await client.admin("state"))["limits"] == before | {group: "7/60s"}
    assert "error" in await client.admin("limit", limit="7/60s", group="nobody")


def test_several_providers_share_settings_and_no_port_or_journal() -> None:
    settings = Settings(seed=5, journal=Path("seen.jsonl"))
    both = of_each(["icas", "pai"], settings)
    assert [(one.provider, one.seed, str(one.journal)) for one in both] == [
        ("icas", 5, "seen-icas.jsonl"),
        ("pai", 5, "seen-pai.jsonl"),
    ]
    (one,) = of_each(["icas"], Settings(port=8555, journal=Path("seen.jsonl")))
    assert (one.port, str(one.journal)) == (8555, "seen.jsonl")
    with pytest.raises(ValueError, match="a port is for one provider"):
        of_each(PROVIDERS, Settings(port=8555))
    with pytest.raises(ValueError, match="no provider is called 'nobody'"):
        Simulator(Settings(provider="nobody"))


@pytest.mark.parametrize("name", ["token", "accesskey", "hash", "password", "Hash"])
async def test_what_stands_in_an_address_and_a_header_is_masked_from_the_start(
    start: Start, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "journal.jsonl"
    client = await start(Settings(campaigns=1, rate=None, journal=path))
    client.simulator.faults.arm("reset", when="head")
    headers = {"X-Api-Key": "s3cr3t", "Cookie": "token=s3cr3t"}
    with pytest.raises(aiohttp.ClientOSError):
        await client.send("POST", f"/nothing?page=2&{name}=s3cr3t&x=1", None, headers)
    (line,) = read_journal(path)
    assert "s3cr3t" not in path.read_text()
    assert line["path"].startswith(f"/nothing?page=2&{name}=***")
    assert line["path"].endswith("&x=1")
    assert masked_path("/a?token") == "/a?token"
    assert masked_path("/a?%74oken=s3cr3t").startswith("/a?%74oken=***")
    assert masked_path(f"/a?{name}=1") != masked_path(f"/a?{name}=2")


async def test_a_service_sees_the_address_as_it_came(start: Start) -> None:
    client = await start(Settings(campaigns=1, rate=None))
    seen: list[str] = []
    inspect = client.simulator.service.inspect

    def noting(exchange: Exchange) -> None:
        seen.append(exchange.target)
        inspect(exchange)

    client.simulator.service.inspect = noting  # type: ignore[method-assign]
    await client.send("GET", "/nothing?token=%20x", None, {})
    assert seen == ["/nothing?token=%20x"]


def test_a_double_has_a_decimal_place_and_a_decimal_only_where_it_needs_one() -> None:
    assert emit([Double("2"), Double("0.050"), Double("1E+3")]) == b"[2.0,0.05,1000.0]"
    assert json.loads(emit({"x": Double("2")})) == {"x": 2.0}
