"""Secrets are read when they are used, and show in no text that syncd makes."""

import random
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.config import ConfigProblems, Problem, check, load, render, resolve_secret
from syncd.errors import ConfigError
from tests.config.conftest import ENVIRON, GOOD, Check

CANARY = "CANARY-9f2c"


def shown(problems: tuple[Problem, ...]) -> str:
    forms = [render(problems, terminal=True), render(problems, terminal=False), repr(problems)]
    return "\n".join([*forms, str(ConfigProblems(problems)), repr(ConfigProblems(problems))])


def test_a_rotated_file_is_read_anew(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    for value in ("first", "second"):
        secret.write_text(f"{value}\r\n")
        assert resolve_secret("file:secret", tmp_path, {}).get_secret_value() == value


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("env:NOT_SET", "missing-env"),
        ("env:EMPTY", "bad-secret"),
        ("env:TWO_LINES", "bad-secret"),
        ("file:none", "missing-file"),
        ("file:.", "missing-file"),
        ("file:large", "bad-secret"),
        ("file:binary", "bad-secret"),
        (CANARY, "plain-secret"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_when_it_is_needed(
    tmp_path: Path, reference: str, code: str
) -> None:
    (tmp_path / "large").write_text("x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xff")
    environ = {"EMPTY": "", "TWO_LINES": f"{CANARY}\r\nX: y"}
    with pytest.raises(ConfigError) as refused:
        resolve_secret(reference, tmp_path, environ)
    assert refused.value.code == code
    assert refused.value.remedy
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_no_form_of_a_good_configuration_shows_a_secret(check_text: Check) -> None:
    environ = {"CRITEO_ID": CANARY, "CRITEO_SECRET": CANARY, "U": f"postgresql://u:{CANARY}@h/d"}
    config, _ = check_text(GOOD.replace("embedded = true", 'url = "env:U"'), environ)
    assert config is not None
    assert config.database.url is not None
    secrets = [config.accounts[0].secrets["client_id"].resolve(), config.database.url.resolve()]
    assert CANARY in secrets[1].get_secret_value()
    assert CANARY not in f"{config} {config!r} {secrets} {config.accounts[0].credentials}"


@pytest.mark.parametrize(
    "lines",
    [
        f'credentials.client_secrt = "{CANARY}"',
        f'client_secret = "{CANARY}"',
        f'clientsecret = "{CANARY}"',
        f'whatever = "{CANARY}"',
        f'whatever = {{ inner = "{CANARY}", list = ["{CANARY}"] }}',
        f'password = """\n{CANARY}\n"""',
        f'base_url = "https://u:{CANARY}@api.criteo.com"',
        f'base_url = "https://api.criteo.com?key={CANARY}"',
        f"push = {{ batch = 0 }} # the password was {CANARY}",
        f'provider = "criteo"\npush = {{ batch = 0, token = "{CANARY}", batch = 1 }}',
        f'client_secret = "{CANARY}',
        f"client_secret = {CANARY}",
        f'[service]\nhttp_token = "{CANARY}"\nhttp_tokn = "{CANARY}"',
        f'[database]\nowner_url = "postgresql://u:{CANARY}@h/d"',
        f'[database2]\nurl = "host=h password={CANARY}"',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(check_account: Check, lines: str) -> None:
    config, problems = check_account(lines)
    assert config is None
    assert CANARY not in shown(problems)


@pytest.mark.parametrize(
    "credentials",
    [
        f'{{ client_id = "env:CRITEO_ID", client_secret = "{CANARY}" }}',
        f'{{ client_id = "{CANARY}", client_secret = "{CANARY}" }}',
        f'{{ client_id = "env:{CANARY} x", client_secret = "file:" }}',
        f'{{ client_id = ["{CANARY}"], client_secret = {{ a = "{CANARY}" }} }}',
        f'"{CANARY}"',
        f'["{CANARY}"]',
        f'{{ client_secret = "env:X", client_id = "env:Y", client_secret = "{CANARY}" }}',
        "{ client_id = 918273645, client_secret = 918273645 }",
    ],
)
def test_a_plain_secret_is_refused_and_masked(check_text: Check, credentials: str) -> None:
    start = GOOD.index("{ client_id")
    config, problems = check_text(f"{GOOD[:start]}{credentials}\n")
    assert config is None
    assert CANARY not in shown(problems)
    assert "918273645" not in shown(problems)


def test_what_is_raised_holds_no_secret_in_its_chain(tmp_path: Path) -> None:
    path = tmp_path / "syncd.toml"
    path.write_text(GOOD.replace("env:CRITEO_SECRET", CANARY))
    with pytest.raises(ConfigProblems) as refused:
        load(path, ENVIRON)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert [one.code for one in refused.value.problems] == ["plain-secret"]


def test_no_slip_of_a_finger_shows_a_secret(tmp_path: Path) -> None:
    text = f"""[database]
url = "postgresql://u:{CANARY}@h/d"
[service]
http_token = "{CANARY}"
[[accounts]]
name = "criteo-eu"
provider = "criteo"
base_url = "https://u:{CANARY}@api.criteo.com"
credentials = {{ client_id = "{CANARY}", client_secret = "{CANARY}" }} # {CANARY}
limits = {{ default = "250/60s" }}
"""
    path = tmp_path / "syncd.toml"
    slips = random.Random(1)
    for _ in range(400):
        letters = list(text)
        for _ in range(slips.randint(1, 3)):
            place = slips.randrange(len(letters))
            letters[place] = slips.choice(["", letters[place] + slips.choice("\"'={}[],.\n# é\\")])
        path.write_text("".join(letters), "utf-8")
        config, problems = check(path, {})
        assert config is None
        assert CANARY not in shown(problems)


@given(st.text(min_size=1, max_size=40))
def test_no_text_makes_the_check_fail_otherwise_than_by_problems(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(f"{GOOD}{text}", "utf-8", errors="replace")
    config, problems = check(path, ENVIRON)
    assert config is not None or problems
    assert isinstance(render(problems, terminal=True), str)
