"""What people see: problems in both forms, the example file, the schema."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from syncd.config import Config, check, example, load, render, schema
from syncd.config.catalogue import BUILT_IN
from tests.config.conftest import ENVIRON, GOOD, Check

EXAMPLE = Path(__file__).parents[2] / "config" / "syncd.example.toml"
EXAMPLE_ENVIRON = {
    "SYNCD_TOKEN_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "CRITEO_CLIENT_ID": "an-id",
    "CRITEO_CLIENT_SECRET": "a-secret",
    "ICAS_CLIENT_ID": "an-id",
    "ICAS_CLIENT_SECRET": "a-secret",
    "EPOM_USERNAME": "somebody",
    "EPOM_PASSWORD": "a-secret",
    "DASHSCOPE_API_KEY": "a-key",
    "VOIPBIN_ACCESS_KEY": "a-key",
}


def test_a_terminal_shows_the_line_the_mark_the_remedy_and_the_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = GOOD.replace('client_secret = "env:CRITEO_SECRET"', 'client_secret = "hunter2"')
    Path("syncd.toml").write_text(f'{text}schedul = "*/15 * * * *"\n')
    _, problems = check(Path("syncd.toml"), {})
    assert render(problems, terminal=True) == (
        """\
syncd.toml:7:29: warning[missing-env]: env:CRITEO_ID is not set in this environment
  |
7 | credentials = { client_id = "env:CRITEO_ID", client_secret = "********" }
  |                             ^^^^^^^^^^^^^^^
  = help: set CRITEO_ID for the process that runs syncd

syncd.toml:7:62: error[plain-secret]: client_secret is written in plain text
  |
7 | credentials = { client_id = "env:CRITEO_ID", client_secret = "********" }
  |                                                              ^^^^^^^^^^ value hidden
  = help: client_secret = "env:CRITEO_CLIENT_SECRET"   or "file:/run/secrets/criteo_client_secret"

syncd.toml:8:1: error[unknown-key]: unknown key "schedul" in [[accounts]] "criteo-eu"
  |
8 | schedul = "*/15 * * * *"
  | ^^^^^^^ did you mean "schedule"? it belongs inside pull = { ... } or push = { ... }
  = help: pull = { schedule = "*/15 * * * *" }   or push = { schedule = "*/15 * * * *" }

2 errors, 1 warning in syncd.toml. syncd does not start until the errors are gone."""
    )


def test_elsewhere_each_problem_is_one_line(check_text: Check) -> None:
    _, problems = check_text(GOOD.replace("true", "1").replace("criteo-eu", "Eu"), ENVIRON)
    lines = render(problems, terminal=False).split("\n")
    pattern = r"\S*syncd\.toml:\d+:\d+: error\[[a-z-]+\]: .+"
    assert len(lines) == len(problems) == 3
    assert all(re.fullmatch(pattern, line) for line in lines)


def test_nothing_wrong_is_no_text() -> None:
    assert render((), terminal=True) == render((), terminal=False) == ""


def test_a_mark_stays_below_its_key_when_a_secret_before_it_changes_length(
    check_text: Check,
) -> None:
    long = f'client_secret = "{"x" * 50}", clientid = 1 }}'
    _, problems = check_text(GOOD.replace('client_secret = "env:CRITEO_SECRET" }', long))
    unknown = next(one for one in problems if one.code == "unknown-key")
    assert unknown.excerpt is not None
    excerpt = unknown.excerpt
    assert excerpt.source[excerpt.column - 1 :][: excerpt.width] == "clientid"
    assert 'did you mean "client_id"?' in excerpt.label


def test_invisible_characters_do_not_reach_the_terminal(check_account: Check) -> None:
    _, problems = check_account('dialect = "a\u202eb"\n"k\\u001b[31m" = 1')
    assert all(
        character.isprintable() or character == "\n"
        for character in render(problems, terminal=True)
    )


def test_the_example_loads_and_is_what_the_command_prints() -> None:
    assert example() == EXAMPLE.read_text("utf-8")
    config, problems = check(EXAMPLE, EXAMPLE_ENVIRON)
    assert problems == ()
    assert config == load(EXAMPLE, EXAMPLE_ENVIRON)


def test_the_example_names_every_key_with_its_true_default(tmp_path: Path) -> None:
    """Keys behind one "#" are switched on; those without a default are left out by their words."""
    lines = EXAMPLE.read_text("utf-8").split("\n")
    kept = [
        line.removeprefix("# ")
        if re.match(r"# [a-z_]+ = ", line) and "no default" not in line
        else line
        for line in lines
    ]
    full = tmp_path / "syncd.toml"
    full.write_text("\n".join(kept))
    written = load(full, EXAMPLE_ENVIRON)
    plain = tmp_path / "plain.toml"
    plain.write_text("\n".join(lines))
    bare = load(plain, EXAMPLE_ENVIRON)
    for mine, theirs in zip(written.accounts, bare.accounts, strict=True):
        assert (mine.pull, mine.push, mine.lease, mine.guard, mine.base_url) == (
            (theirs.pull, theirs.push, theirs.lease, theirs.guard, theirs.base_url)
        )
        assert (mine.limit_settings, mine.limits.share, mine.cost) == (
            theirs.limit_settings,
            theirs.limits.share,
            theirs.cost,
        )
        unset = {key for key in mine.limit_settings if getattr(mine.limits, key) is None}
        assert not unset, f"the example leaves out limits of {mine.name}"
    assert [account.provider for account in bare.accounts] == list(BUILT_IN)
    assert (written.service, written.database) == (bare.service, bare.database)
    text = "\n".join(lines)
    for keys in _keys(schema()):
        assert re.search(rf"\b{keys}\b", text), f"the example does not tell of {keys}"


def faults(written: dict[str, Any]) -> int:
    """How many errors the schema has with these tables."""
    jsonschema: Any = import_module("jsonschema")  # it comes without types
    return len(list(jsonschema.Draft202012Validator(schema()).iter_errors(written)))


def test_the_schema_takes_the_example_and_refuses_an_unknown_key() -> None:
    written = tomllib.loads(example())
    assert faults(written) == 0
    written["accounts"][0]["schedul"] = "x"
    assert faults(written) == 1


@pytest.mark.parametrize(
    ("number", "table"),
    [
        (0, {"provider": "criteos"}),
        (0, {"cost": {"tier": "default"}}),
        (0, {"limits": {"get": "1/1s"}}),
        (1, {"scope": {"tenant": "ebay"}}),
        (1, {"scope": {}}),
        (2, {"credentials": {"username": "env:A"}}),
        (3, {"scope": {"region": "China"}}),
        (3, {"cost": {"tier": "gold"}}),
        (4, {"credentials": {"username": "env:A"}}),
        (4, {"scope": {"ids": ["1"]}}),
        (4, {"guard": {"start": "yes"}}),
    ],
)
def test_the_schema_knows_the_keys_of_each_provider(number: int, table: dict[str, Any]) -> None:
    written = tomllib.loads(example())
    written["accounts"][number] |= table
    assert faults(written) == 1


def test_a_loaded_configuration_cannot_be_changed(check_text: Check) -> None:
    config, _ = check_text(GOOD)
    assert isinstance(config, Config)
    push: Any = config.accounts[0].push
    with pytest.raises(ValueError, match="frozen"):
        push.batch = 3


def test_a_good_file_is_read_without_the_grammar_that_finds_positions() -> None:
    program = (
        "import os, sys; from pathlib import Path; from syncd.config import check;"
        "print(check(Path(sys.argv[1]), dict(os.environ))[1], 'tree_sitter' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(EXAMPLE)],
        check=True,
        capture_output=True,
        text=True,
        cwd=EXAMPLE.parents[1],
        env=EXAMPLE_ENVIRON,
    )
    assert ran.stdout == "() False\n"


def _keys(described: dict[str, Any]) -> set[str]:
    """All keys that the schema knows."""
    tables = [described, *described["$defs"].values()]
    return {key for table in tables for key in table.get("properties", {})}
