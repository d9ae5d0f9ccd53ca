"""The calls of the simulated Criteo, one method each: token, search, get one, create, update. A
call judges its request against the world and applies it; who may call at all was asked before."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from syncd.simulator.criteo.answers import Answers
from syncd.simulator.criteo.creation import Creation
from syncd.simulator.criteo.dialect import Dialect
from syncd.simulator.criteo.refusals import Refusal, forbidden, unreadable
from syncd.simulator.criteo.rules import UnreadableEntry
from syncd.simulator.criteo.tokens import Tokens
from syncd.simulator.criteo.update import Update
from syncd.simulator.criteo.world import Campaign, World
from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.settings import Settings
from syncd.simulator.wire import MalformedJson, parse

CAMPAIGNS = "/marketing-solutions/campaigns"
_OPERATIONS = {
    ("POST", "/oauth2/token"): "token",
    ("POST", f"{CAMPAIGNS}/search"): "search",
    ("POST", CAMPAIGNS): "create",
    ("PATCH", CAMPAIGNS): "update",
}
_KNOWN_PATHS = {path for _, path in _OPERATIONS}
_JSON = "application/json"
_MEDIA_TYPES = {
    "token": "application/x-www-form-urlencoded",
    "search": _JSON,
    "create": _JSON,
    "update": _JSON,
}


class Calls:
    """The calls over one world."""

    def __init__(
        self,
        settings: Settings,
        dialect: Dialect,
        world: World,
        tokens: Tokens,
        answers: Answers,
    ) -> None:
        self.settings = settings
        self.dialect = dialect
        self.world = world
        self.tokens = tokens
        self._answers = answers

    def operation(self, method: str, path: str) -> str:
        """`token`, `search`, `get`, `create`, `update`, or `other` for what does not exist."""
        place = self.dialect.place(path)
        if place is None:
            return "other"
        return (
            "get"
            if method == "GET" and _is_one(place)
            else _OPERATIONS.get((method, place), "other")
        )

    def judge(self, exchange: Exchange) -> Reply:
        """The answer to a call; raises Refusal where it is refused whole."""
        match exchange.arrival.operation:
            case "token":
                return self._token(exchange)
            case "search":
                return self._search(exchange)
            case "get":
                return self._get(exchange)
            case "create":
                return self._create(exchange)
            case "update":
                return self._update(exchange)
        place = self.dialect.place(exchange.target)
        if place is not None and (place in _KNOWN_PATHS or _is_one(place)):
            raise Refusal(405, "validation", "method-not-allowed", "No such method here.")
        if self.dialect.is_retired(exchange.target):
            raise Refusal(410, "validation", "version-retired", "This version is no longer there.")
        raise Refusal(404, "validation", "not-found", "There is nothing at this address.")

    def _token(self, exchange: Exchange) -> Reply:
        form = form_of(exchange.body)
        if form.get("grant_type") != "client_credentials":
            return Reply(status=400, value={"error": "unsupported_grant_type"})
        known = (self.settings.client_id, self.settings.client_secret)
        if (form.get("client_id"), form.get("client_secret")) != known:
            text = "The client id or secret is wrong."
            return Reply(status=401, value={"error": "invalid_client", "error_description": text})
        token = self.tokens.make(known[0])
        made = {"access_token": token.text, "token_type": "Bearer", "expires_in": self.tokens.ttl}
        return Reply(status=200, value=made)

    def _search(self, exchange: Exchange) -> Reply:
        body = _readable(exchange.body)
        filters = body.get("filters", {}) if isinstance(body, dict) else None
        if not isinstance(filters, dict):
            raise unreadable("filters must be an object")
        by_advertiser = _ids(filters, "advertiserIds")
        by_campaign = _ids(filters, "campaignIds")
        matching = [
            campaign
            for campaign in self.world.in_view()
            if (by_advertiser is None or campaign.advertiser_id in by_advertiser)
            and (by_campaign is None or campaign.id in by_campaign)
        ]
        self._note_shown(exchange, matching)
        return self._answers.found(matching)

    def _get(self, exchange: Exchange) -> Reply:
        campaign_id = exchange.target.partition("?")[0].rpartition("/")[2]
        campaign = self.world.visible(campaign_id)
        if campaign is None:
            hidden = self.world.campaigns.get(campaign_id)
            if hidden is not None and not hidden.is_removed:
                raise forbidden("The campaign belongs to an advertiser that you may not read.")
            raise Refusal(404, "validation", "campaign-not-found", "There is no such campaign.")
        self._note_shown(exchange, [campaign])
        return self._answers.one(campaign)

    def _create(self, exchange: Exchange) -> Reply:
        creation = Creation(self.world, self.dialect)
        return self._answers.created(creation.carry_out(_readable(exchange.body), exchange))

    def _note_shown(self, exchange: Exchange, campaigns: list[Campaign]) -> None:
        exchange.arrival.ids = [campaign.id for campaign in campaigns]
        exchange.arrival.shown = {one.id: self.world.values(one) for one in campaigns}

    def _update(self, exchange: Exchange) -> Reply:
        body = _readable(exchange.body)
        try:
            update = Update.read(body, self.dialect)
        except UnreadableEntry as error:
            raise unreadable(str(error)) from error
        cap = self.settings.entry_cap
        if cap is not None and len(update.entries) > cap:
            raise Refusal(413, "validation", "payload-too-large", f"At most {cap} entries a call.")
        update.carry_out(self.world, exchange)
        return self._answers.updated(update)


def check_media_type(exchange: Exchange) -> None:
    """Raise a Refusal with 415 unless a body is of the type that its call takes."""
    wanted = _MEDIA_TYPES.get(exchange.arrival.operation)
    sent = exchange.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if wanted is not None and sent != wanted:
        raise Refusal(415, "validation", "unsupported-media-type", f"Send {wanted}.")


def _is_one(path: str) -> bool:
    head, _, last = path.rpartition("/")
    return head == CAMPAIGNS and last != "search" and bool(last)


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form; of a repeated one the last counts."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _readable(body: bytes) -> Any:
    try:
        return parse(body)
    except MalformedJson as error:
        raise unreadable(str(error)) from error


def _ids(filters: Mapping[str, Any], key: str) -> set[str] | None:
    """The ids of a filter; None (no filter) where it is absent, null or empty."""
    ids = filters.get(key)
    if not ids and (ids is None or ids == []):
        return None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise unreadable(f"{key} must be an array of strings")
    return set(ids)
