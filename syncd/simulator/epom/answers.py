"""The bodies that the simulated Epom answers with. The contract shows none, so most are assumed;
they are values, and nothing is judged here."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from syncd.simulator.epom.options import Options
from syncd.simulator.epom.pricing import FIGURES, PAYMENT_MODEL, Pricing
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.world import Campaign
from syncd.simulator.exchange import Reply
from syncd.simulator.wire import Double

ERROR_PAGE = (
    b"<!doctype html><html><head><title>Error</title></head>"
    b"<body><h1>HTTP Status</h1><p>The request could not be processed.</p></body></html>"
)


def done(options: Options) -> Reply:
    """An accepted write."""
    if options.success == "json":
        return Reply(status=200, value={"success": True})
    return Reply(status=200, raw=b"", readable=True)


def refused(refusal: Refusal, options: Options) -> Reply:
    """A refused call, in the form that was chosen."""
    if refusal.status == 403 and options.denied == "body":
        return Reply(status=200, value=problem(refusal.code))
    if options.error_body == "empty":
        return Reply(status=refusal.status, raw=b"", readable=True)
    if options.error_body == "html":
        return error_page(refusal.status)
    return Reply(status=refusal.status, value=problem(refusal.code))


def problem(code: str) -> dict[str, Any]:
    """The body that says why not."""
    return {"success": False, "error": code}


def error_page(status: int) -> Reply:
    """What a servlet container shows instead of an answer."""
    return Reply(status=status, raw=ERROR_PAGE, content_type="text/html", readable=True)


def listed(campaigns: Iterable[Campaign]) -> Reply:
    """Campaigns by id and name, as the provider's page of lists shows them."""
    shown = [{"id": int(campaign.id), "name": campaign.name} for campaign in campaigns]
    return Reply(status=200, value=shown)


def campaign_of(campaign: Campaign) -> Reply:
    """One campaign by the names of the parameters that make it."""
    shown = {
        "id": int(campaign.id),
        "name": campaign.name,
        "advertiserId": int(campaign.advertiser_id),
        "description": "",
        "active": campaign.is_active,
        "weight": 1,
        "priority": "STANDARD_MEDIUM",
        "labels": "",
    }
    return Reply(status=200, value=shown)


def actions_of(campaign: Campaign) -> Reply:
    """What can be priced at a campaign."""
    shown = [
        {"id": action.id, "name": action.name, "key": action.key} for action in campaign.actions
    ]
    return Reply(status=200, value=shown)


def pricing_of(campaign: Campaign, pricing: Pricing, options: Options) -> dict[str, Any]:
    """A pricing as GET shows it; doubles are doubles also where they are whole."""
    names = {action.key: action.name for action in campaign.actions}
    shown: dict[str, Any] = {
        "id": pricing.id,
        "campaignId": int(campaign.id),
        "paymentModel": PAYMENT_MODEL,
        "pricingType": pricing.type,
        "price": Double(pricing.amount),
    }
    for figure in FIGURES:
        value = pricing.figure(figure)
        if value is not None:
            value = value if figure.is_whole else Double(value)
        shown[figure.parameter] = value
    shown |= countries_as(pricing.countries, options.countries_as)
    shown["actions"] = [
        {"name": names[key], "key": key, "price": Double(price)}
        for key, price in pricing.actions.items()
    ]
    return shown


def countries_as(countries: Mapping[str, Decimal], form: str) -> dict[str, Any]:
    """The prices per country in one of the three forms that the provider's pages show."""
    prices = {country: Double(price) for country, price in countries.items()}
    if form == "object":
        return {"countries": prices}
    if form == "pairs":
        return {"countryPricing": [{country: price} for country, price in prices.items()]}
    rows = [{"country": country, "price": price} for country, price in prices.items()]
    return {"countries": rows}
