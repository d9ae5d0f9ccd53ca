"""Which operation of ICAS a method and path mean, and what the path carries. It judges neither
values nor rights."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

BASE_PATH = "/api/sellside"
OAUTH_PATH = "/accounts/oauth"
WRITES = frozenset({"create", "update", "status", "budgets"})
OAUTH = frozenset({"authorize", "token"})

_ROUTES = (
    ("GET", f"{OAUTH_PATH}/authorize", "authorize"),
    ("POST", f"{OAUTH_PATH}/token", "token"),
    ("GET", f"{BASE_PATH}/user", "user"),
    ("GET", f"{BASE_PATH}/campaigns", "list"),
    ("POST", f"{BASE_PATH}/campaign", "create"),
    ("GET", f"{BASE_PATH}/campaign/byVendor/(?P<vendor_id>[^/]+)", "get_by_vendor"),
    ("GET", f"{BASE_PATH}/campaign/(?P<id>[^/]+)", "get"),
    ("PUT", f"{BASE_PATH}/campaign/(?P<id>[^/]+)", "update"),
    ("PUT", f"{BASE_PATH}/campaign/(?P<id>[^/]+)/budgets", "budgets"),
    ("PUT", f"{BASE_PATH}/campaign/(?P<id>[^/]+)/status/(?P<status>[^/]+)", "status"),
)
_PATTERNS = tuple((method, re.compile(path), name) for method, path, name in _ROUTES)


def operation_of(method: str, target: str) -> str:
    """`authorize`, `token`, `user`, `list`, `get`, `get_by_vendor`, `create`, `update`, `status`,
    `budgets`, or `other` for what does not exist."""
    path = target.partition("?")[0]
    for wanted, pattern, name in _PATTERNS:
        if wanted == method and pattern.fullmatch(path):
            return name
    return "other"


def is_known(target: str) -> bool:
    """Whether another method would mean something there."""
    path = target.partition("?")[0]
    return any(pattern.fullmatch(path) for _, pattern, _ in _PATTERNS)


def named_in(target: str, operation: str) -> Mapping[str, str]:
    """The variable parts of an operation's path, percent signs and all."""
    path = target.partition("?")[0]
    for _, pattern, name in _PATTERNS:
        found = pattern.fullmatch(path) if name == operation else None
        if found is not None:
            return found.groupdict()
    return {}


def query_of(target: str) -> list[tuple[str, str]]:
    """The parameters in their order, those without a value and repeated ones included."""
    return parse_qsl(target.partition("?")[2], keep_blank_values=True)
