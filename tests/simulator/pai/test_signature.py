"""The signature of dialect `current`: against the official signer's own, then against tampering."""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from syncd.simulator.pai.signature import (
    canonical_request,
    read_authorization,
    signature_of,
)
from tests.simulator.pai.client import DATA, PaiClient
from tests.simulator.pai.conftest import Start

VECTORS: list[dict[str, Any]] = json.loads((DATA / "acs3_vectors.json").read_text("utf-8"))[
    "vectors"
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
@pytest.mark.parametrize("spelling", ["%20", "+"])
def test_a_signature_is_the_official_signers(vector: dict[str, Any], spelling: str) -> None:
    query = urlencode(vector["query"], quote_via=quote, safe="~").replace("%20", spelling)
    target = f"{vector['path']}?{query}" if query else vector["path"]
    said = read_authorization(vector["authorization"])
    assert said is not None
    assert said.key_id == vector["access_key_id"]
    assert set(said.signed) == set(vector["headers"])
    canonical = canonical_request(vector["method"], target, vector["headers"], said.signed)
    assert signature_of(canonical, vector["access_key_secret"]) == said.signature
    hashed = vector["headers"]["x-acs-content-sha256"]
    assert hashed == sha256(vector["body"].encode()).hexdigest()


def test_a_canonical_request_has_the_published_form() -> None:
    headers = {"host": "example.test", "x-acs-content-sha256": "0" * 64, "x-acs-b": " v "}
    text = canonical_request("GET", "/a%2fb/~?B=2&A=1+1&A-b=", headers, ["x-acs-b", "host"])
    wanted = ["GET", "/a%2Fb/~", "A=1%201&A-b=&B=2", "host:example.test", "x-acs-b:v", ""]
    assert text.split("\n") == [*wanted, "host;x-acs-b", "0" * 64]


def test_only_the_one_form_is_an_authorization() -> None:
    right = VECTORS[0]["authorization"]
    assert read_authorization(right) is not None
    for wrong in (
        None,
        "",
        "Bearer x",
        right.replace("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
        right.replace(",Signature", ", Signature"),
        right[:-1],
        right.replace("host;", "Host;"),
        right.replace("SignedHeaders", "Signed"),
    ):
        assert read_authorization(wrong) is None, wrong


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"x_acs_action": "GetCampaign"}, 404, "InvalidAction.NotFound"),
        ({"x_acs_version": "2022-01-13"}, 404, "InvalidVersion"),
        ({"x_acs_date": "2026-11-22 06:18:30"}, 400, "InvalidTimeStamp.Format"),
        ({"x_acs_date": "2022-01-12T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_date": "2122-01-12T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x_acs_signature_nonce": ""}, 400, "MissingParameter"),
        ({"x_acs_content_sha256": "0" * 64}, 400, "SignatureDoesNotMatch"),
        ({"x_acs_security_token": "made-up"}, 400, "InvalidSecurityToken.Malformed"),
        ({"x_acs_extra": "signed as well"}, 200, 0),
    ],
)
async def test_a_rightly_signed_request_is_still_judged_by_its_headers(
    current: PaiClient, changed: dict[str, str], status: int, code: Any
) -> None:
    path = current.path("list", PageNumber=1)
    headers = current.signed("GET", path, b"", "list", **changed)
    answer = await current.exactly("GET", path, b"", headers)
    assert (answer.status, answer.code) == (status, code)


async def test_what_was_changed_after_signing_does_not_match(current: PaiClient) -> None:
    path, body = current.path("create"), '{"Name":"VIP客户"}'.encode()
    headers = current.signed("POST", path, body, "create")
    count = len(current.campaigns)
    for sent_path, sent_body, changed in (
        (f"{path}?Name=x", body, {}),
        (path, body.replace(b"V", b"W"), {}),
        (path, body, {"content-type": "application/json"}),
        (path, body, {"x-acs-signature-nonce": "another"}),
        (path, body, {"Authorization": f"{headers['Authorization'][:-4]}ffff"}),
    ):
        answer = await current.exactly("POST", sent_path, sent_body, headers | changed)
        assert (answer.status, answer.code) == (400, "SignatureDoesNotMatch"), changed
        assert "server StringToSign is [ACS3-HMAC-SHA256\n" in answer.value["Message"]
    assert len(current.campaigns) == count
    assert (await current.exactly("POST", path, body, headers)).code == 0


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (None, 400, "IncompleteSignature"),
        ("Bearer demo-api-key", 400, "IncompleteSignature"),
    ],
)
async def test_an_unsigned_request_is_refused(
    current: PaiClient, text: str | None, status: int, code: str
) -> None:
    answer = await current.send("GET", current.path("list"), Authorization=text)
    assert (answer.status, answer.code) == (status, code)


async def test_host_and_the_providers_own_headers_must_be_signed(current: PaiClient) -> None:
    path = current.path("list")
    headers = current.signed("GET", path, b"", "list")
    right = headers["Authorization"]
    for name in ("host", "x-acs-date", "x-acs-action"):
        less = right.replace(f"{name};", "")
        answer = await current.exactly("GET", path, b"", headers | {"Authorization": less})
        assert (answer.status, answer.code) == (400, "IncompleteSignature"), name
    more = right.replace("SignedHeaders=", "SignedHeaders=absent;")
    answer = await current.exactly("GET", path, b"", headers | {"Authorization": more})
    assert answer.code == "IncompleteSignature"
    answer = await current.exactly("GET", path, b"", headers | {"x-acs-extra": "unsigned"})
    assert answer.code == "IncompleteSignature"


async def test_a_nonce_is_good_once(current: PaiClient) -> None:
    path, body = current.path("create"), b'{"Name":"once"}'
    headers = current.signed("POST", path, body, "create")
    assert (await current.exactly("POST", path, body, headers)).code == 0
    again = await current.exactly("POST", path, body, headers)
    assert (again.status, again.code) == (400, "SignatureNonceUsed")
    assert sum(one.name == "once" for one in current.campaigns.values()) == 1
    assert current.simulator.journal.of("create")[1].items[0].truth == "refused"


async def test_a_date_is_good_for_fifteen_minutes_by_the_providers_clock(
    current: PaiClient,
) -> None:
    path = current.path("list")
    for seconds, code in ((840, 0), (960, "InvalidTimeStamp.Expired"), (-840, 0)):
        headers = current.signed("GET", path, b"", "list")
        await current.admin("clock", ahead=seconds)
        assert (await current.exactly("GET", path, b"", headers)).code == code, seconds
        await current.admin("clock", ahead=0)
    headers = current.signed("GET", path, b"", "list")
    await current.admin("clock", ahead=-960)
    assert (await current.exactly("GET", path, b"", headers)).code == "InvalidTimeStamp.Expired"


async def test_an_unknown_key_is_a_404_that_says_nothing_of_campaigns(current: PaiClient) -> None:
    one = current.simulator.world.ids()[0]
    path = current.path("get", one)
    headers = current.signed("GET", path, b"", "get")
    headers["Authorization"] = headers["Authorization"].replace("=demo-", "=other-")
    answer = await current.exactly("GET", path, b"", headers)
    assert (answer.status, answer.code) == (404, "InvalidAccessKeyId.NotFound")
    assert current.simulator.journal.arrivals[-1].credential is None


async def test_a_temporary_key_comes_with_its_token_until_that_ends(begin: Start) -> None:
    client = await begin("current", security_token="made-up/token+with=signs==")
    assert client.simulator.describe()["credentials"]["security_token"]
    assert (await client.call("list")).code == 0
    path = client.path("list")
    bare = client.signed("GET", path, b"", "list", x_acs_security_token="")
    assert (await client.exactly("GET", path, b"", bare)).code == "MissingSecurityToken"
    assert (await client.admin("tokens/expire", now=True)) == {"expired": 1}
    assert (await client.call("list")).code == "InvalidSecurityToken.Expired"
    assert (await client.admin("tokens/expire", now=True)) == {"expired": 0}
