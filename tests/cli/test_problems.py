"""What stands in the way before a command can begin: the database, its schema, the
configuration."""

import json
from pathlib import Path

import pytest

from syncd.cli.app import run
from syncd.store.database import SCHEMA_VERSION
from tests.cli.conftest import Command, Configure

FIVE_MISTAKES = """\
[database]
embedded = true

[[accounts]]
name = "criteo-eu"
provider = "criteo"
schedul = "* * * * *"
currency = "EURO"
limits = { default = "300/60s" }
credentials = { client_id = "env:ID", client_secret = "hunter2" }
push = { batch = 0 }
"""


def test_a_database_that_cannot_be_reached_is_code_1_with_its_address(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(capsys, configure("postgresql://syncd@127.0.0.1:1/syncd"))
    for arguments in (
        ("status",),
        ("updates", "list"),
        ("sync",),
        ("db", "status"),
        ("db", "upgrade"),
    ):
        ran = command(*arguments)
        assert ran.code == 1
        assert ran.out == ""
        assert ran.err.startswith(
            "error[database-unreachable]: cannot use the database postgresql://syncd@127.0.0.1:1/syncd"
        )
        assert "help: is it running" in ran.err
    problem = json.loads(command("status", "--format", "json").err)
    assert (problem["schema"], problem["code"]) == ("syncd.problem/1", "database-unreachable")
    assert "Traceback" in _debugged(command, capsys)


def _debugged(command: Command, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["--config", str(command.config), "status", "--debug"]) == 1
    return capsys.readouterr().err


def test_a_database_without_a_schema_is_code_2_until_it_is_upgraded(
    configure: Configure, empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(capsys, configure(empty_database_url))
    ran = command("status")
    assert ran.code == 2
    assert "error[schema-version]" in ran.err
    assert "help: run: syncd db upgrade" in ran.err
    assert command("db", "status").code == 2
    done = command("db", "upgrade")
    assert (done.code, done.out) == (0, f"upgraded the schema from nothing to {SCHEMA_VERSION}\n")
    assert command("db", "upgrade").out == f"nothing to do: the schema is {SCHEMA_VERSION}\n"
    told = command("db", "status", "--format", "json").document
    assert told["schema"] == told["schema_needed"] == SCHEMA_VERSION
    assert command("db", "url").out.strip() == empty_database_url
    assert command("status").code == 0


def test_five_mistakes_in_a_configuration_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "syncd.toml"
    file.write_text(FIVE_MISTAKES)
    command = Command(capsys, file)
    ran = command("status")
    assert ran.code == 2
    assert ran.out == ""
    told = [line for line in ran.err.splitlines() if ": error[" in line]
    assert len(told) == 5
    assert [line.split(":")[1] for line in told] == ["7", "8", "9", "10", "11"]
    assert "hunter2" not in ran.err
    checked = command("config", "check")
    assert checked.code == 2
    assert [line for line in checked.out.splitlines() if ": error[" in line] == told
    document = command("config", "check", "--format", "json").document
    assert document["ok"] is False
    errors = [one for one in document["problems"] if one["severity"] == "error"]
    assert [one["line"] for one in errors] == [7, 8, 9, 10, 11]
    problem = json.loads(command("sync", "--format", "json").err)
    assert len([one for one in problem["errors"] if one["severity"] == "error"]) == 5


def test_neither_an_address_nor_embedded_is_told(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configure("postgresql://nobody@localhost/x")
    file.write_text(file.read_text().replace('url = "postgresql://nobody@localhost/x"\n', ""))
    command = Command(capsys, file)
    ran = command("status")
    assert ran.code == 2
    assert "error[missing-database]: no database is chosen" in ran.err
    remedy = json.loads(command("status", "--format", "json").err)["remedy"]
    assert "url" in remedy
    assert "embedded" in remedy


def test_a_configuration_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Command(capsys, tmp_path / "none.toml")("status")
    assert ran.code == 2
    assert "none.toml" in ran.err


def test_the_example_is_a_configuration_and_the_schema_is_json(
    syncd: Command, tmp_path: Path
) -> None:
    example = syncd("config", "example")
    assert example.code == 0
    file = tmp_path / "example.toml"
    file.write_text(example.out)
    assert syncd("--config", file, "config", "check").code == 0
    assert syncd("config", "schema").document["type"] == "object"
    good = syncd("config", "check")
    assert good.code == 0
    assert good.out.endswith("is good: 1 account\n")
