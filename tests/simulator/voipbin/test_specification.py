"""Answers in the dialect of today's API fit the schemas that the provider publishes."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.voipbin.client import Client

jsonschema: Any = import_module("jsonschema")  # it comes without types
SCHEMAS = json.loads((Path(__file__).parent / "data" / "schemas.json").read_text())


def check(schema: str, value: Any) -> None:
    """Fail unless a value fits a schema of the specification."""
    reference = {"$ref": f"#/components/schemas/{schema}"} | SCHEMAS
    checker = jsonschema.FormatChecker()
    checker.checks("date-time")(is_rfc3339)
    jsonschema.Draft202012Validator(reference, format_checker=checker).validate(value)


def is_rfc3339(text: object) -> bool:
    """What today's times look like: UTC, a fraction without trailing zeros or none."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z", str(text)) is not None


def declared(campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign without its nulls: the service sends them, the specification declares none."""
    told = {name: value for name, value in campaign.items() if value is not None}
    for name, actions in told.items():
        if name == "actions":
            told[name] = [{k: v for k, v in one.items() if v is not None} for one in actions]
    return told


async def test_today_s_answers_fit_the_specification(current: Client) -> None:
    rows = (await current.list()).value
    check("CommonPagination", rows)
    one = current.pick("ordinary")
    body = {"name": "x", "type": "flow", "end_handle": "stop", "actions": [{"type": "talk"}]}
    answers = [
        *rows["result"],
        (await current.get(one)).value,
        (await current.put(one, body)).value,
        (await current.put(one, body, "actions")).value,
        (await current.put(one, body, "resource_info")).value,
        (await current.put(one, {"service_level": 5}, "service_level")).value,
        (await current.put(one, {}, "next_campaign_id")).value,
        (await current.put(one, {"status": "run"}, "status")).value,
        (await current.put(one, {"status": "stop"}, "status")).value,
        (await current.delete(one)).value,
        (await current.call("POST", "/campaigns", body)).value,
    ]
    properties = SCHEMAS["components"]["schemas"]["CampaignManagerCampaign"]["properties"]
    for campaign in answers:
        assert set(campaign) == set(properties)
        check("CampaignManagerCampaign", declared(campaign))
    await current.act("limit", limit="1/60s")
    refusals = [
        await current.get(current.pick("unknown")),
        await current.get("x"),
        await current.get(current.pick("other_customer")),
        await current.send("GET", "/v1.0/campaigns"),
        await current.list(),
    ]
    assert [answer.status for answer in refusals] == [404, 429, 429, 401, 429]
    for answer in refusals:
        check("ErrorResponse", answer.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "running"), ("tm_create", "2026-03-01 09:30:00.123456"), ("id", "12"), ("name", 5)],
)
async def test_what_does_not_fit_is_found(current: Client, field: str, value: Any) -> None:
    campaign = declared((await current.get(current.pick("ordinary"))).value)
    check("CampaignManagerCampaign", campaign)
    with pytest.raises(jsonschema.ValidationError):
        check("CampaignManagerCampaign", campaign | {field: value})
