"""The simulated Criteo in dialect `current`: its answers against the published specification, and
what either dialect says to a caller that speaks the other."""

import json
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from syncd.simulator import Settings
from syncd.simulator.criteo.world import UNCAPPED, capped
from tests.simulator.client import CAMPAIGNS, CHECK, Answer, Client, limit
from tests.simulator.conftest import Start

jsonschema: Any = import_module("jsonschema")  # it comes without types
SCHEMAS = json.loads((Path(__file__).parent / "data" / "current_schemas.json").read_text("utf-8"))
VERSIONED = f"/2026-07{CAMPAIGNS}"
SCALE: dict[str, Any] = {"campaigns": 30, "rate": None}


def wrapped(renewal: str, amount: str | int | None) -> dict[str, Any]:
    """A whole spendLimit as the specification spells it."""
    kind = "uncapped" if amount is None else "capped"
    value = None if amount is None else Decimal(amount)
    return {
        "spendLimitRenewal": renewal,
        "spendLimitType": kind,
        "spendLimitAmount": {"value": value},
    }


def assert_fits(value: Any, name: str) -> None:
    """The value has exactly the shape that the specification gives to this schema."""
    plain = json.loads(json.dumps(value, default=float))
    jsonschema.Draft202012Validator({**SCHEMAS, "$ref": f"#/$defs/{name}"}).validate(plain)


async def patch(client: Client, *entries: tuple[str, dict[str, Any]]) -> Answer:
    data = [
        {"type": "Campaign", "id": one, "attributes": {"spendLimit": to}} for one, to in entries
    ]
    body = {"data": data}
    assert_fits(body, "PatchCampaignListRequest")
    return await client.call("PATCH", VERSIONED, body)


async def create(client: Client, path: str = VERSIONED, **changed: Any) -> Answer:
    attributes: dict[str, Any] = {
        "name": "My Campaign",
        "advertiserId": "12345",
        "goal": "Retention",
        "spendLimit": limit("daily", "123.45"),
    }
    body = {"data": {"type": "Campaign", "attributes": attributes | changed}}
    return await client.call("POST", path, body)


@pytest.fixture
async def current(start: Start) -> Client:
    """A client of 30 campaigns in dialect `current`."""
    return await start(Settings(**SCALE, dialect="current"))


async def test_reads_have_the_shape_of_the_specification(current: Client) -> None:
    answer = await current.call("POST", f"{VERSIONED}/search", {"filters": {}})
    assert_fits(answer.value, "CampaignV23Q1ListResponse")
    shown = {one["id"]: one["attributes"] for one in answer.value["data"]}
    assert len(shown) == 30
    assert {one["goal"] for one in shown.values()} <= {"acquisition", "retention", "unspecified"}
    assert {type(one["advertiserId"]) for one in shown.values()} == {str}
    assert {one["budgetAutomation"]["enabled"] for one in shown.values()} == {True, False}
    assert any(one["scheduledSpendLimits"] for one in shown.values())
    for campaign in current.simulator.world.campaigns.values():
        read = (await current.call("GET", f"{VERSIONED}/{campaign.id}")).value
        assert_fits(read, "CampaignV23Q1Response")
        assert read["data"]["attributes"] == shown[campaign.id]
        amount = campaign.limit.amount
        assert shown[campaign.id]["spendLimit"] == wrapped(campaign.limit.renewal, amount)


async def test_the_truth_is_spelt_as_reads_show_it(current: Client) -> None:
    await current.call("POST", f"{VERSIONED}/search", {"filters": {}})
    world = current.simulator.world
    assert {one["values"]["native.goal"] for one in world.truth()} >= {"retention", "acquisition"}
    truth = {one["id"]: one["values"] for one in world.truth()}
    assert current.simulator.journal.arrivals[-1].shown == truth
    first = world.ids()[0]
    await current.admin("edit", id=first, values={"native.goal": "retention", "name": "New"})
    assert world.campaigns[first].goal == "Retention"
    assert (await current.admin(f"truth?id={first}"))["values"]["native.goal"] == "retention"


async def test_an_update_takes_wrapped_amounts_and_answers_as_specified(current: Client) -> None:
    world = current.simulator.world
    picks = current.simulator.service.picks()
    good, free = picks["ordinary"][0], picks["ordinary"][1]
    period = good["path"].removeprefix("budget.")
    answer = await patch(
        current,
        (good["id"], wrapped(period, good["amount"])),
        (free["id"], wrapped("undefined", None)),
        (picks["uncapped"]["id"], wrapped("daily", 75)),
        (picks["daily_spent"]["id"], wrapped("daily", picks["daily_spent"]["amount"])),
    )
    assert answer.status == 200
    assert_fits(answer.value, "PatchResultCampaignListResponse")
    assert answer.ids == [good["id"], free["id"], picks["daily_spent"]["id"]]
    assert world.campaigns[good["id"]].limit == capped(period, good["amount"])
    assert world.campaigns[free["id"]].limit == UNCAPPED
    (error,), (warning,) = answer.value["errors"], answer.value["warnings"]
    assert (error["instance"], warning["instance"]) == ("@data/2", "@data/3")
    assert error["traceId"] == error["traceIdentifier"]
    truths = [item.truth for item in current.simulator.journal.of("update")[0].items]
    assert truths == ["applied", "applied", "refused", "applied_pending"]


@pytest.mark.parametrize(
    "part",
    [
        {"spendLimitType": "capped", "spendLimitAmount": {"value": 5}},
        {"spendLimitType": "capped", "spendLimitRenewal": "daily"},
        {"spendLimitType": "capped", "spendLimitRenewal": "daily", "spendLimitAmount": None},
        {"spendLimitAmount": {"value": None}},
    ],
)
async def test_a_capped_limit_needs_its_amount_and_its_renewal(
    current: Client, part: dict[str, Any]
) -> None:
    pick = current.simulator.service.picks()["ordinary"][0]
    answer = await patch(current, (pick["id"], part))
    assert answer.codes == [("@data/0", "validation-failed-on-spend-limit")]


async def test_what_a_patch_leaves_out_stays(current: Client) -> None:
    world = current.simulator.world
    pick = current.simulator.service.picks()["ordinary"][0]
    before = world.campaigns[pick["id"]]
    renewal, goal = before.limit.renewal, before.goal
    amount = Decimal(pick["amount"])
    answer = await patch(current, (pick["id"], {"spendLimitAmount": {"value": amount}}))
    assert answer.status == 200
    assert before.limit == capped(renewal, amount)
    entry = {"id": pick["id"], "attributes": {"goal": "Acquisition", "name": "No"}}
    assert (await current.call("PATCH", VERSIONED, {"data": [entry]})).ids == [pick["id"]]
    assert (before.goal, before.name) == (goal, pick["name"])


async def test_a_create_takes_a_bare_amount_and_shows_the_read_model(current: Client) -> None:
    answer = await create(current)
    assert answer.status == 201
    assert_fits(answer.value, "CampaignV23Q1Response")
    made = answer.value["data"]
    assert made["attributes"]["goal"] == "retention"
    assert made["attributes"]["spendLimit"] == wrapped("daily", "123.45")
    world = current.simulator.world
    assert world.campaigns[made["id"]].goal == "Retention"
    (item,) = current.simulator.journal.of("create")[0].items
    assert (item.kind, item.id, item.truth) == ("create", made["id"], "applied")
    assert item.new == world.values(world.campaigns[made["id"]])
    assert current.simulator.journal.of("create")[0].ids == [made["id"]]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"advertiserId": 12345}, 400),
        ({"goal": "retention"}, 400),
        ({"spendLimit": wrapped("daily", 5)}, 400),
        ({"spendLimit": {"spendLimitType": "capped", "spendLimitRenewal": "daily"}}, 400),
        ({"advertiserId": "404"}, 403),
    ],
)
async def test_a_create_in_another_shape_is_refused(
    current: Client, changed: dict[str, Any], status: int
) -> None:
    answer = await create(current, **changed)
    assert answer.status == status
    assert answer.value["errors"][0]["traceId"]
    (item,) = current.simulator.journal.of("create")[0].items
    assert (item.truth, item.id) == ("refused", "")
    assert item.codes == [answer.value["errors"][0]["code"]]


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_a_create_may_be_answered_with_an_array(start: Start, dialect: str) -> None:
    options = {"create_answer": "array"}
    client = await start(Settings(**SCALE, dialect=dialect, options=options))
    (made,) = (await create(client, CAMPAIGNS if dialect == "documented" else VERSIONED)).value[
        "data"
    ]
    assert made["id"] in client.simulator.world.campaigns


async def test_an_amount_of_the_other_dialect_is_a_deserialisation_error(
    start: Start, current: Client
) -> None:
    pick = current.simulator.service.picks()["ordinary"][0]
    entry = {"id": pick["id"], "attributes": {"spendLimit": limit("daily", 5)}}
    answer = await current.call("PATCH", VERSIONED, {"data": [entry]})
    assert (answer.status, current.simulator.journal.of("update")[0].items) == (400, [])
    documented = await start(Settings(**SCALE))
    entry["attributes"]["spendLimit"] = wrapped("daily", 5)
    assert (await documented.call("PATCH", CAMPAIGNS, {"data": [entry]})).status == 400
    both = await start(Settings(**SCALE, options={"amounts": "both"}))
    for amount in (limit("daily", "500.5"), wrapped("daily", "501.5")):
        entry["attributes"]["spendLimit"] = amount
        assert (await both.call("PATCH", CAMPAIGNS, {"data": [entry]})).ids == [pick["id"]]
    assert both.simulator.world.campaigns[pick["id"]].limit == capped("daily", "501.5")


@pytest.mark.parametrize(
    ("dialect", "options", "path", "status"),
    [
        ("documented", {}, CAMPAIGNS, 200),
        ("documented", {}, VERSIONED, 404),
        ("documented", {"paths": "both"}, VERSIONED, 200),
        ("documented", {"paths": "both"}, CAMPAIGNS, 200),
        ("current", {}, VERSIONED, 200),
        ("current", {}, CAMPAIGNS, 404),
        ("current", {"paths": "both"}, CAMPAIGNS, 200),
        ("current", {}, f"/2025-01{CAMPAIGNS}", 410),
        ("current", {}, f"/2027-01{CAMPAIGNS}", 404),
        ("current", {}, f"/preview{CAMPAIGNS}", 404),
        ("current", {"version": "2027-01"}, f"/2027-01{CAMPAIGNS}", 200),
        ("current", {"version": "2027-01"}, VERSIONED, 410),
    ],
)
async def test_a_path_of_another_version_is_not_there(
    start: Start, dialect: str, options: dict[str, str], path: str, status: int
) -> None:
    client = await start(Settings(**SCALE, dialect=dialect, options=options))
    assert (await client.call("POST", f"{path}/search", {})).status == status
    one = client.simulator.world.ids()[0]
    assert (await client.call("GET", f"{path}/{one}")).status == status


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_reads_can_bear_the_marks_of_the_other_dialect(start: Start, dialect: str) -> None:
    other = {"documented": "current", "current": "documented"}[dialect]
    client = await start(Settings(**SCALE, dialect=dialect, options={"reads": other}))
    path = CAMPAIGNS if dialect == "documented" else VERSIONED
    found = (await client.call("POST", f"{path}/search", {})).value
    is_wrapped = isinstance(found["data"][0]["attributes"]["spendLimit"]["spendLimitAmount"], dict)
    assert is_wrapped == (other == "current")
    pick = client.simulator.service.picks()["ordinary"][0]
    period = pick["path"].removeprefix("budget.")
    make = limit if dialect == "documented" else wrapped
    entry = {"id": pick["id"], "attributes": {"spendLimit": make(period, pick["amount"])}}
    assert (await client.call("PATCH", path, {"data": [entry]})).ids == [pick["id"]]


@pytest.mark.parametrize(
    "options", [{"paths": "any"}, {"reads": "old"}, {"create_answer": "none"}, {"amounts": "x"}]
)
async def test_an_option_that_cannot_be_is_refused(start: Start, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="it can be"):
        await start(Settings(**SCALE, options=options))
    with pytest.raises(ValueError, match="dialect cannot be 'newest'"):
        await start(Settings(**SCALE, dialect="newest"))


async def test_refusals_name_the_trace_twice_and_a_large_batch_is_413(start: Start) -> None:
    client = await start(Settings(**SCALE, dialect="current", entry_cap=2))
    ids = client.simulator.world.ids()[:3]
    refused = await patch(client, *((one, wrapped("daily", 1000)) for one in ids))
    assert refused.status == 413
    (error,) = refused.value["errors"]
    assert error["traceId"] == error["traceIdentifier"]
    assert_fits(refused.value | {"data": None}, "CampaignV23Q1ListResponse")
    assert (await patch(client, *((one, wrapped("daily", 1000)) for one in ids[:2]))).status == 200
    assert f"{CHECK}" not in error["code"]
