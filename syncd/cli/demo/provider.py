"""The other end of the demo: a simulated provider in a process of its own, and what a person at
that provider would do there. Speaks to it over loopback only."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from syncd.errors import SyncdError

_SECONDS: Final = 15
_ARGUMENTS: Final = ("-m", "syncd.simulator")


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
def simulated_provider(*, campaigns: int, seed: int, keep: bool) -> Iterator[SimulatedProvider]:
    """A running provider; it ends with the block, and with this process, unless it is to be kept.
    Raises NotRunning."""
    arguments = [sys.executable, *_ARGUMENTS, "--campaigns", str(campaigns), "--seed", str(seed)]
    if not keep and sys.platform == "linux":
        arguments.append("--parent-death")
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the demo, which then stops it
    )
    is_kept = False
    try:
        assert process.stdout is not None  # noqa: S101  (a pipe was asked for)
        first = process.stdout.readline()
        if not first:
            raise NotRunning("the simulated provider did not start", remedy="try: syncd simulate")
        yield SimulatedProvider(told=json.loads(first), pid=process.pid)
        is_kept = keep
    finally:
        if is_kept:
            process.returncode = 0  # else Popen warns of a child that is meant to go on
        else:
            process.terminate()
            process.wait(_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
