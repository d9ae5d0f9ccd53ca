"""What is billed: every request that arrived at PAI is counted, whatever became of it, and costs
what the price list says once the month's free ones are used up."""

from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.conftest import Stage
from tests.e2e.endpoints import DELETE
from tests.e2e.place import simulated
from tests.e2e.scene import Row, Scene

OPERATIONS = {
    "list": "GET campaigns",
    "get": "GET campaign",
    "create": "POST campaigns",
    "update": "PUT campaign",
    "delete": "DELETE campaign",
}


async def opened(stage: Stage, **tables: Any) -> Scene:
    tables = {"push": {"settle": "120s"}, **tables}
    scene = await stage(simulated("pai", campaigns=130), tables=tables)
    report = await scene.pull()
    assert report.pulled is not None
    assert report.pulled.error is None
    return scene


async def costs(scene: Scene) -> dict[str, Row]:
    """This month's rows of the report by operation."""
    rows = await scene.books.view("request_cost", "account = $1", scene.place.account)
    return {row["operation"]: row for row in rows}


async def assert_counts_agree(scene: Scene) -> None:
    """Our own count is the provider's."""
    counted = scene.simulator.service.state()["requests"]
    told = {operation: row["requests"] for operation, row in (await costs(scene)).items()}
    assert {OPERATIONS[name]: count for name, count in counted.items() if count} == told


async def test_every_request_is_counted_whatever_became_of_it(stage: Stage) -> None:
    scene = await opened(stage)
    await assert_counts_agree(scene)
    ids = [one["id"] for one in scene.ordinary(8)]
    faults = scene.simulator.faults
    for campaign in ids[:6]:
        await scene.books.queue(campaign, {"note": "Billed"})
    await scene.books.queue(ids[6], DELETE)
    await scene.books.queue(None, {"name": "Billed", "note": "too"})
    faults.arm("reset", "update", when="before")
    faults.arm("reset", "update", when="after", nth=2)
    faults.arm("status", "update", nth=3, status=500)
    faults.arm("refuse", "update", nth=4, code=400)
    faults.arm("reset", "create", when="after")
    faults.arm("status", "list", status=503, count=2)
    faults.arm("html", "get")
    await scene.sync()
    await assert_counts_agree(scene)
    await scene.books.later("6 minutes")
    await scene.sync()
    await scene.sync()
    await assert_counts_agree(scene)
    assert all(scene.simulator.service.state()["requests"].values())
    assert await scene.violations(settle=0) == []


async def test_a_throttled_request_is_counted_too(stage: Stage) -> None:
    scene = await opened(stage)
    await scene.books.queue(scene.ordinary(1)[0]["id"], {"note": "Billed"})
    scene.simulator.faults.arm("throttling", "update", retry_after="0")
    await scene.push()
    await scene.push()
    await assert_counts_agree(scene)


@pytest.mark.parametrize("tier", ["default", "standard"])
async def test_only_what_exceeds_the_months_free_requests_costs_anything(
    stage: Stage, tier: str
) -> None:
    scene = await opened(stage, cost={"tier": tier})
    add = """
        INSERT INTO syncd.request_usage (account_id, operation, hour, requests)
        SELECT id, $2, date_trunc('hour', $3::timestamptz), $4 FROM syncd.accounts WHERE name = $1
            ON CONFLICT (account_id, operation, hour)
            DO UPDATE SET requests = syncd.request_usage.requests + excluded.requests"""
    begin = "date_trunc('month', syncd.now() AT TIME ZONE 'Asia/Shanghai')"
    first, last = [
        await scene.books.connection.fetchval(f"SELECT {one} AT TIME ZONE 'Asia/Shanghai'")
        for one in (begin, f"({begin} - interval '1 hour')")
    ]
    account = scene.place.account
    for operation, hour, requests in (
        ("GET campaign", first, 998),
        ("GET campaign", last, 5000),
        ("PUT campaign", first, 99),
    ):
        await scene.books.connection.execute(add, account, operation, hour, requests)
    for pick in scene.ordinary(3):
        await scene.books.queue(pick["id"], {"note": "Billed"})
    await scene.push()
    reads = scene.simulator.service.state()["requests"]["get"]
    assert reads > 2
    rows = await scene.books.view("request_cost", "account = $1 ORDER BY month", account)
    found = {
        (row["operation"], number): (row["requests"], row["free"], row["billed"], row["cost"])
        for number, month in enumerate(sorted({row["month"] for row in rows}))
        for row in rows
        if row["month"] == month
    }
    price = Decimal("0.002")
    assert found["GET campaign", 0] == (5000, 1000, 4000, 4000 * price)
    assert found["GET campaign", 1] == (998 + reads, 1000, reads - 2, (reads - 2) * price)
    assert found["PUT campaign", 1] == (102, 100, 2, 2 * price)
    listed = scene.simulator.service.state()["requests"]["list"]
    assert found["GET campaigns", 1] == (listed, 0, listed, 0)
    assert {row["currency"] for row in rows} == {"CNY"}
