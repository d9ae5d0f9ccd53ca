"""A registration that could not work is refused where it is made."""

from decimal import Decimal
from typing import Any

import pytest

from syncd.model.registration import (
    CredentialSet,
    Endpoint,
    OperationLimit,
    Price,
    Registration,
    ScopeKey,
    ScopeKind,
)

ENDPOINT = Endpoint(host="api.acme.example")
IDS = ScopeKey(name="ids", kind=ScopeKind.IDS)


def registration(**changes: Any) -> Registration:
    settings: dict[str, Any] = {
        "name": "acme",
        "title": "Acme",
        "endpoints": (ENDPOINT,),
        "credentials": (CredentialSet(required=("token",)),),
    }
    return Registration(**{**settings, **changes})


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"name": "Acme"}, "the name is not"),
        ({"title": " "}, "no title"),
        ({"dialects": ("current",)}, "the first dialect"),
        ({"endpoints": ()}, "no endpoint"),
        ({"endpoints": (Endpoint(host="acme"),)}, "misspelt"),
        ({"endpoints": (Endpoint(host="api.acme.example", path="v1"),)}, "misspelt"),
        ({"endpoints": (Endpoint(host="api.acme.example", path="/v1/"),)}, "misspelt"),
        ({"credentials": ()}, "a dialect has no credentials"),
        ({"credentials": (CredentialSet(required=("a",), dialects=("current",)),)}, "a dialect"),
        ({"credentials": (CredentialSet(required=()),)}, "credentials without a key"),
        ({"credentials": (CredentialSet(required=("a",), identity="b"),)}, "identity"),
        ({"credentials": (CredentialSet(required=("A-b",)),)}, "a key is not"),
        ({"scope": (IDS, IDS)}, "a key stands twice"),
        ({"scope_excludes": (("ids",),)}, "does not have"),
        ({"currency_by": "ids"}, "does not have"),
        (
            {"limits": (OperationLimit(key="share", written="1/1s", operations=("GET a",)),)},
            "another key",
        ),
        ({"limits": (OperationLimit(key="get", written="1/1s"),)}, "names no operations"),
        (
            {"limits": (OperationLimit(key="default", written="1/1s", operations=("GET a",)),)},
            "names no operations",
        ),
        ({"prices": (Price(operation="a", amount=Decimal(-1), currency="EUR"),)}, "negative"),
        ({"batch": 600}, "out of range"),
        ({"in_flight": 0}, "out of range"),
    ],
)
def test_what_could_not_work_is_refused(changes: dict[str, Any], flaw: str) -> None:
    with pytest.raises(ValueError, match=flaw):
        registration(**changes)


def test_a_sound_registration_is_taken_and_cannot_be_changed() -> None:
    made: Any = registration(scope=(IDS,), scope_excludes=(("ids",),), currency_by="ids")
    assert (made.in_flight, made.settle, made.batch, made.tiers) == (4, "120s", 50, ())
    with pytest.raises(AttributeError):
        made.title = "Other"


@pytest.mark.parametrize(
    ("hosts", "host", "is_taken"),
    [
        ((), "api.acme.example", True),
        ((), "api.acme.example.evil.example", False),
        (("*",), "anything.example", True),
        (("*",), "localhost", False),
        (("*",), "10.0.0.1", False),
        (("*",), "[::1]", False),
        (("*",), "0x7f.1", False),
        (("n.*.example",), "n.eu.example", True),
        (("n.*.example",), "n.a.b.example", False),
        (("n.*.example",), "n..example", False),
        (("n.*.example",), "evil.eu.example", False),
    ],
)
def test_only_known_hosts_are_taken(hosts: tuple[str, ...], host: str, *, is_taken: bool) -> None:
    assert Endpoint(host="api.acme.example", hosts=hosts).takes(host) is is_taken


def test_the_first_endpoint_that_serves_an_account_is_its_own() -> None:
    made = registration(
        dialects=("documented", "current"),
        endpoints=(
            Endpoint(host="now.acme.example", dialects=("current",)),
            Endpoint(host="cn.acme.example", scope={"region": "cn-*"}, currency="CNY"),
            Endpoint(host="de.acme.example", scope={"region": "de"}),
        ),
    )
    hosts = {
        (dialect, region): endpoint.host if endpoint else None
        for dialect in made.dialects
        for region in ("cn-east", "de", "de-north")
        for endpoint in [made.endpoint(dialect, {"region": (region,)})]
    }
    assert hosts == {
        ("documented", "cn-east"): "cn.acme.example",
        ("documented", "de"): "de.acme.example",
        ("documented", "de-north"): None,
        ("current", "cn-east"): "now.acme.example",
        ("current", "de"): "now.acme.example",
        ("current", "de-north"): "now.acme.example",
    }
    assert made.endpoint("documented", {}) is None
