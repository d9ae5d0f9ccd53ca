"""Writes what the simulated ICAS answers: campaigns, lists, budgets, the user, and errors. It
judges nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from syncd.simulator.exchange import Reply
from syncd.simulator.icas.codes import Refusal
from syncd.simulator.icas.media import BUDGETS, CAMPAIGN, CAMPAIGNS, JSON, USER
from syncd.simulator.icas.micros import spelt
from syncd.simulator.icas.world import Campaign, Seller

_DOCUMENTED_ERROR = "application/sellside.error.list-v1+json"
_CURRENT_ERROR = "application/sellside.error-v1+json; charset=UTF-8"
_CURRENT_REFUSED = "application/json; charset=utf-8"


class Answers:
    """Writes answers in one dialect; they differ in the media type of errors."""

    def __init__(self, dialect: str) -> None:
        self._is_current = dialect == "current"

    def campaign(self, campaign: Campaign, status: int = 200) -> Reply:
        return Reply(status=status, value=shown(campaign), content_type=CAMPAIGN)

    def page(self, campaigns: Iterable[Campaign], total: int, next_token: str | None) -> Reply:
        """One page; the last has no token."""
        value: dict[str, Any] = {"total": total}
        if next_token is not None:
            value["nextPageToken"] = next_token
        value["campaigns"] = [shown(campaign) for campaign in campaigns]
        return Reply(status=200, value=value, content_type=CAMPAIGNS)

    def budgets(self, campaign: Campaign) -> Reply:
        return Reply(status=200, value=_budgets(campaign), content_type=BUDGETS)

    def nothing(self) -> Reply:
        """The empty yes to a change of status."""
        return Reply(status=200, raw=b"", readable=True, content_type=CAMPAIGN)

    def user(self, seller: Seller, *, has_ads: bool) -> Reply:
        value = {
            "id": seller.id,
            "emailAddress": "seller@example.org",
            "sellerName": "Example Seller",
            "phoneNumber": "0201234567",
            "options": {"feed": False, "vanityUrl": False},
            "locations": [
                {
                    "houseNumber": "1",
                    "streetName": "Examplestreet",
                    "city": "Exampletown",
                    "country": "Exampleland",
                    "postalCode": "1000AA",
                    "phoneNumber": "0201234567",
                }
            ],
            "hasAds": has_ads,
            "isAPIManaged": "api_rw" in seller.scopes,
        }
        return Reply(status=200, value=value, content_type=USER)

    def refusal(self, refusal: Refusal, *, takes_errors: bool) -> Reply:
        """The array of all problems; nothing but the status for who does not accept JSON."""
        if not takes_errors:
            return Reply(status=refusal.status, raw=b"", readable=True)
        entries = [problem.entry() for problem in refusal.problems]
        media_type = _DOCUMENTED_ERROR
        if self._is_current:
            media_type = _CURRENT_REFUSED if refusal.status == 400 else _CURRENT_ERROR
        return Reply(status=refusal.status, value=entries, content_type=media_type)

    def not_acceptable(self, text: str) -> Reply:
        """A bare string, whatever the caller accepts."""
        return Reply(status=406, value=text, content_type=JSON)


def scope_headers(scope: frozenset[str], needed: str) -> Mapping[str, str]:
    """What a token has, and the permission that the call needs."""
    return {"Oauth-Scope": " ".join(sorted(scope)), "Oauth-Scope-Required": needed}


def shown(campaign: Campaign) -> dict[str, Any]:
    """The campaign as reads show it; vendorId and title are absent where there is none."""
    value: dict[str, Any] = {
        "id": int(campaign.id),
        "dateCreated": f"{campaign.created:%Y-%m-%dT%H:%M:%SZ}",
        "dateLastUpdated": f"{campaign.updated:%Y-%m-%dT%H:%M:%SZ}",
        "status": campaign.status,
    }
    if campaign.vendor_id is not None:
        value["vendorId"] = campaign.vendor_id
    if campaign.title is not None:
        value["title"] = campaign.title
    return value | {"isDefault": campaign.is_default, "budgets": _budgets(campaign)}


def _budgets(campaign: Campaign) -> dict[str, Any]:
    return {
        "daily": {
            "limitMicros": spelt(campaign.daily),
            "spentMicros": str(campaign.spent_daily),
        },
        "total": {
            "limitMicros": spelt(campaign.total),
            "spentMicros": str(campaign.spent_total),
        },
    }
