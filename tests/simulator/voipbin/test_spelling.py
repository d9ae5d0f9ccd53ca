"""How times and their absence are spelt, in either dialect and by option."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.simulator.voipbin.times import SPELLINGS, UNSET, instant, spelt
from tests.simulator.voipbin.client import Client
from tests.simulator.voipbin.conftest import Begin


async def test_the_dialects_spell_times_and_customers_each_in_its_way(
    client: Client, current: Client
) -> None:
    for caller, set_form, unset, has_customer in (
        (client, "2026-03-01 09:30:00.123456", "9999-01-01 00:00:00.000000", False),
        (current, "2026-03-01T09:30:00.123456Z", None, True),
    ):
        newest = (await caller.list(page_size=1)).value["result"][0]
        assert (newest["tm_create"], newest["tm_delete"]) == (set_form, unset)
        assert ("customer_id" in newest) is has_customer


@pytest.mark.parametrize("dialect", ["documented", "current"])
@pytest.mark.parametrize("times", [*SPELLINGS, "mixed"])
@pytest.mark.parametrize("unset", [*UNSET, "mixed"])
async def test_marks_of_the_other_dialect_by_option(
    begin: Begin, dialect: str, times: str, unset: str
) -> None:
    options = {"times": times, "unset": unset, "customer_id": "shown"}
    client = await begin(dialect=dialect, options=options)
    rows = (await client.list()).value["result"]
    seen = {row["tm_delete"] for row in rows} & set(UNSET.values())
    assert seen == ({UNSET[unset]} if unset != "mixed" else set(UNSET.values()))
    created = {row["id"]: instant(row["tm_create"]) for row in rows}
    assert created == {one.id: one.tm_create for one in client.simulator.world.listed()}
    separators = {row["tm_create"][10] for row in rows}
    assert separators == {" ", "T"} if times == "mixed" else len(separators) == 1
    assert all("customer_id" in row for row in rows)
    token = (await client.list(page_size=6)).value["next_page_token"]
    assert len((await client.list(page_token=token)).ids) == len(rows) - 6


async def test_the_manner_can_change_midway(client: Client) -> None:
    await client.act("manner", times="rfc3339", unset="null", customer_id="shown")
    newest = (await client.list(page_size=1)).value["result"][0]
    assert newest["tm_create"] == "2026-03-01T09:30:00.123456Z"
    assert newest["tm_delete"] is None
    assert (await client.act("state"))["manner"]["times"] == "rfc3339"
    for wrong in ({"times": "sundial"}, {"colour": "red"}):
        assert "error" in await client.act("manner", **wrong)


async def test_an_unknown_dialect_or_option_is_refused(begin: Begin) -> None:
    with pytest.raises(ValueError, match="dialects"):
        await begin(dialect="future")
    with pytest.raises(ValueError, match="unset is one of"):
        await begin(options={"unset": "never"})


@given(us=st.integers(0, 250_000_000_000_000_000), spelling=st.sampled_from(SPELLINGS))
def test_every_spelling_is_read_back(us: int, spelling: str) -> None:
    assert instant(spelt(us, spelling)) == us


def test_fractions_are_trimmed_padded_or_too_long() -> None:
    us = 1_600_571_001_995_000
    assert spelt(us, "documented") == "2020-09-20 03:03:21.995000"
    assert spelt(us, "rfc3339") == "2020-09-20T03:03:21.995Z"
    assert spelt(us, "padded") == "2020-09-20T03:03:21.995000Z"
    assert spelt(us + 1, "nanoseconds") == "2020-09-20T03:03:21.995001007Z"
    assert spelt(1_600_571_000_000_000, "rfc3339") == "2020-09-20T03:03:20Z"
