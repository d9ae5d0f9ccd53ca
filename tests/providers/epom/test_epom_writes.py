"""What every answer to a change of pricing, or none, says of the campaign in the call; and that a
change is sent once, after its intent."""

from __future__ import annotations

import pytest

from syncd.errors import IntentRefused
from syncd.limiter import Limits
from syncd.model.batch import Outgoing
from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.limits import Limit
from syncd.model.update import Outcome
from tests.providers.epom.network import (
    DIGEST,
    PASSWORD,
    account,
    always,
    call_of,
    network,
    query_of,
)
from tests.providers.scripted import Arrival, Reply, http

UPDATE = call_of("POST pricing", {"price.amount": "2.5", "price.type": "CPC"})
ONE = call_of("POST pricing/country", {"price.country.UK": "2"})
SEVERAL = call_of("POST pricing/country", {"price.country.UK": "2", "price.country.US": "2"})
BATCH = call_of(
    "POST pricing/batch",
    {"price.country.UK": "2", "price.country.US": "3", "price.country.CA": "4"},
)
ACTION = call_of("POST actionPricing", {"price.action.ab12": "2"}, price__type="CPA")
END_ONE = call_of("DELETE pricing/country", {"price.country.UK": None})
END_SEVERAL = call_of(
    "DELETE pricing/country", {"price.country.UK": None, "price.country.US": None}
)
END = call_of("DELETE pricing", {"price.amount": None})

SINGLE = {"update": UPDATE, "one": ONE, "action": ACTION, "end one": END_ONE, "end": END}
MANY = {"several": SEVERAL, "batch": BATCH, "end several": END_SEVERAL}
ALL = SINGLE | MANY


async def result_of(reply: Reply, call: WriteCall = UPDATE) -> CallResult:
    async with account(always(reply)) as there:
        result = await there.write(call)
        assert len(there.server.arrivals) == 1, "one arrival, whatever came of it"
        assert len(there.intents) == 1
    assert set(result.verdicts) == {"17"}
    return result


def outcome(result: CallResult) -> str:
    return result.verdicts["17"].outcome.value


YES: dict[str, Reply] = {
    "nothing": http(200),
    "blanks": http(200, " \r\n"),
    "the printed sample": http(200, "200 OK"),
    "its word alone": http(200, "OK\n"),
    "its word in JSON": http(200, '"OK"'),
    "nothing in JSON": http(200, "null"),
    "success": http(200, {"success": True}),
    "success without an error": http(200, {"success": True, "error": None, "errors": []}),
    "an empty object": http(200, {}),
    "another object": http(200, {"id": 17, "name": "Spring", "permission_denied": None}),
    "the pricing": http(200, {"campaignId": 17, "price": 2.50, "pricingType": "CPC"}),
    "the pricing, otherwise": http(200, {"campaignId": "17", "minClicks": 3}),
}


@pytest.mark.parametrize("what", YES)
async def test_a_yes_is_a_yes(what: str) -> None:
    assert outcome(await result_of(YES[what])) == "applied"


@pytest.mark.parametrize("what", ALL)
async def test_each_call_takes_a_yes_with_words(what: str) -> None:
    assert outcome(await result_of(http(200, {"success": True}), ALL[what])) == "applied"


async def test_what_a_delete_shows_may_be_what_it_ended() -> None:
    shown = http(200, {"campaignId": 17, "price": 1.25, "countries": {"UK": 2}})
    for call in (END, END_ONE, END_SEVERAL):
        assert outcome(await result_of(shown, call)) == "applied"


NO: dict[str, tuple[Reply, str, str]] = {
    "an error": (http(200, {"success": False, "error": "bad_price"}), "bad_price", "bad_price"),
    "an error with words": (
        http(200, {"success": False, "error": "bad_price", "message": "Too high"}),
        "bad_price",
        "bad_price: Too high",
    ),
    "no error": (http(200, {"success": False}), "http-200", "HTTP 200"),
    "keyed by what it is about": (
        http(200, {"160": "no_url_property_found", "success": False}),
        "no_url_property_found",
        "160: no_url_property_found",
    ),
    "keyed by the word": (
        http(200, {"permission_denied": None, "success": False}),
        "permission_denied",
        "permission_denied",
    ),
    "an error alone": (http(200, {"error": "bad_price"}), "bad_price", "bad_price"),
    "errors alone": (http(200, {"errors": ["x"]}), "http-200", "HTTP 200"),
    "another value": (
        http(200, {"price": 2.25, "pricingType": "CPC"}),
        "not_taken",
        "price.amount is 2.25",
    ),
    "another type": (http(200, {"price": 2.5, "pricingType": "CPM"}), "not_taken", "CPM"),
    "400 with a word": (
        http(400, {"success": False, "error": "campaign_not_found"}),
        "campaign_not_found",
        "HTTP 400: campaign_not_found",
    ),
    "400 with a text": (http(400, "price must be set"), "http-400", "price must be set"),
    "400 with HTML": (http(400, "<html>Bad Request</html>"), "http-400", "pricing is disabled"),
    "400": (http(400), "http-400", "wrong format, or campaign/country does not exist"),
    "403": (http(403), "http-403", "HTTP 403"),
    "404 with a no": (
        http(404, {"success": False, "error": "campaign_not_found"}),
        "campaign_not_found",
        "HTTP 404",
    ),
    "409": (http(409), "http-409", "HTTP 409"),
    "422": (http(422), "http-422", "HTTP 422"),
}


@pytest.mark.parametrize("what", NO)
async def test_a_no_is_a_no_with_its_words(what: str) -> None:
    reply, code, words = NO[what]
    result = await result_of(reply)
    verdict = result.verdicts["17"]
    assert (verdict.outcome, verdict.code, result.whole) == (Outcome.REJECTED, code, None)
    assert words in (verdict.message or "")


@pytest.mark.parametrize("what", SINGLE)
async def test_a_400_refuses_what_is_single(what: str) -> None:
    assert outcome(await result_of(http(400), SINGLE[what])) == "rejected"


@pytest.mark.parametrize("what", MANY)
@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refusal_of_several_countries_leaves_them_to_a_read(what: str, status: int) -> None:
    for body in (b"", b'{"success":false,"error":"x"}'):
        result = await result_of(http(status, body), MANY[what])
        assert outcome(result) == "unknown"
        assert "some of the countries may have changed" in (result.message or "")


@pytest.mark.parametrize("what", ALL)
async def test_a_missing_right_is_that_campaigns_own(what: str) -> None:
    denied = {"success": False, "error": "permission_denied"}
    for reply in (http(403), http(403, denied), http(200, denied)):
        result = await result_of(reply, ALL[what])
        assert (outcome(result), result.whole) == ("rejected", None)
        assert "support@epom.com" in result.remedy


UNDECIDED: dict[str, Reply] = {
    "HTML": http(200, "<html>login</html>"),
    "a text": http(200, "OK, later"),
    "a text in JSON": http(200, '"ok?"'),
    "true": http(200, "true"),
    "a list": http(200, []),
    "almost JSON": http(200, '{"permission_denied":,"success":false}'),
    "truncated JSON": http(200, '{"success":tru'),
    "a key twice": http(200, '{"success":true,"success":false}'),
    "yes as a text": http(200, {"success": "true"}),
    "no as a text": http(200, {"success": "false"}),
    "no as a text, and an error": http(200, {"success": "false", "error": "x"}),
    "no as a number": http(200, {"success": 0}),
    "neither yes nor no": http(200, {"success": None}),
    "neither yes nor no, and the pricing": http(200, {"success": None, "price": 2.5}),
    "both done and failed": http(200, {"success": True, "error": "x"}),
    "another campaign": http(200, {"campaignId": 18, "price": 2.5}),
    "a price that is none": http(200, {"price": "x"}),
    "a campaign that is none": http(200, {"campaignId": {}}),
    "5 MB": http(200, bytes(5_000_000)),
    "201": http(201, {"success": True}),
    "202": http(202),
    "204": http(204),
    "301": http(301, b"", {"Location": "/x"}),
    "308": http(308, b"", {"Location": "/x"}),
    "408": http(408),
    "500": http(500, {"success": False, "error": "x"}),
    "502": http(502, "<html>"),
    "503 with a time": http(503, b"", {"Retry-After": "1"}),
    "504": http(504),
    "a reset": Reply(ends="reset"),
    "a dropped connection": Reply(ends="closed"),
    "half an answer": Reply(head=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ends="closed"),
    "no answer in time": Reply(hangs=True),
    "no HTTP": Reply(head=b"hello\r\n\r\n", ends="closed"),
}


@pytest.mark.parametrize("what", UNDECIDED)
async def test_what_is_no_word_leaves_the_campaign_to_a_read(what: str) -> None:
    result = await result_of(UNDECIDED[what])
    assert (outcome(result), result.whole) == ("unknown", None)
    assert result.message
    assert result.verdicts["17"].code


@pytest.mark.parametrize("what", ALL)
@pytest.mark.parametrize("ends", ["closed", "reset"])
async def test_every_write_is_sent_once_when_its_connection_drops(what: str, ends: str) -> None:
    assert outcome(await result_of(Reply(ends=ends), ALL[what])) == "unknown"


WHOLE: dict[str, tuple[Reply, Whole]] = {
    "401": (http(401), Whole.UNAUTHORISED),
    "404": (http(404), Whole.UNUSABLE),
    "404 with HTML": (http(404, "<html>HTTP Status 404</html>"), Whole.UNUSABLE),
    "404 with a text": (http(404, "404 page not found"), Whole.UNUSABLE),
    "404 of a framework": (http(404, {"error": "Not Found", "path": "/x"}), Whole.UNUSABLE),
    "405": (http(405), Whole.UNUSABLE),
    "410": (http(410), Whole.UNUSABLE),
    "413": (http(413), Whole.TOO_LARGE),
    "415": (http(415), Whole.UNUSABLE),
    "429": (http(429, b"", {"Retry-After": "60"}), Whole.THROTTLED),
}


@pytest.mark.parametrize("what", WHOLE)
@pytest.mark.parametrize("call", ALL)
async def test_what_refuses_the_call_judges_no_campaign(what: str, call: str) -> None:
    reply, whole = WHOLE[what]
    result = await result_of(reply, ALL[call])
    assert (outcome(result), result.whole) == ("not_judged", whole)


async def test_a_throttle_of_a_write_freezes_the_account() -> None:
    limits = Limits([Limit(count=10_000, window=60)], patience=0.1, on_freeze=None)
    reply = http(429, b"", {"Retry-After": "60"})
    async with account(always(reply), limits=limits) as there:
        await there.write(UPDATE)
        later = await there.write(UPDATE)
        assert len(there.server.arrivals) == len(there.intents) == 1
    assert (outcome(later), later.whole) == ("not_judged", Whole.THROTTLED)


async def test_nothing_is_sent_without_its_intent() -> None:
    async def refuse(_: Outgoing) -> None:
        raise IntentRefused("paused")

    async with account(network(17)) as there:
        with pytest.raises(IntentRefused):
            await there.adapter.write(UPDATE, refuse)
        assert there.server.arrivals == []


async def test_without_a_password_nothing_is_intended() -> None:
    async with account(network(17), credentials=lambda: {"username": "x"}) as there:
        result = await there.write(UPDATE)
        assert (there.server.arrivals, there.intents) == ([], [])
    assert (outcome(result), result.whole) == ("not_judged", Whole.UNAUTHORISED)


async def test_no_connection_is_proof_that_nothing_left() -> None:
    async with account(network(17)) as there:
        there.server.close()
        result = await there.write(UPDATE)
    assert (outcome(result), result.whole) == ("not_judged", Whole.NOT_SENT)


async def test_a_write_is_read_back_as_it_was_asked() -> None:
    answers = dict(network(17))

    def script(arrival: Arrival) -> Reply:
        if arrival.method == "POST":
            answers["GET /rest-api/campaign/17/pricing.do"] = http(
                200, {"price": 1.25, "pricingType": "CPM", "countries": {"GB": 2.0}}
            )
            return http(200)
        return answers[f"GET {arrival.path.partition('?')[0]}"]

    async with account(script) as there:
        await there.pages()
        assert outcome(await there.write(ONE)) == "applied"
        reading = await there.adapter.read(["17"])
    assert reading.campaigns["17"].values["price.country.UK"] == "2"


async def test_no_secret_comes_out_of_a_verdict() -> None:
    def script(arrival: Arrival) -> Reply:
        words = f"{PASSWORD} {DIGEST} {arrival.path}"
        return http(400, {"error": words, "message": words})

    async with account(script) as there:
        result = await there.write(UPDATE)
        proof = query_of(there.server.arrivals[0])["hash"]
        shown = f"{result} {there.events}"
    assert "[redacted]" in shown
    for secret in (PASSWORD, DIGEST, proof):
        assert secret not in shown
