"""The bodies that the simulated PAI answers with: the service's envelope, in the spelling and key
order of the documents' examples, and the gateway's. They are values; nothing is judged here."""

from collections.abc import Sequence
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from syncd.simulator.exchange import Reply
from syncd.simulator.pai.clock import shown
from syncd.simulator.pai.options import Options
from syncd.simulator.pai.population import new_id
from syncd.simulator.pai.world import Campaign

TABLE = {
    0: ("OK", "OK"),
    400: ("BadRequest", "The request parameters are invalid or missing."),
    401: ("Unauthorized", "Authentication failed, or the API key is missing or expired."),
    403: ("Forbidden", "You have no permission to access this resource."),
    404: ("NotFound", "The specified campaign ID does not exist."),
    500: ("InternalServerError", "An unexpected error occurred on the server."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}
"""The documented error codes: the gateway's word for each, and a text."""
_HOST = "paiplugin.aliyuncs.com"
_LOST = b"<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>"


class Refusal(Exception):
    """A call is refused, in the chosen envelope."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text or TABLE[code][1])
        self.code = code


class GatewayRefusal(Exception):
    """The gateway refuses a call before the service sees it."""

    def __init__(self, status: int, name: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.name = name


class Answers:
    """Writes answers; request ids come from the seed."""

    def __init__(self, random: Random, options: Options) -> None:
        self._random = random
        self._options = options

    def success(self, data: Any) -> Reply:
        return Reply(status=200, value={"Data": data} | self._verdict(0, "OK"))

    def campaign(self, campaign: Campaign) -> dict[str, Any]:
        told = {
            "CreatedTime": shown(campaign.created),
            "Id": campaign.id,
            "Name": campaign.name,
            "Remark": campaign.note,
            "UpdatedTime": shown(campaign.updated),
        }
        if campaign.note is None and self._options.remark == "absent":
            del told["Remark"]
        elif campaign.note is None and self._options.remark == "empty":
            told["Remark"] = ""
        return told

    def page(self, rows: Sequence[Campaign], *, number: int, size: int, total: int) -> Reply:
        shown_rows = [self.campaign(row) for row in rows]
        page = {"Campaigns": shown_rows, "PageNumber": number, "PageSize": size}
        return self.success(page | {"TotalCount": total})

    def refusal(self, code: int, text: str = "", *, form: str = "", status: int = 0) -> Reply:
        """A refusal by an error code, in the chosen envelope or the one named, and with the HTTP
        status that goes with both or the one given."""
        name, usual = TABLE.get(code, (f"Error{code}", "Something else went wrong."))
        form = form or self._options.refusals
        if form == "gateway":
            return self.gateway(status or _status(code), name, text or usual)
        status = status or (200 if form == "service" else _status(code))
        return Reply(status=status, value=self._verdict(code, text or usual))

    def gateway(self, status: int, name: str, text: str) -> Reply:
        told = {"Code": name, "Message": text, "RequestId": self._request_id(), "HostId": _HOST}
        return Reply(status=status, value=told)

    def lost(self) -> Reply:
        """What stands where no operation is: nothing of the provider's own."""
        return Reply(status=404, raw=_LOST, content_type="text/html")

    def _verdict(self, code: int, text: str) -> dict[str, Any]:
        return {"ErrorCode": code, "ErrorMessage": text, "RequestId": self._request_id()}

    def _request_id(self) -> str:
        return new_id(self._random)


def in_lower_case(reply: Reply) -> None:
    """Spell the keys of an answer with a small first letter."""
    reply.value = {name[:1].lower() + name[1:]: told for name, told in reply.value.items()}


def in_xml(reply: Reply) -> None:
    """Write an answer as XML in the place of JSON."""
    inside = "".join(f"<{name}>{escape(str(told))}</{name}>" for name, told in reply.value.items())
    reply.raw = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'.encode()
    reply.content_type = "text/xml"


def _status(code: int) -> int:
    """The HTTP status of an error code; one that is none becomes a plain refusal."""
    if code == 0:
        return 200
    return code if 400 <= code < 600 else 400
