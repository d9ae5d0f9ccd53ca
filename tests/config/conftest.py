"""Configuration files written for one test each."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from syncd.config import Config, Problem, check

GOOD = """\
[database]
embedded = true

[[accounts]]
name = "criteo-eu"
provider = "criteo"
credentials = { client_id = "env:CRITEO_ID", client_secret = "env:CRITEO_SECRET" }
"""
ENVIRON = {"CRITEO_ID": "an-id", "CRITEO_SECRET": "a-secret"}

TOKEN_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ACCOUNTS = {
    "criteo": 'credentials = { client_id = "env:A", client_secret = "env:B" }',
    "icas": """\
scope = { tenant = "kleinanzeigen" }
credentials = { client_id = "env:A", client_secret = "env:B" }""",
    "epom": """\
base_url = "https://n101.epom.com"
credentials = { username = "env:A", password = "env:B" }""",
    "pai": """\
scope = { region = "cn-hangzhou" }
credentials = { api_key = "env:A" }""",
    "voipbin": 'credentials = { username = "env:A", password = "env:B" }',
}
SECRETS = {"A": "the-a", "B": "the-b", "C": "the-c", "KEY": TOKEN_KEY}
HEAD = """\
[database]
embedded = true

[service]
token_key = "env:KEY"
"""
Checked = tuple[Config | None, tuple[Problem, ...]]
Check = Callable[..., Checked]


@pytest.fixture
def check_text(tmp_path: Path) -> Check:
    """Checks a text as the file `syncd.toml` of a folder of its own."""

    def run(text: str, environ: Mapping[str, str] = ENVIRON) -> Checked:
        path = tmp_path / "syncd.toml"
        path.write_text(text, "utf-8")
        return check(path, environ)

    return run


@pytest.fixture
def check_account(check_text: Check) -> Check:
    """Checks a good file with lines added to its only account, from line 8 on."""

    def run(lines: str, environ: Mapping[str, str] = ENVIRON) -> Checked:
        return check_text(GOOD + lines, environ)

    return run


def account(provider: str, *changes: tuple[str, str], lines: str = "", name: str = "one") -> str:
    """The text of a good account of this provider with changes, and lines added below."""
    text = ACCOUNTS[provider]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return f'\n[[accounts]]\nname = "{name}"\nprovider = "{provider}"\n{text}\n{lines}\n'


def refusal_of(reader: Callable[[object], object], value: object) -> dict[str, str] | None:
    """Code, sentence and remedy with which a reader refuses a value, None where it takes it."""
    try:
        reader(value)
    except PydanticCustomError as refused:
        return dict(refused.context or {})
    return None
