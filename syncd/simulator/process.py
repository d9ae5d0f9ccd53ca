"""Simulators as a process: it says when each is ready, and it ends on SIGTERM, on SIGINT and, where
asked, with its parent. It knows nothing of any provider."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from syncd.simulator.server import Simulator
from syncd.simulator.settings import Settings
from syncd.simulator.wire import emit

_PR_SET_PDEATHSIG = 1


def serve(several: Sequence[Settings | Simulator], *, parent_death: bool = False) -> int:
    """Serve until SIGTERM or SIGINT, then return 0.

    When the sockets listen, one JSON line for each simulator goes to stdout: `ready`, `provider`,
    `base_url`, `admin_url`, `pid` and what its configuration needs. With `parent_death`, the end of
    the parent ends this process (Linux; strictly of the parent's thread, so start it from one that
    stays).
    """
    if parent_death:
        _end_with_parent()
    asyncio.run(_serve(several))
    return 0


async def _serve(several: Sequence[Settings | Simulator]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for one in several:
            simulator = one if isinstance(one, Simulator) else Simulator(one)
            await stack.enter_async_context(simulator)
            ready = {"ready": True, "pid": os.getpid()} | simulator.describe()
            sys.stdout.write(emit(ready).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def _end_with_parent() -> None:
    parent = os.getppid()
    if sys.platform != "linux":
        raise OSError("--parent-death needs Linux; end this process yourself")
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the request was made
        raise SystemExit(0)
