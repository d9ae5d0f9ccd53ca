"""The bodies that the simulated Criteo answers with, in the spelling and key order of the
contract's examples. They are values; nothing is judged here."""

from collections.abc import Iterable
from random import Random
from typing import Any
from uuid import UUID

from syncd.simulator.criteo.dialect import Dialect
from syncd.simulator.criteo.refusals import Refusal
from syncd.simulator.criteo.rules import TEXTS
from syncd.simulator.criteo.update import Update
from syncd.simulator.criteo.world import Campaign, SpendLimit
from syncd.simulator.exchange import Reply


class Answers:
    """Writes answers; trace identifiers come from the seed."""

    def __init__(self, random: Random, dialect: Dialect, advertiser_id_as: str) -> None:
        if advertiser_id_as not in {"number", "string", "mixed"}:
            raise ValueError("advertiser ids are spelt as number, string or mixed")
        self._random = random
        self._dialect = dialect
        self._advertiser_id_as = advertiser_id_as

    def refusal(self, refusal: Refusal) -> Reply:
        error = self._trace() | {
            "type": refusal.kind,
            "code": refusal.code,
            "title": refusal.code.replace("-", " ").capitalize(),
            "detail": str(refusal),
        }
        return Reply(status=refusal.status, value={"errors": [error], "warnings": []})

    def found(self, campaigns: Iterable[Campaign]) -> Reply:
        shown = [self._campaign(campaign) for campaign in campaigns]
        return Reply(status=200, value={"data": shown, "errors": []} | self._no_warnings())

    def one(self, campaign: Campaign) -> Reply:
        value = {"data": self._campaign(campaign), "errors": []}
        return Reply(status=200, value=value | self._no_warnings())

    def created(self, campaign: Campaign) -> Reply:
        """The one answer whose example spells the advertiser as a string and puts the goal last."""
        attributes = {
            "name": campaign.name,
            "advertiserId": campaign.advertiser_id,
            "spendLimit": _limit(campaign.limit),
            "goal": campaign.goal,
        }
        made = {"id": campaign.id, "type": "Campaign", "attributes": attributes}
        if self._dialect.reads_current:
            made = self._campaign(campaign)
        data = [made] if self._dialect.creates_array else made
        return Reply(status=201, value={"data": data, "warnings": [], "errors": []})

    def updated(self, update: Update) -> Reply:
        """Successes by type and id, errors and warnings by index into the request."""
        applied, errors, warnings = [], [], []
        for index, judgement in enumerate(update.judgements):
            if not judgement.errors:
                applied.append({"type": "Campaign", "id": update.entries[index]["id"]})
            errors += [self._problem(code, index) for code in judgement.errors]
            warnings += [self._problem(code, index) for code in judgement.warnings]
        return Reply(status=200, value={"data": applied, "errors": errors, "warnings": warnings})

    def _problem(self, code: str, index: int) -> dict[str, str]:
        title, detail = TEXTS[code]
        return self._trace() | {
            "type": "validation",
            "code": code,
            "instance": f"@data/{index}",
            "title": title,
            "detail": detail,
        }

    def _no_warnings(self) -> dict[str, Any]:
        """The documented reads have no list of warnings."""
        return {"warnings": []} if self._dialect.reads_current else {}

    def _campaign(self, campaign: Campaign) -> dict[str, Any]:
        if self._dialect.reads_current:
            attributes = _current_attributes(campaign)
            return {"type": "Campaign", "id": campaign.id, "attributes": attributes}
        attributes = {
            "name": campaign.name,
            "advertiserId": self._advertiser_id(campaign),
            "goal": campaign.goal,
            "spendLimit": _limit(campaign.limit),
        }
        return {"type": "Campaign", "id": campaign.id, "attributes": attributes}

    def _advertiser_id(self, campaign: Campaign) -> str | int:
        """The contract spells it both ways; `mixed` goes by the last digit of the campaign's id."""
        as_number = self._advertiser_id_as == "number"
        if self._advertiser_id_as == "mixed":
            as_number = campaign.id[-1] in "02468"
        return int(campaign.advertiser_id) if as_number else campaign.advertiser_id

    def _trace(self) -> dict[str, str]:
        """The identifier under the names of the dialect; the older name goes on beside the new."""
        trace = str(UUID(int=self._random.getrandbits(128), version=4))
        newer = {"traceId": trace} if self._dialect.reads_current else {}
        return newer | {"traceIdentifier": trace}


def _current_attributes(campaign: Campaign) -> dict[str, Any]:
    """The read model of the published specification."""
    objective = campaign.automation
    configuration = None if objective is None else {"adSetOptimizationObjective": objective}
    return {
        "id": campaign.id,
        "name": campaign.name,
        "advertiserId": campaign.advertiser_id,
        "goal": campaign.goal.lower(),
        "spendLimit": _wrapped(campaign.limit),
        "budgetAutomation": {
            "enabled": objective is not None,
            "automatedBudgetConfiguration": configuration,
        },
        "scheduledSpendLimits": [
            {"id": f"{campaign.id}{place}", "startDate": date} | _wrapped(limit)
            for place, (date, limit) in enumerate(campaign.scheduled)
        ],
    }


def _wrapped(limit: SpendLimit) -> dict[str, Any]:
    return _limit(limit) | {"spendLimitAmount": {"value": limit.amount}}


def _limit(limit: SpendLimit) -> dict[str, Any]:
    return {
        "spendLimitRenewal": limit.renewal,
        "spendLimitType": "capped" if limit.is_capped else "uncapped",
        "spendLimitAmount": limit.amount,
    }
