"""Consent and tokens of the simulated ICAS: codes, rotation, lives."""

import json
from typing import Any

import pytest

from tests.simulator.icas.client import BACK, LIST, Answer, Client
from tests.simulator.icas.conftest import Begin


async def exchange(client: Client, code: str, **changed: str) -> Answer:
    """The token call for a code."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    return await client.form(**(fields | changed))


async def test_consent_sends_back_a_code_that_is_worth_tokens(client: Client) -> None:
    answer = await client.authorize()
    assert answer.status == 302
    assert answer.headers["location"].startswith(f"{BACK}?code=")
    back = await client.consent()
    assert back["state"] == "s 1"
    made = await exchange(client, back["code"])
    assert made.headers["cache-control"] == "no-store"
    told = made.value
    assert (told["token_type"], told["expires_in"]) == ("bearer", 300)
    assert told["scope"] == "api_ro api_rw"
    client.token = told["access_token"]
    assert (await client.page()).status == 200
    assert (await client.refresh(told["refresh_token"])).status == 200


async def test_a_code_that_comes_twice_takes_back_what_it_gave(client: Client) -> None:
    code = (await client.consent())["code"]
    made = (await exchange(client, code)).value
    again = await exchange(client, code)
    assert (again.status, again.value["error"]) == (400, "invalid_grant")
    client.token = made["access_token"]
    assert (await client.page()).codes == [1007]
    assert (await client.refresh(made["refresh_token"])).status == 400


async def test_a_new_consent_ends_the_refresh_token_of_the_same_scope(client: Client) -> None:
    old = client.simulator.describe()["credentials"]["refresh_token"]
    narrow = await exchange(client, (await client.consent(scope="api_ro"))["code"])
    assert narrow.value["scope"] == "api_ro"
    old = (await client.refresh(old)).value["refresh_token"]
    await exchange(client, (await client.consent())["code"])
    assert (await client.refresh(old)).status == 400


async def test_a_code_lives_ten_minutes_and_goes_with_its_address(client: Client) -> None:
    code = (await client.consent())["code"]
    assert (await exchange(client, code, redirect_uri="http://127.0.0.1:9/else")).status == 400
    await client.admin("clock", seconds=599)
    assert (await exchange(client, code)).status == 200
    code = (await client.consent())["code"]
    await client.admin("clock", seconds=600)
    assert (await exchange(client, code)).value["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "reporting"}, "invalid_scope"),
    ],
)
async def test_a_request_that_is_wrong_is_sent_back_with_the_error(
    client: Client, changed: dict[str, str], error: str
) -> None:
    assert await client.consent(**changed) == {"error": error, "state": "s 1"}


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"redirect_uri": "no address"},
        {"redirect_uri": "http://["},
        {"redirect_uri": f"{BACK}#part"},
    ],
)
async def test_who_is_unknown_is_sent_nowhere(client: Client, changed: dict[str, str]) -> None:
    answer = await client.authorize(**changed)
    assert (answer.status, "location" in answer.headers) == (400, False)


async def test_only_the_registered_address_is_sent_back_to(begin: Begin) -> None:
    client = await begin(options={"redirect_uri": f"{BACK}?for=syncd"})
    assert (await client.authorize()).status == 400
    back = await client.consent(redirect_uri=f"{BACK}?for=syncd")
    assert set(back) == {"for", "code", "state"}


async def test_a_person_may_deny_or_leave(begin: Begin) -> None:
    client = await begin(options={"consent": "denied"})
    assert await client.consent() == {"error": "access_denied", "state": "s 1"}
    await client.admin("consent", answer="refused")
    assert (await client.authorize()).status == 400
    await client.admin("consent", answer="granted")
    assert "code" in await client.consent()
    assert "is one of" in (await client.admin("consent", answer="maybe"))["error"]


async def test_another_state_can_come_back(client: Client) -> None:
    client.simulator.faults.arm("other_state", "authorize")
    assert (await client.consent())["state"] == "other"
    assert (await client.consent())["state"] == "s 1"


async def test_the_scope_is_what_is_asked_for_and_granted(begin: Begin) -> None:
    client = await begin(options={"scope": "api_ro"})
    made = await exchange(client, (await client.consent())["code"])
    assert made.value["scope"] == "api_ro"


async def test_a_refresh_token_dies_the_moment_that_it_was_used(client: Client) -> None:
    first = client.simulator.describe()["credentials"]["refresh_token"]
    second = (await client.refresh(first)).value["refresh_token"]
    assert second != first
    again = await client.refresh(first)
    assert (again.status, again.value["error"]) == (400, "invalid_grant")
    assert (await client.refresh(second)).status == 200


async def test_a_lost_answer_costs_the_refresh_token(client: Client) -> None:
    first = client.simulator.describe()["credentials"]["refresh_token"]
    client.simulator.faults.arm("truncate", "token", keep=0)
    with pytest.raises(Exception, match="payload"):
        await client.refresh(first)
    assert (await client.refresh(first)).value["error"] == "invalid_grant"


async def test_with_grace_the_old_token_lives_until_the_new_one_is_used(begin: Begin) -> None:
    client = await begin(options={"rotation": "until_used"})
    first = client.simulator.describe()["credentials"]["refresh_token"]
    await client.refresh(first)
    second = (await client.refresh(first)).value
    client.token = second["access_token"]
    assert (await client.page()).status == 200
    assert (await client.refresh(first)).status == 400
    third = (await client.refresh(second["refresh_token"])).value["refresh_token"]
    await client.refresh(third)
    assert (await client.refresh(second["refresh_token"])).status == 400


async def test_without_rotation_the_token_stays(begin: Begin) -> None:
    client = await begin(options={"rotation": "never", "refresh_token": "mine"})
    assert client.simulator.describe()["credentials"]["refresh_token"] == "mine"
    for _ in range(3):
        assert (await client.refresh("mine")).value["refresh_token"] == "mine"
        await client.admin("clock", days=59)


async def test_a_refresh_token_dies_after_sixty_days_unused(client: Client) -> None:
    await client.refresh()
    for days, status in ((59, 200), (59, 200), (60, 400)):
        await client.admin("clock", days=days)
        assert (await client.refresh()).status == status


async def test_refresh_tokens_can_be_taken_back(client: Client) -> None:
    assert (await client.admin("tokens/revoke"))["revoked"] == 1
    assert (await client.refresh()).value["error"] == "invalid_grant"


async def test_an_answer_may_lack_the_new_refresh_token(client: Client) -> None:
    client.simulator.faults.arm("no_refresh_token", "token")
    assert "refresh_token" not in (await client.refresh()).value


async def test_an_access_token_lives_five_minutes(client: Client) -> None:
    await client.page()
    await client.admin("clock", seconds=299)
    assert (await client.page()).status == 200
    await client.admin("clock", seconds=1)
    answer = await client.page()
    assert (answer.status, answer.codes) == (401, [1007])
    assert answer.value[0]["text"] == "invalid token"


async def test_tokens_can_end_midway(client: Client) -> None:
    fault = client.simulator.faults.arm("tokens_end", "list", nth=2)
    assert [(await client.page(limit=5)).status for _ in range(2)] == [200, 401]
    assert fault.fired == 1
    client.token = ""
    assert (await client.page(limit=5)).status == 200
    assert (await client.admin("tokens/expire"))["expired"] == 1
    assert (await client.page()).codes == [1007]


async def test_the_life_of_an_access_token_is_a_setting(begin: Begin) -> None:
    client = await begin(token_ttl=0)
    assert (await client.refresh()).value["expires_in"] == 0
    assert (await client.page()).codes == [1007]


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "abc", ""])
async def test_a_header_of_another_form_is_1009(client: Client, header: str) -> None:
    assert (await client.call("GET", "/campaigns", media=LIST, Authorization=header)).codes == [
        1009
    ]


async def test_each_401_and_403_has_its_code(client: Client) -> None:
    assert (
        await client.call("GET", "/campaigns", media=LIST, Authorization="Bearer made-up")
    ).codes == [1007]
    await client.admin("seller", is_valid=False)
    assert (await client.page()).codes == [1008]
    await client.admin("seller", is_valid=True, scope="api_ro")
    campaign = client.world.ids()[0]
    assert (await client.page()).status == 200
    refused = await client.status(campaign, "PAUSED")
    assert (refused.status, refused.codes) == (403, [1003])
    assert refused.headers["oauth-scope"] == "api_ro"
    assert refused.headers["oauth-scope-required"] == "put_campaign"
    assert client.simulator.journal.of("status")[0].items[0].truth == "untouched"
    await client.admin("seller", scope="reporting")
    assert (await client.page()).codes == [1003]


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        (
            {"grant_type": "authorization_code", "code": "x", "redirect_uri": BACK},
            400,
            "invalid_grant",
        ),
        ({"grant_type": "refresh_token", "client_secret": "x"}, 401, "invalid_client"),
    ],
)
async def test_a_token_call_that_is_wrong_is_refused(
    client: Client, fields: dict[str, str], status: int, error: str
) -> None:
    answer = await client.form(**fields)
    assert (answer.status, answer.value["error"]) == (status, error)


async def test_a_token_call_is_one_plain_form(client: Client) -> None:
    path = "/accounts/oauth/token"
    as_json = await client.send("POST", path, b"{}", {"Content-Type": "application/json"})
    assert (as_json.status, as_json.value["error"]) == (400, "invalid_request")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    twice = await client.send("POST", path, b"grant_type=a&grant_type=b", form)
    assert (twice.status, twice.value["error"]) == (400, "invalid_request")
    assert (await client.send("GET", path, None, {})).status == 405


async def test_no_secret_enters_the_journal(client: Client) -> None:
    secrets = [client.simulator.describe()["credentials"]["refresh_token"]]
    code = (await client.consent())["code"]
    made: dict[str, Any] = (await exchange(client, code)).value
    client.token = made["access_token"]
    await client.page()
    await client.create()
    renewed = (await client.refresh(made["refresh_token"])).value
    secrets += [code, made["access_token"], made["refresh_token"], renewed["refresh_token"]]
    secrets += [renewed["access_token"], client.simulator.settings.client_secret]
    await client.send("POST", "/accounts/oauth/token", secrets[0].encode(), {})
    await client.send("GET", f"/accounts/oauth/authorize?code={code}", None, {})
    written = json.dumps(client.simulator.journal.since(0))
    assert not [secret for secret in secrets if secret in written]
    assert "grant_type=refresh_token" in written
    assert client.simulator.journal.of("token")[0].credential == "demo-client"
