"""What each of the five providers asks of an account, and what an account then says."""

from datetime import timedelta
from decimal import Decimal

import pytest

from syncd.config import Account, Problem, registrations
from syncd.config.catalogue import BUILT_IN
from tests.config.conftest import ACCOUNTS, HEAD, SECRETS, Check, account


def good(check_text: Check, text: str) -> Account:
    config, problems = check_text(HEAD + text, SECRETS)
    assert problems == ()
    assert config is not None
    return config.accounts[0]


def errors(check_text: Check, text: str) -> list[Problem]:
    config, problems = check_text(HEAD + text, SECRETS)
    assert config is None
    return [one for one in problems if one.severity == "error"]


def test_five_providers_come_along() -> None:
    assert list(registrations()) == list(BUILT_IN) == list(ACCOUNTS)


@pytest.mark.parametrize("provider", ACCOUNTS)
@pytest.mark.parametrize("dialect", ["documented", "current"])
def test_every_provider_has_both_dialects(check_text: Check, provider: str, dialect: str) -> None:
    changes = []
    if (provider, dialect) == ("pai", "current"):
        changes = [('api_key = "env:A"', 'access_key_id = "env:A", access_key_secret = "env:B"')]
    one = good(check_text, account(provider, *changes, lines=f'dialect = "{dialect}"'))
    assert one.dialect == dialect
    assert one.registration is BUILT_IN[provider]


@pytest.mark.parametrize(
    ("provider", "changes", "url"),
    [
        ("criteo", [], "https://api.criteo.com"),
        ("icas", [], "https://admarkt.kleinanzeigen.de/api/sellside"),
        ("icas", [("kleinanzeigen", "marktplaats")], "https://admarkt.marktplaats.nl/api/sellside"),
        ("icas", [("kleinanzeigen", "2dehands")], "https://admarkt.2dehands.be/api/sellside"),
        ("icas", [("kleinanzeigen", "2ememain")], "https://admarkt.2ememain.be/api/sellside"),
        ("icas", [("kleinanzeigen", "kijiji")], "https://admarkt.kijiji.ca/api/sellside"),
        ("epom", [], "https://n101.epom.com"),
        ("epom", [("n101.epom.com", "Ads.Example.co/")], "https://ads.example.co"),
        ("pai", [], "https://api.aliyun.com/api/PaiPlugin"),
        ("pai", [("cn-hangzhou", "ap-southeast-1")], "https://api.alibabacloud.com/api/PaiPlugin"),
        (
            "pai",
            [('scope = { region = "cn-hangzhou" }\n', "")],
            "https://api.alibabacloud.com/api/PaiPlugin",
        ),
        ("voipbin", [], "https://api.voipbin.net/v1.0"),
    ],
)
def test_the_address_follows_from_provider_and_scope(
    check_text: Check, provider: str, changes: list[tuple[str, str]], url: str
) -> None:
    assert good(check_text, account(provider, *changes)).base_url == url


CURRENT_PAI = [('api_key = "env:A"', 'access_key_id = "env:A", access_key_secret = "env:B"')]


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        ("", "https://paiplugin.aliyuncs.com"),
        (
            'base_url = "https://paiplugin.cn-hangzhou.aliyuncs.com"',
            "https://paiplugin.cn-hangzhou.aliyuncs.com",
        ),
        ('base_url = "http://127.0.0.1:9"\nallow_loopback = true', "http://127.0.0.1:9"),
    ],
)
def test_pai_is_reached_elsewhere_in_its_current_dialect(
    check_text: Check, lines: str, url: str
) -> None:
    text = account("pai", *CURRENT_PAI, lines=f'dialect = "current"\n{lines}')
    assert good(check_text, text).base_url == url


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("criteo", ""),
        ("icas", "/api/sellside"),
        ("pai", "/api/PaiPlugin"),
        ("voipbin", "/v1.0"),
    ],
)
def test_a_simulator_stands_for_the_host_and_keeps_the_path(
    check_text: Check, provider: str, path: str
) -> None:
    lines = 'base_url = "http://127.0.0.1:8080{}"\nallow_loopback = true'
    text = account(provider, lines=lines.format(path))
    assert good(check_text, text).base_url == f"http://127.0.0.1:8080{path}"
    (wrong,) = errors(check_text, account(provider, lines=lines.format("/other")))
    assert wrong.code == "bad-base-url"
    assert f"PORT{path}" in wrong.help


@pytest.mark.parametrize("behind", ["", "/", "/2022-01-12", "/2022-01-12/"])
def test_pais_address_stands_with_its_version_or_without(check_text: Check, behind: str) -> None:
    text = account("pai", lines=f'base_url = "https://api.aliyun.com/api/PaiPlugin{behind}"')
    assert good(check_text, text).base_url == "https://api.aliyun.com/api/PaiPlugin"


MISTAKES = [
    (
        account("icas", lines='base_url = "https://admarkt.marktplaats.nl/api/sellside"'),
        "bad-base-url",
        "is not the provider's documented host admarkt.kleinanzeigen.de",
    ),
    (
        account("icas", lines='base_url = "https://admarkt.kleinanzeigen.de"'),
        "bad-base-url",
        "does not end in /api/sellside",
    ),
    (
        account("icas", ('tenant = "kleinanzeigen"', "")),
        "missing-key",
        'tenant is missing in [[accounts]] "one" scope',
    ),
    (
        account("icas", ("kleinanzeigen", "kleinanzeige")),
        "bad-scope",
        'unknown tenant "kleinanzeige"',
    ),
    (account("icas", lines='currency = "USD"'), "bad-currency", '"USD" is not the currency there'),
    (account("icas", lines='currency = { "1" = "EUR" }'), "bad-currency", "and this is a table"),
    (
        account("epom", ('base_url = "https://n101.epom.com"', "")),
        "missing-key",
        'base_url is missing in [[accounts]] "one"',
    ),
    (
        account("epom", ("https://n101.epom.com", "https://10.0.0.1")),
        "bad-base-url",
        '"10.0.0.1" is not a public host',
    ),
    (
        account("epom", ("https://n101.epom.com", "https://2130706433")),
        "bad-base-url",
        "is not a public host",
    ),
    (
        account("epom", ("https://n101.epom.com", "https://epom")),
        "bad-base-url",
        "is not a public host",
    ),
    (
        account("epom", ("https://n101.epom.com", "https://n101.epom.com:8443")),
        "bad-base-url",
        "on the https port",
    ),
    (
        account("epom", ("https://n101.epom.com", "https://n101.epom.com/rest-api")),
        "bad-base-url",
        "goes on after the host",
    ),
    (
        account("epom", ("https://n101.epom.com", "http://n101.epom.com")),
        "bad-base-url",
        "begins with http://",
    ),
    (
        account("epom", lines='scope = { ids = ["1"], advertisers = ["2"] }'),
        "bad-scope",
        "both ids and advertisers",
    ),
    (account("epom", lines="scope = { ids = [1] }"), "wrong-type", "expected ids in quotes"),
    (account("pai", ("cn-hangzhou", "China")), "bad-scope", '"China" cannot be a region'),
    (
        account("pai", lines='base_url = "https://api.aliyun.com/2022-01-12"'),
        "bad-base-url",
        "does not end in /api/PaiPlugin",
    ),
    (account("pai", lines='cost = { tier = "gold" }'), "unknown-tier", 'unknown tier "gold"'),
    (account("pai", lines='cost = { month = "50 CNY" }'), "unknown-key", 'unknown key "month"'),
    (
        account("pai", lines='base_url = "https://api.alibabacloud.com/api/PaiPlugin"'),
        "bad-base-url",
        "documented host api.aliyun.com",
    ),
    (
        account("pai", lines='base_url = "https://api.aliyun.com/api/paiplugin"'),
        "bad-base-url",
        "does not end in /api/PaiPlugin",
    ),
    (account("pai", lines='limits = { gett = "1/1s" }'), "unknown-key", 'unknown key "gett"'),
    (account("voipbin", lines='scope = { ids = ["1"] }'), "unknown-key", 'unknown key "ids"'),
    (
        account("voipbin", lines='cost = { tier = "default" }'),
        "no-prices",
        "VoIPBIN bills no requests",
    ),
]


@pytest.mark.parametrize(("written", "code", "text"), MISTAKES)
def test_a_mistake_about_a_provider_is_one_problem(
    check_text: Check, written: str, code: str, text: str
) -> None:
    found = errors(check_text, written)
    assert [one.code for one in found] == [code]
    assert text in found[0].text
    assert found[0].line is not None
    assert found[0].line > HEAD.count("\n")
    assert found[0].help


def test_what_is_near_to_a_key_of_the_provider_is_offered(check_text: Check) -> None:
    (problem,) = errors(check_text, account("pai", lines='limits = { updat = "1/1s" }'))
    assert problem.help == 'rename "updat" to update'
    (problem,) = errors(check_text, account("epom", lines='ids = ["1"]'))
    assert problem.excerpt is not None
    assert problem.excerpt.label == "it belongs inside scope = { ... }"


def test_the_currency_of_a_tenant_is_known(check_text: Check) -> None:
    assert good(check_text, account("icas")).currency == "EUR"
    assert good(check_text, account("icas", ("kleinanzeigen", "kijiji"))).currency == "CAD"
    assert good(check_text, account("icas", lines='currency = "EUR"')).currency == "EUR"
    assert good(check_text, account("epom")).currency is None


def test_scope_and_secrets_are_told_by_key_without_what_is_left_out(check_text: Check) -> None:
    icas = good(check_text, account("icas"))
    assert icas.scope_values == {"tenant": ("kleinanzeigen",)}
    assert {key: one.text for key, one in icas.secrets.items()} == {
        "client_id": "env:A",
        "client_secret": "env:B",
    }
    epom = good(check_text, account("epom", lines='scope = { advertisers = ["7", "8"] }'))
    assert epom.scope_values == {"advertisers": ("7", "8")}
    assert good(check_text, account("voipbin")).scope_values == {}


@pytest.mark.parametrize(
    ("provider", "written", "found"),
    [
        ("icas", 'client_id = "env:A", client_secret = "env:B", refresh_token = "env:C"', []),
        ("voipbin", 'access_key = "env:A"', []),
        ("voipbin", 'username = "env:A"', ["missing-key password"]),
        ("voipbin", 'username = "env:A", access_key = "env:B"', ["bad-credentials username"]),
        (
            "voipbin",
            'username = "env:A", password = "env:B", access_key = "env:C"',
            ["bad-credentials access_key"],
        ),
        ("voipbin", "", ["missing-key username", "missing-key password"]),
        ("pai", "", ["missing-key api_key"]),
        (
            "pai",
            'access_key_id = "env:A", access_key_secret = "env:B"',
            ["bad-credentials access_key_id", "bad-credentials access_key_secret"],
        ),
        ("pai", 'api_key = "env:A", security_token = "env:B"', ["bad-credentials security_token"]),
        (
            "epom",
            'username = "env:A", pasword = "env:B"',
            ["missing-key password", 'unknown-key unknown key "pasword"'],
        ),
        ("criteo", 'client_id = "env:A"', ["missing-key client_secret"]),
    ],
)
def test_credentials_are_one_whole_way_to_log_in(
    check_text: Check, provider: str, written: str, found: list[str]
) -> None:
    old = ACCOUNTS[provider].partition("credentials = ")[2]
    _, problems = check_text(HEAD + account(provider, (old, f"{{ {written} }}")), SECRETS)
    said = [f"{one.code} {one.text}" for one in problems]
    assert len(said) == len(found)
    assert all(any(one.startswith(wanted) for one in said) for wanted in found)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('access_key_id = "env:A", access_key_secret = "env:B"', []),
        ('access_key_id = "env:A", access_key_secret = "env:B", security_token = "env:C"', []),
        ('access_key_id = "env:A"', ["missing-key"]),
        ('api_key = "env:A"', ["bad-credentials"]),
        ('api_key = "env:A", access_key_id = "env:B"', ["bad-credentials", "missing-key"]),
    ],
)
def test_pai_logs_in_otherwise_in_its_current_dialect(
    check_text: Check, written: str, found: list[str]
) -> None:
    text = account("pai", ('api_key = "env:A"', written), lines='dialect = "current"')
    _, problems = check_text(HEAD + text, SECRETS)
    assert sorted(one.code for one in problems) == found


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        (
            "epom",
            'credentials = { username = "env:EPOM_USERNAME", password = "env:EPOM_PASSWORD" }',
        ),
        ("pai", 'credentials = { api_key = "env:PAI_API_KEY" }'),
    ],
)
def test_missing_credentials_are_written_out_in_the_remedy(
    check_text: Check, provider: str, remedy: str
) -> None:
    line = "credentials" + ACCOUNTS[provider].partition("credentials")[2]
    (problem,) = errors(check_text, account(provider, (line, "")))
    assert (problem.code, problem.help) == ("missing-key", remedy)


LIMITS = {
    "criteo": [(250, 60, [])],
    "icas": [(5, 1, [])],
    "epom": [(5, 1, [])],
    "pai": [
        (10, 1, ["GET campaign"]),
        (100, 1, ["PUT campaign"]),
        (100, 1, ["DELETE campaign"]),
        (10, 1, ["GET campaigns"]),
        (10, 1, ["POST campaigns"]),
    ],
    "voipbin": [(16, 1, []), (10, 1, ["POST auth/login"])],
}


@pytest.mark.parametrize("provider", LIMITS)
def test_limits_are_by_operation(check_text: Check, provider: str) -> None:
    found = good(check_text, account(provider)).limits_for()
    assert [(one.count, one.window, sorted(one.operations)) for one in found] == LIMITS[provider]


def test_share_jitter_and_configured_figures_reach_every_limit(check_text: Check) -> None:
    written = 'limits = { get = "8/1s", default = "30/1s", share = 0.5, jitter = "10ms" }'
    found = good(check_text, account("pai", lines=written)).limits_for()
    assert [one.count for one in found] == [15, 4, 50, 50, 5, 5]
    assert {one.jitter for one in found} == {0.01}
    assert found[0].operations == frozenset()
    assert found[1].operations == {"GET campaign"}


@pytest.mark.parametrize(
    ("provider", "written", "is_refused"),
    [
        ("pai", 'get = "11/1s"', True),
        ("pai", 'update = "101/1s"', True),
        ("pai", 'list = "50/1s"', False),
        ("pai", 'create = "50/1s"', False),
        ("pai", 'default = "500/1s"', False),
        ("pai", 'get = "11/1s", granted = "ticket 1"', False),
        ("icas", 'default = "50/1s"', False),
        ("epom", 'default = "50/1s"', False),
        ("voipbin", 'default = "17/1s"', True),
        ("voipbin", 'auth = "11/1s"', True),
    ],
)
def test_only_documented_figures_need_leave_to_be_exceeded(
    check_text: Check, provider: str, written: str, *, is_refused: bool
) -> None:
    _, problems = check_text(HEAD + account(provider, lines=f"limits = {{ {written} }}"), SECRETS)
    assert [one.code for one in problems] == ["impossible-limit"] * is_refused


def test_a_limit_of_one_operation_that_leaves_nothing_is_refused(check_text: Check) -> None:
    (problem,) = errors(check_text, account("pai", lines='limits = { list = "0.5/1s" }'))
    assert (problem.code, problem.column) == ("impossible-limit", 19)


def test_what_is_usual_differs_by_provider_and_can_be_set(check_text: Check) -> None:
    usual = {one: good(check_text, account(one)).push for one in ACCOUNTS}
    assert [push.in_flight for push in usual.values()] == [4, 4, 2, 16, 4]
    assert [push.settle.total_seconds() for push in usual.values()] == [120, 120, 120, 120, 30]
    assert {push.batch for push in usual.values()} == {50}
    lines = 'push = { in_flight = 3, settle = "5s", batch = 7 }'
    push = good(check_text, account("epom", lines=lines)).push
    assert (push.in_flight, push.settle, push.batch) == (3, timedelta(seconds=5), 7)


def test_requests_cost_what_the_tier_says(check_text: Check) -> None:
    prices = {one.operation: one for one in good(check_text, account("pai")).prices}
    assert {name: (one.amount, one.free_per_month) for name, one in prices.items()} == {
        "GET campaigns": (Decimal(0), 0),
        "GET campaign": (Decimal("0.002"), 1000),
        "POST campaigns": (Decimal("0.002"), 0),
        "PUT campaign": (Decimal("0.002"), 100),
        "DELETE campaign": (Decimal("0.002"), 100),
    }
    standard = good(check_text, account("pai", lines='cost = { tier = "standard" }'))
    assert [one.tier for one in standard.prices] == ["standard"] * 5
    assert {one.currency for one in standard.prices} == {"CNY"}
    assert standard.registration.price_zone == "Asia/Shanghai"
    assert good(check_text, account("epom")).prices == ()


def test_guards_ask_for_approval_unless_they_are_free(check_text: Check) -> None:
    guard = good(check_text, account("voipbin")).guard
    assert (guard.start, guard.delete, guard.disable) == ("approve",) * 3
    lines = 'guard = { start = "free", delete = "free", disable = "free" }'
    guard = good(check_text, account("voipbin", lines=lines)).guard
    assert (guard.start, guard.delete, guard.disable) == ("free",) * 3


def test_missing_after_is_an_hour_unless_set(check_text: Check) -> None:
    assert good(check_text, account("pai")).pull.missing_after == timedelta(hours=1)
    lines = 'pull = { missing_after = "10s" }'
    assert good(check_text, account("pai", lines=lines)).pull.missing_after.seconds == 10


TOKEN = '[service]\ntoken_key = "env:KEY"\n'


def test_refresh_tokens_need_a_key(check_text: Check) -> None:
    config, problems = check_text(HEAD.replace(TOKEN, "") + account("icas"), SECRETS)
    assert config is None
    assert [one.code for one in problems] == ["missing-token-key"]
    assert '"one"' in problems[0].text
    assert "Fernet.generate_key()" in problems[0].help
    config, problems = check_text(HEAD.replace(TOKEN, "") + account("voipbin"), SECRETS)
    assert config is not None


@pytest.mark.parametrize(
    "key", ["short", "MDEy" * 11, "+DEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
)
def test_a_token_key_that_is_none_is_refused_and_not_shown(check_text: Check, key: str) -> None:
    config, problems = check_text(HEAD + account("criteo"), {**SECRETS, "KEY": key})
    assert config is None
    assert [(one.code, one.line, one.column) for one in problems] == [("bad-token-key", 5, 13)]
    assert key not in str(problems)


def test_a_token_key_that_cannot_be_read_yet_is_a_warning(check_text: Check) -> None:
    environ = {name: value for name, value in SECRETS.items() if name != "KEY"}
    config, problems = check_text(HEAD + account("icas"), environ)
    assert config is not None
    assert [(one.code, one.severity) for one in problems] == [("missing-env", "warning")]


def test_a_token_key_in_plain_text_is_refused(check_text: Check) -> None:
    _, problems = check_text(HEAD.replace("env:KEY", SECRETS["KEY"]) + account("icas"), SECRETS)
    assert [one.code for one in problems] == ["plain-secret"]
    assert SECRETS["KEY"] not in str(problems)


REFRESH = [('client_secret = "env:B"', 'client_secret = "env:B", refresh_token = "env:C"')]
SHARED = [
    ("criteo", [], [], "client_id"),
    ("criteo", [], [("env:A", "env:C")], None),
    ("icas", [], [], None),  # one client, and who the sellers are nobody knows yet
    ("icas", REFRESH, [], None),
    ("icas", REFRESH, REFRESH, "refresh_token"),
    ("epom", [], [], "username"),
    ("epom", [("n101.epom.com", "N101.epom.com/")], [], "username"),
    ("epom", [("n101.epom.com", "n102.epom.com")], [], None),
    ("pai", [], [], "api_key"),
    ("pai", [], [("cn-hangzhou", "ap-southeast-1")], "api_key"),
    ("voipbin", [], [], "username"),
    ("voipbin", [], [('username = "env:A", password = "env:B"', 'access_key = "env:A"')], None),
]


@pytest.mark.parametrize(("provider", "first", "second", "identity"), SHARED)
def test_no_two_accounts_have_one_credential(
    check_text: Check,
    provider: str,
    first: list[tuple[str, str]],
    second: list[tuple[str, str]],
    identity: str | None,
) -> None:
    both = account(provider, *first) + account(provider, *second, name="two")
    _, problems = check_text(HEAD + both, SECRETS)
    assert [one.code for one in problems] == ["shared-credential"] * (identity is not None)
    assert all(f'this is the {identity} of "one"' in one.text for one in problems)


def test_a_key_pair_of_pai_belongs_to_one_account(check_text: Check) -> None:
    first = account("pai", *CURRENT_PAI, lines='dialect = "current"')
    second = account("pai", *CURRENT_PAI, lines='dialect = "current"', name="two")
    (problem,) = errors(check_text, first + second)
    assert 'this is the access_key_id of "one"' in problem.text


def test_one_credential_is_known_by_its_value_too_and_only_at_its_provider(
    check_text: Check,
) -> None:
    environ = {**SECRETS, "C": SECRETS["A"]}
    both = account("epom") + account("epom", ("env:A", "env:C"), name="two")
    _, problems = check_text(HEAD + both, environ)
    assert [one.code for one in problems] == ["shared-credential"]
    assert SECRETS["A"] not in str(problems)
    config, problems = check_text(HEAD + account("epom") + account("voipbin", name="two"), SECRETS)
    assert problems == ()
    assert config is not None


def test_the_whole_account_of_another_provider_may_come_from_the_environment(
    check_text: Check,
) -> None:
    config, problems = check_text(
        HEAD,
        {
            **SECRETS,
            "SYNCD_ACCOUNTS__0__NAME": "a",
            "SYNCD_ACCOUNTS__0__PROVIDER": "pai",
            "SYNCD_ACCOUNTS__0__SCOPE__REGION": "cn-shanghai",
            "SYNCD_ACCOUNTS__0__CREDENTIALS__API_KEY": "env:A",
            "SYNCD_ACCOUNTS__0__PUSH__IN_FLIGHT": "8",
            "SYNCD_ACCOUNTS__0__LIMITS__GET": "5/1s",
            "SYNCD_ACCOUNTS__0__COST__TIER": "standard",
        },
    )
    assert problems == ()
    assert config is not None
    one = config.accounts[0]
    assert (one.push.in_flight, str(one.limit_settings["get"])) == (8, "5/1s")
    assert one.cost.tier == "standard"


def test_all_that_is_wrong_is_found_at_once_whatever_the_provider(check_text: Check) -> None:
    text = (
        account("icas", ("kleinanzeigen", "ebay"))
        + account("epom", lines='push = { batch = 0 }\nlimits = { get = "1/1s" }', name="two")
        + account("pai", lines='provider2 = "x"\nlimits = { get = "99/1s" }', name="three")
        + account("voipbin", ('"env:B"', '"hunter2"'), name="four").replace("voipbin", "voipbim")
    )
    found = errors(check_text, text)
    assert [one.code for one in found] == [
        "bad-scope",
        "out-of-range",
        "unknown-key",
        "unknown-key",
        "impossible-limit",
        "unknown-provider",
        "plain-secret",
    ]
    assert "hunter2" not in str(found)
