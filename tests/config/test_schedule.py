"""Cron fields mean what cron means by them, and what differs between schedulers is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from syncd.config.schedule import cron, cron_or_enqueue
from tests.config.conftest import refusal_of

NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("* * * * *", ("*", "*", "*", "*", "*")),
        ("*/15 * * * *", ("0,15,30,45", "*", "*", "*", "*")),
        ("5 8-10 * * 1-5", ("5", "8,9,10", "*", "*", "mon,tue,wed,thu,fri")),
        ("0 0 * * 0", ("0", "0", "*", "*", "sun")),
        ("0 0 * * 7", ("0", "0", "*", "*", "sun")),
        ("0 0 * * 5-7", ("0", "0", "*", "*", "sun,fri,sat")),
        ("0 0 * * fri-sun", ("0", "0", "*", "*", "sun,fri,sat")),
        ("0 0 * * sun-tue", ("0", "0", "*", "*", "sun,mon,tue")),
        ("0 0 * * 0-7", ("0", "0", "*", "*", "*")),
        ("0 0 * * 0-0", ("0", "0", "*", "*", "sun")),
        ("0 0 * * */2", ("0", "0", "*", "*", "sun,tue,thu,sat")),
        ("0 0 * * MON,Wed", ("0", "0", "*", "*", "mon,wed")),
        ("0 0 1,15 JAN-mar *", ("0", "0", "1,15", "1,2,3", "*")),
        ("0 0 29 2 *", ("0", "0", "29", "2", "*")),
        ("10-50/20 0 1-31 * *", ("10,30,50", "0", "*", "*", "*")),
        ("@hourly", ("0", "*", "*", "*", "*")),
        ("@daily", ("0", "0", "*", "*", "*")),
        ("@weekly", ("0", "0", "*", "*", "sun")),
    ],
)
def test_fields_are_written_out(text: str, fields: tuple[str, ...]) -> None:
    schedule = cron(text)
    assert (schedule.text, schedule.fields, schedule.on_enqueue) == (text, fields, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not five fields"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * *", "it has 6 fields"),
        ("60 * * * *", "minute 60 is not between 0 and 59"),
        ("* 24 * * *", "hour 24 is not between 0 and 23"),
        ("* * 0 * *", "day of the month 0 is not between 1 and 31"),
        ("* * * 13 *", "month 13 is not between 1 and 12"),
        ("* * * * 8", "day of the week 8 is not between 0 and 7"),
        ("-1 * * * *", '"" is no minute'),
        ("1.5 * * * *", '"1.5" is no minute'),
        ("* * * * monday", '"monday" is no day of the week'),
        ("* * L * *", '"L" is no day of the month'),
        ("5/15 * * * *", 'write "5-59/15"'),
        ("*/0 * * * *", "has an impossible step"),
        ("*/99 * * * *", "has an impossible step"),
        ("*/ * * * *", "has an impossible step"),
        ("50-10 * * * *", 'the range "50-10" runs backwards'),
        ("0 0 31 2 *", "no such day ever comes"),
        ("0 0 31 4,6 *", "no such day ever comes"),
        ("0 0 1 * 1", "restricts both the day of the month and the day of the week"),
        ("0 0 1-31 * 1", "restricts both the day of the month and the day of the week"),
        ("@reboot", "it is not five fields"),
        ("@on_enqueue", "can only wake a push"),
        ("٥ * * * *", "is no minute"),
    ],
)
def test_what_cron_or_a_scheduler_would_read_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        cron(text)
    context = refused.value.context or {}
    assert context["code"] == "bad-schedule"
    assert why in context["text"]


def test_a_push_may_be_woken_by_each_new_update() -> None:
    schedule = cron_or_enqueue("@on_enqueue")
    assert (schedule.on_enqueue, schedule.fields) == (True, ())
    assert cron_or_enqueue("0 0 * * 7").fields[4] == "sun"


@given(st.sets(st.integers(0, 7), min_size=1))
def test_weekdays_count_from_sunday_and_seven_is_sunday_again(days: set[int]) -> None:
    expected = sorted({day % 7 for day in days})
    found = cron(f"0 0 * * {','.join(map(str, days))}").fields[4]
    assert found == ("*" if len(expected) == 7 else ",".join(NAMES[day] for day in expected))


@given(st.text(max_size=20) | st.lists(st.sampled_from("0*/-,17 mon"), max_size=12).map("".join))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    refused = refusal_of(cron, text)
    assert refused is not None or len(cron(text).fields) == 5
    assert refused is None or refused["code"] == "bad-schedule"
