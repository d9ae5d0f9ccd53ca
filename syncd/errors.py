"""Every error that syncd raises on purpose: one tree, each leaf with a stable code, a sentence and
a remedy. Foreign exceptions are translated into these at the edge where they appear; nothing here
knows those libraries."""

from __future__ import annotations

from dataclasses import dataclass


class SyncdError(Exception):
    """Something expected went wrong. `code` is stable, `message` says what and where, `remedy` what
    to do."""

    code = "error"

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code


class ConfigError(SyncdError):
    """The configuration cannot be used; the command ends with exit code 2."""

    code = "configuration"


class UsageError(SyncdError):
    """The user asked for something that cannot be; the command ends with exit code 2."""

    code = "usage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why one of several acts was refused; `index` is its place among them, `code` names the part
    that is wrong (account, campaign, path, value, amount, key)."""

    index: int
    code: str
    message: str
    remedy: str


class Refused(UsageError):
    """The database's own door refused an act (unknown path, bad amount, forbidden transition). Of
    several acts at once, `refusals` has each that was refused; then none
    was carried out."""

    code = "refused"

    def __init__(
        self, message: str, *, remedy: str = "", refusals: tuple[Refusal, ...] = ()
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.refusals = refusals


class MissingRight(ConfigError):
    """The database's login may not do that; the message names the role that may."""

    code = "missing-right"


class DatabaseUnavailable(SyncdError):
    """Postgres cannot be reached, or went away in the middle of a statement."""

    code = "database-unreachable"


class Undone(DatabaseUnavailable):
    """Postgres is there and took a transaction back, for a cause that passes: it is certain that
    nothing of it was kept. `may_repeat` where the same may work at once."""

    def __init__(self, message: str, *, remedy: str, code: str, may_repeat: bool) -> None:
        super().__init__(message, remedy=remedy, code=code)
        self.may_repeat = may_repeat


class SchemaMismatch(ConfigError):
    """The database's schema is older or newer than this program."""

    code = "schema-version"


class LeaseBusy(SyncdError):
    """Another owner holds the account."""

    code = "busy"


class LeaseLost(SyncdError):
    """The account's lease is no longer ours: nothing more may be written under it."""

    code = "lease-lost"


class IntentRefused(SyncdError):
    """The intent statement said no (paused, lease, deadline): the call was not sent."""

    code = "intent-refused"


class ProviderError(SyncdError):
    """A provider did not give what was asked; `is_transient` says whether the same read may be
    tried again."""

    code = "provider"
    is_transient = False
    usual_remedy = ""

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        code: str | None = None,
        status: int | None = None,
        trace_id: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy or self.usual_remedy, code=code)
        self.status = status
        self.trace_id = trace_id


class NotSent(ProviderError):
    """Proof that no byte of the request left (connection refused, unknown host, failed
    handshake)."""

    code = "not-sent"
    is_transient = True


class NoAnswer(ProviderError):
    """The request may have arrived, and no complete answer came back."""

    code = "no-answer"
    is_transient = True
    usual_remedy = "is the provider up? the next pass tries again by itself"


class BadAnswer(ProviderError):
    """An answer came that the provider's contract does not allow (not JSON, wrong shape, too
    large)."""

    code = "bad-answer"
    is_transient = True
    usual_remedy = (
        "nothing of the answer was taken over and the next pass asks again; "
        "if it stays: syncd accounts check"
    )


class ProviderDown(ProviderError):
    """The provider answered with a 5xx."""

    code = "provider-down"
    is_transient = True
    usual_remedy = "nothing to do: the next pass tries again by itself"


class Throttled(ProviderError):
    """The provider answered 429; `retry_after` is how long its scope is frozen, in seconds."""

    code = "throttled"
    is_transient = True

    def __init__(self, message: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy, status=429)
        self.retry_after = retry_after


class LimitWait(ProviderError):
    """A permit would come later than the pass may wait; `seconds` is how much later."""

    code = "limit-wait"

    def __init__(self, message: str, *, seconds: float, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.seconds = seconds


class Stopped(ProviderError):
    """This process was asked to stop: nothing new leaves."""

    code = "stopped"


class AuthFailed(ProviderError):
    """The provider does not accept the credentials."""

    code = "auth-failed"
    usual_remedy = "check what the account's `credentials` point to"


class Forbidden(ProviderError):
    """The credentials are good and lack the right."""

    code = "forbidden"
    usual_remedy = "let the provider give these credentials the right that is missing"


class CallRefused(ProviderError):
    """The provider refused a read with another 4xx."""

    code = "call-refused"
    usual_remedy = "look at what the provider says: syncd accounts check goes step by step"
