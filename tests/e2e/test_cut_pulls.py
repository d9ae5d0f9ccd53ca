"""A pull that is cut at any of its pages, or ends in an error: what was seen is applied, nothing is
counted as missing, and the next clean pull is complete."""

from collections.abc import Callable
from typing import Any

import pytest

from syncd.errors import SyncdError
from syncd.simulator import Settings
from tests.e2e.conftest import Stage
from tests.e2e.scene import Scene
from tests.e2e.worlds import Scope

PER_ADVERTISER = 14
CUTS: dict[str, tuple[dict[str, Any], str]] = {
    "reset": ({"kind": "reset", "when": "after"}, "failed"),
    "reset at the head": ({"kind": "reset", "when": "head"}, "failed"),
    "truncated": ({"kind": "truncate"}, "failed"),
    "status 500": ({"kind": "status", "status": 500}, "failed"),
    "malformed": ({"kind": "malformed"}, "failed"),
    "errors in the answer": ({"kind": "search_errors"}, "partial"),
    "a page without its campaigns": ({"kind": "search_missing"}, "braked"),
}
"""By name: the fault, and the outcome of the run that it hits."""
LASTING = ("reset", "reset at the head", "truncated", "status 500", "malformed")
"""Faults that a repeated read would get past, so that they have to stay."""


async def opened(stage: Stage, advertisers: int) -> Scene:
    """A scene that was pulled once, with a page per advertiser."""
    size = PER_ADVERTISER * advertisers
    settings = Settings(campaigns=size, advertisers=advertisers, rate=None)
    scope = ["12345", *(str(20_000 + 37 * place) for place in range(1, advertisers))]
    scene = await stage(settings, scope=scope)
    await scene.pull()
    return scene


def of_page(scene: Scene, page: int) -> list[str]:
    """The campaigns in view of the advertiser whose page this is, counted from 1."""
    advertiser = scene.place.advertisers[page - 1]
    shown = scene.simulator.world.in_view()
    return [one.id for one in shown if one.advertiser_id == advertiser]


def edit_every_page(scene: Scene, name: str) -> dict[int, str]:
    """Rename the last campaign of every page; returns them by page."""
    renamed = {
        page: of_page(scene, page)[-1] for page in range(1, len(scene.place.advertisers) + 1)
    }
    for one in renamed.values():
        scene.simulator.world.edit(one, name=name)
    return renamed


async def cut(scene: Scene, name: str, page: int) -> str:
    """A pull whose k-th search suffers the fault; returns the run's outcome."""
    options, _ = CUTS[name]
    lasting = None if name in LASTING else 1
    fault = scene.simulator.faults.arm(operation="search", nth=page, count=lasting, **options)
    report = await scene.pull()
    assert fault.fired >= 1
    scene.simulator.faults.clear()
    assert report.pulled is not None
    assert isinstance(report.pulled.error, SyncdError)
    row = (await scene.books.runs("pull"))[-1]
    assert row["outcome"] == report.pulled.outcome
    assert row["counts"]["missing"] == 0
    assert row["error"]
    return str(row["outcome"])


async def missing(scene: Scene) -> set[str]:
    rows = await scene.books.view("campaigns", "missing_since IS NOT NULL")
    return {row["external_id"] for row in rows}


@pytest.mark.parametrize("advertisers", [1, 2, 6])
@pytest.mark.parametrize("name", CUTS)
async def test_a_pull_cut_at_any_page_applies_what_it_saw_and_counts_nothing_missing(
    stage: Stage, name: str, advertisers: int
) -> None:
    scene = await opened(stage, advertisers)
    scope = Scope(advertisers=tuple(scene.place.scope))
    for page in range(1, advertisers + 1):
        scene.simulator.world.remove(of_page(scene, at)[0] for at in range(1, advertisers + 1))
        renamed = edit_every_page(scene, f"Cut at page {page}")
        before = (await completed(scene), await missing(scene))
        assert await cut(scene, name, page) == CUTS[name][1]
        assert (await completed(scene), await missing(scene)) == before
        mirror = await scene.books.campaigns()
        seen = {at for at, one in renamed.items() if mirror[one]["name"] == f"Cut at page {page}"}
        assert seen == shown(name, page, advertisers)
        report = await scene.pull()
        assert report.pulled is not None
        found = (report.pulled.outcome, report.pulled.counts["missing"])
        assert found == ("ok", advertisers * page)
        assert report.pulled.counts["seen"] == len(scope.of(scene.simulator))
        assert await scene.differences() == []


def shown(name: str, cut_at: int, pages: int) -> set[int]:
    """The pages that a cut pull has seen: those before the cut, and where the answer itself could
    be read, the others too."""
    if name in LASTING:
        return set(range(1, cut_at))
    return set(range(1, pages + 1)) - ({cut_at} if CUTS[name][1] == "braked" else set())


async def completed(scene: Scene) -> object:
    """When the account was last seen whole."""
    (row,) = await scene.books.view("account_health")
    return row["last_complete_at"]


@pytest.mark.parametrize("name", LASTING)
async def test_a_fault_that_passes_is_read_past(stage: Stage, name: str) -> None:
    scene = await opened(stage, 3)
    fault = scene.simulator.faults.arm(operation="search", nth=2, count=2, **CUTS[name][0])
    edit_every_page(scene, "After all")
    report = await scene.pull()
    assert fault.fired == 2
    assert report.pulled is not None
    assert (report.pulled.outcome, report.pulled.error) == ("ok", None)
    assert await scene.differences() == []


def withdraw_consent(scene: Scene) -> None:
    scene.simulator.world.has_consent = False


def refuse_the_credentials(scene: Scene) -> None:
    scene.simulator.service.expire_tokens()
    scene.simulator.faults.arm("status", "token", status=401, count=None)


def throttle(scene: Scene) -> None:
    scene.simulator.faults.arm("throttle", "search", reset=4_000_000_000, count=None)


@pytest.mark.parametrize(
    ("trouble", "outcome", "state"),
    [
        (withdraw_consent, "failed", "blocked"),
        (refuse_the_credentials, "failed", "blocked"),
        (throttle, "partial", "waiting"),
    ],
)
async def test_a_pull_that_is_refused_says_why_and_leaves_the_mirror_alone(
    stage: Stage, trouble: Callable[[Scene], None], outcome: str, state: str
) -> None:
    scene = await opened(stage, 2)
    before = await scene.books.campaigns()
    trouble(scene)
    report = await scene.pull()
    assert report.pulled is not None
    assert report.pulled.error is not None
    row = (await scene.books.runs("pull"))[-1]
    assert row["outcome"] == outcome
    assert row["error"] == report.pulled.error.message
    assert row["remedy"]
    (health,) = await scene.books.view("account_health")
    assert health["state"] == state
    assert health["cause"]
    assert await scene.books.campaigns() == before
