"""Every answer of the simulated ICAS, dialect `current`, against the published specification."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.icas.client import BUDGETS, CAMPAIGN, LIST, USER, Answer, Client, limits
from tests.simulator.icas.conftest import Begin, put

jsonschema: Any = import_module("jsonschema")  # it comes without types
OPERATIONS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "specification.json").read_text("utf-8")
)["operations"]
WHOLE = {"status": "PAUSED", "title": "x", "budgets": limits(5_000_000, 900_000_000)}
CALLS: dict[str, tuple[str, str, Any, str]] = {
    "list": ("GET", "/campaigns", None, LIST),
    "get": ("GET", "/campaign/123", None, CAMPAIGN),
    "get_by_vendor": ("GET", "/campaign/byVendor/v", None, CAMPAIGN),
    "create": ("POST", "/campaign", WHOLE | {"vendorId": "y" * 255}, CAMPAIGN),
    "update": ("PUT", "/campaign/123", WHOLE, CAMPAIGN),
    "budgets": ("PUT", "/campaign/123/budgets", WHOLE["budgets"], BUDGETS),
    "status": ("PUT", "/campaign/123/status/PAUSED", None, CAMPAIGN),
    "user": ("GET", "/user", None, USER),
}


@pytest.fixture
async def current(begin: Begin) -> Client:
    """Some 30 campaigns and number 123, which has all that a campaign can have."""
    client = await begin(dialect="current")
    put(client, "123", title="t", vendor_id="v", total=800_000_000)
    client.simulator.service.add_campaigns(30)
    return client


def closed(schema: Any) -> Any:
    """The schema with no member allowed that it does not name: it names them all and demands none,
    so that as it stands it would take any object."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(one) for name, one in schema.items()}
    if "properties" in made:
        made["properties"] = {name: closed(one) for name, one in schema["properties"].items()}
        made["additionalProperties"] = False
    return made


def check(operation: str, answer: Answer) -> None:
    """The answer's status, media type and body are among those of the specification."""
    told = OPERATIONS[operation]["responses"][str(answer.status)]
    assert answer.headers["content-type"].partition(";")[0] == told["media_type"].partition(";")[0]
    schema = told["schema"]
    if operation != "user" and answer.status < 300:
        schema = closed(schema)
    if answer.text:
        jsonschema.validate(answer.value, schema)
    for name in told.get("headers", {}):
        assert answer.headers[name.lower()]


async def call(client: Client, operation: str, **headers: str) -> Answer:
    method, path, body, media = CALLS[operation]
    return await client.call(method, path, body, media, **headers)


@pytest.mark.parametrize("operation", CALLS)
async def test_an_answer_is_of_the_specification(current: Client, operation: str) -> None:
    assert CALLS[operation][3] == OPERATIONS[operation]["accept"]
    if "request" in OPERATIONS[operation]:
        assert CALLS[operation][3] == OPERATIONS[operation]["sent"]
        jsonschema.validate(CALLS[operation][2], OPERATIONS[operation]["request"])
    answer = await call(current, operation)
    assert answer.status == (201 if operation == "create" else 200)
    assert bool(answer.text) is (operation != "status")
    check(operation, answer)
    expected = OPERATIONS[operation]["responses"][str(answer.status)]["headers"]
    assert answer.headers["oauth-scope-required"] == expected["Oauth-Scope-Required"]


async def test_every_member_of_the_specification_is_shown(current: Client) -> None:
    properties = OPERATIONS["get"]["responses"]["200"]["schema"]["properties"]
    assert set((await current.get("123")).value) == set(properties)
    listed = OPERATIONS["list"]["responses"]["200"]["schema"]["properties"]
    assert set((await current.page(limit=5)).value) == set(listed)


async def test_every_state_and_sort_of_campaign_is_of_the_specification(current: Client) -> None:
    for campaign_id in current.world.ids():
        check("get", await current.get(campaign_id))
    states = {campaign.status for campaign in current.world.campaigns.values()}
    shown = OPERATIONS["get"]["responses"]["200"]["schema"]["properties"]["status"]["enum"]
    assert states == set(shown)


@pytest.mark.parametrize("operation", [name for name in CALLS if name != "user"])
async def test_a_refusal_is_of_the_specification(current: Client, operation: str) -> None:
    unknown = await call(current, operation, Authorization="")
    check(operation, unknown)
    assert unknown.value == OPERATIONS[operation]["responses"]["401"]["example"]
    wrong = await call(current, operation, Accept="text/xml")
    check(operation, wrong)
    assert wrong.value == "Response type text/xml is not supported"


async def test_what_is_refused_and_not_found_is_of_the_specification(current: Client) -> None:
    refused = await current.call("POST", "/campaign", {"status": "ACTIVE"})
    assert refused.codes == [2000]
    check("create", refused)
    for operation, (method, path, body, media) in CALLS.items():
        if "404" in OPERATIONS[operation]["responses"]:
            unknown = await current.call(method, path.replace("123", "9"), body, media)
            check(operation, unknown)
            assert unknown.value == OPERATIONS[operation]["responses"]["404"]["example"]


async def test_a_vendor_id_may_be_longer_here(current: Client) -> None:
    refused = await current.create(vendorId="x" * 256)
    assert (refused.codes, refused.value[0]["arg"]) == ([2005], 255)
    assert (await current.create(vendorId="x" * 255)).status == 201


def test_closed_schemas_refuse_what_they_do_not_name() -> None:
    schema = OPERATIONS["get"]["responses"]["200"]["schema"]
    values: list[dict[str, Any]] = [
        {"id": 1, "name": "x"},
        {"budgets": {"monthly": {}}},
        {"status": "DELETED"},
    ]
    for value in values:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, closed(schema))
