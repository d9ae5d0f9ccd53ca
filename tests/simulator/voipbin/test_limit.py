"""The limits: seventeen calls a second for a customer, ten logins a second for an address."""

from syncd.simulator import parse_rate
from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin


async def test_a_customer_has_one_limit_for_the_token_and_the_key(begin: Begin) -> None:
    client = await begin(campaigns=3, rate=parse_rate("3/60s"))
    key = client.simulator.describe()["credentials"]["access_key"]
    assert [(await client.list()).status for _ in range(2)] == [200, 200]
    assert (await client.send("GET", f"/v1.0/campaigns?accesskey={key}")).status == 200
    refused = await client.list()
    assert (refused.status, refused.reason) == (429, "RATE_LIMIT_EXCEEDED")
    error = refused.value["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["message"] == "Too many requests. Please try again later."
    assert error["details"] == [{"limited_by": "customer"}]
    assert refused.headers["retry-after"] == "60"
    assert client.last("list").limit_group == "default"
    write = await client.put(client.simulator.world.ids()[0], {"name": "x"})
    assert (write.status, client.item("update").truth) == (429, "untouched")
    assert (await client.send("GET", "/v1.0/campaigns?token=made.up.one")).status == 401
    assert (await client.log_in()).status == 200


async def test_logins_have_a_limit_of_their_own(begin: Begin) -> None:
    client = await begin(campaigns=3)
    client.simulator.windows["auth"].rate = parse_rate("2/60s")
    assert (await client.log_in(password="wrong")).status == 400
    assert (await client.log_in()).status == 200
    refused = await client.log_in()
    assert (refused.status, refused.reason) == (429, "RATE_LIMIT_EXCEEDED")
    assert refused.value["error"]["details"] == [{"limited_by": "ip"}]
    assert client.last("login").limit_group == "auth"


async def test_retry_after_may_be_absent_or_nothing(begin: Begin) -> None:
    client = await begin(campaigns=3, rate=parse_rate("1/60s"))
    await client.list()
    for manner, shown in (("absent", None), ("zero", "0"), ("sent", "60")):
        await client.act("manner", retry_after=manner)
        assert (await client.list()).headers.get("retry-after") == shown


async def test_the_limits_are_those_of_the_documents(begin: Begin) -> None:
    client = await begin()
    rates = {name: str(rate) for name, rate in client.simulator.service.rates.items()}
    assert rates == {"default": "17/1s", "auth": "10/1s"}


async def test_the_limit_can_be_moved(client: Client) -> None:
    await client.act("limit", limit="1/60s")
    assert [(await client.list()).status for _ in range(2)] == [200, 429]
    await client.act("limit", limit="off")
    assert (await client.list()).status == 200
