"""Every rule of the configuration: its code, its sentence and the place that it points at."""

from pathlib import Path

import pytest

from syncd.config import check
from tests.config.conftest import GOOD, Check

ACCOUNT = [
    ('schedul = "x"', "8:1", "unknown-key", 'unknown key "schedul" in [[accounts]] "criteo-eu"'),
    (
        "push = { bach = 5 }",
        "8:10",
        "unknown-key",
        'unknown key "bach" in [[accounts]] "criteo-eu" push',
    ),
    ("[accounts.lease]\nttll = 5", "9:1", "unknown-key", 'unknown key "ttll"'),
    (
        "push = { batch = 5, batch = 6 }",
        "8:21",
        "duplicate-key",
        '"batch" stands there twice, first in line 8',
    ),
    ("currency = ", "8:12", "toml-syntax", "this is not TOML: invalid value"),
    ("push = 5", "8:8", "wrong-type", "push: expected a table, found a whole number"),
    (
        'push = { batch = "50" }',
        "8:18",
        "wrong-type",
        "push.batch: expected a whole number, found text",
    ),
    (
        "push = { batch = true }",
        "8:18",
        "wrong-type",
        "expected a whole number, found true or false",
    ),
    ("allow_loopback = 1", "8:18", "wrong-type", "expected true or false, found a whole number"),
    (
        "dialect = 1979-05-27",
        "8:11",
        "wrong-type",
        "dialect: expected text in quotes, found a date",
    ),
    (
        "scope = { advertisers = [12345] }",
        "8:25",
        "wrong-type",
        "scope.advertisers: expected ids in quotes",
    ),
    ('scope = { advertisers = ["1", "1"] }', "8:25", "bad-scope", 'the id "1" stands there twice'),
    ('dialect = "curent"', "8:11", "unknown-dialect", 'unknown dialect "curent"'),
    ('push = { policy = "mine" }', "8:19", "unknown-policy", 'unknown policy "mine"'),
    ('push = { fresh_for = "60" }', "8:22", "bad-duration", 'push.fresh_for: "60" is not'),
    ('pull = { jitter = "30" }', "8:19", "bad-duration", 'pull.jitter: "30" is not a duration'),
    ("pull = { jitter = 30 }", "8:19", "wrong-type", "pull.jitter: expected a duration in quotes"),
    ('pull = { jitter = "-1s" }', "8:19", "bad-duration", "is not a duration"),
    ('pull = { jitter = "401d" }', "8:19", "bad-duration", "is longer than 400 days"),
    ('lease = { renew = "0s" }', "8:19", "bad-duration", "is no time at all"),
    ('pull = { schedule = "* * * *" }', "8:21", "bad-schedule", "it has 4 fields"),
    ('pull = { schedule = "@on_enqueue" }', "8:21", "bad-schedule", "can only wake a push"),
    (
        'limits = { default = "300/60s" }',
        "8:22",
        "impossible-limit",
        "above what Criteo documents (250/60s)",
    ),
    (
        'limits = { default = "5/1s" }',
        "8:22",
        "impossible-limit",
        "above what Criteo documents (250/60s)",
    ),
    (
        'limits = { default = "1000/5m" }',
        "8:22",
        "impossible-limit",
        "above what Criteo documents (250/60s)",
    ),
    ('limits = { default = "0/60s" }', "8:22", "impossible-limit", "allows no request at all"),
    ('limits = { default = "-5/60s" }', "8:22", "impossible-limit", "does not count requests"),
    ('limits = { default = "nan/60s" }', "8:22", "impossible-limit", "does not count requests"),
    ('limits = { default = "250/0s" }', "8:22", "impossible-limit", "has a window of no length"),
    ('limits = { default = "250" }', "8:22", "impossible-limit", "is not a limit"),
    ('limits = { default = "0.5/60s" }', "8:22", "impossible-limit", "leaves no request at all"),
    (
        'limits = { default = "5/60s", share = 0.1 }',
        "8:39",
        "impossible-limit",
        "leaves no request at all",
    ),
    ("limits = { share = nan }", "8:20", "impossible-limit", "is not a share of a limit"),
    ("limits = { share = 0 }", "8:20", "impossible-limit", "is not a share of a limit"),
    ("limits = { share = 1.01 }", "8:20", "impossible-limit", "is not a share of a limit"),
    ('limits = { granted = "" }', "8:22", "bad-text", "limits.granted: the text is empty"),
    (
        'lease = { ttl = "30s" }',
        "8:17",
        "bad-lease",
        "a lease of 30 s can end while a request of 20 s",
    ),
    ('lease = { request_timeout = "35s" }', "8:1", "bad-lease", "a lease of 45 s can end"),
    ('base_url = "http://api.criteo.com"', "8:12", "bad-base-url", "begins with http://"),
    ("allow_loopback = true", "4:1", "bad-base-url", '"api.criteo.com" is not a loopback address'),
    ('currency = "EURO"', "8:12", "bad-currency", '"EURO" is not a currency'),
    ('currency = { "1" = "eur" }', "8:12", "bad-currency", '"eur" is not a currency'),
    (
        'currency = { "2" = "EUR" }\nscope = { advertisers = ["1"] }',
        "8:14",
        "bad-currency",
        'the currency of "2", which is not in scope.advertisers',
    ),
    ('timezone = "Europe/Berln"', "8:12", "bad-timezone", 'unknown time zone "Europe/Berln"'),
    ('timezone = "../../etc/passwd"', "8:12", "bad-timezone", "unknown time zone"),
    ("push = { batch = 501 }", "8:18", "out-of-range", "push.batch: 501 is not between 1 and 500"),
    ("push = { in_flight = 0 }", "8:22", "out-of-range", "0 is not between 1 and 64"),
    ('guard = { max_amount = "1e4" }', "8:24", "bad-amount", '"1e4" is not an amount'),
    ('guard = { max_amount = "NaN" }', "8:24", "bad-amount", '"NaN" is not an amount'),
    ("guard = { max_amount = 10000 }", "8:24", "wrong-type", "expected an amount in quotes"),
    ('guard = { start = "yes" }', "8:19", "unknown-rule", 'unknown rule "yes"'),
    ('guard = { delete = "fre" }', "8:20", "unknown-rule", 'unknown rule "fre"'),
    ("guard = { disable = true }", "8:21", "wrong-type", "guard.disable: expected text in quotes"),
    ('pull = { missing_after = "0s" }', "8:26", "bad-duration", "is no time at all"),
    ('cost = { tier = "default" }', "8:8", "no-prices", "Criteo bills no requests"),
    ('limits = { get = "1/1s" }', "8:12", "unknown-key", 'unknown key "get" in [[accounts]]'),
    ('scope = { tenant = "kijiji" }', "8:11", "unknown-key", 'unknown key "tenant"'),
]


@pytest.mark.parametrize(("lines", "place", "code", "text"), ACCOUNT)
def test_a_mistake_in_an_account_is_named_at_its_place(
    check_account: Check, lines: str, place: str, code: str, text: str
) -> None:
    config, problems = check_account(lines)
    assert config is None
    assert [(f"{one.line}:{one.column}", one.code) for one in problems] == [(place, code)]
    assert text in problems[0].text
    assert problems[0].help
    assert problems[0].severity == "error"


FILE = [
    (("embedded = true", ""), "1:1", "missing-database", "no database is chosen"),
    (("[database]\nembedded = true", ""), "1:1", "missing-database", "no database is chosen"),
    (
        ("embedded = true", 'embedded = true\nurl = "env:U"'),
        "2:12",
        "two-databases",
        "and gives url too",
    ),
    (
        ("embedded = true", 'url = "mysql://x"'),
        "2:7",
        "bad-database-url",
        "url is not a postgresql:// URL",
    ),
    (
        ("embedded = true", 'url = "postgresql://u:p@h/d"'),
        "2:7",
        "plain-secret",
        "holds a password",
    ),
    (
        ("embedded = true", 'url = "postgresql://h/d?password=p"'),
        "2:7",
        "plain-secret",
        "holds a password",
    ),
    (("[database]", "[databse]"), "1:1", "unknown-key", 'unknown key "databse" in the file'),
    (('name = "criteo-eu"', 'name = "Criteo EU"'), "5:8", "bad-name", '"Criteo EU" is not a name'),
    (
        ('name = "criteo-eu"\n', ""),
        "4:1",
        "missing-key",
        "name is missing in [[accounts]] number 1",
    ),
    (
        ('provider = "criteo"', 'provider = "critео"'),
        "6:12",
        "unknown-provider",
        "unknown provider",
    ),
    (
        ('provider = "criteo"', 'provider = "meta"'),
        "6:12",
        "unknown-provider",
        'unknown provider "meta"',
    ),
    (('client_id = "env:CRITEO_ID", ', ""), "7:1", "missing-key", "client_id is missing"),
    (
        ("[[accounts]]", "[accounts]"),
        "4:1",
        "wrong-type",
        "expected [[accounts]] tables, found a table",
    ),
    ((GOOD[GOOD.index("[[") :], ""), "1:1", "no-accounts", "there is no account"),
    (("\n\n", '\n[service]\nlisten = "0.0.0.0:80"\n'), "4:10", "open-listen", "without a token"),
    (("\n\n", '\n[service]\nlisten = "[::]:80"\n'), "4:10", "open-listen", "without a token"),
    (("\n\n", '\n[service]\nlisten = ":80"\n'), "4:10", "bad-listen", "is not host:port"),
    (
        ("\n\n", '\n[service]\nlisten = "127.0.0.1:65536"\n'),
        "4:10",
        "bad-listen",
        "is not host:port",
    ),
    (
        ("\n\n", '\n[service]\nlisten = "127.1:80"\n'),
        "4:10",
        "bad-listen",
        '"127.1" is not an address',
    ),
    (
        ("\n\n", '\n[service]\nhttp_token = "12345"\n'),
        "4:14",
        "plain-secret",
        "http_token is written",
    ),
    (
        ("\n\n", "\n[database]\n"),
        "3:1",
        "duplicate-key",
        '"database" stands there twice, first in line 1',
    ),
]


@pytest.mark.parametrize(("change", "place", "code", "text"), FILE)
def test_a_mistake_in_the_file_is_named_at_its_place(
    check_text: Check, change: tuple[str, str], place: str, code: str, text: str
) -> None:
    config, problems = check_text(GOOD.replace(*change, 1))
    errors = [one for one in problems if one.severity == "error"]
    assert config is None
    found = [(f"{one.line}:{one.column}", one.code) for one in errors]
    assert (place, code) in found
    assert any(text in one.text for one in errors)
    assert all(one.help for one in problems)
    # A section whose name is misspelt is missing too; nothing else brings a second error.
    assert len(errors) == (2 if "databse" in change[1] else 1)


def test_five_mistakes_are_reported_in_one_go_and_in_file_order(check_text: Check) -> None:
    config, problems = check_text(
        """\
[service]
listen = "0.0.0.0:8440"

[[accounts]]
name = "criteo-eu"
provider = "criteo"
schedul = "*/15 * * * *"
credentials = { client_id = "env:CRITEO_ID", client_secret = "hunter2hunter2" }
limits = { default = "300/60s" }
lease = { ttl = "20s" }
"""
    )
    assert config is None
    assert [(one.line, one.column, one.code) for one in problems] == [
        (1, 1, "missing-database"),
        (2, 10, "open-listen"),
        (7, 1, "unknown-key"),
        (8, 62, "plain-secret"),
        (9, 22, "impossible-limit"),
        (10, 17, "bad-lease"),
    ]


def test_a_second_account_of_one_name_is_refused(check_text: Check) -> None:
    second = GOOD[GOOD.index("[[") :].replace("env:CRITEO_ID", "env:OTHER")
    _, problems = check_text(GOOD + second, {"CRITEO_ID": "a", "OTHER": "b", "CRITEO_SECRET": "s"})
    assert [(one.line, one.code) for one in problems] == [(9, "duplicate-account")]


@pytest.mark.parametrize("other", ["env:CRITEO_ID", "env:OTHER"])
def test_two_accounts_with_one_credential_are_refused_by_reference_and_by_value(
    check_text: Check, other: str
) -> None:
    second = (
        GOOD[GOOD.index("[[") :].replace("criteo-eu", "criteo-us").replace("env:CRITEO_ID", other)
    )
    environ = {"CRITEO_ID": "one-id", "OTHER": "one-id", "CRITEO_SECRET": "s"}
    _, problems = check_text(GOOD + second, environ)
    assert [(one.line, one.column, one.code) for one in problems] == [(11, 29, "shared-credential")]
    assert '"criteo-eu"' in problems[0].text
    assert "one-id" not in str(problems)


def test_a_granted_limit_may_be_above_the_documented_one(check_account: Check) -> None:
    config, problems = check_account('limits = { default = "1000/60s", granted = "ticket 4711" }')
    assert problems == ()
    assert config is not None
    assert [limit.count for limit in config.accounts[0].limits_for()] == [1000]


def test_a_currency_may_differ_by_advertiser(check_account: Check) -> None:
    config, _ = check_account('currency = { "1" = "EUR", "2" = "JPY" }')
    assert config is not None
    assert config.accounts[0].currency == {"1": "EUR", "2": "JPY"}


def test_a_reference_that_leads_nowhere_is_a_warning(check_text: Check) -> None:
    config, problems = check_text(GOOD, {"CRITEO_SECRET": "s"})
    assert config is not None
    assert [(one.severity, one.code, one.line, one.column) for one in problems] == [
        ("warning", "missing-env", 7, 29)
    ]


def test_a_secret_file_that_everybody_can_read_is_a_warning(
    check_text: Check, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    secret.chmod(0o644)
    text = GOOD.replace("env:CRITEO_SECRET", "file:secret")
    config, problems = check_text(text)
    assert config is not None
    assert [(one.severity, one.code) for one in problems] == [("warning", "readable-secret")]
    secret.chmod(0o600)
    assert check_text(text)[1] == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe", "unreadable-file"),
        (b"a = " + b"[" * 5000, "toml-syntax"),
        (b"a = " + b"9" * 5000, "toml-syntax"),
        (b"#" * (1024 * 1024 + 1), "unreadable-file"),
        (b"a = '\x00'", "toml-syntax"),
    ],
)
def test_what_is_no_text_or_no_toml_is_one_problem(
    tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "syncd.toml").write_bytes(content)
    config, problems = check(tmp_path / "syncd.toml", {})
    assert config is None
    assert [one.code for one in problems] == [code]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = GOOD.replace("\n", "\r\n").replace("criteo-eu", "Bad")
    (tmp_path / "syncd.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    _, problems = check(tmp_path / "syncd.toml", {"CRITEO_ID": "a", "CRITEO_SECRET": "b"})
    assert [(one.line, one.column, one.code) for one in problems] == [(5, 8, "bad-name")]


def test_columns_count_characters_and_not_bytes(check_account: Check) -> None:
    _, problems = check_account('limits = { granted = "größer", share = 2 }')
    assert (problems[0].line, problems[0].column) == (8, 40)
