"""What the simulated PAI refuses, and in which envelope."""

from typing import Any

import pytest

from syncd.simulator import Settings, Simulator
from tests.simulator.pai.client import JSON, PaiClient
from tests.simulator.pai.conftest import Start

SERVICE = ["ErrorCode", "ErrorMessage", "RequestId"]
GATEWAY = ["Code", "Message", "RequestId", "HostId"]


@pytest.mark.parametrize(
    ("refusals", "told"),
    [
        ("service", (200, 404, SERVICE)),
        ("status", (404, 404, SERVICE)),
        ("gateway", (404, "NotFound", GATEWAY)),
    ],
)
async def test_a_refusal_comes_in_the_chosen_envelope(
    begin: Start, dialect: str, refusals: str, told: tuple[Any, ...]
) -> None:
    client = await begin(dialect, refusals=refusals)
    answer = await client.call("get", "no-such-id")
    assert (answer.status, answer.code, list(answer.value)) == told


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/2022-01-12/Campaigns"),
        ("GET", "/2022-01-12/campaigns/"),
        ("GET", "/2022-01-12/campaigns/x/y"),
        ("DELETE", "/2022-01-12/campaigns/{id}"),
        ("GET", "/2022-01-12/DeleteCampaign/{id}"),
        ("PATCH", "/2022-01-12/campaigns/{id}"),
        ("GET", "/api/v2/campaigns"),
    ],
)
async def test_a_wrong_address_is_a_404_without_an_envelope(
    documented: PaiClient, method: str, path: str
) -> None:
    one = documented.simulator.world.ids()[0]
    answer = await documented.send(method, path.format(id=one))
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html")
    assert answer.value is None
    assert documented.simulator.journal.arrivals[-1].operation == "unknown"
    assert one in documented.simulator.world.ids()


async def test_one_dialect_does_not_answer_at_the_others_addresses(
    documented: PaiClient, current: PaiClient
) -> None:
    for path in ("/2022-01-12/campaigns", "/api/PaiPlugin/2022-01-12/campaigns"):
        assert (await current.send("GET", path)).value is None
    assert (await documented.send("GET", "/api/v2/campaigns")).value is None


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic demo-api-key", "demo-api-key", "Bearer demo-api"],
)
async def test_without_the_key_nothing_is_done(
    documented: PaiClient, authorization: str | None
) -> None:
    one = documented.simulator.world.ids()[0]
    path = documented.path("delete", one)
    answer = await documented.send("DELETE", path, Authorization=authorization)
    assert (answer.status, answer.code) == (200, 401)
    assert one in documented.simulator.world.ids()
    arrival = documented.simulator.journal.of("delete")[0]
    assert (arrival.credential, arrival.items[0].truth) == (None, "refused")
    assert arrival.items[0].codes == ["401"]


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_a_revoked_key_is_refused_until_it_is_given_back(begin: Start, dialect: str) -> None:
    client = await begin(dialect)
    await client.admin("revoke", revoked=True)
    answer = await client.call("list")
    refused = (200, 401) if dialect == "documented" else (403, "InvalidAccessKeyId.Inactive")
    assert (answer.status, answer.code) == refused
    assert client.simulator.journal.arrivals[-1].credential is not None
    await client.admin("revoke", revoked=False)
    assert (await client.call("list")).code == 0


async def test_an_operation_without_permission_is_refused(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    await pai.admin("permission", denied=["update", "delete"])
    assert (await pai.call("update", one, Name="x")).code == 403
    assert (await pai.call("delete", one)).code == 403
    assert (await pai.call("get", one)).code == 0
    await pai.admin("permission", denied=[])
    assert (await pai.call("update", one, Name="x")).code == 0
    assert "no operation" in (await pai.admin("permission", denied=["read"]))["error"]


@pytest.mark.parametrize(
    "query",
    [
        "PageSize=ten",
        "PageSize=1.5",
        "PageSize=",
        "PageSize=%D9%A1",
        "PageNumber=9999999999999999999",
        "pageSize=10",
        "Page=1",
        "PageSize=10&PageSize=20",
    ],
)
async def test_a_query_that_is_none_is_refused(pai: PaiClient, query: str) -> None:
    answer = await pai.send("GET", f"{pai.path('list')}?{query}")
    assert (answer.status, answer.code) == (200, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Name=x",
        b"[]",
        b"null",
        b'{"Name":"x"',
        b'{"Name":"x","Name":"y"}',
        b'{"Name":null}',
        b'{"Name":1}',
        b'{"Remark":["x"]}',
        b'{"name":"x"}',
        b'{"body":{"Name":"x"}}',
        b'{"Name":"x","Id":"1"}',
        '{"Name":"é"}'.encode("latin-1"),
    ],
)
@pytest.mark.parametrize("operation", ["create", "update"])
async def test_a_body_that_is_none_is_refused(pai: PaiClient, operation: str, body: bytes) -> None:
    before = pai.simulator.world.truth()
    path = pai.path(operation, pai.simulator.world.ids()[0])
    method = "POST" if operation == "create" else "PUT"
    answer = await pai.send(method, path, body, operation=operation)
    assert (answer.status, answer.code) == (200, 400)
    assert pai.simulator.world.truth() == before


@pytest.mark.parametrize(
    ("media_type", "code"),
    [
        (None, 400),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/json; charset=gbk", 400),
        ("application/json", 0),
        ("application/json;charset=UTF-8", 0),
        (JSON, 0),
    ],
)
async def test_a_write_says_that_it_is_json(
    documented: PaiClient, media_type: str | None, code: int
) -> None:
    path = documented.path("create")
    answer = await documented.send("POST", path, b'{"Name":"x"}', Content_Type=media_type)
    assert answer.code == code


async def test_what_does_not_belong_is_refused(documented: PaiClient) -> None:
    one = documented.simulator.world.ids()[0]
    for method, path, body in (
        ("GET", documented.path("get", one), b"{}"),
        ("GET", documented.path("list"), b"{}"),
        ("DELETE", documented.path("delete", one), b"{}"),
        ("PUT", f"{documented.path('update', one)}?Name=x", b'{"Name":"x"}'),
        ("GET", f"{documented.path('get', one)}?Id={one}", b""),
    ):
        assert (await documented.send(method, path, body)).code == 400, path
    assert one in documented.simulator.world.ids()


@pytest.mark.parametrize(
    ("dialect", "options", "said"),
    [
        ("other", {}, "dialect"),
        ("documented", {"api_kee": "x"}, "no option"),
        ("documented", {"refusals": "both"}, "refusals"),
        ("documented", {"page_max": "0"}, "page_max"),
        ("documented", {"page_max": "many"}, "page_max"),
    ],
)
def test_an_option_that_is_none_is_refused(
    dialect: str, options: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Simulator(Settings(provider="pai", dialect=dialect, options=options))
