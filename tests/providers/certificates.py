"""Self-signed certificates for this machine, made from nothing but the standard library: a fresh
RSA key and the few structures of X.509 that a handshake looks at."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import random
import secrets
from dataclasses import dataclass
from functools import cache

_SMALL = [number for number in range(3, 2000, 2) if all(number % d for d in range(3, number, 2))]
_SHA256_WITH_RSA = "2a864886f70d01010b"
_RSA = "2a864886f70d010101"
_PUBLIC_EXPONENT = 65537


@dataclass(frozen=True)
class _Key:
    modulus: int
    private: int
    first: int
    second: int


def pem(address: str, *, begins: dt.datetime, ends: dt.datetime) -> str:
    """Key and certificate of one IP address, valid between these times, signed by itself."""
    key = _key()
    name = _sequence(_tlv(0x31, _sequence(_oid("550403"), _tlv(0x0C, b"syncd tests"))))
    public = _sequence(_integer(key.modulus), _integer(_PUBLIC_EXPONENT))
    packed = ipaddress.ip_address(address).packed
    alternative = _sequence(_tlv(0x87, packed))
    authority = _sequence(_tlv(0x01, b"\xff"))
    body = _sequence(
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(64)),
        _algorithm(_SHA256_WITH_RSA),
        name,
        _sequence(_time(begins), _time(ends)),
        name,
        _sequence(_algorithm(_RSA), _tlv(0x03, b"\x00" + public)),
        _tlv(
            0xA3,
            _sequence(
                _sequence(_oid("551d11"), _tlv(0x04, alternative)),
                _sequence(_oid("551d13"), _tlv(0x01, b"\xff"), _tlv(0x04, authority)),
            ),
        ),
    )
    certificate = _sequence(
        body, _algorithm(_SHA256_WITH_RSA), _tlv(0x03, b"\x00" + _signature(key, body))
    )
    return _armoured("RSA PRIVATE KEY", _private(key)) + _armoured("CERTIFICATE", certificate)


@cache
def _key() -> _Key:
    first, second = _prime(1024), _prime(1024)
    private = pow(_PUBLIC_EXPONENT, -1, (first - 1) * (second - 1))
    return _Key(first * second, private, first, second)


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if (
            all(number % small for small in _SMALL)
            and (number - 1) % _PUBLIC_EXPONENT
            and all(_is_witnessed(number) for _ in range(8))
        ):
            return number


def _is_witnessed(number: int) -> bool:
    """One round of Miller and Rabin."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    power = pow(random.randrange(2, number - 1), odd, number)
    if power in {1, number - 1}:
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _signature(key: _Key, body: bytes) -> bytes:
    digest = _sequence(_algorithm("608648016503040201"), _tlv(0x04, hashlib.sha256(body).digest()))
    padded = b"\x00\x01" + b"\xff" * (256 - len(digest) - 3) + b"\x00" + digest
    return pow(int.from_bytes(padded), key.private, key.modulus).to_bytes(256)


def _private(key: _Key) -> bytes:
    numbers = (
        0,
        key.modulus,
        _PUBLIC_EXPONENT,
        key.private,
        key.first,
        key.second,
        key.private % (key.first - 1),
        key.private % (key.second - 1),
        pow(key.second, -1, key.first),
    )
    return _sequence(*map(_integer, numbers))


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(size)]) + size + content


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def _oid(dotless: str) -> bytes:
    return _tlv(0x06, bytes.fromhex(dotless))


def _algorithm(oid: str) -> bytes:
    return _sequence(_oid(oid), _tlv(0x05, b""))


def _time(moment: dt.datetime) -> bytes:
    return _tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _armoured(kind: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n"
