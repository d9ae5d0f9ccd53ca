"""The kinds of fault that any provider can suffer: slow, silent, cut, unreadable or refusing
answers. They work on the answer's bytes and know nothing of what it says."""

import asyncio
import gzip
import io
from collections.abc import Mapping

from syncd.simulator.exchange import Cut, Exchange, Reply, Stage
from syncd.simulator.faults import Fault, Kind
from syncd.simulator.wire import emit

_LOGIN_PAGE = b"<!doctype html><html><title>Sign in</title><body><form>Sign in</form></body></html>"
_SPACES = b" " * 1_000_000


async def _delay(_: Exchange, fault: Fault) -> None:
    await asyncio.sleep(float(fault.params.get("seconds", 1)))


async def _hold(_: Exchange, fault: Fault) -> None:
    await fault.gate.wait()


async def _reset(_: Exchange, fault: Fault) -> None:
    raise Cut(fault.name)


async def _status(exchange: Exchange, fault: Fault) -> None:
    """`status`, `headers`, and `body`: a text is sent as it is, anything else as JSON."""
    body = fault.params.get("body")
    exchange.reply = Reply(
        status=int(fault.params.get("status", 500)),
        value=body,
        raw=body.encode() if isinstance(body, str) else b"" if body is None else None,
        headers=dict(fault.params.get("headers", {})),
    )


async def _throttle(exchange: Exchange, fault: Fault) -> None:
    """429 with `x-ratelimit-*` as given; what is not given is not sent."""
    names = {"limit", "remaining", "reset"} & fault.params.keys()
    headers = {f"x-ratelimit-{name}": str(fault.params[name]) for name in sorted(names)}
    headers |= fault.params.get("headers", {})
    exchange.reply = Reply(status=429, raw=b"", headers=headers)


async def _redirect(exchange: Exchange, fault: Fault) -> None:
    location = {"Location": str(fault.params["location"])}
    status = int(fault.params.get("status", 307))
    exchange.reply = Reply(status=status, raw=b"", headers=location)


async def _html(exchange: Exchange, _: Fault) -> None:
    exchange.reply = Reply(status=200, raw=_LOGIN_PAGE, content_type="text/html")


async def _empty(exchange: Exchange, fault: Fault) -> None:
    exchange.reply = Reply(status=int(fault.params.get("status", 200)), raw=b"")


async def _malformed(exchange: Exchange, _: Fault) -> None:
    exchange.reply = Reply(status=200, raw=_bytes_of(exchange)[:-1] + b",]")


async def _duplicate_keys(exchange: Exchange, _: Fault) -> None:
    exchange.reply = Reply(status=200, raw=b'{"errors":[],"errors":[],' + _bytes_of(exchange)[1:])


async def _truncate(exchange: Exchange, fault: Fault) -> None:
    """The head promises the whole body, `keep` bytes (half of them) come."""
    reply = exchange.reply or Reply(status=200, value={"data": []})
    exchange.reply = reply
    reply.keep = int(fault.params.get("keep", len(_bytes_of(exchange)) // 2))


async def _drip(exchange: Exchange, fault: Fault) -> None:
    if exchange.reply is not None:
        exchange.reply.drip = float(fault.params.get("seconds", 1))


async def _headers(exchange: Exchange, fault: Fault) -> None:
    if exchange.reply is not None:
        exchange.reply.headers |= fault.params.get("headers", {})


async def _gzip_bomb(exchange: Exchange, fault: Fault) -> None:
    """The true body behind `megabytes` of spaces, compressed about a thousandfold."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for _ in range(int(fault.params.get("megabytes", 64))):
            file.write(_SPACES)
        file.write(_bytes_of(exchange))
    headers = {"Content-Encoding": "gzip"}
    exchange.reply = Reply(status=200, raw=packed.getvalue(), headers=headers)


def _has_body(exchange: Exchange) -> bool:
    """Of an answer without a body there is nothing that could be left out."""
    return exchange.reply is None or bool(_bytes_of(exchange))


def _bytes_of(exchange: Exchange) -> bytes:
    """The body that would be sent now; a plausible one where nothing was judged yet."""
    if exchange.reply is None:
        return b'{"data":[],"errors":[]}'
    return exchange.reply.raw if exchange.reply.raw is not None else emit(exchange.reply.value)


_EITHER = (Stage.BEFORE, Stage.AFTER)
_LATE = (Stage.AFTER, Stage.BEFORE)

KINDS: Mapping[str, Kind] = {
    "delay": Kind(act=_delay, stages=_EITHER),
    "hold": Kind(act=_hold, stages=_EITHER),
    "reset": Kind(act=_reset, stages=(Stage.BEFORE, Stage.HEAD, Stage.AFTER)),
    "status": Kind(act=_status, stages=_EITHER),
    "throttle": Kind(act=_throttle, stages=_EITHER),
    "redirect": Kind(act=_redirect, stages=_EITHER),
    "html": Kind(act=_html, stages=_LATE),
    "empty": Kind(act=_empty, stages=_LATE),
    "malformed": Kind(act=_malformed, stages=_LATE),
    "duplicate_keys": Kind(act=_duplicate_keys, stages=_LATE),
    "truncate": Kind(act=_truncate, stages=_LATE, fits=_has_body),
    "gzip_bomb": Kind(act=_gzip_bomb, stages=_LATE),
    "drip": Kind(act=_drip, stages=(Stage.AFTER,)),
    "headers": Kind(act=_headers, stages=(Stage.AFTER,)),
}
