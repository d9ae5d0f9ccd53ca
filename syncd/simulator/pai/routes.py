"""Which address of the simulated PAI means which operation, in either dialect. Nothing is judged
here."""

import re
from urllib.parse import unquote

OPERATIONS = ("list", "get", "create", "update", "delete")
WRITES = frozenset({"create", "update", "delete"})
BASE_PATHS = {"documented": "/api/PaiPlugin", "current": ""}
"""What stands between the server's address and the addresses below."""
ACTIONS = {
    "list": "ListCampaigns",
    "get": "GetCampaign",
    "create": "CreateCampaign",
    "update": "UpdateCampaign",
    "delete": "DeleteCampaign",
}
_ALL = {"documented": "/2022-01-12/campaigns", "current": "/api/v2/campaigns"}
_DELETE = {"documented": "/2022-01-12/DeleteCampaign", "current": "/api/v2/campaigns"}


class Routes:
    """The addresses of one dialect."""

    def __init__(self, dialect: str) -> None:
        everything = BASE_PATHS[dialect] + _ALL[dialect]
        one, gone = f"{everything}/[^/]+", f"{BASE_PATHS[dialect]}{_DELETE[dialect]}/[^/]+"
        self._known = [
            ("GET", re.compile(everything), "list"),
            ("POST", re.compile(everything), "create"),
            ("GET", re.compile(one), "get"),
            ("PUT", re.compile(one), "update"),
            ("DELETE", re.compile(gone), "delete"),
        ]

    def operation(self, method: str, target: str) -> str:
        """The operation of a request, or `unknown`."""
        path = target.partition("?")[0]
        for asked, pattern, operation in self._known:
            if method == asked and pattern.fullmatch(path):
                return operation
        return "unknown"


def id_of(target: str) -> str:
    """The campaign id at the end of an address."""
    return unquote(target.partition("?")[0].rpartition("/")[2])
