"""A request to the simulated Epom taken apart: its operation, the ids in its path, its parameters
wherever they stand, and the file that it brings. It judges forms and knows no campaigns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl, unquote

from syncd.simulator.epom.refusal import Refusal
from syncd.simulator.exchange import Exchange

_ONE = r"/rest-api/campaign/(?P<campaign>[^/]+)"
_MANY = r"/rest-api/(?P<plural>campaigns?)/(?P<campaign>[^/]+)"
_COUNTRIES = r"/pricing/(?P<countries>[^/]+)\.do"
_ROUTES = tuple(
    (method, re.compile(pattern), operation)
    for method, pattern, operation in (
        ("GET", r"/rest-api/campaigns\.do", "campaigns"),
        ("GET", r"/rest-api/advertiser/(?P<advertiser>[^/]+)/campaigns\.do", "of_advertiser"),
        ("GET", _ONE + r"\.do", "campaign"),
        ("GET", _ONE + r"/actions\.do", "actions"),
        ("GET", _ONE + r"/pricing\.do", "get"),
        ("POST", _ONE + r"/pricing\.do", "update"),
        ("POST", _ONE + r"/pricing/batch\.do", "batch"),
        ("POST", _ONE + _COUNTRIES, "update_country"),
        ("POST", _ONE + r"/campaignPricing/actionPricing\.do", "action"),
        ("DELETE", _MANY + r"/pricing\.do", "disable"),
        ("DELETE", _MANY + _COUNTRIES, "disable_country"),
    )
)
WRITES = frozenset(operation for method, _, operation in _ROUTES if method != "GET")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


def operation_of(method: str, path: str) -> str:
    """The name of a call, or `other` for what does not exist."""
    path = path.partition("?")[0]
    for verb, pattern, operation in _ROUTES:
        if verb == method and pattern.fullmatch(path):
            return operation
    return "other"


def is_known_path(path: str) -> bool:
    """Whether there is anything at a path, by whatever method."""
    path = path.partition("?")[0]
    return any(pattern.fullmatch(path) for _, pattern, _ in _ROUTES)


@dataclass(frozen=True)
class Part:
    """A part of a multipart form."""

    name: str
    is_file: bool
    content: bytes


@dataclass(kw_only=True)
class Request:
    """One call taken apart; what cannot be read is a `problem`."""

    operation: str
    segments: Mapping[str, str] = field(default_factory=dict)
    """Of the path, still percent-encoded: `campaign`, `advertiser`, `countries`, `plural`."""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """All parameters of the query and, of a POST, of the form."""
    parts: list[Part] = field(default_factory=list)
    problem: str | None = None

    @classmethod
    def read(cls, exchange: Exchange) -> "Request":
        """Take an exchange apart; never raises."""
        path, _, query = exchange.target.partition("?")
        method, operation = exchange.arrival.method, exchange.arrival.operation
        made = cls(operation=operation)
        for verb, pattern, name in _ROUTES:
            if (verb, name) == (method, operation) and (found := pattern.fullmatch(path)):
                made.segments = found.groupdict()
        made._take(query.encode())
        if method == "POST" and exchange.body:
            made._take_body(exchange)
        return made

    def only(self, name: str) -> str | None:
        """A parameter that is there exactly once, else None."""
        found = [value for key, value in self.pairs if key == name]
        return found[0] if len(found) == 1 else None

    def campaign_id(self) -> str:
        """The campaign of the path; raises a Refusal where it is no number."""
        text = self.segments.get("campaign", "")
        if not (text.isascii() and text.isdecimal()):
            raise Refusal(400, "campaign_id_invalid")
        return text

    def countries(self) -> list[str]:
        """The countries of the path in order, as they are spelt there.

        Several stand as `UK, US, CA`, percent-encoded; a bare comma is one strange country.
        """
        segment = self.segments.get("countries", "")
        if "," in segment:
            return [segment]
        return [one.removeprefix(" ") for one in unquote(segment).split(",")]

    def fields(self, *names: str) -> dict[str, str]:
        """The parameters of these names; raises a Refusal for one that is there twice, and for
        any that the call does not take."""
        if self.problem is not None:
            raise Refusal(400, self.problem)
        keys = [key for key, _ in self.pairs]
        if len(set(keys)) != len(keys):
            raise Refusal(400, "parameter_repeated")
        given = {key: value for key, value in self.pairs if key not in _SIGNATURE}
        if not given.keys() <= set(names):
            raise Refusal(400, "parameter_unknown")
        return given

    def _take(self, encoded: bytes) -> None:
        try:
            self.pairs += (
                parse_qsl(
                    encoded.decode(), keep_blank_values=True, strict_parsing=True, errors="strict"
                )
                if encoded
                else []
            )
        except ValueError:
            self.problem = "parameters_unreadable"

    def _take_body(self, exchange: Exchange) -> None:
        media_type = exchange.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.operation == "batch" and media_type == _MULTIPART:
            self.parts = _parts(exchange.headers["Content-Type"], exchange.body)
        elif self.operation != "batch" and media_type == _FORM:
            self._take(exchange.body)
        else:
            self.problem = "media_type_wrong"


_SIGNATURE = {"username", "timestamp", "hash"}


def _parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart form; none where it cannot be read."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "surrogateescape")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    payload = message.get_payload()
    if message.defects or not isinstance(payload, list):
        return []
    return [_part(part) for part in payload if isinstance(part, Message)]


def _part(part: Message) -> Part:
    content = part.get_payload(decode=True)
    name = part.get_param("name", header="content-disposition")
    return Part(
        name=name if isinstance(name, str) else "",
        is_file=part.get_filename() is not None,
        content=content if isinstance(content, bytes) else b"",
    )
