"""Where things are reached: a provider's base URL, the address to listen on, the database's URL.
It allows what is known to be right instead of looking for what is wrong, and never quotes an
address that could carry a password. It resolves no names and opens no connection."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from syncd.config.values import quoted, refusal, wrong_type
from syncd.model.registration import Endpoint

_HTTP_URL = re.compile(r"(https?)://([^/]*)(/.*)?", re.ASCII | re.IGNORECASE)
_HOST_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?", re.ASCII)
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})", re.ASCII)
_POSTGRES: Final = ("postgresql://", "postgres://")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """The host (an address without brackets, or a name) and port to listen on; port 0 takes a free
    one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def listen(value: object) -> Listen:
    """An address and port in one text; an IPv6 address stands in brackets."""
    remedy = 'write host:port, such as "127.0.0.1:8440" or "[::1]:8440"'
    if not isinstance(value, str):
        raise wrong_type(value, "an address in quotes", remedy)
    match = _LISTEN.fullmatch(value)
    if match is None or int(match[2]) > 65535:
        raise refusal("bad-listen", f"{quoted(value)} is not host:port", remedy)
    host = match[1].strip("[]")
    if (":" in host or re.fullmatch(r"[0-9.]+", host)) and not _is_address(host):
        raise refusal("bad-listen", f"{quoted(host)} is not an address", remedy)
    return Listen(host=host, port=int(match[2]))


def base_url(value: object, endpoint: Endpoint, *, allow_loopback: bool) -> str:
    """An https address that the provider is known to have, or, where that is allowed, a loopback
    one and nothing else. Returned without a version and the last slash, its host in lower case."""
    remedy = f'leave base_url out, or write "{endpoint.url}"'
    if endpoint.url is None:
        remedy = f'write your own host of the provider: "https://HOST{endpoint.path}"'
    if allow_loopback:
        remedy = (
            f'write "http://127.0.0.1:PORT{endpoint.path}", '
            "or remove allow_loopback for the real provider"
        )
    if value is None:
        raise refusal("missing-key", "base_url is missing", remedy)
    if not isinstance(value, str):
        raise wrong_type(value, "an address in quotes", remedy)
    value = value.removesuffix("/")
    if endpoint.version and value.endswith(endpoint.path + endpoint.version):
        value = value.removesuffix(endpoint.version)
    why = _why_not(value) or _why_not_there(value, endpoint, allow_loopback=allow_loopback)
    if why and not allow_loopback and _leads_here(value):
        remedy = "for a simulator on this machine add: allow_loopback = true"
    if why:
        raise refusal("bad-base-url", why, remedy)
    return value.removesuffix(endpoint.path).lower() + endpoint.path


def host_of(url: str) -> str:
    """The host of an address in one form, so that two can be compared; empty for no address."""
    match = _HTTP_URL.fullmatch(url)
    return match[2].lower().removesuffix(":443") if match else ""


def holds_password(url: str) -> bool:
    """Whether a postgresql:// URL carries a password, or looks as if it did."""
    rest = url.partition("://")[2]
    user, at, _ = rest.rpartition("@")
    query = rest.partition("?")[2]
    return (bool(at) and ":" in user) or any(
        "pass" in key.lower() and key != "passfile"
        for key, _ in parse_qsl(query, keep_blank_values=True)
    )


def is_postgres_url(value: str) -> bool:
    """Whether the text is a postgresql:// URL of one line without spaces."""
    return value.startswith(_POSTGRES) and value.isprintable() and " " not in value


def _why_not(url: str) -> str | None:
    """What is wrong with the address whatever it leads to. Nothing of a strange address is
    quoted."""
    reasons = (
        (
            not url.isascii(),
            "the address has letters outside ASCII, which can imitate another host",
        ),
        (
            not url.isprintable() or " " in url or "\\" in url,
            "the address has spaces or odd characters",
        ),
        (
            not url.lower().startswith(("https://", "http://")),
            "the address does not begin with https://",
        ),
        ("@" in url, "the address carries a user name or password"),
        ("?" in url or "#" in url, "the address carries a query or fragment"),
        ("%" in url, "the address has escaped characters"),
        (
            "xn--" in url.lower(),
            "the address has an encoded foreign name, which can imitate another host",
        ),
    )
    return next((reason for is_so, reason in reasons if is_so), None)


def _why_not_there(url: str, endpoint: Endpoint, *, allow_loopback: bool) -> str | None:
    """What is wrong with the place that the address leads to."""
    match = _HTTP_URL.fullmatch(url)
    place = _HOST_PORT.fullmatch(match[2].lower()) if match else None
    if match is None or place is None or not 0 < int(place[2] or 443) <= 65535:
        return "the address has no readable host and port"
    host, port = place[1].strip("[]"), int(place[2] or 443)
    loopback = _is_loopback(host)
    reasons = (
        ((match[3] or "") != endpoint.path, _why_not_path(endpoint)),
        (host.endswith("."), "the host ends in a dot"),
        (allow_loopback and not loopback, f"{quoted(host)} is not a loopback address"),
        (allow_loopback, None),
        (
            match[1].lower() == "http",
            "the address begins with http://, which anybody on the way can read",
        ),
        (loopback, f"{quoted(host)} is a loopback address and allow_loopback is not set"),
        (not endpoint.takes(host) or port != 443, _why_not_host(match[2], endpoint)),
    )
    return next((reason for is_so, reason in reasons if is_so), None)


def _why_not_path(endpoint: Endpoint) -> str:
    if endpoint.path:
        return f"the address does not end in {endpoint.path}, where the documents' paths begin"
    return "the address goes on after the host; the documents' paths begin there"


def _why_not_host(place: str, endpoint: Endpoint) -> str:
    if endpoint.host is None:
        return f"{quoted(place)} is not a public host on the https port"
    return f"{quoted(place)} is not the provider's documented host {endpoint.host}"


def _leads_here(url: str) -> bool:
    match = _HTTP_URL.fullmatch(url)
    place = _HOST_PORT.fullmatch(match[2].lower()) if match else None
    return place is not None and _is_loopback(place[1].strip("[]"))


def _is_loopback(host: str) -> bool:
    """127.0.0.0/8 in its plain writing, ::1, or the one name that means this machine; each
    connection looks at the address that it leads to."""
    if host == "localhost":
        return True
    return _is_address(host) and (host == "::1" or (":" not in host and host.startswith("127.")))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
