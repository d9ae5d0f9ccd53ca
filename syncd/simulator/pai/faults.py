"""The kinds of fault that need to know the simulated PAI's answers: refusals of either envelope,
limits that nobody asked for, answers about something else or of another shape. Lists and writes
have kinds of their own beside these."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from syncd.simulator.exchange import Exchange, Stage
from syncd.simulator.faults import Fault, Kind
from syncd.simulator.pai.answers import Answers, in_lower_case, in_xml
from syncd.simulator.pai.course import Courses
from syncd.simulator.pai.list_faults import ListFaults, changed, data_of, put_data
from syncd.simulator.pai.showing import note_shown
from syncd.simulator.pai.world import World
from syncd.simulator.pai.write_faults import WriteFaults, accepted, failure

_EITHER = (Stage.BEFORE, Stage.AFTER)
_AFTER = (Stage.AFTER,)


def _shows_one(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation in {"get", "create", "update"}


def _shows_any(exchange: Exchange) -> bool:
    has_rows = exchange.arrival.operation == "list" and bool(exchange.arrival.ids)
    return _shows_one(exchange) or (accepted(exchange) and has_rows)


class AnswerFaults:
    """The kinds over one simulator's answers."""

    def __init__(self, world: World, answers: Answers, courses: Courses, random: Random) -> None:
        self._world = world
        self._answers = answers
        self._of_writes = WriteFaults(courses, answers)
        self._of_lists = ListFaults(world, courses, random)

    def kinds(self) -> Mapping[str, Kind]:
        """By name.

        - `refuse`: `code` (500) with `message`, in the `form` `service` (HTTP 200), `gateway` or
          `status`, with another HTTP `status` where given; nothing is applied, with `when` =
          `after` all is
        - `gateway`: HTTP `status` (500) with `code` as its Code, and `message`; `as` is `json`,
          `lower` (keys with a small first letter) or `xml`
        - `throttling`: a gateway's refusal with `status` (429) and `code` (Throttling.User);
          `retry_after` is a text as it is, or `date` so many seconds from now as a date
        - `lost_route`: 404 with a page that is nothing of the provider's own
        - `echo_other`: the answer is about another campaign, `id` or the next one
        - `fields`: a campaign shown (`index` of a list, 0) with `set` changed and `drop` left out:
          new fields, odd times, other values
        - `new_field`: every campaign shown has a field that no document names
        - `envelope`: the whole answer with `set` changed and `drop` left out
        """
        kinds = {
            "refuse": Kind(act=self._refuse, stages=_EITHER),
            "gateway": Kind(act=self._gateway, stages=_EITHER),
            "throttling": Kind(act=self._throttling, stages=_EITHER),
            "lost_route": Kind(act=self._lost, stages=_EITHER),
            "echo_other": Kind(act=self._other, stages=_AFTER, fits=_shows_one),
            "fields": Kind(act=_fields, stages=_AFTER, fits=_shows_any),
            "new_field": Kind(act=_new_field, stages=_AFTER, fits=_shows_any),
            "envelope": Kind(act=_envelope, stages=_AFTER, fits=accepted),
            **self._of_lists.kinds(),
            **self._of_writes.kinds(),
        }
        return {name: _noted(kind) for name, kind in kinds.items()}

    async def _refuse(self, exchange: Exchange, fault: Fault) -> None:
        exchange.reply = failure(self._answers, fault, 500)

    async def _gateway(self, exchange: Exchange, fault: Fault) -> None:
        exchange.reply = self._answers.gateway(
            int(fault.params.get("status", 500)),
            str(fault.params.get("code", "InternalError")),
            str(fault.params.get("message", "The request was refused.")),
        )
        match fault.params.get("as", "json"):
            case "lower":
                in_lower_case(exchange.reply)
            case "xml":
                in_xml(exchange.reply)

    async def _throttling(self, exchange: Exchange, fault: Fault) -> None:
        exchange.reply = self._answers.gateway(
            int(fault.params.get("status", 429)),
            str(fault.params.get("code", "Throttling.User")),
            "Request was denied due to user flow control.",
        )
        wait = fault.params.get("retry_after")
        if "date" in fault.params:
            moment = datetime.now(UTC) + timedelta(seconds=float(fault.params["date"]))
            wait = format_datetime(moment, usegmt=True)
        if wait is not None:
            exchange.reply.headers["Retry-After"] = str(wait)

    async def _lost(self, exchange: Exchange, _: Fault) -> None:
        exchange.reply = self._answers.lost()

    async def _other(self, exchange: Exchange, fault: Fault) -> None:
        own = data_of(exchange)["Id"]
        others = (known for known in self._world.ids() if known != own)
        other = self._world.campaigns[str(fault.params.get("id", next(others, own)))]
        put_data(exchange, self._answers.campaign(other))


def _noted(kind: Kind) -> Kind:
    """The same kind, which also notes what is shown after it took effect."""

    async def act(exchange: Exchange, fault: Fault) -> None:
        await kind.act(exchange, fault)
        note_shown(exchange.arrival, exchange.reply)

    return replace(kind, act=act)


async def _fields(exchange: Exchange, fault: Fault) -> None:
    data = data_of(exchange)
    if exchange.arrival.operation == "list":
        index = int(fault.params.get("index", 0))
        data["Campaigns"][index] = changed(data["Campaigns"][index], fault)
    else:
        put_data(exchange, changed(data, fault))


async def _new_field(exchange: Exchange, _: Fault) -> None:
    data = data_of(exchange)
    for shown in data["Campaigns"] if exchange.arrival.operation == "list" else [data]:
        shown["Channels"] = [{"Kind": "sms", "Weight": 1}]


async def _envelope(exchange: Exchange, fault: Fault) -> None:
    if exchange.reply is not None:
        exchange.reply.value = changed(exchange.reply.value, fault)
