"""Faults of the simulated PAI's writes: ignored, changed, late, half done, and new campaigns that
do not show at once. They set the course of a call before it is judged."""

from collections.abc import Mapping
from datetime import timedelta

from syncd.simulator.exchange import Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind
from syncd.simulator.pai.answers import Answers
from syncd.simulator.pai.course import Courses
from syncd.simulator.pai.routes import WRITES

_AFTER = (Stage.AFTER,)


def accepted(exchange: Exchange) -> bool:
    """The service is about to answer that all is well."""
    value = exchange.reply.value if exchange.reply else None
    return isinstance(value, dict) and value.get("ErrorCode") == 0


def _write(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation in WRITES


def _create(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation == "create"


def _change(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation in {"update", "delete"}


def _update(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation == "update"


def _named(exchange: Exchange) -> bool:
    return accepted(exchange) and exchange.arrival.operation in {"create", "update"}


class WriteFaults:
    """The kinds over the courses of one simulator's calls."""

    def __init__(self, courses: Courses, answers: Answers) -> None:
        self._courses = courses
        self._answers = answers

    def kinds(self) -> Mapping[str, Kind]:
        """By name.

        - `ignore`: answered with a yes and not applied; `show` is `asked` or `kept`
        - `clamp`: the name is cut to `length` (20) signs; `show` is `kept` or `asked`
        - `later`: applied `seconds` later, or at the act `apply`; `show` is `asked` or `kept`
        - `half`: only the first value of an update is applied, then `code` (500)
        - `list_lag`: lists do not show a new campaign before the act `show`
        - `get_lag`: a call by its id answers 404 for a new campaign before the act `show`
        """
        return {
            "ignore": Kind(act=_done, stages=_AFTER, fits=_write, prepare=self._ignore),
            "clamp": Kind(act=_done, stages=_AFTER, fits=_named, prepare=self._clamp),
            "later": Kind(act=_done, stages=_AFTER, fits=_change, prepare=self._later),
            "half": Kind(act=self._fail, stages=_AFTER, fits=_update, prepare=self._half),
            "list_lag": Kind(act=_done, stages=_AFTER, fits=_create, prepare=self._list_lag),
            "get_lag": Kind(act=_done, stages=_AFTER, fits=_create, prepare=self._get_lag),
        }

    def _ignore(self, exchange: Exchange, fault: Fault) -> None:
        course = self._courses.bend(exchange)
        course.is_ignored = True
        course.shows_asked = fault.params.get("show", "asked") == "asked"

    def _clamp(self, exchange: Exchange, fault: Fault) -> None:
        course = self._courses.bend(exchange)
        course.longest_name = int(fault.params.get("length", 20))
        course.shows_asked = fault.params.get("show", "kept") == "asked"

    def _later(self, exchange: Exchange, fault: Fault) -> None:
        course = self._courses.bend(exchange)
        course.is_late = True
        if "seconds" in fault.params:
            course.wait = timedelta(seconds=float(fault.params["seconds"]))
        course.shows_asked = fault.params.get("show", "asked") == "asked"

    def _half(self, exchange: Exchange, _: Fault) -> None:
        self._courses.bend(exchange).is_half = True

    def _list_lag(self, exchange: Exchange, _: Fault) -> None:
        self._courses.bend(exchange).is_listed = False

    def _get_lag(self, exchange: Exchange, _: Fault) -> None:
        self._courses.bend(exchange).is_found = False

    async def _fail(self, exchange: Exchange, fault: Fault) -> None:
        exchange.reply = failure(self._answers, fault, 500)


def failure(answers: Answers, fault: Fault, usual: int) -> Reply:
    """The refusal that a fault was armed with: `code`, `form`, `status` and `message`."""
    return answers.refusal(
        int(fault.params.get("code", usual)),
        str(fault.params.get("message", "")),
        form=str(fault.params.get("form", "")),
        status=int(fault.params.get("status", 0)),
    )


async def _done(_: Exchange, __: Fault) -> None:
    """All was done on the call's way."""
