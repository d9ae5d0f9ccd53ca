"""The signature of the simulated PAI's dialect `current`, ACS3-HMAC-SHA256, as the receiver works
it out from a request. Pure: it knows no keys, no clock and no campaigns."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "ACS3-HMAC-SHA256"
_FORM = re.compile(
    rf"{ALGORITHM} Credential=(?P<key_id>[^,\s]+),SignedHeaders=(?P<headers>[a-z0-9;-]+),"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """What an Authorization header says."""

    key_id: str
    signed: tuple[str, ...]
    """The names of the headers that were signed."""
    signature: str


def read_authorization(text: str | None) -> Authorization | None:
    """The parts of an Authorization header; None for anything that is not of the one form."""
    found = _FORM.fullmatch(text or "")
    if found is None:
        return None
    names = tuple(found["headers"].split(";"))
    return Authorization(key_id=found["key_id"], signed=names, signature=found["signature"])


def canonical_request(
    method: str, target: str, headers: Mapping[str, str], signed: Sequence[str]
) -> str:
    """What is signed of a request: method, path, query, the signed headers, their names and the
    hash of the body as the headers give it."""
    path, _, query = target.partition("?")
    names = sorted(signed)
    lines = [f"{name}:{headers[name].strip()}\n" for name in names]
    payload = headers.get("x-acs-content-sha256", "")
    return "\n".join([method, _path(path), _query(query), "".join(lines), ";".join(names), payload])


def text_to_sign(canonical: str) -> str:
    """The algorithm and the hash of a canonical request."""
    return f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"


def signature_of(canonical: str, secret: str) -> str:
    """The signature that a canonical request has under a key secret."""
    return hmac.new(secret.encode(), text_to_sign(canonical).encode(), sha256).hexdigest()


def _path(path: str) -> str:
    """Every part in the one spelling that RFC 3986 leaves, however it was sent."""
    return "/".join(_quoted(unquote(part)) for part in path.split("/"))


def _query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    quoted = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in quoted)


def _quoted(text: str) -> str:
    return quote(text, safe="~")
