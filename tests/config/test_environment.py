"""Overrides from the environment, and which file is read."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.config import ConfigProblems, Listen, find_path, load
from tests.config.conftest import ENVIRON, GOOD, Check


def test_variables_override_single_keys_at_every_depth(check_account: Check) -> None:
    config, problems = check_account(
        "limits = { share = 0.9 }",
        {
            **ENVIRON,
            "SYNCD_SERVICE__LISTEN": "127.0.0.1:9",
            "SYNCD_SERVICE__NAME": "7",
            "SYNCD_ACCOUNTS__0__LIMITS__SHARE": "0.25",
            "SYNCD_ACCOUNTS__0__PUSH__BATCH": "7",
            "SYNCD_ACCOUNTS__0__LEASE__TTL": "90s",
            "SYNCD_ACCOUNTS__0__SCOPE__ADVERTISERS": '["1", "2"]',
            "SYNCD_ACCOUNTS__0__CURRENCY": '{ "1" = "EUR" }',
            "SYNCD_ACCOUNTS__0__GUARD": '{ max_amount = "5" }',
        },
    )
    assert problems == ()
    assert config is not None
    account = config.accounts[0]
    assert config.service.listen == Listen(host="127.0.0.1", port=9)
    assert config.service.name == "7"
    assert account.limits.share == Decimal("0.25")
    assert account.push.batch == 7
    assert account.lease.ttl == timedelta(seconds=90)
    assert account.scope_values == {"advertisers": ("1", "2")}
    assert account.currency == {"1": "EUR"}
    assert account.guard.max_amount == Decimal(5)


def test_a_whole_account_may_come_from_the_environment(check_text: Check) -> None:
    config, problems = check_text(
        "",
        {
            **ENVIRON,
            "SYNCD_DATABASE__EMBEDDED": "true",
            "SYNCD_ACCOUNTS__0__NAME": "a",
            "SYNCD_ACCOUNTS__0__PROVIDER": "criteo",
            "SYNCD_ACCOUNTS__0__CREDENTIALS__CLIENT_ID": "env:CRITEO_ID",
            "SYNCD_ACCOUNTS__0__CREDENTIALS__CLIENT_SECRET": "env:CRITEO_SECRET",
        },
    )
    assert problems == ()
    assert config is not None
    assert config.account("a") is config.accounts[0]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SYNCD_ACCOUNTS__0__LIMITS__SHARE", "2", "impossible-limit"),
        ("SYNCD_ACCOUNTS__0__LIMITS__SHARE", "half", "wrong-type"),
        ("SYNCD_ACCOUNTS__0__LIMITS__SHARE", "0.5\nx = 1", "wrong-type"),
        ("SYNCD_ACCOUNTS__0__LIMITS", "none", "wrong-type"),
        ("SYNCD_ACCOUNTS__0__LEASE__TTL", "5s", "bad-lease"),
        ("SYNCD_ACCOUNTS__0__CREDENTIALS__CLIENT_SECRET", "hunter2", "plain-secret"),
        ("SYNCD_ACCOUNTS__0__SCOPE__ADVERTISERS", "[1", "wrong-type"),
        ("SYNCD_ACCOUNTS__3__NAME", "x", "bad-override"),
        ("SYNCD_DATABASE__EMBEDDED", "yes", "wrong-type"),
        ("SYNCD_DATABASE__EMBEDDED__X", "1", "bad-override"),
        ("SYNCD_SERVCIE__LISTEN", "127.0.0.1:1", "unknown-key"),
        ("SYNCD_SERVICE__LISTEN", "", "bad-listen"),
        ("SYNCD_SERVICE__PATIENCE", "60", "bad-duration"),
    ],
)
def test_a_wrong_override_names_the_variable(
    check_text: Check, name: str, value: str, code: str
) -> None:
    config, problems = check_text(GOOD, {**ENVIRON, name: value})
    assert config is None
    named = [one for one in problems if one.file == name]
    assert [one.code for one in named] == [code]
    assert named[0].summary.startswith(f"{name}: error[{code}]: ")
    assert "hunter2" not in repr(problems)


def test_variables_of_other_shapes_are_not_overrides(check_text: Check) -> None:
    others = {"SYNCD_CONFIG": "x", "SYNCD_DATABASE_URL": "y", "SYNCD_ASCII": "1", "syncd_a__b": "z"}
    assert check_text(GOOD, {**ENVIRON, **others})[1] == ()


def test_the_file_is_the_option_else_the_variable_else_the_usual_place() -> None:
    assert find_path("a.toml", {"SYNCD_CONFIG": "b.toml"}) == Path("a.toml")
    assert find_path(None, {"SYNCD_CONFIG": "b.toml"}) == Path("b.toml")
    assert find_path(None, {}) == Path("config/syncd.toml")


def test_a_file_that_is_not_there_is_named_with_the_command_that_makes_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigProblems, match=r"none\.toml: error\[unreadable-file\]") as refused:
        load(None, {"SYNCD_CONFIG": str(path)})
    assert refused.value.remedy.startswith("syncd config example > ")
    assert refused.value.code == "unreadable-file"


def test_relative_paths_start_at_the_folder_of_the_file(check_text: Check, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("from-a-file\n")
    (tmp_path / "id").chmod(0o600)
    config, _ = check_text(GOOD.replace("env:CRITEO_ID", "file:id"))
    assert config is not None
    assert config.service.data_dir == tmp_path / "var"
    resolved = config.accounts[0].secrets["client_id"].resolve()
    assert resolved.get_secret_value() == "from-a-file"
