"""Accounts that live on a person's consent: asking for it in a browser or by pasting, what is
refused on the way, and the use of a token before it dies."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import asyncpg
import pytest

from syncd.cli.redirect import NobodyCame, redirected
from tests.cli.conftest import ROOT, Begin, Command, Execute, Provider, process
from tests.ports import free_port
from tests.waiting import eventually

BACK = "http://127.0.0.1:1/callback"
LEASED = """
    UPDATE syncd.leases
       SET owner = 'another', epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour'
"""
AGED = "UPDATE syncd.tokens SET used_at = used_at - interval '31 days'"


def get(address: str) -> HTTPResponse:
    """What a browser gets there, without going where it is sent."""
    url = urlsplit(address)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=20)
    connection.request("GET", f"{url.path}?{url.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def sent_back(address: str) -> str:
    """Where the provider sends a browser that opened this address."""
    answer = get(address)
    assert answer.status == 302
    return answer.headers["Location"]


class Asking:
    """`syncd accounts authorize shop` as a process that waits for a person."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        assert running.stderr is not None
        self.said = running.stderr.readline()
        self.address = running.stderr.readline().strip()

    def end(self, pasted: str = "") -> tuple[int, str, str]:
        """Its code, and what it said at last."""
        out, err = self.running.communicate(pasted, timeout=120)
        return self.running.returncode, out, err


@contextlib.contextmanager
def asking(config: Path, *arguments: str) -> Iterator[Asking]:
    command = [sys.executable, "-m", "syncd", "--config", str(config), "accounts", "authorize"]
    with subprocess.Popen(
        [*command, "shop", *arguments],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            yield Asking(running)
        finally:
            running.kill()


@pytest.fixture
def callback() -> str:
    """An address of this machine at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}/callback"


@pytest.fixture
def fresh(begin: Begin) -> tuple[Command, Provider]:
    """An account that nobody has consented for, and its provider."""
    return begin("icas", "--campaigns", "4", without=("refresh_token",), pulls=False)


def test_a_consent_in_the_browser_makes_the_account_work(
    fresh: tuple[Command, Provider], callback: str
) -> None:
    command, _ = fresh
    with asking(command.config, "--redirect-uri", callback) as person:
        assert "open this address in a browser" in person.said
        asked = parse_qs(urlsplit(person.address).query)
        assert asked["redirect_uri"] == [callback]
        assert asked["response_type"] == ["code"]
        back = sent_back(person.address)
        assert person.running.stderr is not None
        assert "waiting for the browser" in person.running.stderr.readline()
        answer = listening(back)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        code, out, _ = person.end()
    assert (code, out) == (
        0,
        "shop is authorized; its refresh token is kept sealed in the database\n",
    )
    pulled = command("sync", "--pull")
    assert pulled.code == 0, pulled.err


def listening(address: str) -> HTTPResponse:
    """The answer there, as soon as somebody listens."""

    def answer() -> HTTPResponse | None:
        with contextlib.suppress(ConnectionRefusedError):
            return get(address)
        return None

    found = asyncio.run(eventually(answer, timeout=120))
    assert found is not None
    return found


def test_a_page_of_somebody_else_does_not_end_the_waiting(
    fresh: tuple[Command, Provider], callback: str
) -> None:
    command, _ = fresh
    with asking(command.config, "--redirect-uri", callback) as person:
        foreign = listening(f"{callback}?{urlencode({'code': 'x', 'state': 'guess'})}")
        assert foreign.status == 400
        assert listening(f"{callback}?code=x").status == 400
        assert listening(sent_back(person.address)).status == 200
        assert person.end()[0] == 0


def test_a_pasted_address_does_the_same(fresh: tuple[Command, Provider]) -> None:
    command, _ = fresh
    with asking(command.config, "--paste", "--redirect-uri", BACK, "--format", "json") as person:
        code, out, err = person.end(sent_back(person.address) + "\n")
    assert code == 0, err
    assert '"is_kept": true' in out
    assert command("accounts", "check", "shop").code == 0


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("\n", "nothing was pasted"),
        ("http://127.0.0.1:1/callback?code=x&state=y\n", "does not belong to this consent"),
        ("not an address\n", "does not belong to this consent"),
    ],
)
def test_a_pasted_address_that_is_none_is_refused(
    fresh: tuple[Command, Provider], pasted: str, said: str
) -> None:
    command, _ = fresh
    with asking(command.config, "--paste", "--redirect-uri", BACK) as person:
        code, out, err = person.end(pasted)
    assert (code, out) == (2, "")
    assert said in err
    assert "help: begin again" in err


def test_a_consent_that_is_not_given_is_told_in_the_providers_words(
    fresh: tuple[Command, Provider],
) -> None:
    command, provider = fresh
    provider.ask("consent", answer="denied")
    with asking(command.config, "--paste", "--redirect-uri", BACK) as person:
        code, _, err = person.end(sent_back(person.address) + "\n")
    assert code == 2
    assert "the provider gave no consent: access_denied" in err


def test_an_account_that_another_process_holds_is_waited_for(
    fresh: tuple[Command, Provider], execute: Execute, database_url: str
) -> None:
    command, provider = fresh
    command("accounts", "list")
    execute(LEASED)
    with asking(command.config, "--paste", "--redirect-uri", BACK) as person:
        back = sent_back(person.address)
        assert person.running.stdin is not None
        person.running.stdin.write(back + "\n")
        person.running.stdin.flush()
        asyncio.run(eventually(lambda: has_asked_for_the_lease(database_url), timeout=120))
        assert refreshes(provider) == 0
        execute("UPDATE syncd.leases SET owner = NULL, expires_at = clock_timestamp()")
        code, _, err = person.end()
    assert code == 0, err
    assert refreshes(provider) == 1


async def has_asked_for_the_lease(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND query LIKE '%UPDATE syncd.leases%'"
            )
        )
    finally:
        await connection.close()


def refreshes(provider: Provider) -> int:
    """How often a token was asked for there."""
    return int(provider.ask("counters")["by_operation"].get("token", 0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shop", "--redirect-uri", "https://example.com/back"], "nobody can listen at https://"),
        (["shop", "--redirect-uri", "http://192.0.2.1:80/back"], "nobody can listen at http://192"),
        (["shpo"], 'unknown account "shpo"; did you mean "shop"?'),
        (["shop", "--format", "csv"], "a consent is not a list"),
    ],
)
def test_what_cannot_begin_is_refused_at_once(
    fresh: tuple[Command, Provider], arguments: list[str], said: str
) -> None:
    ran = fresh[0]("accounts", "authorize", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_port_that_is_taken_is_told_with_the_ways_out(fresh: tuple[Command, Provider]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/callback"
        ran = fresh[0]("accounts", "authorize", "shop", "--redirect-uri", address)
    assert ran.code == 2
    assert ": it is taken" in ran.err
    assert "--paste" in ran.err


def test_a_provider_that_asks_nobody_is_told(begin: Begin) -> None:
    command, _ = begin("pai", "--campaigns", "3", pulls=False)
    ran = command("accounts", "authorize", "shop")
    assert ran.code == 2
    assert "accounts of Alibaba PAI need nobody's consent" in ran.err


def test_nobody_who_comes_is_told_with_what_to_do(callback: str) -> None:
    with pytest.raises(NobodyCame, match="no browser came back") as nobody:
        asyncio.run(redirected(callback, "state", 0.05))
    assert "--paste" in nobody.value.remedy


@pytest.fixture
def idle(begin: Begin, execute: Execute) -> tuple[Command, Provider]:
    """A paused account whose token nobody has used for 31 days."""
    command, provider = begin("icas", "--campaigns", "4")
    command("accounts", "pause", "shop")
    execute(AGED)
    return command, provider


def test_a_round_uses_the_token_of_a_paused_account_before_it_dies(
    idle: tuple[Command, Provider],
) -> None:
    command, provider = idle
    before = refreshes(provider)
    ran = command("sync")
    assert ran.code == 0, ran.err
    assert refreshes(provider) == before + 1
    assert command("sync").code == 0
    assert refreshes(provider) == before + 1


def test_a_token_that_stays_the_same_counts_as_used(idle: tuple[Command, Provider]) -> None:
    command, provider = idle
    provider.ask("faults", kind="no_refresh_token", operation="token", count=99)
    before = refreshes(provider)
    assert command("sync").code == 0
    assert command("sync").code == 0
    assert refreshes(provider) == before + 1


def test_a_token_that_is_dead_is_told_with_the_command_for_a_new_one(
    idle: tuple[Command, Provider],
) -> None:
    command, provider = idle
    provider.ask("tokens/revoke", refresh=True)
    ran = command("sync", "--format", "json")
    assert ran.code == 1
    (lost,) = ran.document["not_refreshed"]
    assert lost["account"] == "shop"
    assert "syncd accounts authorize" in lost["error"]["remedy"]
    said = command("sync").err
    assert "shop: its token, unused for 30 days, is not refreshed" in said


def test_the_service_uses_it_too(idle: tuple[Command, Provider]) -> None:
    command, provider = idle
    before = refreshes(provider)
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "--config", str(command.config), "run"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as service:
        try:
            assert service.stdout is not None
            assert "1 account" in service.stdout.readline()
            asyncio.run(eventually(lambda: refreshes(provider) > before, timeout=120))
            service.terminate()
            assert service.wait(120) == 0
        finally:
            service.kill()
    assert refreshes(provider) == before + 1


def test_an_account_in_use_by_another_process_is_left_to_it(
    idle: tuple[Command, Provider], execute: Execute
) -> None:
    command, provider = idle
    before = refreshes(provider)
    execute(LEASED)
    ran = process(["--config", command.config, "sync"])
    assert ran.code == 0, ran.err
    assert refreshes(provider) == before
