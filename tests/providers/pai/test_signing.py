"""How requests prove who sends them: signatures against requests that the provider's own client
signed and sent, and keys as they are configured at the moment."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from syncd import timing
from syncd.errors import AuthFailed
from syncd.model.call import Whole, WriteItem
from syncd.providers.pai import writes
from syncd.providers.pai.signing import (
    ACTIONS,
    AccessKey,
    AccessKeySigner,
    BearerKey,
    authorization,
    unsigned_headers,
)
from syncd.providers.transport import Request
from tests.providers.accounts import always, in_turn
from tests.providers.pai.setting import (
    API_KEY,
    ID,
    KEY_ID,
    KEY_SECRET,
    WRITES,
    account,
    create,
    envelope,
    outcome,
    refused,
    row,
    serving,
    update,
)
from tests.providers.scripted import Arrival, Reply, http

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "acs3_vectors.json").read_text(encoding="utf-8")
)
OPERATIONS = {action: operation for operation, action in ACTIONS.items()}
# The client tells about itself in these; nothing else differs from what leaves here.
OTHERS = {"user-agent", "x-acs-credentials-provider"}


def named(what: str) -> dict[str, Any]:
    return next(vector for vector in VECTORS if vector["what"] == what)


def key_of(vector: dict[str, Any]) -> AccessKey:
    return AccessKey(
        id=vector["access_key_id"],
        secret=vector["access_key_secret"],
        token=vector.get("security_token"),
    )


def request_of(vector: dict[str, Any]) -> Request:
    return Request(
        operation=OPERATIONS[vector["headers"]["x-acs-action"]],
        method=vector["method"],
        url=f"http://{vector['headers']['host']}{vector['target']}",
        body=vector["body"].encode(),
    )


@pytest.mark.parametrize("what", [vector["what"] for vector in VECTORS])
def test_a_signature_is_the_one_that_the_provider_s_own_client_made(what: str) -> None:
    vector = named(what)
    signature = authorization(request_of(vector), vector["headers"], key_of(vector))
    assert signature == vector["authorization"]


@pytest.mark.parametrize("what", [vector["what"] for vector in VECTORS])
def test_the_signed_headers_are_those_of_the_provider_s_own_client(what: str) -> None:
    vector = named(what)
    sent = vector["headers"]
    now = dt.datetime.fromisoformat(sent["x-acs-date"])
    nonce = sent["x-acs-signature-nonce"]
    ours = unsigned_headers(request_of(vector), key_of(vector), now, nonce)
    assert ours == {name: value for name, value in sent.items() if name not in OTHERS}


def test_the_vectors_cover_what_a_signature_can_go_wrong_by() -> None:
    assert len(VECTORS) >= 12
    assert {vector["method"] for vector in VECTORS} == {"GET", "POST", "PUT", "DELETE"}
    assert any("security_token" in vector for vector in VECTORS)
    assert any(not vector["body"].isascii() for vector in VECTORS)
    assert any("+" in vector["target"] and "~" in vector["target"] for vector in VECTORS)


@pytest.mark.parametrize(
    ("what", "item"),
    [
        ("a create", create("summer", "first")),
        ("a create with a UTF-8 body", create("VIP客户 😀", '双十一活动 "quoted" \\ / \n')),
        ("an update", update({"name": "VIP客户", "note": ""})),
    ],
)
def test_a_body_has_the_bytes_of_the_provider_s_own_client(what: str, item: WriteItem) -> None:
    assert writes.body(item) == named(what)["body"].encode()


async def test_a_signature_covers_exactly_what_arrives() -> None:
    async with account(serving([ID]), dialect="current") as there:
        await there.adapter.read([ID])
        await there.adapter.find(create("a b+c&d=e/f?g#h%20i~j*k'l(m)", "é 😀"))
        there.server.script = always(http(200, envelope(row())))
        for item in WRITES.values():
            await there.write(item)
        assert len(there.calls) == 5
        for call in there.calls:
            signed = call.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
            names = signed.split(";")
            assert {"host", "x-acs-date", "x-acs-signature-nonce"} < set(names)
            assert call.headers["x-acs-content-sha256"] == hashlib.sha256(call.body).hexdigest()
            assert call.headers["host"] == there.server.url.removeprefix("http://")
            again = Request(
                operation="", method=call.method, url=there.server.url + call.path, body=call.body
            )
            key = AccessKey(id=KEY_ID, secret=KEY_SECRET)
            covered = {name: call.headers[name] for name in names}
            assert authorization(again, covered, key) == call.headers["authorization"]


async def test_every_send_is_signed_afresh() -> None:
    script = in_turn(http(500), http(500), http(200, envelope(row())))
    async with account(script, dialect="current") as there:
        await there.adapter.read([ID])
        nonces = {call.headers["x-acs-signature-nonce"] for call in there.calls}
        signatures = {call.headers["authorization"] for call in there.calls}
    assert len(nonces) == len(signatures) == 3


async def test_a_request_is_dated_when_it_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    night = dt.datetime(2030, 1, 2, 3, 4, 5, 999_999, tzinfo=dt.UTC)
    async with account(always(http(200, envelope(row()))), dialect="current") as there:
        monkeypatch.setattr(timing, "wall_clock", lambda: night)
        await there.adapter.read([ID])
    assert there.calls[0].headers["x-acs-date"] == "2030-01-02T03:04:05Z"


async def test_a_temporary_key_sends_its_token() -> None:
    credentials = {
        "access_key_id": KEY_ID,
        "access_key_secret": KEY_SECRET,
        "security_token": "canary-security-token",
    }
    script = always(http(200, envelope(row())))
    async with account(script, dialect="current", credentials=lambda: credentials) as there:
        await there.adapter.read([ID])
        credentials["security_token"] = ""
        await there.adapter.read([ID])
        first, second = there.calls
    assert first.headers["x-acs-security-token"] == "canary-security-token"
    assert first.headers["x-acs-accesskey-id"] == KEY_ID
    assert "x-acs-security-token" not in second.headers
    assert "x-acs-accesskey-id" not in second.headers


async def test_a_rotated_key_is_taken_up_and_the_old_one_stays_hidden() -> None:
    keys = iter(["canary-old", "canary-new"])
    current = {"api_key": next(keys)}

    def script(arrival: Arrival) -> Reply:
        current["api_key"] = next(keys, "canary-new")
        return refused(403, "not with canary-old" + ", nor canary-new" * (len(there.calls) > 1))

    async with account(script, credentials=lambda: dict(current)) as there:
        first = await there.write(WRITES["delete"])
        second = await there.write(WRITES["delete"])
        sent = [call.headers["authorization"] for call in there.calls]
    assert sent == ["Bearer canary-old", "Bearer canary-new"]
    assert "canary" not in repr([first, second])
    assert "not with [redacted]" in (first.message or "")
    assert "not with [redacted], nor [redacted]" in (second.message or "")


@pytest.mark.parametrize(
    ("dialect", "credentials", "words"),
    [
        ("documented", {}, "no api_key is configured"),
        ("documented", {"api_key": ""}, "no api_key is configured"),
        ("documented", {"api_key": "a\r\nX: canary"}, "api_key has characters"),
        ("documented", {"api_key": "canary key"}, "api_key has characters"),
        ("current", {"access_key_id": "canary"}, "no access_key_secret is configured"),
        ("current", {"access_key_secret": "canary"}, "no access_key_id is configured"),
        (
            "current",
            {"access_key_id": "canary\n", "access_key_secret": "canary"},
            "access_key_id has characters",
        ),
    ],
)
async def test_without_a_usable_key_nothing_leaves(
    dialect: str, credentials: dict[str, str], words: str
) -> None:
    script = serving([ID])
    async with account(script, dialect=dialect, credentials=lambda: credentials) as there:
        with pytest.raises(AuthFailed, match=words) as refusal:
            await there.pages()
        result = await there.write(WRITES["delete"])
        assert there.calls == []
        assert there.intents == []
    assert result.whole is Whole.UNAUTHORISED
    assert "credentials" in refusal.value.remedy
    assert "canary" not in f"{refusal.value!r}{result!r}"


async def test_a_refused_key_is_not_tried_again() -> None:
    for reply in (refused(401), http(401, envelope(code=401)), http(401)):
        async with account(always(reply)) as there:
            with pytest.raises(AuthFailed):
                await there.adapter.read([ID])
            assert len(there.calls) == 1, "there is no other key, and each request is paid for"
            result = await there.write(WRITES["update"])
            assert len(there.calls) == 2
        assert result.whole is Whole.UNAUTHORISED
        assert outcome(result) == "not_judged"


@pytest.mark.parametrize("kind", [BearerKey, AccessKeySigner])
def test_a_key_has_no_end_and_no_successor(kind: type[BearerKey | AccessKeySigner]) -> None:
    signer = kind(lambda: {"api_key": API_KEY})
    assert signer.serves(API_KEY, 1e9)
    assert not signer.drop(API_KEY)


def test_a_key_does_not_show_its_secrets() -> None:
    shown = repr(AccessKey(id="public", secret="canary-secret", token="canary-token"))
    assert "public" in shown
    assert "canary" not in shown
