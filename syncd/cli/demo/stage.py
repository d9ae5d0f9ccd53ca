"""What the demo stands on: a folder, a database cluster, a simulated provider and a configuration
that joins them. All of it is gone when the block ends, whatever ends it, unless it is to be
kept."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncd.cli.demo.provider import SimulatedProvider, simulated_provider
from syncd.store.embedded import EmbeddedPostgres, temporary_cluster

ACCOUNT: Final = "criteo-demo"
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_CONFIG: Final = """\
[database]
url = "{url}"

[service]
name = "demo"
listen = "127.0.0.1:8449"

[[accounts]]
name = "{account}"
provider = "criteo"
base_url = "{base_url}"
allow_loopback = true
scope = {{ advertisers = [{advertisers}] }}
currency = "EUR"
credentials = {{ client_id = "file:client_id", client_secret = "file:client_secret" }}
push = {{ settle = "1s" }}
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is."""

    folder: Path
    config: Path
    cluster: EmbeddedPostgres
    provider: SimulatedProvider

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
        simulated_provider(campaigns=campaigns, seed=seed, keep=keep) as provider,
        _folder(keep=keep) as folder,
    ):
        config = _write(folder, cluster, provider)
        try:
            yield Stage(folder=folder, config=config, cluster=cluster, provider=provider)
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


def _write(folder: Path, cluster: EmbeddedPostgres, provider: SimulatedProvider) -> Path:
    for name in ("client_id", "client_secret"):
        secret = folder / name
        secret.touch(mode=0o600)
        secret.write_text(str(provider.told["credentials"][name]))
    config = folder / "syncd.toml"
    config.write_text(
        _CONFIG.format(
            url=cluster.dsn(),
            account=ACCOUNT,
            base_url=provider.base_url,
            advertisers=", ".join(f'"{one}"' for one in provider.told["scope"]["advertisers"]),
        )
    )
    return config


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
