"""Who calls the simulated PAI and whether they may: bearer keys in dialect `documented`, signed
requests in `current`. It knows keys, nonces and the clock, and nothing of campaigns."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from syncd.simulator.exchange import Exchange
from syncd.simulator.pai.answers import GatewayRefusal, Refusal
from syncd.simulator.pai.clock import Clock
from syncd.simulator.pai.options import Options
from syncd.simulator.pai.routes import ACTIONS
from syncd.simulator.pai.signature import (
    Authorization,
    canonical_request,
    read_authorization,
    signature_of,
    text_to_sign,
)
from syncd.simulator.sending import masked

VERSION = "2022-01-12"
PATIENCE = timedelta(minutes=15)
_MANDATORY = (
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)


class Callers:
    """The one account of this simulator, by its API key or its access key."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._nonces: set[str] = set()
        self.is_revoked = False
        """The keys are known and refused."""
        self.is_token_expired = False
        """The security token of a temporary access key has ended."""
        self.denied: frozenset[str] = frozenset()
        """The operations that the account has no permission for."""

    def credential(self, exchange: Exchange) -> str | None:
        """Whose key a request uses, as a name that is no secret; None for no known key."""
        text = exchange.headers.get("Authorization")
        if self._options.dialect == "documented":
            key = self._options.api_key if _bearer(text) == self._options.api_key else ""
        else:
            said = read_authorization(text)
            known = said is not None and said.key_id == self._options.access_key_id
            key = self._options.access_key_id if known else ""
        return masked(key) if key else None

    def check(self, exchange: Exchange) -> None:
        """Raises Refusal or GatewayRefusal for a call that may not be made."""
        if self._options.dialect == "documented":
            self._check_bearer(exchange)
        else:
            self._check_signed(exchange)
        if exchange.arrival.operation in self.denied:
            raise Refusal(403)

    def _check_bearer(self, exchange: Exchange) -> None:
        key = _bearer(exchange.headers.get("Authorization"))
        if self.is_revoked or key != self._options.api_key:
            raise Refusal(401)

    def _check_signed(self, exchange: Exchange) -> None:
        headers = {name.lower(): text for name, text in exchange.headers.items()}
        said = read_authorization(headers.get("authorization"))
        if said is None:
            text = "The request signature does not conform to the standards."
            raise GatewayRefusal(400, "IncompleteSignature", text)
        _check_complete(headers, said)
        self._check_key(headers, said)
        self._check_date(headers["x-acs-date"])
        _check_action(headers, exchange)
        self._check_signature(headers, said, exchange)
        nonce = headers["x-acs-signature-nonce"]
        if nonce in self._nonces:
            text = "Specified signature nonce was used already."
            raise GatewayRefusal(400, "SignatureNonceUsed", text)
        self._nonces.add(nonce)

    def _check_key(self, headers: Mapping[str, str], said: Authorization) -> None:
        if said.key_id != self._options.access_key_id:
            text = "Specified access key is not found."
            raise GatewayRefusal(404, "InvalidAccessKeyId.NotFound", text)
        if self.is_revoked:
            text = "Specified access key is disabled."
            raise GatewayRefusal(403, "InvalidAccessKeyId.Inactive", text)
        token = headers.get("x-acs-security-token", "")
        if self._options.security_token and not token:
            text = "A temporary access key needs its security token."
            raise GatewayRefusal(400, "MissingSecurityToken", text)
        if token != self._options.security_token:
            text = "Specified security token is malformed."
            raise GatewayRefusal(400, "InvalidSecurityToken.Malformed", text)
        if token and self.is_token_expired:
            text = "Specified security token is expired."
            raise GatewayRefusal(400, "InvalidSecurityToken.Expired", text)

    def _check_date(self, text: str) -> None:
        try:
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError as error:
            said = "Specified time stamp or date value is not well formatted."
            raise GatewayRefusal(400, "InvalidTimeStamp.Format", said) from error
        if abs(moment - self._clock.now()) > PATIENCE:
            said = "Specified time stamp or date value is expired."
            raise GatewayRefusal(400, "InvalidTimeStamp.Expired", said)

    def _check_signature(
        self, headers: Mapping[str, str], said: Authorization, exchange: Exchange
    ) -> None:
        target, body = exchange.target, exchange.body
        canonical = canonical_request(exchange.arrival.method, target, headers, said.signed)
        wanted = signature_of(canonical, self._options.access_key_secret)
        is_body_signed = headers["x-acs-content-sha256"] == sha256(body).hexdigest()
        if not hmac.compare_digest(wanted, said.signature) or not is_body_signed:
            token = headers.get("x-acs-security-token") or "\0"
            text = (
                "Specified signature does not match our calculation. server StringToSign is "
                f"[{text_to_sign(canonical)}], server CanonicalRequest is "
                f"[{canonical.replace(token, masked(token))}]"
            )
            raise GatewayRefusal(400, "SignatureDoesNotMatch", text)


def _check_complete(headers: Mapping[str, str], said: Authorization) -> None:
    """Every mandatory header is there, and host and all of the provider's own are signed."""
    for name in _MANDATORY:
        if not headers.get(name):
            text = f"{name} is mandatory for this action."
            raise GatewayRefusal(400, "MissingParameter", text)
    own = {name for name in headers if name.startswith("x-acs-")} | {"host"}
    unsigned = own.difference(said.signed)
    absent = set(said.signed).difference(headers)
    if unsigned or absent:
        text = f"SignedHeaders lacks {sorted(unsigned)} and names {sorted(absent)} in vain."
        raise GatewayRefusal(400, "IncompleteSignature", text)


def _check_action(headers: Mapping[str, str], exchange: Exchange) -> None:
    if headers["x-acs-version"] != VERSION:
        text = "Specified parameter Version is not valid."
        raise GatewayRefusal(404, "InvalidVersion", text)
    if headers["x-acs-action"] != ACTIONS[exchange.arrival.operation]:
        text = "Specified api is not found, please check your url and method."
        raise GatewayRefusal(404, "InvalidAction.NotFound", text)


def _bearer(text: str | None) -> str:
    """The key of an Authorization header; empty where there is none."""
    scheme, _, key = (text or "").partition(" ")
    return key if scheme.lower() == "bearer" else ""
