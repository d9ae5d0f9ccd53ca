"""The choices of the simulated Epom: what nobody has written down, each way."""

import pytest

from syncd.simulator import Settings
from syncd.simulator.epom import Epom
from tests.simulator.epom.caller import PRICING, UPDATE, Caller, digest
from tests.simulator.epom.conftest import Begin

SEVERAL = f"{PRICING}/UK%2C%20XX%2C%20CA.do"


async def choose(epom: Caller, **chosen: str) -> None:
    await epom.admin("options", **chosen)


def countries(epom: Caller) -> dict[str, str | None]:
    return {path[-2:]: price for path, price in epom.values().items() if ".country." in path}


@pytest.mark.parametrize("options", [{"colour": "red"}, {"success": "loud"}, {"password": ""}])
def test_an_unknown_name_or_word_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"epom has no option|can be"):
        Epom(Settings(provider="epom", options=options))


async def test_the_account_is_chosen_at_the_start(begin: Begin) -> None:
    options = {"username": "ops", "password": "pässword"}
    epom = await begin(Settings(provider="epom", campaigns=5, rate=None, options=options))
    assert epom.simulator.describe()["credentials"] == options
    assert epom.simulator.describe()["base_path"] == ""
    assert len(epom.simulator.describe()["scope"]["advertisers"]) == 5
    assert (await epom.get("/rest-api/campaigns.do")).status == 401
    stamp = epom.signature()["timestamp"]
    proof = digest(digest("pässword") + stamp)
    query = {"username": "ops", "timestamp": stamp, "hash": proof}
    assert (await epom.send("GET", "/rest-api/campaigns.do", query=query)).status == 200


async def test_a_hash_that_comes_again_is_noted_and_refused_where_chosen(epom: Caller) -> None:
    query = epom.signature()
    assert (await epom.send("GET", f"{PRICING}.do", query=query)).status == 200
    assert epom.last.notes == []
    first = epom.last.seq
    assert (await epom.send("GET", f"{PRICING}.do", query=query)).status == 200
    assert epom.last.notes == [f"hash used before, by arrival {first}"]
    await choose(epom, replay="refuse")
    answer = await epom.send("DELETE", f"{PRICING}.do", query=query)
    assert (answer.status, answer.code) == (401, "hash_used")
    assert (await epom.get(f"{PRICING}.do")).status == 200
    assert (await epom.admin("state"))["reused_hashes"] == [first + 1, first + 2]


async def test_only_the_same_hash_of_the_same_time_is_noted(epom: Caller) -> None:
    query = epom.signature()
    without = {name: text for name, text in query.items() if name != "hash"}
    for sent in (without, without, query | {"hash": digest("x")}, query):
        await epom.send("GET", f"{PRICING}.do", query=sent)
    assert [arrival.notes for arrival in epom.simulator.journal.arrivals] == [[]] * 4


@pytest.mark.parametrize(
    ("word", "singular", "plural"),
    [("singular", 200, 404), ("plural", 404, 200), ("both", 200, 200)],
)
async def test_the_paths_of_a_delete(epom: Caller, word: str, singular: int, plural: int) -> None:
    await choose(epom, delete_path=word, disabled_twice="200")
    for tail in ("pricing/US.do", "pricing.do"):
        assert (await epom.delete(f"/rest-api/campaign/17/{tail}")).status == singular
        assert (await epom.delete(f"/rest-api/campaigns/17/{tail}")).status == plural
    assert (await epom.get("/rest-api/campaigns/17/pricing.do")).status == 405


async def test_the_name_of_the_files_part_goes_by_dialect(begin: Begin) -> None:
    for settings, accepted in (
        (Settings(provider="epom"), {"countryPricing"}),
        (Settings(provider="epom", dialect="current"), {"countryPrices"}),
        (
            Settings(provider="epom", options={"csv_part": "both"}),
            {"countryPricing", "countryPrices"},
        ),
    ):
        epom = await begin(settings)
        campaign_id = next(iter(epom.simulator.world.campaigns))
        path = f"/rest-api/campaign/{campaign_id}/pricing/batch.do"
        for name in ("countryPricing", "countryPrices", "file"):
            answer = await epom.upload("US,1\n", name=name, path=path)
            assert answer.status == (200 if name in accepted else 400)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("list", {"countries": [{"country": "US", "price": 2}]}),
        ("pairs", {"countryPricing": [{"US": 2}]}),
        ("object", {"countries": {"US": 2}}),
    ],
)
async def test_the_form_of_country_prices(
    epom: Caller, word: str, shown: dict[str, object]
) -> None:
    await choose(epom, countries_as=word)
    value = (await epom.get(f"{PRICING}.do")).value
    assert {key: value[key] for key in value if key.startswith("countr")} == shown


async def test_a_file_merges_or_replaces(epom: Caller) -> None:
    await epom.upload("UK,1\n")
    assert countries(epom) == {"US": "2", "UK": "1"}
    await choose(epom, csv_mode="replace")
    await epom.upload("CA,3\n")
    assert countries(epom) == {"CA": "3"}


async def test_of_several_countries_one_wrong_stops_all_or_only_itself(epom: Caller) -> None:
    answer = await epom.post(SEVERAL, {"price": "4"})
    assert (answer.status, answer.code) == (400, "no_such_country")
    assert countries(epom) == {"US": "2"}
    assert [item.truth for item in epom.last.items] == ["refused"] * 3
    await choose(epom, multi_country="some")
    answer = await epom.post(SEVERAL, {"price": "4"})
    assert (answer.status, answer.code) == (400, "no_such_country")
    assert countries(epom) == {"US": "2", "UK": "4", "CA": "4"}
    assert [item.truth for item in epom.last.items] == ["applied", "refused", "applied"]
    assert (await epom.delete(f"{PRICING}/US%2C%20DE.do")).code == "disabled_already"
    assert countries(epom) == {"UK": "4", "CA": "4"}


async def test_disabling_twice_is_refused_or_accepted(epom: Caller) -> None:
    for status in (400, 200):
        await choose(epom, disabled_twice=str(status))
        assert (await epom.delete(f"{PRICING}/UK.do")).status == status
        assert (await epom.delete("/rest-api/campaign/19/pricing.do")).status == status
        assert (await epom.delete("/rest-api/campaign/19/pricing/US.do")).status == status
        truth = {400: "refused", 200: "applied"}[status]
        assert [item.truth for item in epom.last.items] == [truth]
    assert (await epom.delete("/rest-api/campaign/404/pricing.do")).status == 400


async def test_another_type_keeps_or_drops_the_other_prices(epom: Caller) -> None:
    path = "/rest-api/campaign/18/pricing.do"
    await epom.post(path, UPDATE | {"pricingType": "CPC"})
    assert epom.values("18")['price.action."ab12"'] == "1.5"
    await choose(epom, type_change="drop")
    await epom.post(path, UPDATE | {"pricingType": "CPC", "price": "9"})
    assert epom.values("18")['price.action."ab12"'] == "1.5"
    await epom.post(path, UPDATE)
    assert 'price.action."ab12"' not in epom.values("18")
    await epom.post(f"{PRICING}.do", UPDATE | {"pricingType": "CPC"})
    assert countries(epom) == {}


async def test_an_absent_optional_parameter_keeps_or_resets_its_value(epom: Caller) -> None:
    await epom.post(f"{PRICING}.do", UPDATE | {"minClicks": "5"})
    assert epom.values()["price.estimated_ctr"] == "0.01"
    await choose(epom, absent="reset")
    await epom.post(f"{PRICING}.do", UPDATE | {"burnUpPeriod": "3"})
    values = epom.values()
    assert (values["price.estimated_ctr"], values["price.min_clicks"]) == (None, "0")
    assert values["price.burn_up_period"] == "3"
    await choose(epom, type_change="drop")
    await epom.upload("UK,1\n")
    await epom.post(f"{PRICING}/CA.do", {"price": "2"})
    assert epom.values()["price.burn_up_period"] == "3"
    assert countries(epom) == {"US": "2", "UK": "1", "CA": "2"}


async def test_the_uk_and_gb_are_apart_or_one(epom: Caller) -> None:
    await epom.post(f"{PRICING}/GB.do", {"price": "1"})
    await epom.post(f"{PRICING}/UK.do", {"price": "2"})
    assert countries(epom) == {"US": "2", "GB": "1", "UK": "2"}
    for kept, asked in (("UK", "GB"), ("GB", "UK")):
        epom.simulator.world.edit("17", {"price.country.GB": None, "price.country.UK": None})
        await choose(epom, united_kingdom=kept)
        await epom.post(f"{PRICING}/{asked}.do", {"price": "3"})
        assert countries(epom) == {"US": "2", kept: "3"}
        assert epom.last.items[0].new == {f"price.country.{asked}": "3"}
        await epom.upload(f"{asked},5\n")
        assert countries(epom) == {"US": "2", kept: "5"}
        assert epom.last.items[0].old == {f"price.country.{asked}": "3"}


async def test_the_uk_and_gb_are_one_in_a_file_of_actions_too(epom: Caller) -> None:
    await choose(epom, united_kingdom="UK")
    await epom.upload("_,install\nGB,6\n", path="/rest-api/campaign/18/pricing/batch.do")
    assert epom.campaign("18").truth()["country_actions"] == {"UK/ab12": "6"}
    assert epom.last.items[0].new == {'price.country.GB.action."ab12"': "6"}


async def test_the_bodies_of_yes_and_no(epom: Caller) -> None:
    await choose(epom, success="json")
    yes = await epom.post(f"{PRICING}.do", UPDATE)
    assert (yes.status, yes.text) == (200, '{"success":true}')
    await choose(epom, error_body="empty")
    no = await epom.post("/rest-api/campaign/404/pricing.do", UPDATE)
    assert (no.status, no.text, epom.last.reply_readable) == (400, "", True)
    await choose(epom, error_body="html")
    no = await epom.get("/rest-api/campaign/19/pricing.do")
    assert (no.status, no.content_type) == (404, "text/html")
    assert no.text.startswith("<!doctype html>")
    assert epom.last.reply_readable


async def test_a_missing_permission_may_be_said_with_200(epom: Caller) -> None:
    await choose(epom, denied="body")
    await epom.admin("permission", id="17", permission="none")
    answer = await epom.post(f"{PRICING}.do", UPDATE)
    assert (answer.status, answer.text) == (200, '{"success":false,"error":"permission_denied"}')
    assert [item.truth for item in epom.last.items] == ["refused"]
    assert (await epom.get(f"{PRICING}.do")).code == "permission_denied"
    assert epom.values()["price.amount"] == "1.25"


async def test_the_list_of_all_campaigns_may_be_missing(epom: Caller) -> None:
    await choose(epom, all_campaigns="missing")
    assert (await epom.get("/rest-api/campaigns.do")).status == 404
    assert len((await epom.get("/rest-api/advertiser/101/campaigns.do")).value) == 2
