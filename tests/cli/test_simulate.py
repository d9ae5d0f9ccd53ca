"""The simulated provider as a command of its own."""

import json
import signal
import subprocess
import sys

import pytest

from syncd.cli.app import run
from tests.cli.conftest import ROOT


def test_it_says_where_it_is_and_how_to_use_it_and_ends_on_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "simulate", "--campaigns", "7", "--limit", "off"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        told = json.loads(running.stdout.readline())
        running.send_signal(signal.SIGTERM)
        said = running.stderr.read()
        assert running.wait(10) == 0
    assert told["provider"] == "criteo"
    assert f'base_url = "{told["base_url"]}"' in said
    assert "allow_loopback = true" in said
    assert f"SIM_ID={told['client_id']}" in said


def test_what_cannot_be_simulated_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--provider", "nobody"]) == 2
    assert "no provider is called 'nobody'" in capsys.readouterr().err
    assert run(["simulate", "--limit", "many"]) == 2
    for wrong in (["--port", "99999"], ["--advertisers", "0"], ["--token-ttl", "0"]):
        assert run(["simulate", *wrong]) == 2
    assert run(["simulate", "--journal", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all: no such file or directory" in capsys.readouterr().err
