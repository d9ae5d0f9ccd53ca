"""The real command, run in this process or in one of its own, with a configuration of each test's
own against a real database and simulated providers in other processes."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

import asyncpg
import pytest
from cryptography.fernet import Fernet

from syncd.cli.app import run

ROOT = Path(__file__).parents[2]
ACCOUNT = "criteo-eu"
CONFIG = """\
[database]
url = "{url}"

[[accounts]]
name = "criteo-eu"
provider = "criteo"
base_url = "{base_url}"
allow_loopback = true
currency = "EUR"
credentials = {{ client_id = "file:client_id", client_secret = "file:client_secret" }}
push = {{ settle = "1s", fresh_for = "0s" }}
limits = {{ default = "200/1s", granted = "the simulator has no limit" }}
guard = {{ max_amount = "1000000", max_factor = 1000000, share = 1 }}
"""


OTHER: Final = """\
[database]
url = "{url}"

[service]
token_key = "file:token_key"
listen = "127.0.0.1:0"

[[accounts]]
name = "shop"
provider = "{provider}"
dialect = "{dialect}"
base_url = "{base_url}"
allow_loopback = true
scope = {{ {scope} }}
credentials = {{ {credentials} }}
push = {{ settle = "1s", fresh_for = "0s" }}
limits = {{ default = "200/1s", granted = "the simulator has no limit" }}
{more}
"""
FREE: Final = (
    'guard = { start = "free", delete = "free", disable = "free", max_factor = 1000000, share = 1 }'
)
_NEITHER: Final = {"voipbin": ("access_key",)}
"""By provider, the credentials that are left out where a simulator offers more than one way."""

Configure = Callable[..., Path]
Begin = Callable[..., tuple["Command", "Provider"]]
Execute = Callable[[str], None]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Stdout as the one JSON document that it has to be."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Provider:
    """A simulated provider in a process of its own."""

    told: dict[str, Any]

    def ask(self, what: str, **wanted: Any) -> Any:
        """Its admin interface: read, or act where something is wanted."""
        body = json.dumps(wanted).encode() if wanted else None
        address = f"{self.told['admin_url']}/{what}"
        request = Request(address, data=body)  # noqa: S310  (http on this machine)
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            return json.loads(answer.read())


class Command:
    """Runs `syncd` in this process, with stdout and stderr apart."""

    def __init__(self, capture: pytest.CaptureFixture[str], config: Path) -> None:
        self._capture = capture
        self.config = config

    def __call__(self, *arguments: str | int | Path) -> Ran:
        self._capture.readouterr()
        code = run(["--config", str(self.config), *map(str, arguments)])
        out, err = self._capture.readouterr()
        assert "Traceback" not in err
        return Ran(code, out, err)

    def queued(self, *arguments: str | int) -> int:
        """Queue something and return its number."""
        told = self("enqueue", "--format", "json", *arguments).document
        return int(told["updates"][0]["id"])


def process(
    arguments: Sequence[str | Path], *, environ: dict[str, str] | None = None, data: bytes = b""
) -> Ran:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "syncd", *map(str, arguments)],
        check=False,
        capture_output=True,
        input=data,
        cwd=ROOT,
        env=os.environ | (environ or {}),
        timeout=300,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(autouse=True)
def _calm_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's settings reach no test."""
    for name in ("SYNCD_CONFIG", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CI", "SYNCD_ASCII"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared_provider() -> Iterator[Provider]:
    """For tests that only read there."""
    with simulated("--campaigns", "60") as provider:
        yield provider


@pytest.fixture
def own_provider() -> Iterator[Provider]:
    """For tests that change the world."""
    with simulated("--campaigns", "60") as provider:
        yield provider


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Writes a configuration for a database and a provider."""

    def write(url: str, base_url: str = "http://127.0.0.1:9") -> Path:
        for name in ("client_id", "client_secret"):
            secret = tmp_path / name
            secret.touch(mode=0o600)
            secret.write_text(f"demo-{name.removeprefix('client_')}".replace("-id", "-client"))
        path = tmp_path / "syncd.toml"
        path.write_text(CONFIG.format(url=url, base_url=base_url))
        return path

    return write


@pytest.fixture
def syncd(capsys: pytest.CaptureFixture[str], configure: Configure, database_url: str) -> Command:
    """The command against an empty database; the provider cannot be reached."""
    return Command(capsys, configure(database_url))


@pytest.fixture
def pulled(
    capsys: pytest.CaptureFixture[str],
    configure: Configure,
    database_url: str,
    shared_provider: Provider,
) -> Command:
    """The command after a first complete pull of 60 campaigns."""
    command = Command(capsys, configure(database_url, shared_provider.told["base_url"]))
    ran = command("sync", "--pull")
    assert ran.code == 0, ran.err
    return command


@pytest.fixture
def execute(database_url: str) -> Execute:
    """Runs one statement in the test's database, as its administrator would."""

    def run_it(statement: str) -> None:
        asyncio.run(_execute(database_url, statement))

    return run_it


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def begin(capsys: pytest.CaptureFixture[str], tmp_path: Path, database_url: str) -> Iterator[Begin]:
    """Starts a provider of the test's own; gives it and the command with the account `shop` there.
    `more` are lines of the account, `without` credentials that it leaves out, `pulls` whether it
    is pulled first."""
    with contextlib.ExitStack() as stack:

        def start(
            provider: str,
            *arguments: str,
            dialect: str = "documented",
            more: str = "",
            without: Sequence[str] = (),
            pulls: bool = True,
        ) -> tuple[Command, Provider]:
            running = stack.enter_context(simulated("--provider", provider, *arguments))
            credentials = {
                key: secret
                for key, secret in running.told["credentials"].items()
                if key not in (without or _NEITHER.get(provider, ()))
            }
            scope = [f"{key} = {json.dumps(one)}" for key, one in running.told["scope"].items()]
            file = written(tmp_path, credentials)
            file.write_text(
                OTHER.format(
                    url=database_url,
                    provider=provider,
                    dialect=dialect,
                    base_url=running.told["base_url"],
                    scope=", ".join(scope),
                    credentials=", ".join(f'{key} = "file:{key}"' for key in credentials),
                    more=more,
                )
            )
            command = Command(capsys, file)
            if pulls:
                ran = command("sync", "--pull")
                assert ran.code == 0, ran.err
            return command, running

        yield start


def written(folder: Path, secrets: Mapping[str, str]) -> Path:
    """The place of a configuration with these secrets beside it, and a key for tokens."""
    for name, secret in {**secrets, "token_key": Fernet.generate_key().decode()}.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(secret)
    return folder / "syncd.toml"


@contextlib.contextmanager
def simulated(*arguments: str) -> Iterator[Provider]:
    """A simulated provider until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "syncd.simulator", "--limit", "off", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        try:
            yield Provider(json.loads(running.stdout.readline()))
        finally:
            running.terminate()
