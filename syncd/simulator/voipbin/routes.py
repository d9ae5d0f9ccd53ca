"""Which operation of the simulated VoIPBIN a request asks for, by method and path alone."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

BASE_PATH = "/v1.0"
_LOGIN = "/auth/login"
_CAMPAIGNS = f"{BASE_PATH}/campaigns"
_ONE = re.compile(rf"{re.escape(_CAMPAIGNS)}/(?P<id>[^/]+)(?:/(?P<part>[^/]+))?")
_WHOLE = {"GET": "get", "PUT": "update", "DELETE": "delete"}
PARTS = frozenset({"status", "service_level", "actions", "resource_info", "next_campaign_id"})
"""Calls for parts of a campaign, which only the dialect `current` has."""
WRITES = frozenset({"create", "update", "delete"}) | PARTS


@dataclass(frozen=True)
class Route:
    """What is asked for, and of which campaign; the id as it came."""

    operation: str
    campaign_id: str = ""


def route_of(dialect: str, method: str, target: str) -> Route:
    """`login`, `list`, `create`, `get`, `update`, `delete`, one of PARTS, or `other` for what does
    not exist."""
    path = target.partition("?")[0]
    if path == _LOGIN and method == "POST":
        return Route("login")
    if path == _CAMPAIGNS:
        return Route({"GET": "list", "POST": "create"}.get(method, "other"))
    found = _ONE.fullmatch(path)
    if found is None:
        return Route("other")
    campaign_id, part = unquote(found["id"]), found["part"]
    if part is None:
        return Route(_WHOLE.get(method, "other"), campaign_id)
    is_there = part in PARTS and method == "PUT" and dialect == "current"
    return Route(part if is_there else "other", campaign_id)
