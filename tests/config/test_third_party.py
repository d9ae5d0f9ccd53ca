"""Providers of other packages: installed as pip would leave them, found by their entry point."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from syncd.config import registrations, schema
from tests.config.conftest import GOOD, HEAD, SECRETS, Check, account

MODULE = """
from syncd.model.registration import (
    CredentialSet, Endpoint, OperationLimit, Registration, ScopeKey, ScopeKind
)

def open_adapter(settings):
    return settings

REGISTRATION = Registration(
    name="{name}",
    title="Acme Ads",
    endpoints=(Endpoint(host="api.acme.example", path="/v3"),),
    scope=(ScopeKey(name="shop", kind=ScopeKind.TEXT, is_required=True, example="main"),),
    credentials=(CredentialSet(required=("token",), identity="token"),),
    limits=(OperationLimit(key="search", written="3/1s", operations=("POST search",)),),
    in_flight=7,
    batch=20,
    largest_batch=25,
    open=open_adapter,
    capabilities=lambda dialect, scope: None,
)
"""
ACCOUNT = """
[[accounts]]
name = "acme"
provider = "acme-ads"
scope = { shop = "main" }
credentials = { token = "env:A" }
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution onto the path: its module, and the metadata that names its provider."""
    folder = tmp_path / "site-packages"
    folder.mkdir()

    def run(source: str, name: str = "acme-ads", distribution: str = "acme-syncd") -> None:
        module = f"{distribution}_{tmp_path.name}".replace("-", "_")
        (folder / f"{module}.py").write_text(dedent(source))
        info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        (info / "entry_points.txt").write_text(
            f"[syncd.providers]\n{name} = {module}:REGISTRATION\n"
        )
        # The path itself changes with each, as it does between one process and the next.
        monkeypatch.syspath_prepend(str(folder) + "/." * len(list(folder.glob("*.dist-info"))))

    return run


def test_an_account_may_name_the_provider_of_another_package(
    check_text: Check, install: Install
) -> None:
    install(MODULE.format(name="acme-ads"))
    config, problems = check_text(HEAD + ACCOUNT, SECRETS)
    assert problems == ()
    assert config is not None
    one = config.accounts[0]
    assert one.base_url == "https://api.acme.example/v3"
    assert one.scope_values == {"shop": ("main",)}
    assert one.secrets["token"].resolve().get_secret_value() == SECRETS["A"]
    assert (one.push.in_flight, one.push.batch) == (7, 20)
    assert [(limit.count, limit.operations) for limit in one.limits_for()] == [
        (3, frozenset({"POST search"}))
    ]
    assert one.registration.open is not None
    assert one.registration.open("the settings") == "the settings"
    assert registrations()["acme-ads"] is one.registration
    assert "AcmeAdsAccount" in schema()["$defs"]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (('shop = "main"', ""), "missing-key", 'shop is missing in [[accounts]] "acme" scope'),
        (('shop = "main"', 'shopp = "main"'), "unknown-key", 'unknown key "shopp"'),
        (('token = "env:A"', 'token = "tops3cret"'), "plain-secret", "token is written in plain"),
        (('token = "env:A"', 'tokn = "env:A"'), "missing-key", "token is missing"),
        (("scope", "push = { batch = 26 }\nscope"), "out-of-range", "26 is not between 1 and 25"),
        (("scope", 'limits.search = "4/1s"\nscope'), "impossible-limit", "what Acme Ads documents"),
        (("scope", 'dialect = "current"\nscope'), "unknown-dialect", 'unknown dialect "current"'),
        (("acme-ads", "acme-adds"), "unknown-provider", 'unknown provider "acme-adds"'),
    ],
)
def test_its_accounts_are_judged_like_any_other(
    check_text: Check, install: Install, change: tuple[str, str], code: str, text: str
) -> None:
    install(MODULE.format(name="acme-ads"))
    config, problems = check_text(HEAD + ACCOUNT.replace(*change, 1), SECRETS)
    assert config is None
    (found,) = [one for one in problems if one.code == code]
    assert text in found.text
    assert "tops3cret" not in str(problems)


def test_credentials_are_compared_within_one_provider(check_text: Check, install: Install) -> None:
    install(MODULE.format(name="acme-ads").replace('"token"', '"client_id"'))
    theirs = ACCOUNT.replace("token", "client_id")
    assert check_text(HEAD + account("criteo") + theirs, SECRETS)[1] == ()
    twice = theirs + theirs.replace('"acme"', '"acme-two"')
    _, problems = check_text(HEAD + twice, SECRETS)
    assert [one.code for one in problems] == ["shared-credential"]


def test_the_nearest_name_is_offered_whoever_registered_it(
    check_text: Check, install: Install
) -> None:
    install(MODULE.format(name="acme-ads"))
    _, problems = check_text(HEAD + ACCOUNT.replace("acme-ads", "acme-adz"), SECRETS)
    assert problems[0].help == 'did you mean "acme-ads"?'


BROKEN = [
    ("import nothing_like_this", "fails to load: ModuleNotFoundError"),
    ("raise RuntimeError('no')", 'fails to load: RuntimeError "no"'),
    ("REGISTRATION = 5", 'is "int" and not a Registration'),
    ("nothing = 5", "fails to load: AttributeError"),
    (MODULE.format(name="acme"), 'it registers itself as "acme"'),
    (MODULE.format(name="acme-ads").replace("3/1s", "0/1s"), "allows no request at all"),
    (
        MODULE.format(name="acme-ads").replace("in_flight=7", 'price_zone="Mars/Base"'),
        'unknown time zone "Mars/Base"',
    ),
    (
        MODULE.format(name="acme-ads").replace("in_flight=7", 'settle="soon"'),
        '"soon" is not a duration',
    ),
    (MODULE.format(name="acme-ads").replace("open=open_adapter,", ""), "there is no adapter"),
    (
        MODULE.format(name="acme-ads").replace("api.acme.example", "nowhere"),
        "a host or path is misspelt",
    ),
]


@pytest.mark.parametrize(("source", "text"), BROKEN)
def test_a_broken_registration_is_a_problem_of_those_who_use_it(
    check_text: Check, install: Install, source: str, text: str
) -> None:
    install(source)
    config, problems = check_text(HEAD + ACCOUNT, SECRETS)
    assert config is None
    assert [(one.code, one.line, one.column) for one in problems] == [("broken-provider", 9, 12)]
    assert "acme-syncd 1.2" in problems[0].text
    assert text in problems[0].text
    assert problems[0].help
    assert check_text(GOOD)[1] == ()
    assert "acme-ads" not in registrations()


def test_one_name_of_two_packages_is_a_problem_that_names_both(
    check_text: Check, install: Install
) -> None:
    install(MODULE.format(name="acme-ads"))
    install(MODULE.format(name="acme-ads"), distribution="other-syncd")
    _, problems = check_text(HEAD + ACCOUNT, SECRETS)
    assert [one.code for one in problems] == ["broken-provider"]
    assert "registered twice, by acme-syncd 1.2 and other-syncd 1.2" in problems[0].text
    assert check_text(GOOD)[1] == ()


@pytest.mark.parametrize(("provider", "line"), [("criteo", 9), ("voipbin", 1)])
def test_no_package_takes_the_name_of_a_provider_of_ours(
    check_text: Check, install: Install, provider: str, line: int
) -> None:
    install(MODULE.format(name=provider), name=provider)
    config, problems = check_text(HEAD + account("criteo"), SECRETS)
    assert config is None
    assert [(one.code, one.line) for one in problems] == [("broken-provider", line)]
    assert f'acme-syncd 1.2 registers provider "{provider}"' in problems[0].text
    assert registrations()[provider].title != "Acme Ads"
