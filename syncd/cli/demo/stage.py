"""What the demo stands on: a folder, a database cluster, the simulated providers and a
configuration that joins them. All of it is gone when the block ends, whatever ends it, unless it
is to be kept."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet

from syncd.cli.demo.provider import FIRST, SimulatedProvider, simulated_providers
from syncd.store.embedded import EmbeddedPostgres, temporary_cluster

ACCOUNT: Final = "criteo-demo"
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_SERVICE: Final = """\
[database]
url = "{url}"

[service]
name = "demo"
listen = "127.0.0.1:8449"
token_key = "file:token_key"
"""
_ACCOUNT: Final = """
[[accounts]]
name = "{name}"
provider = "{provider}"
base_url = "{base_url}"
allow_loopback = true
scope = {{ {scope} }}
credentials = {{ {credentials} }}
push = {{ settle = "1s" }}
{more}
"""
# Epom documents no limit: the usual one is only caution, and one call a campaign would be a long
# wait.
_OF_EPOM: Final = "20/1s"
_MORE: Final = {
    "criteo": 'currency = "EUR"',
    "epom": f'currency = "USD"\nlimits = {{ default = "{_OF_EPOM}" }}',
}
# Of several ways to log in, one.
_CREDENTIALS: Final = {"voipbin": ("username", "password")}


def account_of(provider: str) -> str:
    """The name of the demo's account at a provider."""
    return f"{provider}-demo"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is."""

    folder: Path
    config: Path
    cluster: EmbeddedPostgres
    providers: Mapping[str, SimulatedProvider]

    @property
    def provider(self) -> SimulatedProvider:
        """The one whose story is told at length."""
        return self.providers[FIRST]

    def shell(self, arguments: Sequence[str]) -> str:
        """The command line that a person would type, with the configuration left out."""
        return shlex.join(["syncd", *arguments])

    def syncd(self, arguments: Sequence[str]) -> tuple[int, str]:
        """Run the real command as a process of its own; its exit code, and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "syncd", "--config", str(self.config), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            check=False,
        )
        return done.returncode, done.stdout.rstrip()


@contextlib.contextmanager
def stage(*, campaigns: int, seed: int, keep: bool) -> Iterator[Stage]:
    """Raises DatabaseUnavailable or NotRunning. SIGTERM ends it as Ctrl-C does."""
    with (
        _own_environment(),
        _ending_on_signals(),
        temporary_cluster(die_with_parent=not keep) as cluster,
        simulated_providers(campaigns=campaigns, seed=seed, keep=keep) as providers,
        _folder(keep=keep) as folder,
    ):
        providers["epom"].act("limit", limit=_OF_EPOM)
        config = _write(folder, cluster, providers)
        try:
            yield Stage(folder=folder, config=config, cluster=cluster, providers=providers)
            if keep:
                cluster.leave_running()
        finally:
            # Tidying up takes a second, and a second Ctrl-C must not cut it short.
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """A folder of this user's own, gone with the block unless that ends well and it is to be
    kept."""
    folder = Path(tempfile.mkdtemp(prefix="syncd-demo-"))
    is_kept = False
    try:
        yield folder
        is_kept = keep
    finally:
        if not is_kept:
            shutil.rmtree(folder)


def _write(
    folder: Path, cluster: EmbeddedPostgres, providers: Mapping[str, SimulatedProvider]
) -> Path:
    _secret(folder, "token_key", Fernet.generate_key().decode())
    tables = [_account(folder, name, provider) for name, provider in providers.items()]
    config = folder / "syncd.toml"
    config.write_text(_SERVICE.format(url=cluster.dsn()) + "".join(tables))
    return config


def _account(folder: Path, name: str, provider: SimulatedProvider) -> str:
    """The account at one provider as the configuration has it; its secrets go into files."""
    told = provider.told
    given = {key: told["credentials"][key] for key in _CREDENTIALS.get(name, told["credentials"])}
    for key, value in given.items():
        _secret(folder, f"{name}_{key}", str(value))
    return _ACCOUNT.format(
        name=account_of(name),
        provider=name,
        base_url=provider.base_url,
        # A list of texts or a text is written alike in JSON and TOML.
        scope=", ".join(f"{key} = {json.dumps(value)}" for key, value in told["scope"].items()),
        credentials=", ".join(f'{key} = "file:{name}_{key}"' for key in given),
        more=_MORE.get(name, ""),
    )


def _secret(folder: Path, name: str, value: str) -> None:
    secret = folder / name
    secret.touch(mode=0o600)
    secret.write_text(value)


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Overrides meant for a real configuration must not reach into the demo, above all no database
    address."""
    overrides = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("SYNCD_") and "__" in name
    }
    for name in overrides:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(overrides)


@contextlib.contextmanager
def _ending_on_signals() -> Iterator[None]:
    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _ENDING}
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
