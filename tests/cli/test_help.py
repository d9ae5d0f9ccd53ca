"""Help, versions and wrong use: quick, on the right stream, with the code for misuse."""

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from syncd.cli.app import cli, run
from tests.cli.conftest import ROOT

HEAVY = (
    "pydantic",
    "asyncpg",
    "aiohttp",
    "sqlalchemy",
    "alembic",
    "structlog",
    "msgspec",
    "apscheduler",
)
_PROBE = f"""
import json, sys
from syncd.cli.app import run
run(["--help"])
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


def paths(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command by the words that lead to it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*before, name)
        if isinstance(found, click.Group):
            yield from paths(found, (*before, name))


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    every = list(paths(cli))
    assert len(every) >= 26
    for path in every:
        assert run([*path, "--help"]) == 0
        out, err = capsys.readouterr()
        assert "Usage: syncd " + " ".join(path) in " ".join(out.split())
        assert "--format" in out
        assert err == ""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("syncd ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts"], 'did you mean "status"?'),
        (["updates", "lits"], 'did you mean "list"?'),
        (["updates", "list", "--sate", "open"], "--sate"),
        (["sync", "--if-busy", "perhaps"], "perhaps"),
        (["updates", "cancel"], "ID"),
        (["sync", "--pull", "--push"], "exclude each other"),
        (["enqueue"], "--from"),
        (["enqueue", "criteo-eu", "1"], "--set"),
        (["accounts", "pause"], "--all"),
    ],
)
def test_wrong_use_is_told_on_stderr_with_code_2(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if arguments[0] in ("accounts", "enqueue") and len(arguments) > 1:
        command = request.getfixturevalue("syncd")
        arguments = ["--config", str(command.config), *arguments]
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error[usage]: ")
    assert said in err
    assert "help: " in err


def test_options_may_stand_before_or_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--format", "json", "sync", "--pull", "--push"],
        ["sync", "--pull", "--push", "--format", "json"],
    ):
        assert run(arguments) == 2
        assert json.loads(capsys.readouterr().err)["schema"] == "syncd.problem/1"
