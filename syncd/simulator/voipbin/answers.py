"""The bodies that the simulated VoIPBIN answers with, in the spelling and key order of its
document's examples or, in the dialect `current`, of today's API. They are values; nothing is judged
here."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from syncd.simulator.exchange import Reply
from syncd.simulator.settings import Settings
from syncd.simulator.voipbin.times import MIXED, SECOND_US, SPELLINGS, UNSET, spelt
from syncd.simulator.voipbin.values import NIL
from syncd.simulator.voipbin.world import Campaign

_INVALID = "INVALID_ARGUMENT"
REASONS: dict[str, tuple[int, str, str]] = {
    "AUTHENTICATION_REQUIRED": (401, "UNAUTHENTICATED", "Authentication is required."),
    "INVALID_CREDENTIALS": (401, "UNAUTHENTICATED", "The credentials are not valid."),
    "ACCOUNT_FROZEN": (403, "PERMISSION_DENIED", "The account is scheduled for deletion."),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED", "You do not have the permission for this."),
    "DIRECT_ACCESS_NOT_SUPPORTED": (403, "PERMISSION_DENIED", "Direct access is not supported."),
    "CAMPAIGN_NOT_FOUND": (404, "NOT_FOUND", "The campaign was not found."),
    "RESOURCE_NOT_FOUND": (404, "NOT_FOUND", "The resource was not found."),
    "ROUTE_NOT_FOUND": (404, "NOT_FOUND", "There is nothing at this address."),
    "INVALID_ID": (400, _INVALID, "The id is not valid."),
    "INVALID_JSON_BODY": (400, _INVALID, "The body is not the JSON that this call takes."),
    "INVALID_REQUEST_PARAMETER": (400, _INVALID, "A parameter of the request is not valid."),
    "MISSING_REQUEST_PARAMETER": (400, _INVALID, "A parameter of the request is missing."),
    "INVALID_ARGUMENT": (400, _INVALID, "The request contains invalid data."),
    "RATE_LIMIT_EXCEEDED": (
        429,
        "RESOURCE_EXHAUSTED",
        "Too many requests. Please try again later.",
    ),
    "INTERNAL": (500, "INTERNAL", "An internal error occurred."),
    "REQUEST_TIMEOUT": (503, "UNAVAILABLE", "The request took too long."),
    "REQUEST_CANCELED": (503, "UNAVAILABLE", "The request was canceled."),
    "SERVICE_UNAVAILABLE": (503, "UNAVAILABLE", "The service is unavailable."),
}
"""Every reason on the campaign routes: its HTTP status, canonical status and message."""
_GRACE_US = 30 * 24 * 3600 * SECOND_US
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Refusal(Exception):
    """A call is refused for one of the REASONS."""

    def __init__(self, reason: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How answers are spelt: options at the start, and an admin act later on."""

    times: str
    """One of SPELLINGS, or `mixed`: by campaign."""
    unset: str
    """One of the keys of UNSET, or `mixed`: by campaign."""
    customer_id: str
    """`shown` or `hidden`."""
    errors: str
    """`envelope`, or `bare`: a status and an empty body."""
    retry_after: str
    """`sent`, `absent` or `zero`: documents contradict each other."""

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}")

    @classmethod
    def of(cls, settings: Settings) -> "Manner":
        """What the dialect shows, save what the options say otherwise."""
        is_current = settings.dialect == "current"
        return cls(
            times=settings.option("times", "rfc3339" if is_current else "documented"),
            unset=settings.option("unset", "null" if is_current else "sentinel"),
            customer_id=settings.option("customer_id", "shown" if is_current else "hidden"),
            errors=settings.option("errors", "envelope"),
            retry_after=settings.option("retry_after", "sent"),
        )

    def changed(self, **asked: str) -> "Manner":
        """With some of it otherwise; raises ValueError for what is not known."""
        if not asked.keys() <= _KNOWN.keys():
            raise ValueError(f"an answer's manner has {', '.join(_KNOWN)}")
        return replace(self, **asked)


_KNOWN = {
    "times": (*SPELLINGS, MIXED),
    "unset": (*UNSET, MIXED),
    "customer_id": ("shown", "hidden"),
    "errors": ("envelope", "bare"),
    "retry_after": ("sent", "absent", "zero"),
}


@dataclass
class Answers:
    """Writes answers in one dialect; request ids come from the seed."""

    dialect: str
    manner: Manner
    random: Random = field(repr=False)

    def page(self, campaigns: list[Campaign]) -> Reply:
        """One page of a list; the token is the time of its last row, whether more follow or
        not."""
        token = self.token(campaigns[-1].tm_create) if campaigns else ""
        shown = [self.campaign(one) for one in campaigns]
        return Reply(status=200, value={"result": shown, "next_page_token": token})

    def one(self, campaign: Campaign) -> Reply:
        return Reply(status=200, value=self.campaign(campaign))

    def created(self, campaign: Campaign) -> Reply:
        """The document's answer to a create has an order of its own, no actions and no
        next_campaign_id."""
        shown = self.campaign(campaign)
        if self.dialect == "documented":
            del shown["actions"], shown["next_campaign_id"]
            first = {name: shown.pop(name) for name in ("id", "name", "detail", "type")}
            shown = first | shown
        return Reply(status=200, value=shown)

    def nothing(self) -> Reply:
        """200 with a campaign of zeros."""
        return self.one(Campaign(id=NIL, customer_id=NIL, status=""))

    def campaign(self, campaign: Campaign) -> dict[str, Any]:
        told: dict[str, Any] = {"id": campaign.id}
        if self.manner.customer_id == "shown":
            told["customer_id"] = campaign.customer_id
        told |= {name: getattr(campaign, name) for name in ("type", "name", "detail")}
        told["status"] = self.status(campaign.status)
        told |= {name: getattr(campaign, name) for name in ("service_level", "end_handle")}
        told["actions"] = self._actions(campaign)
        told |= {name: getattr(campaign, name) for name in _REFERENCES}
        return told | {name: self._time(campaign, name) for name in _TIMES}

    def status(self, status: str) -> str:
        """A status in the words of the dialect."""
        return "running" if status == "run" and self.dialect == "documented" else status

    def token(self, us: int) -> str:
        return spelt(us, "documented" if self.manner.times == "documented" else "padded")

    def refusal(self, refusal: Refusal, request_id: str | None = None) -> Reply:
        status, canonical, message = REASONS[refusal.reason]
        if self.manner.errors == "bare":
            return Reply(status=status, raw=b"", readable=True, content_type="text/plain")
        error: dict[str, Any] = {"status": canonical, "reason": refusal.reason}
        error |= {"message": message, "request_id": request_id or self.request_id()}
        if refusal.details is not None:
            error["details"] = refusal.details
        return Reply(status=status, value={"error": error})

    def throttled(self, limited_by: str, seconds: int) -> Reply:
        """429; `seconds` are whole and rounded up."""
        reply = self.refusal(Refusal("RATE_LIMIT_EXCEEDED", [{"limited_by": limited_by}]))
        if self.manner.retry_after != "absent":
            shown = 0 if self.manner.retry_after == "zero" else seconds
            reply.headers["Retry-After"] = str(shown)
        return reply

    def deletion(self, now: int) -> dict[str, Any]:
        """The details of a frozen account: it goes for good thirty days after its freeze."""
        ends = now + _GRACE_US
        return {
            "deletion_scheduled_at": spelt(now, "padded"),
            "deletion_effective_at": spelt(ends, "padded"),
        }

    def request_id(self) -> str:
        return "req_" + "".join(self.random.choices(_BASE32, k=26))

    def _actions(self, campaign: Campaign) -> list[dict[str, Any]] | None:
        if campaign.actions is None or self.dialect == "documented":
            return campaign.actions
        return [action | {"tm_execute": None} for action in campaign.actions]

    def _time(self, campaign: Campaign, name: str) -> str | None:
        us = getattr(campaign, name)
        if us:
            return spelt(us, _chosen(campaign, self.manner.times, SPELLINGS))
        return UNSET[_chosen(campaign, self.manner.unset, tuple(UNSET))]


_REFERENCES = ("outplan_id", "outdial_id", "queue_id", "next_campaign_id")
_TIMES = ("tm_create", "tm_update", "tm_delete")


def _chosen(campaign: Campaign, wanted: str, known: tuple[str, ...]) -> str:
    """The spelling for a campaign; where it is mixed, its id decides."""
    return known[int(campaign.id[:8], 16) % len(known)] if wanted == MIXED else wanted
