"""A pull from the first page to the closed run: what is complete, what is braked, what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncd.engine.events import PageSeen, PassEnded, PassStarted
from syncd.engine.pull import PullReport, pull
from syncd.errors import AuthFailed, LeaseLost, LimitWait, ProviderDown, ProviderError
from syncd.model.listing import BadRow, Evidence, Reading
from syncd.model.run import RunOutcome
from tests.engine.platform import Bench, bench
from tests.store.parts import Parts, campaign

TWELVE = {f"c{number:02}": "100" for number in range(12)}


async def counts(parts: Parts, report: PullReport) -> tuple[str, int]:
    row = await parts.row("syncd.runs", report.run_id)
    assert row["counts"] == dict(report.counts)
    assert row["outcome"] == report.outcome.value
    return row["outcome"], await parts.sql.fetchval(
        "SELECT count(*) FROM syncd.campaigns WHERE missing_since IS NOT NULL"
    )


async def pulled(parts: Parts) -> Bench:
    """An account whose twelve campaigns are in the mirror."""
    one = bench(parts, TWELVE)
    assert (await pull(one.account)).outcome is RunOutcome.OK
    one.events.clear()
    return one


async def test_every_page_is_seen_and_told(parts: Parts) -> None:
    one = await pulled(parts)
    report = await pull(one.account)
    assert report.counts["unchanged"] == 12
    kinds = [type(event) for event in one.events]
    assert kinds == [PassStarted, *[PageSeen] * 4, PassEnded]
    assert (await parts.row("syncd.runs", report.run_id))["calls"] == 4


@pytest.mark.parametrize("page", [0, 1, 3])
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ProviderDown("503"), RunOutcome.FAILED),
        (AuthFailed("no"), RunOutcome.FAILED),
        (LimitWait("later", seconds=9), RunOutcome.PARTIAL),
    ],
)
async def test_a_pull_that_was_cut_counts_nothing_as_missing(
    parts: Parts, page: int, error: ProviderError, outcome: RunOutcome
) -> None:
    one = await pulled(parts)
    del one.platform.daily["c11"]
    one.platform.daily["c00"] = "70"

    def cut(number: int) -> None:
        if number == page:
            raise error

    one.platform.page = cut
    report = await pull(one.account)
    assert (report.outcome, report.error) == (outcome, error)
    assert await counts(parts, report) == (outcome.value, 0)
    assert report.counts["changed"] == (0 if page == 0 else 1)


async def test_a_provider_that_left_something_out_completes_nothing(parts: Parts) -> None:
    one = await pulled(parts)
    del one.platform.daily["c11"]
    one.platform.notes = ("advertiser 11 was left out",)
    before = await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts")
    report = await pull(one.account)
    assert await counts(parts, report) == ("partial", 0)
    assert "advertiser 11" in (report.error.message if report.error else "")
    assert await parts.sql.fetchval("SELECT complete_at FROM syncd.accounts") == before


@pytest.mark.parametrize(
    ("gone", "outcome", "missing"), [(3, "ok", 3), (4, "braked", 0), (12, "braked", 0)]
)
async def test_much_less_than_before_brakes(
    parts: Parts, gone: int, outcome: str, missing: int
) -> None:
    one = await pulled(parts)
    for number in range(gone):
        del one.platform.daily[f"c{number:02}"]
    if gone < 12:
        one.platform.daily["c11"] = "70"
    report = await pull(one.account)
    assert await counts(parts, report) == (outcome, missing)
    assert report.counts["changed"] == (1 if gone < 12 else 0)


async def test_a_bad_row_with_an_id_makes_the_pull_partial_and_still_complete(parts: Parts) -> None:
    one = await pulled(parts)
    del one.platform.daily["c10"], one.platform.daily["c11"]
    one.platform.bad = (BadRow(external_id="c11", raw=b"?", message="bad"),)
    report = await pull(one.account)
    assert await counts(parts, report) == ("partial", 1)
    assert (report.counts["bad"], report.counts["missing"]) == (1, 1)


async def test_a_bad_row_without_an_id_stops_the_count_of_the_missing(parts: Parts) -> None:
    one = await pulled(parts)
    del one.platform.daily["c11"]
    one.platform.bad = (BadRow(external_id=None, raw=b"?", message="bad"),)
    report = await pull(one.account)
    assert await counts(parts, report) == ("partial", 0)


async def test_a_pull_that_is_asked_to_stop_asks_for_no_further_page(parts: Parts) -> None:
    one = await pulled(parts)
    asked: list[int] = []

    def page(number: int) -> None:
        asked.append(number)
        if number == 1:
            one.stopping.set()

    one.platform.page = page
    report = await pull(one.account)
    assert asked == [0, 1]
    assert (report.outcome, report.error and report.error.code) == (RunOutcome.PARTIAL, "stopped")


async def test_a_lost_lease_leaves_the_run_to_the_next_owner(parts: Parts) -> None:
    one = await pulled(parts)

    def page(number: int) -> None:
        one.platform.daily["c11"] = "70"

    one.platform.page = page
    await parts.sql.execute("UPDATE syncd.leases SET epoch = epoch + 1")
    with pytest.raises(LeaseLost):
        await pull(one.account)
    assert (await parts.mirror.values(["c11"]))["c11"]["budget.daily"] == "100"


async def test_an_account_that_fails_says_since_when_and_recovers(parts: Parts) -> None:
    one = await pulled(parts)

    def down(_number: int) -> None:
        raise ProviderDown("503 from the platform", remedy="wait")

    one.platform.page = down
    await pull(one.account)
    await pull(one.account)
    row = await parts.row("syncd.accounts", parts.number)
    assert (row["failures"], row["error_code"], row["remedy"]) == (2, "provider-down", "wait")
    one.platform.page = lambda _number: None
    await pull(one.account)
    row = await parts.row("syncd.accounts", parts.number)
    assert (row["failures"], row["failing_since"], row["error_code"]) == (0, None, None)


def alive(ids: Sequence[str]) -> Reading:
    """A provider that shows every campaign that it is asked for."""
    return Reading(campaigns={one: campaign(one) for one in ids})


def marking(one: Bench) -> None:
    one.platform.offer = replace(one.platform.offer, gone=Evidence.MARKED)


async def test_an_absent_campaign_is_asked_for_where_the_provider_marks_deleted_ones(
    parts: Parts,
) -> None:
    one = await pulled(parts)
    marking(one)
    del one.platform.daily["c00"]
    one.platform.reads = alive
    report = await pull(one.account)
    assert one.platform.asked == [("c00",)]
    assert await counts(parts, report) == ("ok", 0)
    one.platform.reads = lambda _ids: Reading()
    assert await counts(parts, await pull(one.account)) == ("ok", 1)


async def test_a_listing_that_brakes_is_not_made_up_for_by_single_reads(parts: Parts) -> None:
    one = await pulled(parts)
    marking(one)
    one.platform.daily.clear()
    one.platform.reads = alive
    report = await pull(one.account)
    assert one.platform.asked == []
    assert await counts(parts, report) == ("braked", 0)


async def test_configured_campaigns_are_never_missing(parts: Parts) -> None:
    one = await pulled(parts)
    one.platform.offer = replace(one.platform.offer, gone=Evidence.NEVER)
    one.platform.daily.clear()
    assert await counts(parts, await pull(one.account)) == ("ok", 0)
