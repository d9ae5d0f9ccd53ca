"""The calls of the simulated PAI, one method each: list, get, create, update, delete. A call is
judged against the world and applied; who may call at all was asked before."""

from dataclasses import replace
from random import Random

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.pai.answers import Answers, Refusal
from syncd.simulator.pai.course import Course, Courses
from syncd.simulator.pai.options import Options
from syncd.simulator.pai.population import new_id
from syncd.simulator.pai.requests import (
    Listing,
    by_path,
    check_bare,
    read_listing,
    read_values,
)
from syncd.simulator.pai.routes import id_of
from syncd.simulator.pai.showing import note_shown
from syncd.simulator.pai.world import PATHS, Campaign, Values, Waiting, World


class Calls:
    """The calls over one world."""

    def __init__(self, options: Options, world: World, answers: Answers, random: Random) -> None:
        self.courses = Courses()
        self._options = options
        self._world = world
        self._answers = answers
        self._random = random

    def judge(self, exchange: Exchange) -> Reply:
        """The answer to a call; raises Refusal where it is refused."""
        course = self.courses.take(exchange)
        if exchange.arrival.operation == "list":
            return self._shown(exchange, self._list(exchange, course))
        check_bare(exchange)
        match exchange.arrival.operation:
            case "get":
                return self._shown(exchange, self._get(exchange))
            case "create":
                return self._create(exchange, course)
            case "update":
                return self._update(exchange, course)
            case _:
                return self._delete(exchange, course)

    def _shown(self, exchange: Exchange, reply: Reply) -> Reply:
        note_shown(exchange.arrival, reply)
        return reply

    def _list(self, exchange: Exchange, course: Course) -> Reply:
        if exchange.body:
            raise Refusal(400, "This operation takes no body.")
        asked = read_listing(exchange.target, self._options)
        matching = [one for one in self._world.listed() if self._fits(one, asked)]
        if self._options.order == "unstable":
            self._random.shuffle(matching)
        start = 0 if course.is_stuck else (asked.number - 1) * asked.size
        rows = matching[start : start + asked.size]
        return self._answers.page(rows, number=asked.number, size=asked.size, total=len(matching))

    def _fits(self, campaign: Campaign, asked: Listing) -> bool:
        pairs = ((asked.name, campaign.name), (asked.note, campaign.note or ""))
        if self._options.filters == "exact":
            return all(not wanted or wanted == text for wanted, text in pairs)
        return all(wanted in text for wanted, text in pairs)

    def _get(self, exchange: Exchange) -> Reply:
        campaign = self._found(exchange)
        return self._answers.success(self._answers.campaign(campaign))

    def _create(self, exchange: Exchange, course: Course) -> Reply:
        asked = by_path(read_values(exchange))
        values = self._cut(asked, course)
        now = self._world.clock.now()
        campaign = Campaign(
            id=new_id(self._random),
            name=values.get("name") or "",
            note=values.get("note"),
            created=now,
            updated=now,
            is_listed=course.is_listed,
            is_found=course.is_found,
        )
        if not course.is_ignored:
            self._world.add(campaign, first=self._options.order == "newest")
            exchange.arrival.items[0].id = campaign.id
            exchange.arrival.ids = [campaign.id]
            _note_applied(exchange, course)
        return self._answer(campaign, asked, course)

    def _update(self, exchange: Exchange, course: Course) -> Reply:
        asked = by_path(read_values(exchange))
        campaign = self._found(exchange)
        if self._options.update == "blank":
            asked = dict.fromkeys(PATHS) | asked
        before = campaign.values()
        item = exchange.arrival.items[0]
        item.old = {path: before[path] for path in item.new}
        values = self._cut(asked, course)
        if course.is_half:
            values = dict(list(values.items())[:1])
            item.new = {path: item.new[path] for path in values if path in item.new}
        self._carry_out(campaign, values, course)
        _note_applied(exchange, course)
        return self._answer(campaign, asked, course)

    def _delete(self, exchange: Exchange, course: Course) -> Reply:
        campaign = self._found(exchange)
        if self._options.delete == "referenced" and campaign.references:
            text = f"{campaign.references} groups or schedules refer to the campaign."
            raise Refusal(400, text)
        self._carry_out(campaign, None, course)
        _note_applied(exchange, course)
        return self._answers.success(campaign.id)

    def _found(self, exchange: Exchange) -> Campaign:
        campaign = self._world.found(id_of(exchange.target))
        if campaign is None:
            raise Refusal(404)
        return campaign

    def _cut(self, values: Values, course: Course) -> dict[str, str | None]:
        name = values.get("name")
        return dict(values) if name is None else {**values, "name": name[: course.longest_name]}

    def _carry_out(self, campaign: Campaign, values: Values | None, course: Course) -> None:
        """Change a campaign, or delete it where `values` is None: now, later or never."""
        now = self._world.clock.now()
        if course.is_ignored:
            return
        due = now if not course.is_late else None if course.wait is None else now + course.wait
        self._world.waiting.append(Waiting(id=campaign.id, due=due, values=values))
        self._world.settle()

    def _answer(self, campaign: Campaign, asked: Values, course: Course) -> Reply:
        """The campaign as it is, or as it was asked for."""
        told = replace(campaign)
        if course.shows_asked:
            told.take(asked)
        return self._answers.success(self._answers.campaign(told))


def _note_applied(exchange: Exchange, course: Course) -> None:
    item = exchange.arrival.items[0]
    if not course.is_ignored:
        item.truth = "applied_pending" if course.is_late else "applied"
