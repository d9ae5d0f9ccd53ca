"""The calls of the simulated ICAS that change nothing: list, get, get by vendorId, user. Who may
call at all was asked before."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.icas.answers import Answers
from syncd.simulator.icas.codes import refused
from syncd.simulator.icas.micros import LARGEST
from syncd.simulator.icas.paging import PageTokens
from syncd.simulator.icas.routes import named_in, query_of
from syncd.simulator.icas.world import Campaign, World

_MOST = 100
_NUMBER = re.compile(r"-?[0-9]{1,19}")


class Reads:
    """The reading calls over one world."""

    def __init__(self, world: World, pages: PageTokens, answers: Answers) -> None:
        self._world = world
        self._pages = pages
        self._answers = answers

    def by_operation(self) -> Mapping[str, Callable[[Exchange], Reply]]:
        return {
            "list": self.list,
            "get": self.get,
            "get_by_vendor": self.get_by_vendor,
            "user": self.user,
        }

    def list(self, exchange: Exchange) -> Reply:
        """A page by growing id. The extras `_include`, `_exclude` and `_body` are refused like
        every other parameter: the documents do not say what they do here."""
        asked = dict[str, str]()
        for name, text in query_of(exchange.target):
            if name not in {"limit", "pageToken"}:
                raise refused(2037, name)
            if name in asked:
                raise refused(2001, name)
            asked[name] = text
        limit = _limit(asked.get("limit", str(_MOST)))
        after = self._pages.read(asked["pageToken"], limit) if "pageToken" in asked else 0
        listed = [campaign for campaign in self._world.in_view() if campaign.is_listed]
        rest = [campaign for campaign in listed if int(campaign.id) > after]
        page = rest[:limit]
        is_last = len(rest) <= limit
        token = None if is_last else self._pages.make(int(page[-1].id), limit)
        note_shown(exchange, page)
        return self._answers.page(page, len(listed), token)

    def get(self, exchange: Exchange) -> Reply:
        campaign = self.campaign(exchange)
        note_shown(exchange, [campaign])
        return self._answers.campaign(campaign)

    def get_by_vendor(self, exchange: Exchange) -> Reply:
        """By its vendorId in any case of its letters, percent signs as UTF-8."""
        quoted = named_in(exchange.target, "get_by_vendor")["vendor_id"]
        try:
            vendor_id = unquote(quoted, errors="strict")
        except UnicodeDecodeError as error:
            raise refused(2001, "vendorId") from error
        campaign = self._world.with_vendor_id(vendor_id)
        if campaign is None or campaign.is_removed or not campaign.is_indexed:
            raise refused(1004)
        note_shown(exchange, [campaign])
        return self._answers.campaign(campaign)

    def user(self, _: Exchange) -> Reply:
        return self._answers.user(self._world.seller, has_ads=bool(self._world.campaigns))

    def campaign(self, exchange: Exchange) -> Campaign:
        """The campaign of the path; raises a refusal for a bad id and for one that the seller does
        not see."""
        text = named_in(exchange.target, exchange.arrival.operation)["id"]
        if not _NUMBER.fullmatch(text):
            raise refused(2001, "id", text)
        if not 1 <= int(text) <= LARGEST:
            raise refused(2002, "id", 1)
        campaign = self._world.visible(str(int(text)))
        if campaign is None:
            raise refused(1004)
        return campaign


def note_shown(exchange: Exchange, campaigns: list[Campaign]) -> None:
    """Note in the arrival what a read is about to show."""
    exchange.arrival.ids = [campaign.id for campaign in campaigns]
    exchange.arrival.shown = {campaign.id: campaign.values() for campaign in campaigns}


def _limit(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise refused(2001, "limit", text)
    if not 1 <= int(text) <= _MOST:
        raise refused(2002, "limit", _MOST)
    return int(text)
