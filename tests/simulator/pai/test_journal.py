"""What the simulated PAI notes of each arrival: the truth of writes, what reads showed, no
secret."""

import asyncio
from pathlib import Path

import pytest

from syncd.simulator import read_journal
from tests.simulator.pai.client import PaiClient
from tests.simulator.pai.conftest import Start


async def test_a_write_is_noted_with_what_it_names(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    before = dict(pai.campaigns[one].values())
    await pai.call("update", one, Remark="")
    await pai.call("update", one, Name="x", Remark="y")
    made = (await pai.call("create", Name="new")).data["Id"]
    await pai.call("delete", made)
    await pai.call("delete", made)
    items = [arrival.items[0] for arrival in pai.simulator.journal.arrivals]
    assert [(item.kind, item.id, item.truth) for item in items] == [
        ("update", one, "applied"),
        ("update", one, "applied"),
        ("create", made, "applied"),
        ("delete", made, "applied"),
        ("delete", made, "refused"),
    ]
    assert (items[0].old, items[0].new) == ({"note": before["note"]}, {"note": None})
    assert items[1].old == {"name": before["name"], "note": None}
    assert items[1].new == {"name": "x", "note": "y"}
    assert (items[2].old, items[2].new) == ({}, {"name": "new"})
    assert items[3].new == {"deleted": "true"}
    assert items[4].codes == ["404"]
    assert all(arrival.is_write for arrival in pai.simulator.journal.arrivals)
    assert pai.simulator.journal.of("create")[0].ids == [made]
    assert not any(arrival.shown for arrival in pai.simulator.journal.arrivals)
    assert pai.simulator.journal.of("update")[0].ids == []


async def test_an_update_of_nothing_known_is_noted_too(pai: PaiClient) -> None:
    await pai.call("update", "no-such-id", Name="x")
    noted = pai.simulator.journal.of("update")[0].items[0]
    assert (noted.id, noted.old, noted.truth) == ("no-such-id", {}, "refused")


async def test_reads_note_what_they_showed(pai: PaiClient) -> None:
    listed = await pai.call("list", PageSize=3)
    await pai.call("get", listed.ids[1])
    await pai.call("get", "no-such-id")
    page, get, missing = pai.simulator.journal.arrivals
    assert page.ids == listed.ids
    assert page.shown[listed.ids[2]] == pai.campaigns[listed.ids[2]].values()
    assert (get.ids, list(get.shown)) == ([listed.ids[1]], [listed.ids[1]])
    assert (missing.ids, missing.shown) == ([], {})
    assert not page.is_write
    assert page.credential == get.credential
    assert page.credential is not None


async def test_what_came_while_a_call_was_held_is_its_old_value(pai: PaiClient) -> None:
    one = pai.simulator.world.ids()[0]
    fault = pai.arm("hold", "update", when="before")
    calling = asyncio.ensure_future(pai.call("update", one, Name="after"))
    await fault.wait_fired()
    pai.simulator.world.edit(one, {"name": "meanwhile"})
    fault.release()
    assert (await calling).code == 0
    item = pai.simulator.journal.of("update")[0].items[0]
    assert (item.old, item.new) == ({"name": "meanwhile"}, {"name": "after"})


@pytest.mark.parametrize("secret", ["s3cr3t-canary"])
async def test_no_secret_is_in_the_file(
    begin: Start, dialect: str, tmp_path: Path, secret: str
) -> None:
    path = tmp_path / "journal.jsonl"
    client = await begin(
        dialect,
        campaigns=5,
        journal=path,
        api_key=f"{secret}-key",
        access_key_secret=f"{secret}-secret",
        security_token=f"{secret}-token" if dialect == "current" else "",
    )
    one = client.simulator.world.ids()[0]
    await client.call("list")
    assert (await client.call("update", one, Name="x")).code == 0
    await client.send("PUT", client.path("update", one), b"{}", Authorization=f"Bearer {secret}")
    if not client.is_documented:
        path_, body = client.path("create"), b'{"Name":"x"}'
        headers = client.signed("POST", path_, body, "create")
        answer = await client.exactly("POST", path_, b"{}", headers)
        assert answer.code == "SignatureDoesNotMatch"
    assert len(list(read_journal(path))) == len(client.simulator.journal.arrivals)
    assert secret not in path.read_text()
