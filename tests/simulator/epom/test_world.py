"""The world of the simulated Epom: made from a seed, edited by people, told as it is; and what the
journal and the limit make of calls."""

import json
from urllib.parse import urlencode

import aiohttp
import pytest

from syncd.simulator import Settings
from syncd.simulator.epom import Epom
from syncd.simulator.epom.world import Campaign
from tests.simulator.epom.caller import FORM, PRICING, UPDATE, Caller, digest
from tests.simulator.epom.conftest import Begin


def test_the_same_seed_makes_the_same_world() -> None:
    first, second, other = (
        Epom(Settings(provider="epom", campaigns=40, seed=seed)).world.truth() for seed in (7, 7, 8)
    )
    assert first == second
    assert first != other
    assert len(first) == 40


def test_a_world_has_campaigns_of_every_sort() -> None:
    service = Epom(Settings(provider="epom", campaigns=40))
    truth = service.world.truth()
    assert {one["values"]["price.type"] for one in truth} == {"CPM", "CPC", "CPA", None}
    assert [one["permission"] for one in truth].count("view") == 1
    picks = service.picks()
    assert set(picks) == {"ordinary", "country", "action", "unpriced", "forbidden"}
    assert len(picks["ordinary"]) == 20
    added = service.add_campaigns(3)
    assert service.world.ids()[-3:] == added


async def test_every_pick_shows_what_it_says(begin: Begin) -> None:
    epom = await begin(Settings(provider="epom", campaigns=40, rate=None))
    picks = epom.simulator.service.picks()
    for pick in [*picks.pop("ordinary"), *picks.values()]:
        assert epom.values(pick["id"]).get(pick["path"]) == pick["current"]
        kind = epom.values(pick["id"])["price.type"] or "CPM"
        path = f"/rest-api/campaign/{pick['id']}"
        form = {"price": pick["amount"]}
        if pick["path"].startswith("price.country."):
            answer = await epom.post(f"{path}/pricing/{pick['path'][-2:]}.do", form)
        elif pick["path"].startswith("price.action."):
            form["actionKey"] = pick["path"].split('"')[1]
            answer = await epom.post(f"{path}/campaignPricing/actionPricing.do", form)
        else:
            form |= {"paymentModel": "FIXED_PRICE", "pricingType": kind}
            answer = await epom.post(f"{path}/pricing.do", form)
        if pick["code"] is None:
            assert answer.status == 200
            assert epom.values(pick["id"])[pick["path"]] == pick["amount"]
        else:
            assert (answer.status, answer.code) == (403, pick["code"])


async def test_people_edit_by_path(epom: Caller) -> None:
    values = {
        "name": "Renamed",
        "price.amount": "3.50",
        "price.type": "CPC",
        "price.min_clicks": "7",
        "price.estimated_ctr": None,
        "price.country.US": None,
        "price.country.UK": "2",
        'price.action."ab12"': "9",
    }
    told = await epom.admin("edit", id="17", values=values)
    assert told["campaigns"][0]["values"] == {
        "name": "Renamed",
        "price.amount": "3.5",
        "price.type": "CPC",
        "price.estimated_ctr": None,
        "price.estimated_conversion_rate": "0",
        "price.burn_up_period": "0",
        "price.start_up_period": "0",
        "price.min_conversions": "0",
        "price.min_clicks": "7",
        "price.country.UK": "2",
        'price.action."ab12"': "9",
    }
    epom.simulator.world.edit("17", {"price.action.ab12": "8"})
    assert epom.values()['price.action."ab12"'] == "8"
    epom.simulator.world.edit("17", {"price.amount": None})
    assert epom.values()["price.type"] is None


@pytest.mark.parametrize(
    "values",
    [
        {"name": None},
        {"status": "paused"},
        {"price.type": "CPV"},
        {"price.amount": "-1"},
        {"price.amount": "unlimited"},
        {"price.min_clicks": "1.5"},
        {"price.country.us": "1"},
        {'price.action."zz"': "1"},
        {"price.amount": None, "price.type": "CPM"},
    ],
)
async def test_a_bad_edit_changes_nothing(epom: Caller, values: dict[str, str | None]) -> None:
    before = epom.campaign().truth()
    with pytest.raises(ValueError, match=r"is no|knows nothing|needs|has no action|a text"):
        epom.simulator.world.edit("17", {"price.estimated_ctr": "0.5"} | values)
    assert epom.campaign().truth() == before
    with pytest.raises(KeyError):
        epom.simulator.world.edit("404", {"name": "x"})


async def test_an_id_is_a_free_number_of_a_known_advertiser(epom: Caller) -> None:
    add = epom.simulator.world.add
    for campaign_id in ("17", "x1"):
        with pytest.raises(ValueError, match="is no free id"):
            add(Campaign(id=campaign_id, name="Twin", advertiser_id="101"))
    with pytest.raises(KeyError):
        add(Campaign(id="20", name="Nobody's", advertiser_id="999"))


async def test_removed_campaigns_are_in_the_truth_alone(epom: Caller) -> None:
    epom.simulator.world.remove(["17"])
    assert epom.simulator.world.ids() == ["18", "19"]
    assert [one["is_removed"] for one in epom.simulator.world.truth()] == [True, False, False]
    with pytest.raises(KeyError):
        epom.simulator.world.remove(["404"])


async def test_no_hash_and_no_password_is_in_the_journal(epom: Caller) -> None:
    secrets = [digest("demo-secret")]
    signed = [epom.signature() for _ in range(3)]
    secrets += [query["hash"] for query in signed]
    shouted = f"x={signed[2]['hash'].upper()}&password=demo-secret"
    for query, body in (
        (signed[0], ""),
        ({"password": "demo-secret"}, urlencode(signed[1])),
        ({"proof": signed[2]["hash"], "secret": "demo-secret"}, shouted),
    ):
        await epom.send("POST", f"{PRICING}.do", query=query, body=body.encode(), media_type=FORM)
    epom.arm("reset", "get", when="head", count=None)
    query = epom.signature()
    secrets.append(query["hash"])
    with pytest.raises(aiohttp.ClientOSError):
        await epom.send("GET", f"{PRICING}.do", query=query)
    told = json.dumps(epom.simulator.journal.since(0)).lower()
    assert len(epom.simulator.journal.arrivals) == 5  # aiohttp repeated the last
    assert not [secret for secret in [*secrets, "demo-secret"] if secret in told]
    assert "username=demo-user" in told
    assert told.count("hash=***") == 4
    assert "demo-secret" not in json.dumps((await epom.admin("state"))["options"])


async def test_the_limit_is_five_a_second_of_one_user(begin: Begin) -> None:
    epom = await begin(Settings(provider="epom", campaigns=5))
    assert (await epom.admin("state"))["limit"] == "5/1s"
    await epom.admin("limit", limit="5/60s")
    for _ in range(5):
        assert (await epom.get("/rest-api/campaigns.do")).status == 200
    refused = await epom.post(f"{PRICING}.do", UPDATE)
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert [item.truth for item in epom.last.items] == ["untouched"]
    assert (epom.last.credential, epom.last.limit_group) == ("demo-user", "default")
    assert (await epom.get("/rest-api/campaigns.do", username="other")).status == 401


async def test_a_longer_file_than_the_cap_is_refused_with_413(begin: Begin) -> None:
    epom = await begin(Settings(provider="epom", campaigns=5, rate=None, entry_cap=2))
    campaign_id = next(iter(epom.simulator.world.campaigns))
    path = f"/rest-api/campaign/{campaign_id}/pricing/batch.do"
    assert (await epom.upload("US,1\nUK,1\nCA,1\n", path=path)).status == 413
    assert (await epom.upload("US,1\nUK,1\n", path=path)).status == 200


async def test_bad_acts_are_refused(epom: Caller) -> None:
    assert "error" in await epom.admin("permission", id="17", permission="all")
    assert "error" in await epom.admin("permission", id="404", permission="view")
    assert "error" in await epom.admin("clock", minutes=5)
    assert "error" in await epom.admin("options", success="loud")
    assert await epom.admin("tokens/expire", now=True) == {"expired": 0}
