"""Changes that wait for a clock: quiet hours by the account's own clock, and the time between two
changes of a path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from syncd.model.guard import Bounds, Change, Hit, Recent, Rules, Way
from syncd.model.item_rules import item_hits
from tests.model.queued import DAILY, FIELDS, MONTHLY, NAME, NOON, QUEUE, STATUS

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def at(text: str) -> Recent:
    return Recent(now=dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


def quiet(begin: str, end: str, zone: dt.tzinfo = dt.UTC) -> Rules:
    times = (dt.time.fromisoformat(begin), dt.time.fromisoformat(end))
    return Rules(fields=FIELDS, quiet=times, zone=zone)


def found(
    rules: Rules, recent: Recent, changes: Mapping[str, str | None] | None = None
) -> dict[str, tuple[Hit, ...]]:
    change = Change(external_id="a", changes=changes or {NAME: "x"}, remote={QUEUE: "7"})
    return item_hits(rules, change, recent)


NIGHT, LUNCH = quiet("22:00", "06:00"), quiet("12:00", "13:30")
BERLIN_NIGHT = quiet("22:00", "06:00", BERLIN)


@pytest.mark.parametrize(
    ("rules", "now", "until"),
    [
        (NIGHT, "2026-11-22 21:59:59.999999", None),
        (NIGHT, "2026-11-22 22:00", "2026-11-23 06:00"),
        (NIGHT, "2026-11-22 23:59:59", "2026-11-23 06:00"),
        (NIGHT, "2026-11-23 00:00", "2026-11-23 06:00"),
        (NIGHT, "2026-11-23 05:59:59.999999", "2026-11-23 06:00"),
        (NIGHT, "2026-11-23 06:00", None),
        (NIGHT, "2026-11-23 12:00", None),
        (LUNCH, "2026-11-22 11:59:59", None),
        (LUNCH, "2026-11-22 12:00", "2026-11-22 13:30"),
        (LUNCH, "2026-11-22 13:29:59", "2026-11-22 13:30"),
        (LUNCH, "2026-11-22 13:30", None),
        (LUNCH, "2026-11-22 00:30", None),
        (LUNCH, "2026-11-22 23:30", None),
        # In Berlin, an hour ahead in winter and two in summer.
        (BERLIN_NIGHT, "2026-11-22 20:59", None),
        (BERLIN_NIGHT, "2026-11-22 21:00", "2026-11-23 05:00"),
        (BERLIN_NIGHT, "2026-11-23 04:59", "2026-11-23 05:00"),
        (BERLIN_NIGHT, "2026-11-23 05:00", None),
        (BERLIN_NIGHT, "2026-07-01 19:59", None),
        (BERLIN_NIGHT, "2026-07-01 20:00", "2026-07-02 04:00"),
        # Five hours behind: the day there is another one.
        (quiet("22:00", "06:00", NEW_YORK), "2026-11-23 02:59", None),
        (quiet("22:00", "06:00", NEW_YORK), "2026-11-23 03:00", "2026-11-23 11:00"),
        # The night in which clocks go forward is an hour shorter, the one in which they go back is
        # an hour longer.
        (BERLIN_NIGHT, "2026-03-28 21:00", "2026-03-29 04:00"),
        (BERLIN_NIGHT, "2026-03-29 03:59", "2026-03-29 04:00"),
        (BERLIN_NIGHT, "2026-03-29 04:00", None),
        (BERLIN_NIGHT, "2026-10-24 20:00", "2026-10-25 05:00"),
        (BERLIN_NIGHT, "2026-10-25 04:59", "2026-10-25 05:00"),
        (BERLIN_NIGHT, "2026-10-25 05:00", None),
        # An end that the clock leaps over is over as soon as it has leapt.
        (quiet("22:00", "02:30", BERLIN), "2026-03-29 00:59", "2026-03-29 01:00"),
        (quiet("22:00", "02:30", BERLIN), "2026-03-28 21:00", "2026-03-29 01:00"),
        (quiet("22:00", "02:00", BERLIN), "2026-03-29 00:59", "2026-03-29 01:00"),
        (quiet("22:00", "03:00", BERLIN), "2026-03-29 00:59", "2026-03-29 01:00"),
        (quiet("22:00", "02:30", BERLIN), "2026-03-29 01:00", None),
        # An end that comes twice: after the first the hours come once more, to the second.
        (quiet("22:00", "02:30", BERLIN), "2026-10-25 00:29", "2026-10-25 00:30"),
        (quiet("22:00", "02:30", BERLIN), "2026-10-25 00:30", None),
        (quiet("22:00", "02:30", BERLIN), "2026-10-25 01:00", "2026-10-25 01:30"),
        (quiet("22:00", "02:30", BERLIN), "2026-10-25 01:29", "2026-10-25 01:30"),
        (quiet("22:00", "02:30", BERLIN), "2026-10-25 01:30", None),
    ],
)
def test_quiet_hours_go_by_the_clock_of_the_account(
    rules: Rules, now: str, until: str | None
) -> None:
    hits = found(rules, at(now)).get(NAME, ())
    assert [hit.code for hit in hits] == ([] if until is None else ["quiet_hours"])
    for hit in hits:
        assert hit.figures["until"] == at(until or now).now.isoformat()
        assert hit.way is Way.APPROVE
        assert rules.quiet is not None
        begin, end = rules.quiet
        assert f"from {begin:%H:%M} to {end:%H:%M}" in hit.message


def test_a_clock_elsewhere_says_the_same() -> None:
    here = at("2026-11-22 21:00")
    there = replace(here, now=here.now.astimezone(NEW_YORK))
    assert found(BERLIN_NIGHT, here) == found(BERLIN_NIGHT, there)


def gap(seconds: float | None, paths: Mapping[str, Bounds] | None = None) -> Rules:
    return Rules(fields=FIELDS, bounds=Bounds(min_gap=seconds), paths=paths or {})


def since(seconds: float, path: str = DAILY, campaign: str = "a") -> Recent:
    return Recent(now=NOON, last_change={(campaign, path): seconds})


@pytest.mark.parametrize(
    ("rules", "recent", "is_held"),
    [
        (gap(60), since(59.9), True),
        (gap(60), since(60), False),
        (gap(60), since(60.1), False),
        (gap(60), since(0), True),
        (gap(0), since(0), False),
        (gap(None), since(0), False),
        (gap(60), since(5, MONTHLY), False),
        (gap(60), since(5, DAILY, "b"), False),
        (gap(60), Recent(now=NOON), False),
        (gap(60, {DAILY: Bounds(min_gap=10)}), since(11), False),
        (gap(60, {DAILY: Bounds(min_gap=10)}), since(9), True),
        (gap(10, {"budget.*": Bounds(min_gap=60)}), since(11), True),
        (gap(60, {DAILY: Bounds(max_factor=None)}), since(11), True),
    ],
)
def test_two_changes_of_a_path_have_time_between_them(
    *, rules: Rules, recent: Recent, is_held: bool
) -> None:
    hits = found(rules, recent, {DAILY: "5"}).get(DAILY, ())
    assert [hit.code for hit in hits] == (["min_gap"] if is_held else [])


def test_a_gap_is_one_of_the_campaign_itself() -> None:
    change = Change(external_id="b", changes={DAILY: "5"}, remote={})
    assert item_hits(gap(60), change, since(5)) == {}
    assert item_hits(gap(60), change, since(5, campaign="b")).keys() == {DAILY}


def test_a_gap_says_how_long_ago_and_when_it_ends() -> None:
    (hit,) = found(gap(60), since(20), {DAILY: "5"})[DAILY]
    until = (NOON + dt.timedelta(seconds=40)).isoformat()
    assert hit.figures == {"since": "20", "allowed": "60", "until": until}
    assert "20 s ago; 60 s" in hit.message
    assert hit.way is Way.APPROVE


EVER = quiet("00:00", "23:59")


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({STATUS: "paused"}, []),
        # An update goes or waits as a whole: what comes with a pause must not keep it.
        ({STATUS: "paused", DAILY: "5"}, []),
        ({STATUS: "active"}, [STATUS]),
        ({STATUS: "active", DAILY: "5"}, [STATUS, DAILY]),
        ({DAILY: "5"}, [DAILY]),
        ({NAME: "paused"}, [NAME]),
        ({"deleted": "true"}, ["deleted"]),
    ],
)
def test_pausing_waits_for_no_clock(changes: Mapping[str, str], held: list[str]) -> None:
    last = dict.fromkeys((("a", path) for path in changes), 1.0)
    rules, recent = replace(EVER, bounds=Bounds(min_gap=60)), Recent(now=NOON, last_change=last)
    clocks = {
        path: [hit.code for hit in hits if hit.code in ("quiet_hours", "min_gap")]
        for path, hits in found(rules, recent, changes).items()
    }
    assert clocks == {path: ["quiet_hours", "min_gap"] for path in held}


def test_a_pause_still_meets_what_is_no_clock() -> None:
    rules = replace(EVER, bounds=Bounds(max_factor=None), paths={})
    assert found(rules, at("2026-11-22 12:00"), {STATUS: "paused", DAILY: "unlimited"}).keys() == {
        DAILY
    }
