"""What the simulated Epom refuses: callers that are not signed as the page says, calls that break a
rule, calls that do not exist."""

from urllib.parse import urlencode

import pytest

from tests.simulator.epom.caller import FORM, PRICING, UPDATE, Answer, Caller, digest

MINUTES = 60_000
ACTION = "/rest-api/campaign/18/campaignPricing/actionPricing.do"


async def calls(epom: Caller, campaign_id: str) -> dict[str, Answer]:
    """Every call of a campaign, each as good as its campaign."""
    path = f"/rest-api/campaign/{campaign_id}"
    return {
        "get": await epom.get(f"{path}/pricing.do"),
        "update": await epom.post(f"{path}/pricing.do", UPDATE | {"pricingType": "CPA"}),
        "update_country": await epom.post(f"{path}/pricing/US.do", {"price": "1"}),
        "action": await epom.post(
            f"{path}/campaignPricing/actionPricing.do", {"price": "1", "actionKey": "ab12"}
        ),
        "batch": await epom.upload("_,install\nUS,1\n", path=f"{path}/pricing/batch.do"),
        "disable_country": await epom.delete(f"{path}/pricing/US.do"),
        "disable": await epom.delete(f"{path}/pricing.do"),
    }


def statuses(answers: dict[str, Answer]) -> dict[str, int]:
    return {operation: answer.status for operation, answer in answers.items()}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": None}, "credentials_missing"),
        ({"timestamp": None}, "credentials_missing"),
        ({"hash": None}, "credentials_missing"),
        ({"username": "somebody"}, "unknown_user"),
        ({"hash": digest("demo-secret")}, "hash_invalid"),
        ({"hash": ""}, "hash_invalid"),
        ({"timestamp": "now"}, "timestamp_invalid"),
        ({"timestamp": "-5"}, "timestamp_invalid"),
        ({"timestamp": "1700000000"}, "timestamp_expired"),
        ({"timestamp": "99999999999999"}, "timestamp_expired"),
    ],
)
async def test_a_wrong_signature_is_refused_with_401(
    epom: Caller, changed: dict[str, str | None], code: str
) -> None:
    for method, path in (("GET", f"{PRICING}.do"), ("DELETE", f"{PRICING}.do")):
        answer = await epom.send(method, path, query=epom.signature(**changed))
        assert (answer.status, answer.code) == (401, code)
    body = urlencode(UPDATE | epom.signature(**changed)).encode()
    answer = await epom.send("POST", f"{PRICING}.do", body=body, media_type=FORM)
    assert (answer.status, answer.code) == (401, code)
    assert epom.last.items[0].truth == "untouched"
    assert epom.values()["price.amount"] == "1.25"


async def test_a_hash_is_lower_case_and_made_of_the_md5_of_the_password(epom: Caller) -> None:
    good = epom.signature()
    stamp = good["timestamp"]
    for wrong in (good["hash"].upper(), digest("demo-secret" + stamp)):
        answer = await epom.send("GET", f"{PRICING}.do", query=good | {"hash": wrong})
        assert (answer.status, answer.code) == (401, "hash_invalid")
    assert (await epom.send("GET", f"{PRICING}.do", query=good)).status == 200


async def test_a_signature_given_twice_is_none(epom: Caller) -> None:
    query = epom.signature()
    answer = await epom.send(
        "POST", f"{PRICING}.do", query=query, body=urlencode(query).encode(), media_type=FORM
    )
    assert (answer.status, answer.code) == (401, "credentials_missing")


async def test_a_multipart_call_is_signed_in_the_query(epom: Caller) -> None:
    parts = "".join(
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in epom.signature().items()
    )
    answer = await epom.send(
        "POST",
        f"{PRICING}/batch.do",
        body=f"{parts}--b0--\r\n".encode(),
        media_type="multipart/form-data; boundary=b0",
    )
    assert answer.status == 401


async def test_a_delete_is_signed_in_the_query(epom: Caller) -> None:
    body = urlencode(epom.signature()).encode()
    answer = await epom.send("DELETE", f"{PRICING}.do", body=body, media_type=FORM)
    assert (answer.status, answer.code) == (401, "credentials_missing")


async def test_a_timestamp_is_good_for_five_minutes_of_the_servers_clock(epom: Caller) -> None:
    for offset, status in (
        (4 * MINUTES, 200),
        (-4 * MINUTES, 200),
        (6 * MINUTES, 401),
        (-6 * MINUTES, 401),
    ):
        await epom.admin("clock", offset_ms=offset)
        assert (await epom.get(f"{PRICING}.do")).status == status, offset
    await epom.admin("clock", advance_ms=6 * MINUTES)
    assert (await epom.get(f"{PRICING}.do")).status == 200


async def test_a_new_password_refuses_every_call(epom: Caller) -> None:
    await epom.admin("options", password="another")
    assert (await epom.get("/rest-api/campaigns.do")).status == 401


async def test_a_campaign_that_does_not_exist(epom: Caller) -> None:
    assert statuses(await calls(epom, "404")) == {
        "get": 404,
        "update": 400,
        "update_country": 400,
        "action": 400,
        "batch": 400,
        "disable_country": 400,
        "disable": 400,
    }
    assert [item.truth for item in epom.last.items] == ["refused"]
    assert (await epom.get("/rest-api/campaign/404.do")).status == 404
    assert (await epom.get("/rest-api/campaign/abc/pricing.do")).status == 404
    assert (await epom.post("/rest-api/campaign/abc/pricing.do", UPDATE)).status == 400
    epom.simulator.world.remove(["18"])
    assert (await epom.get("/rest-api/campaign/18/pricing.do")).status == 404
    assert (await epom.get("/rest-api/campaign/18/actions.do")).status == 404
    assert (await epom.delete("/rest-api/campaign/18/pricing.do")).status == 400
    assert len((await epom.get("/rest-api/campaigns.do")).value) == 2
    epom.simulator.world.restore(["18"])
    assert (await epom.get("/rest-api/campaign/18/pricing.do")).status == 200


async def test_every_call_of_the_page_is_accepted_where_the_campaign_allows_it(
    epom: Caller,
) -> None:
    assert set(statuses(await calls(epom, "18")).values()) == {200}


async def test_a_permission_is_of_one_campaign(epom: Caller) -> None:
    await epom.admin("permission", id="18", permission="view")
    answers = await calls(epom, "18")
    assert answers.pop("get").status == 200
    assert {(one.status, one.code) for one in answers.values()} == {(403, "permission_denied")}
    assert epom.last.items[0].truth == "refused"
    await epom.admin("permission", id="18", permission="none")
    assert set(statuses(await calls(epom, "18")).values()) == {403}
    assert [one["id"] for one in (await epom.get("/rest-api/campaigns.do")).value] == [17, 19]
    assert (await epom.get(f"{PRICING}.do")).status == 200


async def test_without_pricing_only_an_update_is_accepted(epom: Caller) -> None:
    answers = await calls(epom, "19")
    assert (answers["get"].status, answers["update"].status) == (404, 200)
    epom.simulator.world.edit("19", {"price.amount": None})
    path = "/rest-api/campaign/19"
    for answer in (
        await epom.post(f"{path}/pricing/US.do", {"price": "1"}),
        await epom.upload("US,1\n", path=f"{path}/pricing/batch.do"),
        await epom.post(
            f"{path}/campaignPricing/actionPricing.do", {"price": "1", "actionKey": "ab12"}
        ),
    ):
        assert (answer.status, answer.code) == (400, "pricing_disabled")


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "1,5"},
        {"price": "-1"},
        {"price": "1e3"},
        {"price": "NaN"},
        {"price": "Infinity"},
        {"price": "+1"},
        {"price": ".5"},
        {"price": "1."},
        {"price": " 1"},
        {"price": "١"},
        {"price": ""},
        {"price": "9" * 50},
        {"pricingType": "CPV"},
        {"pricingType": "cpm"},
        {"paymentModel": "FIXED_CPM"},
        {"estimatedCtr": "0"},
        {"estimatedCtr": "0.00"},
        {"estimatedCtr": "-0.1"},
        {"estimatedConversionRate": "-1"},
        {"burnUpPeriod": "1.5"},
        {"burnUpPeriod": "2147483648"},
        {"startUpPeriod": "-1"},
        {"startUpPeriod": "2147483648"},
        {"minConversions": "9223372036854775808"},
        {"minClicks": "x"},
        {"minClicks": "9223372036854775808"},
    ],
)
async def test_a_value_of_a_wrong_type_or_out_of_range_is_refused(
    epom: Caller, wrong: dict[str, str]
) -> None:
    before = epom.values()
    answer = await epom.post(f"{PRICING}.do", UPDATE | wrong)
    assert answer.status == 400
    (item,) = epom.last.items
    assert (item.truth, item.codes) == ("refused", [answer.code])
    assert epom.values() == before


@pytest.mark.parametrize("missing", ["price", "paymentModel", "pricingType"])
async def test_all_three_required_parameters_are_required(epom: Caller, missing: str) -> None:
    form = {name: text for name, text in UPDATE.items() if name != missing}
    answer = await epom.post(f"{PRICING}.do", form)
    assert (answer.status, answer.code) == (400, "parameter_missing")


async def test_parameters_that_a_call_does_not_take_are_refused(epom: Caller) -> None:
    answers = [
        await epom.post(f"{PRICING}.do", UPDATE | {"countryCode": "US"}),
        await epom.post(f"{PRICING}/US.do", {"price": "1", "pricingType": "CPM"}),
        await epom.get(f"{PRICING}.do", page="1"),
        await epom.delete(f"{PRICING}.do", force="true"),
    ]
    assert {(one.status, one.code) for one in answers} == {(400, "parameter_unknown")}
    twice = urlencode(UPDATE).encode() + b"&price=2"
    answer = await epom.send(
        "POST", f"{PRICING}.do", query=epom.signature(), body=twice, media_type=FORM
    )
    assert (answer.status, answer.code) == (400, "parameter_repeated")
    assert epom.values()["price.amount"] == "1.25"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"price":1.5}'),
        ("text/plain", urlencode(UPDATE).encode()),
        (FORM, b"price=%FF"),
        (FORM, b"price"),
    ],
)
async def test_another_body_than_a_form_is_refused(
    epom: Caller, media_type: str, body: bytes
) -> None:
    answer = await epom.send(
        "POST", f"{PRICING}.do", query=epom.signature(), body=body, media_type=media_type
    )
    assert answer.status == 400
    assert epom.values()["price.amount"] == "1.25"


@pytest.mark.parametrize(
    "segment", ["XX", "us", "USA", "UK%3BUS", "UK,US", "UK+US", "UK%2C", "United%20States", "%FF"]
)
async def test_a_country_that_does_not_exist_is_refused(epom: Caller, segment: str) -> None:
    answer = await epom.post(f"{PRICING}/{segment}.do", {"price": "1"})
    assert (answer.status, answer.code) == (400, "no_such_country")
    assert [path for path in epom.values() if "country" in path] == ["price.country.US"]
    assert (await epom.delete(f"{PRICING}/{segment}.do")).status == 400


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file_empty"),
        ("Country,Price\n", "file_columns_wrong"),
        ("US;1\n", "file_columns_wrong"),
        ("US,1,CPM\n", "file_columns_wrong"),
        ("US,1\nXX,2\n", "no_such_country"),
        ("US,1\nUK,\n", "number_invalid"),
        ('US,"1,5"\n', "number_invalid"),
        ("US,1\nUS,2\n", "file_country_repeated"),
        ('US,"1\n', "file_unreadable"),
        (b"US,1\n\xff,2\n", "file_unreadable"),
    ],
)
async def test_a_file_with_one_bad_line_changes_nothing(
    epom: Caller, text: str | bytes, code: str
) -> None:
    answer = await epom.upload(text)
    assert (answer.status, answer.code) == (400, code)
    assert epom.values()["price.country.US"] == "2"
    assert {item.truth for item in epom.last.items} <= {"refused"}


@pytest.mark.parametrize(
    ("head", "end"),
    [
        ('name="countryPrices"; filename="a.csv"', "--b0--\r\n"),
        ('name="countryPricing"', "--b0--\r\n"),
        ('filename="a.csv"', "--b0--\r\n"),
        ('name="countryPricing"; filename="a.csv"', ""),
    ],
)
async def test_a_file_is_the_part_of_the_page(epom: Caller, head: str, end: str) -> None:
    body = f"--b0\r\nContent-Disposition: form-data; {head}\r\n\r\nUS,1\r\n{end}"
    answer = await epom.send(
        "POST",
        f"{PRICING}/batch.do",
        query=epom.signature(),
        body=body.encode(),
        media_type="multipart/form-data; boundary=b0",
    )
    assert (answer.status, answer.code) == (400, "file_missing")
    form = await epom.post(f"{PRICING}/batch.do", {"countryPricing": "US,1"})
    assert (form.status, form.code) == (400, "media_type_wrong")
    assert epom.values()["price.country.US"] == "2"


async def test_what_does_not_exist_has_its_status(epom: Caller) -> None:
    signed = epom.signature
    answer = await epom.send("PUT", f"{PRICING}.do", query=signed())
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    for method, path in (
        ("GET", "/rest-api/nothing.do"),
        ("GET", "/campaign/17/pricing.do"),
        ("GET", "/rest-api/campaign/17/pricing"),
        ("DELETE", "/rest-api/campaigns/17/pricing.do"),
        ("DELETE", "/rest-api/campaigns/17/pricing/US.do"),
    ):
        answer = await epom.send(method, path, query=signed())
        assert (answer.status, answer.code) == (404, "not_found"), path
    assert (await epom.send("GET", "/rest-api/nothing.do")).status == 401
