"""Base URLs: only the documented host, or a loopback address where that is allowed."""

import pytest
from pydantic_core import PydanticCustomError

from syncd.config.addresses import base_url
from syncd.model.registration import Endpoint
from tests.config.conftest import Check

HOST = Endpoint(host="api.criteo.com")
HOSTILE = [
    "",
    "api.criteo.com",
    "//api.criteo.com",
    "http://api.criteo.com",
    "ftp://api.criteo.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https:api.criteo.com",
    "https:/api.criteo.com",
    "https://",
    "https:///",
    "https://evil.com",
    "https://evil.com#api.criteo.com",
    "https://evil.com?api.criteo.com",
    "https://evil.com/api.criteo.com",
    "https://evil.com\\api.criteo.com",
    "https://api.criteo.com.evil.com",
    "https://evilapi.criteo.com",
    "https://criteo.com",
    "https://api.criteo.com@evil.com",
    "https://user@api.criteo.com",
    "https://user:hunter2@api.criteo.com",
    "https://api.criteo.com:hunter2@evil.com/",
    "https://api.criteo.com.",
    "https://api.criteo.com:444",
    "https://api.criteo.com:0",
    "https://api.criteo.com:99999",
    "https://api.criteo.com:",
    "https://api.criteo.com/2026-07",
    "https://api.criteo.com//",
    "https://api.criteo.com/..",
    "https://api.criteo.com?x=1",
    "https://api.criteo.com#x",
    "https://api.criteo.com/%2e",
    "https://api%2ecriteo.com",
    " https://api.criteo.com",
    "https://api.criteo.com\n",
    "https://api.criteo.com\t",
    "https://api.crit\u0435o.com",
    "https://api.criteo\u3002com",
    "https://\uff41pi.criteo.com",
    "https://xn--criteo-9ld.com",
    "https://127.0.0.1",
    "https://localhost",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://169.254.169.254",
    "https://0.0.0.0",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://0177.0.0.1",
    "https://127.1",
    "https://[::1]",
    "https://[::]",
    "https://[fe80::1%25eth0]",
    "https://[::ffff:127.0.0.1]",
    "https://[fc00::1]",
]
NOT_LOOPBACK = [
    "https://api.criteo.com",
    "http://api.criteo.com",
    "http://localhost.evil.com",
    "http://127.0.0.1.evil.com",
    "http://127.0.0.1.nip.io",
    "http://127.1",
    "http://127.0.0.256",
    "http://0127.0.0.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0.0.0.0",
    "http://10.0.0.1",
    "http://[::]",
    "http://[::ffff:127.0.0.1]",
    "http://[::1%25lo]",
    "http://user@127.0.0.1",
    "http://127.0.0.1#evil",
    "http://127.0.0.1/path",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_not_the_documented_one_is_refused(url: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        base_url(url, HOST, allow_loopback=False)
    assert "hunter2" not in str(refused.value.context)


@pytest.mark.parametrize("url", NOT_LOOPBACK)
def test_where_loopback_is_allowed_nothing_else_is(url: str) -> None:
    with pytest.raises(PydanticCustomError):
        base_url(url, HOST, allow_loopback=True)


@pytest.mark.parametrize("url", [url for url in HOSTILE if "\n" not in url and "\\" not in url])
def test_the_file_refuses_it_too_with_one_problem(check_account: Check, url: str) -> None:
    written = url.replace("\t", "\\t")
    config, problems = check_account(f'base_url = "{written}"')
    assert config is None
    assert [(one.code, one.line, one.column) for one in problems] == [("bad-base-url", 8, 12)]
    assert "hunter2" not in repr(problems)


@pytest.mark.parametrize(
    ("url", "loopback", "normal"),
    [
        ("https://api.criteo.com", False, "https://api.criteo.com"),
        ("HTTPS://API.criteo.com/", False, "https://api.criteo.com"),
        ("https://api.criteo.com:443", False, "https://api.criteo.com:443"),
        ("http://127.0.0.1:8080", True, "http://127.0.0.1:8080"),
        ("https://127.8.9.1/", True, "https://127.8.9.1"),
        ("http://[::1]:8080", True, "http://[::1]:8080"),
    ],
)
def test_a_good_address_is_taken_in_one_form(url: str, *, loopback: bool, normal: str) -> None:
    assert base_url(url, HOST, allow_loopback=loopback) == normal


def test_without_base_url_an_account_talks_to_the_documented_host(check_account: Check) -> None:
    config, _ = check_account("")
    assert config is not None
    assert config.accounts[0].base_url == "https://api.criteo.com"
