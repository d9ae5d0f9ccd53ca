"""Where the configuration of a test is written and what it joins: a database, and one or several
accounts at simulated providers. It knows what the file may say and nothing of what syncd does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from syncd.config import Config, load
from syncd.simulator import Settings, Simulator

ACCOUNT = "criteo-eu"
SETTLE = 0.2
SECRETS = {"client_id": "demo-client", "client_secret": "demo-secret"}
TOKEN_KEY = "ZW5kLXRvLWVuZCB0ZXN0cyBvbmx5LCBubyBzZWNyZXQ="
WIDE = {
    "start": "free",
    "delete": "free",
    "disable": "free",
    "max_factor": 1_000_000,
    "share": 1,
    "activations": 1_000_000,
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "pull": {"schedule": "0 0 1 1 *", "jitter": "0s"},
    "push": {"settle": f"{SETTLE:g}s", "fresh_for": "0s"},
    "guard": WIDE,
    # So wide that no test waits for it, and with it the ceiling that a simulator announces nowhere.
    "limits": {"default": "1000/1s", "granted": "a simulator of our own"},
    # So long that a machine that stands still for a while makes nothing else happen.
    "lease": {"ttl": "60s", "renew": "5s", "request_timeout": "20s"},
}
"""An account's tables unless a test says otherwise; its next scheduled pull is far away, every push
reads for itself, and no guard stands in the way."""
LIMITS = {"pai": ("get", "update", "delete", "list", "create"), "voipbin": ("default", "auth")}
"""The limits that are not one for everything."""
WAYS = {"voipbin": ("username", "password")}
"""The credentials taken where a simulator offers several ways in."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One account, where its configuration is written, and the accounts beside it in the same
    file; the database's URL and all secrets stay out of that."""

    folder: Path
    database_url: str
    base_url: str
    account: str = ACCOUNT
    provider: str = "criteo"
    dialect: str = "documented"
    credentials: Mapping[str, str] = field(default_factory=lambda: SECRETS)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scope: Sequence[str] | Mapping[str, Any] = ()
    """By key; a sequence names advertisers."""
    service: Mapping[str, Any] = field(default_factory=dict)
    owner_url: str = ""
    """Of the user who may change the schema, where that is another one."""
    beside: Sequence[Place] = ()

    def at(self, simulator: Simulator) -> Place:
        """The same account at this simulator."""
        told = simulator.describe()
        ways = WAYS.get(self.provider, tuple(told["credentials"]))
        scope = self.scope or (told["scope"] if "advertisers" not in told["scope"] else ())
        return replace(
            self,
            base_url=simulator.base_url,
            credentials={key: told["credentials"][key] for key in ways},
            scope=scope,
        )

    @property
    def path(self) -> Path:
        return self.folder / "syncd.toml"

    @property
    def environment(self) -> dict[str, str]:
        """What the file's references need."""
        urls = {"E2E_DATABASE_URL": self.database_url, "E2E_OWNER_URL": self.owner_url}
        found = {name: url for name, url in urls.items() if url} | {"E2E_TOKEN_KEY": TOKEN_KEY}
        for one in (self, *self.beside):
            found |= {one.variable(key): secret for key, secret in one.credentials.items()}
        return found

    def write(self) -> Path:
        """Write the configuration file."""
        service = {"data_dir": "var", "listen": "127.0.0.1:0", "token_key": "env:E2E_TOKEN_KEY"}
        service |= self.service
        database = {"url": "env:E2E_DATABASE_URL"}
        database |= {"owner_url": "env:E2E_OWNER_URL"} if self.owner_url else {}
        lines = ["[database]", *_keys(database), "[service]", *_keys(service)]
        for one in (self, *self.beside):
            lines += ["[[accounts]]", *_keys(one.table)]
        self.path.write_text("\n".join([*lines, ""]))
        return self.path

    def load(self) -> Config:
        """The configuration as syncd reads it."""
        return load(self.write(), self.environment)

    def process_environment(self, **more: str) -> dict[str, str]:
        """For a process of syncd's: ours, the references, and more; nothing armed by chance."""
        inherited = {key: one for key, one in os.environ.items() if not key.startswith("SYNCD_")}
        return {**inherited, **self.environment, **more}

    @property
    def advertisers(self) -> Sequence[str]:
        """Those that the scope names; none named is all."""
        named = self.scope_table.get("advertisers", ())
        return [str(one) for one in named]

    @property
    def scope_table(self) -> Mapping[str, Any]:
        """The scope as the file has it."""
        if isinstance(self.scope, Mapping):
            return self.scope
        return {"advertisers": list(self.scope)} if self.provider in {"criteo", "epom"} else {}

    @property
    def table(self) -> Row:
        """The account as the file has it."""
        usual = dict(TABLES)
        limits = dict.fromkeys(LIMITS.get(self.provider, ("default",)), "1000/1s")
        usual["limits"] = {**limits, "granted": TABLES["limits"]["granted"]}
        told = {
            "name": self.account,
            "provider": self.provider,
            "dialect": self.dialect,
            "base_url": self.base_url,
            "allow_loopback": True,
            "credentials": {key: f"env:{self.variable(key)}" for key in self.credentials},
            "scope": self.scope_table,
            **({"currency": "EUR"} if self.provider in {"criteo", "epom"} else {}),
        }
        named = {**usual, **self.tables}
        return told | {name: {**usual.get(name, {}), **self.tables.get(name, {})} for name in named}

    def variable(self, key: str) -> str:
        """The variable that a credential is read from."""
        return re.sub(r"\W", "_", f"E2E_{self.account}_{key}").upper()


def _keys(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{key} = {_toml(value)}" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_keys(value)) + " }"
    return json.dumps(value)


def simulated(provider: str, dialect: str = "documented", **more: Any) -> Settings:
    """Settings of a simulator without limits: 40 campaigns unless something else is said."""
    return Settings(
        **{"provider": provider, "dialect": dialect, "campaigns": 40, "rate": None, **more}
    )
