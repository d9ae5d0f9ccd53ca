"""The simulated providers as a command of its own."""

import json
import signal
import subprocess
import sys
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.app import run
from syncd.config import load
from tests.cli.conftest import ROOT

PROVIDERS = ["criteo", "icas", "epom", "pai", "voipbin"]


def simulated(*arguments: str, count: int = 1) -> tuple[list[dict[str, Any]], str]:
    """What so many simulators say of themselves, and what is said beside; ended by SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-m", "syncd", "simulate", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        told = [json.loads(running.stdout.readline()) for _ in range(count)]
        running.send_signal(signal.SIGTERM)
        said = running.stderr.read()
        assert running.wait(120) == 0
    return told, said


def pasted(said: str) -> tuple[str, dict[str, str]]:
    """The accounts as TOML, and the environment that they need."""
    accounts, _, rest = said.partition("in a configuration:")[2].partition("and where syncd runs:")
    exports = [line for line in rest.splitlines() if line.startswith("  export ")]
    words = [word for line in exports for word in line.split()[1:]]
    return accounts, dict(word.split("=", 1) for word in words)


def assert_it_is_a_configuration(folder: Path, said: str, told: Sequence[dict[str, Any]]) -> None:
    accounts, environment = pasted(said)
    key = urlsafe_b64encode(bytes(32)).decode()
    head = '[database]\nurl = "env:DB"\n[service]\ntoken_key = "env:KEY"\n'
    file = folder / "syncd.toml"
    file.write_text(head + accounts)
    loaded = load(file, environment | {"DB": "postgresql://localhost/x", "KEY": key})
    assert [(one.provider, one.base_url) for one in loaded.accounts] == [
        (one["provider"], one["base_url"]) for one in told
    ]
    for table in tomllib.loads(accounts)["accounts"]:
        assert set(table["credentials"].values()) <= {f"env:{name}" for name in environment}


def test_one_says_where_it_is_and_how_to_use_it_and_ends_on_sigterm(tmp_path: Path) -> None:
    told, said = simulated("criteo", "--campaigns", "7", "--limit", "off")
    assert told[0]["provider"] == "criteo"
    assert f'base_url = "{told[0]["base_url"]}"' in said
    assert "token_key" not in said
    assert pasted(said)[1] == {
        "SIM_CRITEO_CLIENT_ID": "demo-client",
        "SIM_CRITEO_CLIENT_SECRET": "demo-secret",
    }
    assert_it_is_a_configuration(tmp_path, said, told)


@pytest.mark.parametrize("dialect", ["documented", "current"])
def test_without_a_provider_all_five_are_there_and_can_be_configured(
    tmp_path: Path, dialect: str
) -> None:
    told, said = simulated("--dialect", dialect, "--journal", f"{tmp_path}/seen.jsonl", count=5)
    assert [one["provider"] for one in told] == PROVIDERS
    assert {one["dialect"] for one in told} == {dialect}
    assert len({one["admin_url"] for one in told}) == 5
    assert "needs a token_key" in said
    assert_it_is_a_configuration(tmp_path, said, told)
    assert sorted(one.name for one in tmp_path.glob("*.jsonl")) == sorted(
        f"seen-{one}.jsonl" for one in PROVIDERS
    )


def test_options_reach_the_one_that_knows_them() -> None:
    (told,), _ = simulated("icas", "--option", "tenant=kijiji")
    assert told["scope"] == {"tenant": "kijiji"}


def test_what_cannot_be_simulated_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "nobody"]) == 2
    assert "no provider is called 'nobody'" in capsys.readouterr().err
    for wrong in (
        ["criteo", "--limit", "many"],
        ["criteo", "--option", "tenant"],
        ["criteo", "--option", "paths=all"],
        ["--port", "8555"],
    ):
        assert run(["simulate", *wrong]) == 2
        assert "the simulator cannot start" in capsys.readouterr().err
    for wrong in (["--port", "99999"], ["--advertisers", "0"], ["--token-ttl", "0"]):
        assert run(["simulate", "criteo", *wrong]) == 2
    assert run(["simulate", "criteo", "--journal", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all: no such file or directory" in capsys.readouterr().err
