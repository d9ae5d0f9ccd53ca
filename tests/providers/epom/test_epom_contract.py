"""Every operation of Epom's pricing documentation, in both directions: what it asks for is what the
adapter sends, byte for byte, and each of its answers is understood as it says."""

from __future__ import annotations

import hashlib

import pytest

from syncd.model.call import CallResult, Whole, WriteCall
from syncd.model.update import Outcome, Verdict
from tests.providers.epom.network import (
    PRICING,
    SHOWN,
    account,
    always,
    call_of,
    encoded,
    is_signed,
    network,
    path_of,
    query_of,
    routes,
)
from tests.providers.scripted import Arrival, Reply, http

ROOT = "/rest-api/campaign/17"
FORM = "application/x-www-form-urlencoded"
CSV = b"Country,Price\nUK,2.5\nUS,3\nCA,0.000001\n"
LONG_CSV = CSV + b'DE,1.5\n"Korea, Republic of",7\n'
BOUNDARY = "syncd-" + hashlib.sha256(CSV).hexdigest()[:32]
LONG_BOUNDARY = "syncd-" + hashlib.sha256(LONG_CSV).hexdigest()[:32]

# Operation: what is changed, and the request that the documents ask for.
OPERATIONS: dict[str, tuple[WriteCall, str, bytes]] = {
    "update with what is required": (
        call_of("POST pricing", {"price.amount": "2.5", "price.type": "CPC"}),
        f"POST {ROOT}/pricing.do",
        b"price=2.5&paymentModel=FIXED_PRICE&pricingType=CPC",
    ),
    "update with all six optional ones": (
        call_of(
            "POST pricing",
            {
                "price.amount": "10.50",
                "price.type": "CPA",
                "price.estimated_ctr": "0.00000001",
                "price.estimated_conversion_rate": "0",
                "price.burn_up_period": "2147483647",
                "price.min_conversions": "9223372036854775807",
                "price.min_clicks": "0",
                "price.start_up_period": "3",
            },
        ),
        f"POST {ROOT}/pricing.do",
        (
            b"price=10.5&paymentModel=FIXED_PRICE&pricingType=CPA&estimatedCtr=0.00000001"
            b"&estimatedConversionRate=0&burnUpPeriod=2147483647&startUpPeriod=3"
            b"&minConversions=9223372036854775807&minClicks=0"
        ),
    ),
    "update with what is known already": (
        call_of(
            "POST pricing",
            {"price.burn_up_period": "7"},
            price__min_clicks="5",
            price__burn_up_period="1",
            price__estimated_ctr="0",
            price__country__US="9",
        ),
        f"POST {ROOT}/pricing.do",
        b"price=1.25&paymentModel=FIXED_PRICE&pricingType=CPM&burnUpPeriod=7&minClicks=5",
    ),
    "one country": (
        call_of("POST pricing/country", {"price.country.UK": "2"}),
        f"POST {ROOT}/pricing/UK.do",
        b"price=2",
    ),
    "several countries": (
        call_of(
            "POST pricing/country",
            {"price.country.UK": "2.5", "price.country.US": "2.5", "price.country.CA": "2.5"},
        ),
        f"POST {ROOT}/pricing/UK%2C%20US%2C%20CA.do",
        b"price=2.5",
    ),
    "batch": (
        call_of(
            "POST pricing/batch",
            {
                "price.country.UK": "2.5",
                "price.country.US": "3.0",
                "price.country.CA": "0.000001",
            },
        ),
        f"POST {ROOT}/pricing/batch.do",
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="countryPricing"; filename="prices.csv"\r\n'
        "Content-Type: text/csv; charset=utf-8\r\n\r\n".encode()
        + CSV
        + f"\r\n--{BOUNDARY}--\r\n".encode(),
    ),
    "batch beside prices that are known": (
        call_of(
            "POST pricing/batch",
            {
                "price.country.UK": "2.5",
                "price.country.US": "3.0",
                "price.country.CA": "0.000001",
            },
            price__country="DE, GB, Korea, Republic of, US",
            price__country__US="1",
            price__country__UK="4",
            price__country__GB="4",
            price__country__FR=None,
            **{'price.country."Korea, Republic of"': "7"},
            price__country__DE="1.5",
        ),
        f"POST {ROOT}/pricing/batch.do",
        f"--{LONG_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="countryPricing"; filename="prices.csv"\r\n'
        "Content-Type: text/csv; charset=utf-8\r\n\r\n".encode()
        + LONG_CSV
        + f"\r\n--{LONG_BOUNDARY}--\r\n".encode(),
    ),
    "action by key and name": (
        call_of(
            "POST actionPricing",
            {"price.action.ab12": "1.5"},
            price__type="CPA",
            native__actions=SHOWN["native.actions"],
        ),
        f"POST {ROOT}/campaignPricing/actionPricing.do",
        b"price=1.5&actionKey=ab12&actionName=install",
    ),
    "action that is not shown": (
        call_of("POST actionPricing", {'price.action."a.b & c"': "1.5"}, price__type="CPC"),
        f"POST {ROOT}/campaignPricing/actionPricing.do",
        b"price=1.5&actionKey=a.b+%26+c",
    ),
    "disable one country": (
        call_of("DELETE pricing/country", {"price.country.UK": None}),
        f"DELETE {ROOT}/pricing/UK.do",
        b"",
    ),
    "disable several countries": (
        call_of(
            "DELETE pricing/country",
            {"price.country.UK": None, "price.country.US": None, "price.country.CA": None},
        ),
        f"DELETE {ROOT}/pricing/UK%2C%20US%2C%20CA.do",
        b"",
    ),
    "disable all": (
        call_of("DELETE pricing", {"price.amount": None}),
        f"DELETE {ROOT}/pricing.do",
        b"",
    ),
}


@pytest.mark.parametrize("what", OPERATIONS)
async def test_each_operation_is_sent_as_documented_and_a_bare_200_is_a_yes(what: str) -> None:
    call, path, body = OPERATIONS[what]
    async with account(always(http(200))) as there:
        result = await there.write(call)
        (arrival,) = there.server.arrivals
        assert there.intents == [hashlib.sha256(body).digest()]
    assert path_of(arrival) == path
    assert arrival.body == body
    assert is_signed(arrival)
    assert arrival.headers["accept"] == "application/json"
    assert result == CallResult(
        verdicts={"17": Verdict(outcome=Outcome.APPLIED)}, status=200, message=None
    )


@pytest.mark.parametrize("dialect", ["documented", "current"])
async def test_bodies_say_what_they_are(dialect: str) -> None:
    part = {"documented": "countryPricing", "current": "countryPrices"}[dialect]
    async with account(always(http(200)), dialect=dialect) as there:
        await there.write(OPERATIONS["one country"][0])
        await there.write(OPERATIONS["batch"][0])
        await there.write(OPERATIONS["disable all"][0])
        form, batch, delete = there.server.arrivals
    assert form.headers["content-type"] == FORM
    assert batch.headers["content-type"] == f"multipart/form-data; boundary={BOUNDARY}"
    assert f'form-data; name="{part}"; filename='.encode() in batch.body
    assert "content-type" not in delete.headers


async def test_the_same_batch_is_the_same_bytes_and_another_one_is_not() -> None:
    other = call_of(
        "POST pricing/batch",
        {"price.country.UK": "2", "price.country.US": "3", "price.country.CA": "4"},
    )
    async with account(always(http(200))) as there:
        for call in (OPERATIONS["batch"][0], OPERATIONS["batch"][0], other):
            await there.write(call)
        first, second, third = (one.body for one in there.server.arrivals)
    assert first == second
    assert BOUNDARY.encode() not in third


LISTED: dict[str, tuple[dict[str, str | None], list[str], list[bytes]]] = {
    "GB shown as UK too": ({"": "GB", "GB": "4", "UK": "4"}, ["CA", "DE", "FR"], [b"GB,4"]),
    "GB, asked for as UK": ({"": "GB", "GB": "4", "UK": "4"}, ["CA", "DE", "UK"], []),
    "GB, asked for as GB": ({"": "GB", "GB": "4", "UK": "4"}, ["CA", "DE", "GB"], []),
    "UK": ({"": "UK", "UK": "4"}, ["CA", "DE", "FR"], [b"UK,4"]),
    "UK, asked for as GB": ({"": "UK", "UK": "4"}, ["CA", "DE", "GB"], []),
    "both": (
        {"": "GB, UK", "GB": "4", "UK": "5"},
        ["CA", "DE", "FR"],
        [b"GB,4", b"UK,5"],
    ),
    "both, one asked for": ({"": "GB, UK", "GB": "4", "UK": "5"}, ["CA", "DE", "UK"], [b"GB,4"]),
}


@pytest.mark.parametrize("what", LISTED)
async def test_a_batch_names_one_country_once(what: str) -> None:
    shown, codes, others = LISTED[what]
    remote = {f"price.country.{code}".rstrip("."): price for code, price in shown.items()}
    changes = {f"price.country.{code}": str(price) for price, code in enumerate(codes, 1)}
    async with account(always(http(200))) as there:
        await there.write(call_of("POST pricing/batch", changes, **remote))
        body = there.server.arrivals[0].body
    asked = [f"{code},{price}".encode() for price, code in enumerate(codes, 1)]
    file = b"".join(line + b"\n" for line in [b"Country,Price", *asked, *others])
    assert body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0] == file


async def test_every_send_is_signed_anew() -> None:
    reads = network(17)
    async with account(reads) as there:
        await there.pages()
        for _ in range(5):
            await there.write(OPERATIONS["disable all"][0])
        queries = [query_of(one) for one in there.server.arrivals]
        assert all(is_signed(one) for one in there.server.arrivals)
    assert len({one["hash"] for one in queries}) == len(queries) == 7
    stamps = [one["timestamp"] for one in queries]
    assert stamps == sorted(stamps)
    assert all(len(stamp) == 13 for stamp in stamps), "milliseconds"


async def test_a_read_is_signed_anew_when_it_is_tried_again() -> None:
    waiting = [http(500), http(503)]

    def script(arrival: Arrival) -> Reply:
        return waiting.pop(0) if waiting else routes(network(17))(arrival)

    async with account(script) as there:
        await there.pages()
        hashes = [query_of(one)["hash"] for one in there.server.arrivals]
    assert len(set(hashes)) == len(hashes) == 4


async def test_a_pricing_is_read_with_all_that_it_shows() -> None:
    pricing = encoded(PRICING)
    row = b'{"id": 17, "name":"Spring",  "x":1.50}'
    answers = {
        "GET /rest-api/campaigns.do": http(200, b"[" + row + b"]"),
        f"GET {ROOT}/pricing.do": http(200, pricing),
    }
    async with account(answers, currency="EUR") as there:
        (page,) = await there.pages()
        assert there.paths == list(answers)
    (campaign,) = page.campaigns
    assert (page.is_whole, page.bad, page.total, page.dialect) == (True, (), 1, None)
    assert page.label == "campaigns 1 to 1 of 1"
    assert campaign.external_id == "17"
    assert campaign.values == {"name": "Spring", **SHOWN}
    assert (campaign.status_raw, campaign.currency, campaign.part) == (None, "EUR", None)
    assert campaign.raw == b'{"campaign":' + row + b',"pricing":' + pricing + b"}"


async def test_a_404_means_that_no_pricing_is_set() -> None:
    answers = network(17) | {f"GET {ROOT}/pricing.do": http(404, "<html>404</html>")}
    async with account(answers) as there:
        (page,) = await there.pages()
        reading = await there.adapter.read(["17"])
    (campaign,) = page.campaigns
    assert campaign.values == {
        "name": "Campaign 17",
        "price.amount": None,
        "price.country": "",
    }
    assert campaign.raw.endswith(b',"pricing":null}')
    assert reading.campaigns["17"].values == campaign.values
    assert reading.is_whole
    assert reading.gone == frozenset()


@pytest.mark.parametrize("what", OPERATIONS)
async def test_the_documented_errors_of_every_operation(what: str) -> None:
    call = OPERATIONS[what][0]
    seen = {}
    for status in (400, 401, 403):
        async with account(always(http(status))) as there:
            seen[status] = await there.write(call)
            assert len(there.server.arrivals) == 1
    outcomes = {status: one.verdicts["17"].outcome for status, one in seen.items()}
    is_many = what.startswith(("several", "batch", "disable several"))
    assert outcomes == {
        400: Outcome.UNKNOWN if is_many else Outcome.REJECTED,
        401: Outcome.NOT_JUDGED,
        403: Outcome.REJECTED,
    }
    assert "campaign/country does not exist" in (seen[400].message or "")
    assert "pricing is disabled" in (seen[400].message or "")
    assert seen[401].whole is Whole.UNAUTHORISED
    assert seen[403].whole is None
    assert "support@epom.com" in seen[403].remedy
