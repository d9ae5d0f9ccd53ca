"""The versioned media types of ICAS: which a call must accept, which it must send. Everything else
is refused; it knows no bodies."""

from collections.abc import Mapping

from syncd.simulator.icas.codes import NotAcceptable

CAMPAIGN = "application/sellside.campaign-v5+json"
CAMPAIGNS = "application/sellside.campaign.list-v5+json"
BUDGETS = "application/sellside.campaign.budgets-v5+json"
USER = "application/sellside.user-v4+json"
JSON = "application/json"
SHOWN: Mapping[str, str] = {
    "list": CAMPAIGNS,
    "get": CAMPAIGN,
    "get_by_vendor": CAMPAIGN,
    "create": CAMPAIGN,
    "update": CAMPAIGN,
    "status": CAMPAIGN,
    "budgets": BUDGETS,
    "user": USER,
}
_SENT: Mapping[str, str] = {"create": CAMPAIGN, "update": CAMPAIGN, "budgets": BUDGETS}


def check(operation: str, headers: Mapping[str, str]) -> None:
    """Raise NotAcceptable unless a call accepts and sends its operation's version."""
    accept = headers.get("Accept", "")
    if SHOWN[operation] not in _accepted(accept):
        raise NotAcceptable(f"Response type {accept or '(none)'} is not supported")
    wanted = _SENT.get(operation)
    sent = headers.get("Content-Type", "")
    if wanted is not None and not _is(wanted, sent):
        raise NotAcceptable(f"Request type {sent or '(none)'} is not supported")


def takes_errors(headers: Mapping[str, str]) -> bool:
    """Whether error bodies may be sent: only to who accepts plain JSON beside the version."""
    return JSON in _accepted(headers.get("Accept", ""))


def _accepted(header: str) -> set[str]:
    """The media types named, but for those of quality zero."""
    accepted = set()
    for part in header.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not any(_is_zero(parameter) for parameter in parameters):
            accepted.add(media_type)
    return accepted


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name == "q" and not value.strip("0.")


def _is(wanted: str, sent: str) -> bool:
    """The type itself, in UTF-8 where it says an encoding."""
    media_type, *parameters = (piece.strip().lower() for piece in sent.split(";"))
    return media_type == wanted and set(parameters) <= {"charset=utf-8", 'charset="utf-8"'}
