"""The course of every cell: a campaign or several whose change is queued, what leaves it unknown
where a recovery is to be hit, what comes after, and what must be true in the end."""

from collections.abc import Mapping, Sequence

from tests.e2e.aged import AGES, opened
from tests.e2e.conftest import Stage
from tests.e2e.endpoints import Stock, of
from tests.e2e.processes import syncd
from tests.e2e.scene import Row, Scene
from tests.e2e.truths import assert_all_is_kept, is_there
from tests.kill.points import Kind, Reach

OPEN = {"queued", "sending", "unknown"}
WAITS = (AGES, AGES, "1 hour", "1 day")
"""Until everything is decided; a create is looked for again after longer and longer."""
LEASE = {"ttl": "60s", "renew": "5s", "request_timeout": "15s"}
"""So long that no loaded machine makes anything else happen than what is meant to."""
APPLIED = {"applied", "applied_pending"}
STATES: Mapping[Reach, str] = {
    Reach.NOTHING: "queued",
    Reach.INTENDED: "sending",
    Reach.PARTLY: "sending",
    Reach.UNHEEDED: "sending",
    Reach.APPLIED: "sending",
    Reach.SETTLED: "applied",
}
Updates = Sequence[int]


async def queued(stage: Stage, kind: Kind) -> tuple[Scene, Updates]:
    """A pulled scene and the updates of one call of that kind; the one to be refused is last."""
    scene = await opened(stage, kind.provider, kind.dialect, lease=LEASE)
    stock = Stock(scene=scene)
    endpoint = next(
        one
        for one in of(kind.provider, kind.dialect)
        if (one.operation, one.detail) == (kind.operation, kind.detail)
    )
    asked = [endpoint.ask(stock)]
    if kind.refused:
        asked += [endpoint.ask(stock)]
        pick = stock.pick(kind.refused)
        asked += [(pick["id"], {pick["path"]: pick["amount"]})]
    return scene, [await scene.books.queue(*one) for one in asked]


async def left_unknown(scene: Scene, kind: Kind, *, is_applied: bool) -> None:
    """Lose the reply, and let the settle time pass."""
    when = "after" if is_applied else "before"
    fault = scene.simulator.faults.arm("reset", kind.at, when=when)
    await scene.push()
    assert fault.fired == 1
    assert await open_states(scene) == {"unknown"}
    await scene.books.later(AGES)


async def open_states(scene: Scene) -> set[str]:
    """The states in which there are updates that nobody has decided."""
    rows = await scene.books.view("updates")
    return {row["state"] for row in rows} & OPEN


def arrived(scene: Scene) -> tuple[int, int, int]:
    """How many writes came, how many of them whole, and how many were carried out."""
    writes = scene.writes()
    whole = [one for one in writes if one.body_sha256 is not None]
    done = [one for one in whole if any(item.truth in APPLIED for item in one.items)]
    return len(writes), len(whole), len(done)


async def adopted(scene: Scene) -> None:
    """A pass right afterwards: what may have been applied is not sent again."""
    before = len(scene.writes())
    if not before and "queued" in await open_states(scene):
        return  # nothing has left, so that it may
    await scene.push()
    assert len(scene.writes()) == before, "sent again before anything was read"


async def recovered(scene: Scene) -> None:
    """The rest by a new process, and by as many passes as it takes."""
    for turn, wait in enumerate(WAITS):
        await scene.books.later(wait)
        if turn == 0:
            code, told = await syncd(scene.place, "sync", "--push")
            assert code in {0, 3}, told
        else:
            await scene.push()
        if not await open_states(scene):
            return
    raise AssertionError(await scene.books.view("updates"))


async def recovered_here(scene: Scene) -> None:
    """The same without another process."""
    for wait in WAITS:
        await scene.books.later(wait)
        report = await scene.push()
        assert report.error is None, report
        if not await open_states(scene):
            return
    raise AssertionError(await scene.books.view("updates"))


async def assert_all_is_true(scene: Scene, kind: Kind, updates: Updates) -> None:
    """Everything is decided as the provider has it, nothing was carried out twice, and every
    promise was kept."""
    rows = [await scene.books.update(one) for one in updates]
    _, _, done = arrived(scene)
    if kind.creates:
        _assert_made(scene, kind, rows[0], done)
    else:
        assert done == 1, "carried out once"
        if kind.refused:
            *rows, refused = rows
            assert (refused["state"], refused["confirmation"]) == ("rejected", "none"), refused
        for row in rows:
            assert row["state"] == "applied", row
            assert is_there(scene, row)
    await assert_all_is_kept(scene)


def _assert_made(scene: Scene, kind: Kind, row: Row, done: int) -> None:
    """One that was made is ours; one that was not, after a call that may have arrived, is left to a
    person."""
    writes = scene.writes()
    made = [item.id for one in writes for item in one.items if item.truth in APPLIED]
    assert len(made) == done <= 1, made
    assert len(writes) <= 1, f"{kind.what} was sent again"
    if made:
        assert (row["state"], row["external_id"]) == ("applied", made[0]), row
        assert is_there(scene, row)
    else:
        assert (row["state"], row["reason_code"]) == ("held", "create_unresolved"), row
