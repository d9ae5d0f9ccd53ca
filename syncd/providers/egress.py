"""Where a request may go: one origin per account, over TLS to a public address; plain HTTP and
this machine itself only where the configuration says so. Checked at every name look-up, so that an
answer that changes later is refused as well."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from syncd.errors import ConfigError

_NAT64: Final = IPv6Network("64:ff9b::/96")


def origin(base_url: str, *, allow_loopback: bool) -> URL:
    """Scheme, host and port of a base URL. Raises ConfigError for one that may not be used."""
    try:
        url = URL(base_url)
        found = url.origin()
    except ValueError as error:
        raise ConfigError(
            "base_url is not a URL",
            remedy="write the host with its scheme, such as https://api.example.com",
        ) from error
    if url.user is not None or url.password is not None:
        raise ConfigError(
            "base_url carries a user name or password",
            remedy="take it out and put credentials under `credentials`, by reference",
        )
    if url.scheme != "https" and not (url.scheme == "http" and allow_loopback):
        raise ConfigError(
            f"base_url begins with {url.scheme}://, and requests with credentials go over https",
            remedy="use https://; plain http needs allow_loopback and reaches only this machine",
        )
    is_plain = url.scheme == "http"
    if refusal := _literal(found.host or "", is_plain=is_plain, allow_loopback=allow_loopback):
        raise ConfigError(f"base_url: {refusal}", remedy="use the provider's public host name")
    return found


class GuardedResolver(AbstractResolver):
    """Looks names up and refuses the addresses that a request may not go to, with an OSError."""

    def __init__(self, *, is_plain: bool, allow_loopback: bool) -> None:
        self._names = ThreadedResolver()
        self._is_plain = is_plain
        self._allow_loopback = allow_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for address in found:
            refusal = refused(
                address["host"], is_plain=self._is_plain, allow_loopback=self._allow_loopback
            )
            if refusal:
                raise OSError(None, f"{host} leads to {refusal}")
        return found

    async def close(self) -> None:
        await self._names.close()


def refused(address: str, *, is_plain: bool, allow_loopback: bool) -> str:
    """Why this address is not allowed, or an empty text."""
    ip = _inner(ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return "" if allow_loopback else f"{ip}, which is this machine itself"
    if is_plain:
        return f"{ip}, and plain http may only reach this machine itself"
    if not ip.is_global or ip.is_multicast:
        return f"{ip}, which is not a public address"
    return ""


def _literal(host: str, *, is_plain: bool, allow_loopback: bool) -> str:
    try:
        return refused(host, is_plain=is_plain, allow_loopback=allow_loopback)
    except ValueError:
        return ""  # a name: looked up, and checked, at each connection


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
