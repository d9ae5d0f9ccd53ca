"""The two OAuth pages of the simulated ICAS: a person's consent (answered at once, as somebody
decided beforehand) and the token call. Errors are those of RFC 6749, as the provider names none."""

from collections import Counter
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

from syncd.simulator.exchange import Exchange, Reply
from syncd.simulator.icas.routes import query_of
from syncd.simulator.icas.tokens import Access, Tokens
from syncd.simulator.icas.world import World
from syncd.simulator.settings import Settings

SCOPES = frozenset({"api_ro", "api_rw", "console_ro", "console_rw", "reporting"})
CONSENTS = ("granted", "denied", "refused")
_FORM = "application/x-www-form-urlencoded"
_PAGE = b"<!doctype html><html><title>Admarkt</title><body><h1>This cannot be granted</h1></body>"


class _Problem(Exception):
    """An error of the token call."""

    def __init__(self, error: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.error = error
        self.status = status


class OAuth:
    """Consent and tokens for one application and one seller."""

    def __init__(self, settings: Settings, world: World, tokens: Tokens) -> None:
        self._application = (settings.client_id, settings.client_secret)
        self._redirect_uri = settings.option("redirect_uri", "")
        self._world = world
        self._tokens = tokens
        self.consent = ""
        self.decide(settings.option("consent", "granted"))

    def decide(self, consent: str) -> None:
        """What the person at the consent page does from now on: `granted`, `denied` (sent back with
        an error) or `refused` (a page that leads nowhere)."""
        if consent not in CONSENTS:
            raise ValueError(f"consent is one of {', '.join(CONSENTS)}")
        self.consent = consent

    def authorize(self, exchange: Exchange) -> Reply:
        """Send the browser back where it came from, with a code or an error."""
        asked = dict(query_of(exchange.target))
        redirect_uri = asked.get("redirect_uri", "")
        is_ours = asked.get("client_id") == self._application[0]
        if not is_ours or not self._may_return_to(redirect_uri) or self.consent == "refused":
            return Reply(status=400, raw=_PAGE, readable=True, content_type="text/html")
        scope = frozenset(asked.get("scope", "").split())
        if asked.get("response_type") != "code":
            answer = {"error": "unsupported_response_type"}
        elif not scope <= SCOPES or not scope & self._world.seller.scopes:
            answer = {"error": "invalid_scope"}
        elif self.consent == "denied":
            answer = {"error": "access_denied"}
        else:
            granted = scope & self._world.seller.scopes
            answer = {"code": self._tokens.make_code(granted, redirect_uri).text}
        if "state" in asked:
            answer["state"] = asked["state"]
        mark = "&" if urlsplit(redirect_uri).query else "?"
        location = {"Location": f"{redirect_uri}{mark}{urlencode(answer)}"}
        return Reply(status=302, raw=b"", readable=True, headers=location)

    def token(self, exchange: Exchange) -> Reply:
        """Tokens for a code or a refresh token."""
        unstored = {"Cache-Control": "no-store"}
        try:
            access = self._granted(exchange)
        except _Problem as problem:
            told = {"error": problem.error, "error_description": str(problem)}
            return Reply(status=problem.status, value=told, headers=unstored)
        made = {
            "access_token": access.text,
            "token_type": "bearer",
            "expires_in": self._tokens.ttl,
            "refresh_token": access.refresh.text,
            "scope": " ".join(sorted(access.scope)),
        }
        return Reply(status=200, value=made, headers=unstored)

    def _granted(self, exchange: Exchange) -> Access:
        media_type = exchange.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type != _FORM:
            raise _Problem("invalid_request", f"send {_FORM}")
        pairs = parse_qsl(exchange.body.decode("utf-8", "replace"), keep_blank_values=True)
        if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
            raise _Problem("invalid_request", "a field stands there twice")
        form = dict(pairs)
        if (form.get("client_id"), form.get("client_secret")) != self._application:
            raise _Problem("invalid_client", "the client id or secret is wrong", 401)
        match form.get("grant_type"):
            case "authorization_code":
                access = self._tokens.redeem(_field(form, "code"), _field(form, "redirect_uri"))
            case "refresh_token":
                access = self._tokens.refresh(_field(form, "refresh_token"))
            case None:
                _missing("grant_type")
            case _:
                raise _Problem("unsupported_grant_type", "there is no such grant here")
        if access is None:
            raise _Problem("invalid_grant", "the code or refresh token is of no use (any more)")
        return access

    def _may_return_to(self, redirect_uri: str) -> bool:
        if self._redirect_uri:
            return redirect_uri == self._redirect_uri
        try:
            parts = urlsplit(redirect_uri)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and bool(parts.netloc) and not parts.fragment


def _field(form: dict[str, str], name: str) -> str:
    if name not in form:
        _missing(name)
    return form[name]


def _missing(name: str) -> NoReturn:
    raise _Problem("invalid_request", f"{name} is missing")
