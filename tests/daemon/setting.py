"""A configuration with accounts of a simulator, written to a file as a user would."""

from __future__ import annotations

from pathlib import Path

from syncd.config import Config, load

ACCOUNT = """
[[accounts]]
name = "{name}"
provider = "criteo"
base_url = "{base_url}"
allow_loopback = true
currency = "EUR"
credentials = {{ client_id = "env:ID_{number}", client_secret = "env:SECRET" }}
pull = {{ schedule = "@hourly", jitter = "0s" }}
push = {{ settle = "1s", fresh_for = "0s" }}
guard = {{ max_factor = 1000000, share = 1 }}
lease = {{ ttl = "60s", renew = "5s", request_timeout = "20s" }}
"""


def written(folder: Path, base_url: str, names: tuple[str, ...] = ("shop",)) -> Path:
    """The configuration file; its secrets stand in the environment of `environment`."""
    text = '[database]\nurl = "env:DSN"\n\n[service]\nlisten = "127.0.0.1:0"\n'
    for number, name in enumerate(names):
        text += ACCOUNT.format(name=name, base_url=base_url, number=number)
    path = folder / "syncd.toml"
    path.write_text(text)
    return path


def environment(dsn: str) -> dict[str, str]:
    """What the configuration refers to."""
    ids = {
        f"ID_{number}": "demo-client" if number == 0 else f"client-{number}" for number in range(3)
    }
    return {"DSN": dsn, "SECRET": "demo-secret", **ids}


def loaded(folder: Path, base_url: str, dsn: str, names: tuple[str, ...] = ("shop",)) -> Config:
    """The configuration itself."""
    return load(written(folder, base_url, names), environment(dsn))
