"""The versioned media types that the simulated ICAS insists on, call by call."""

from typing import Any

import pytest

from tests.simulator.icas.client import BUDGETS, CAMPAIGN, LIST, USER, Client, limits

WHOLE = {"status": "ACTIVE", "budgets": limits(10_000_000)}
CALLS = [
    ("GET", "/campaigns", None, LIST),
    ("GET", "/campaign/123", None, CAMPAIGN),
    ("GET", "/campaign/byVendor/x", None, CAMPAIGN),
    ("POST", "/campaign", WHOLE, CAMPAIGN),
    ("PUT", "/campaign/123", WHOLE, CAMPAIGN),
    ("PUT", "/campaign/123/budgets", limits(5), BUDGETS),
    ("PUT", "/campaign/123/status/PAUSED", None, CAMPAIGN),
    ("GET", "/user", None, USER),
]


@pytest.mark.parametrize(("method", "path", "body", "media"), CALLS)
async def test_other_media_types_are_406_with_a_bare_string(
    page: Client, method: str, path: str, body: Any, media: str
) -> None:
    before = page.world.campaigns["123"]
    older = media.replace("-v5", "-v4").replace("user-v4", "user-v3")
    for accept in ("", "*/*", "application/json", older, f"{media};q=0"):
        answer = await page.call(method, path, body, media, Accept=accept)
        # Without a header of ours, the HTTP library sends one of its own.
        assert answer.value == f"Response type {accept or '*/*'} is not supported"
        assert (answer.status, answer.headers["content-type"]) == (406, "application/json")
    if body is not None:
        for sent in ("application/json", f"{media}; charset=latin-1", older):
            answer = await page.call(method, path, body, media, Content_Type=sent)
            assert (answer.status, answer.value) == (406, f"Request type {sent} is not supported")
    assert page.world.campaigns["123"] == before
    assert all(
        item.truth == "untouched"
        for arrival in page.simulator.journal.arrivals
        for item in arrival.items
    )


@pytest.mark.parametrize(("method", "path", "body", "media"), CALLS)
async def test_who_does_not_accept_json_gets_errors_without_a_body(
    page: Client, method: str, path: str, body: Any, media: str
) -> None:
    await page.admin("seller", is_valid=False)
    answer = await page.call(method, path, body, media, Accept=media)
    assert (answer.status, answer.text) == (401, "")
    answer = await page.call(
        method, path, body, media, Accept=f"{media.upper()} , application/json"
    )
    assert answer.codes == [1008]


async def test_a_charset_may_be_named(page: Client) -> None:
    named = f"{CAMPAIGN}; charset=utf-8"
    assert (await page.call("PUT", "/campaign/123", WHOLE, Content_Type=named)).status == 200
