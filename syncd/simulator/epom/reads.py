"""The reads of the simulated Epom: lists of campaigns, one campaign, its actions, its pricing. Each
notes in the arrival what it showed. Who may call at all was asked before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncd.simulator.epom import answers, values
from syncd.simulator.epom.options import Options
from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.epom.request import Request
from syncd.simulator.epom.world import Campaign, World
from syncd.simulator.exchange import Reply
from syncd.simulator.journal import Arrival


@dataclass
class Reads:
    """The reads over one world."""

    world: World
    options: Options

    def answer(self, arrival: Arrival, request: Request) -> Reply:
        """The answer to a read; raises a Refusal."""
        request.fields()
        readers: Mapping[str, Callable[[Arrival, Request], Reply]] = {
            "campaigns": self._campaigns,
            "of_advertiser": self._of_advertiser,
            "campaign": self._campaign,
            "actions": self._actions,
            "get": self._get,
        }
        return readers[request.operation](arrival, request)

    def _campaigns(self, arrival: Arrival, _: Request) -> Reply:
        if self.options.all_campaigns == "missing":
            raise Refusal(404, "not_found")
        return _listed(arrival, self.world.in_view())

    def _of_advertiser(self, arrival: Arrival, request: Request) -> Reply:
        advertiser = request.segments["advertiser"]
        if advertiser not in self.world.advertisers:
            raise Refusal(404, "no_such_advertiser")
        shown = [one for one in self.world.in_view() if one.advertiser_id == advertiser]
        return _listed(arrival, shown)

    def _campaign(self, arrival: Arrival, request: Request) -> Reply:
        campaign = self._readable(request)
        note(arrival, campaign, {values.NAME: campaign.name})
        return answers.campaign_of(campaign)

    def _actions(self, arrival: Arrival, request: Request) -> Reply:
        campaign = self._readable(request)
        arrival.ids = [campaign.id]
        return answers.actions_of(campaign)

    def _get(self, arrival: Arrival, request: Request) -> Reply:
        """404 says that the campaign has no pricing, and nothing else: a campaign that does not
        exist has none either."""
        campaign = self._readable(request)
        note(arrival, campaign, values.of_pricing(campaign.pricing))
        if campaign.pricing is None:
            raise Refusal(404, "no_pricing")
        shown = answers.pricing_of(campaign, campaign.pricing, self.options)
        return Reply(status=200, value=shown)

    def _readable(self, request: Request) -> Campaign:
        try:
            campaign = self.world.visible(request.campaign_id())
        except Refusal:
            campaign = None
        if campaign is None:
            raise Refusal(404, "no_such_campaign")
        if campaign.permission == "none":
            raise Refusal(403, "permission_denied")
        return campaign


def note(arrival: Arrival, campaign: Campaign, shown: dict[str, str | None]) -> None:
    """The arrival showed these values of a campaign."""
    arrival.ids = [campaign.id]
    arrival.shown = {campaign.id: shown}


def _listed(arrival: Arrival, campaigns: list[Campaign]) -> Reply:
    arrival.ids = [campaign.id for campaign in campaigns]
    arrival.shown = {campaign.id: {values.NAME: campaign.name} for campaign in campaigns}
    return answers.listed(campaigns)
