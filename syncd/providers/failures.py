"""How the HTTP library's exceptions become syncd's: a table, and the removal of the requests that
the library ties to them, headers and all."""

from __future__ import annotations

import asyncio
import os
import ssl
from socket import gaierror
from typing import Final

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from multidict import CIMultiDict, CIMultiDictProxy

from syncd.errors import BadAnswer, NoAnswer, NotSent, ProviderError
from syncd.providers.redaction import visible

FOREIGN = (aiohttp.ClientError, OSError, asyncio.TimeoutError)

# The first that fits. A failure before any connection stood is proof that nothing left.
_TABLE: Final[tuple[tuple[type[Exception], type[ProviderError], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, NotSent, "the host name could not be used"),
    (aiohttp.ClientConnectorCertificateError, NotSent, "the host's certificate is not trusted"),
    (aiohttp.ClientConnectorSSLError, NotSent, "no secure connection could be made"),
    (aiohttp.ClientConnectorError, NotSent, "no connection could be made"),
    (aiohttp.ConnectionTimeoutError, NotSent, "no connection was made in time"),
    (aiohttp.InvalidURL, NotSent, "the address cannot be used"),
    (aiohttp.ClientResponseError, BadAnswer, "the answer is not HTTP that can be read"),
    (ContentEncodingError, BadAnswer, "the answer cannot be unpacked"),
    (asyncio.TimeoutError, NoAnswer, "no complete answer came in time"),
    (aiohttp.ClientPayloadError, NoAnswer, "the answer broke off"),
    (aiohttp.ServerDisconnectedError, NoAnswer, "the provider closed the connection"),
    (Exception, NoAnswer, "the connection broke"),
)


_REMEDY: Final = "is the provider up, and base_url right? the next pass tries again by itself"


def translate(error: Exception, operation: str, *, is_connected: bool) -> ProviderError:
    """Our own error for a foreign one, in words that carry no address, header or body."""
    cause = error.__cause__ if isinstance(error.__cause__, ContentEncodingError) else error
    kind, words = next((kind, words) for type_, kind, words in _TABLE if isinstance(cause, type_))
    if not is_connected and kind is not NotSent:
        kind, words = NotSent, "no connection was made in time"
    return kind(f"{operation}: {words}{_reason(error)}", remedy=_REMEDY)


def _reason(error: Exception) -> str:
    """What the system said of a failed connection; other texts carry addresses and headers."""
    if not isinstance(error, aiohttp.ClientConnectorError):
        return ""
    inner = error.os_error
    # asyncio puts the address into strerror; the number alone gives the system's own words.
    is_numbered = bool(inner.errno) and not isinstance(inner, gaierror | ssl.SSLError)
    words = os.strerror(inner.errno or 0).lower() if is_numbered else inner.strerror or str(inner)
    return f" ({visible(words, 200)})" if words else ""


def scrubbed(error: Exception) -> Exception:
    """The error as a cause to chain, without the request that aiohttp ties to it."""
    if isinstance(error, aiohttp.ClientResponseError):
        error.args = (error.status, error.message)
        error.history = ()
        error.headers = None
        seen = error.request_info
        error.request_info = aiohttp.RequestInfo(
            url=seen.url.with_query(None),
            method=seen.method,
            headers=CIMultiDictProxy(CIMultiDict()),
            real_url=seen.real_url.with_query(None),
        )
    return error
