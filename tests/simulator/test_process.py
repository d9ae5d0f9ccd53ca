"""The simulator as a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from syncd.simulator import PROVIDERS, read_journal
from tests.waiting import eventually

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "syncd.simulator", "--campaigns", "25"]


@contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A process whose first line of output is JSON; killed at the end if it still runs."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.kill()


def is_running(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path, number: int) -> None:
    journal = tmp_path / "journal.jsonl"
    options = ["--journal", str(journal), "--advertisers", "3", "--limit", "9/60s"]
    with running([*COMMAND, *options]) as (process, ready):
        assert ready["ready"] is True
        assert ready["pid"] == process.pid
        secrets = {"client_id": "demo-client", "client_secret": "demo-secret"}
        assert ready["credentials"] == secrets
        assert len(ready["scope"]["advertisers"]) == 3
        assert urlsplit(ready["base_url"]).hostname == "127.0.0.1"
        async with aiohttp.ClientSession() as session:
            async with session.get(ready["admin_url"] + "/state") as answer:
                assert (await answer.json())["limit"] == "9/60s"
            async with session.get(ready["base_url"] + "/nothing") as answer:
                assert answer.status == 401
        process.send_signal(number)
        assert process.wait(10) == 0
    assert [line["operation"] for line in read_journal(journal)] == ["other"]


async def test_one_process_serves_several_providers() -> None:
    command = [sys.executable, "-m", "syncd.simulator", "--provider", "all", "--campaigns", "3"]
    with running(command) as (process, first):
        assert process.stdout is not None
        every = [first, *(json.loads(process.stdout.readline()) for _ in PROVIDERS[1:])]
        assert tuple(one["provider"] for one in every) == PROVIDERS
        async with aiohttp.ClientSession() as session:
            for one in every:
                async with session.get(one["admin_url"] + "/truth") as answer:
                    assert len((await answer.json())["campaigns"]) >= 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_dialect_and_options_reach_the_provider() -> None:
    command = [sys.executable, "-m", "syncd.simulator", "--provider", "icas"]
    with running([*command, "--dialect", "current", "--option", "tenant=kijiji"]) as (_, ready):
        assert (ready["dialect"], ready["scope"]) == ("current", {"tenant": "kijiji"})


async def test_it_ends_with_its_parent_where_asked() -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = [sys.executable, "-c", script, *COMMAND, "--parent-death"]
    with running(parent) as (process, ready):
        assert is_running(ready["pid"])
        process.kill()
        await eventually(lambda: not is_running(ready["pid"]))


def test_a_port_in_use_or_a_wrong_option_is_said_and_ends_with_2() -> None:
    with running(COMMAND) as (_, ready):
        port = str(urlsplit(ready["base_url"]).port)
        failed = subprocess.run(
            [*COMMAND, "--port", port], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert failed.returncode == 2
    assert failed.stderr.startswith("simulator: ")
    for option, value, said in (
        ("--limit", "fast", b"'fast' is no limit: write"),
        ("--option", "tenant", b"'tenant' is no NAME=VALUE"),
        ("--provider", "nobody", b"no provider is called 'nobody'"),
    ):
        wrong = subprocess.run(
            [*COMMAND, option, value], cwd=ROOT, capture_output=True, check=False
        )
        assert wrong.returncode == 2
        assert said in wrong.stderr
