"""The other end of the demo: the simulated providers in processes of their own, and what a person
at such a provider would do there. Speaks to them over loopback only."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from syncd.errors import SyncdError

_SECONDS: Final = 15
_ARGUMENTS: Final = ("-m", "syncd.simulator")
FIRST: Final = "criteo"
OTHERS: Final = ("icas", "epom", "pai", "voipbin")
OF_EACH_OTHER: Final = 40


class NotRunning(SyncdError):
    """The simulated provider did not start."""

    code = "simulator"


@dataclass(frozen=True, kw_only=True)
class SimulatedProvider:
    """`told` is what it said when it was ready: where it listens, and with which credentials."""

    told: Mapping[str, Any]
    pid: int

    @property
    def base_url(self) -> str:
        """Where its documented paths begin."""
        return str(self.told["base_url"])

    def ask(self, what: str) -> Any:
        """Read from its admin interface."""
        return self._call(Request(f"{self.told['admin_url']}/{what}"))  # noqa: S310  (loopback http)

    def act(self, what: str, **wanted: Any) -> Any:
        """Do something there, as a person in the provider's own pages would."""
        body = json.dumps(wanted).encode()
        return self._call(Request(f"{self.told['admin_url']}/{what}", data=body, method="POST"))  # noqa: S310

    def _call(self, request: Request) -> Any:
        # No proxy of the environment may stand between this machine and itself.
        with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def simulated_providers(
    *, campaigns: int, seed: int, keep: bool
) -> Iterator[dict[str, SimulatedProvider]]:
    """All providers, running, by name: one with so many campaigns, each other with forty. They end
    with the block, and with this process, unless they are to be kept. Raises NotRunning."""
    shared = ["--seed", str(seed)]
    if not keep and sys.platform == "linux":
        shared.append("--parent-death")
    first = ["--provider", FIRST, "--campaigns", str(campaigns), *shared]
    named = [word for name in OTHERS for word in ("--provider", name)]
    others = [*named, "--campaigns", str(OF_EACH_OTHER), *shared]
    with (
        _process(first, (FIRST,), keep=keep) as one,
        _process(others, OTHERS, keep=keep) as several,
    ):
        yield one | several


@contextlib.contextmanager
def _process(
    arguments: Sequence[str], names: Sequence[str], *, keep: bool
) -> Iterator[dict[str, SimulatedProvider]]:
    process = subprocess.Popen(
        [sys.executable, *_ARGUMENTS, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the demo, which then stops it
    )
    is_kept = False
    try:
        assert process.stdout is not None  # noqa: S101  (a pipe was asked for)
        lines = [process.stdout.readline() for _ in names]
        if not all(lines):
            raise NotRunning("a simulated provider did not start", remedy="try: syncd simulate")
        yield {
            name: SimulatedProvider(told=json.loads(line), pid=process.pid)
            for name, line in zip(names, lines, strict=True)
        }
        is_kept = keep
    finally:
        if is_kept:
            process.returncode = 0  # else Popen warns of a child that is meant to go on
        else:
            process.terminate()
            process.wait(_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
