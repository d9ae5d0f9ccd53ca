"""What guards are told: every key with its default, what is refused, and the paths of each
provider."""

import tomllib
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncd.config import Account, Config, Problem, example
from syncd.config.catalogue import BUILT_IN
from syncd.config.guarding import QuietHours
from syncd.model.path import Kind
from syncd.providers import registry
from tests.config.conftest import ACCOUNTS, ENVIRON, HEAD, SECRETS, Check, account
from tests.config.test_output import faults

MISTAKES = [
    ("max_factor = 0.99", "9:14", "out-of-range", "guard.max_factor: 0.99 is no factor"),
    ("max_factor = nan", "9:14", "out-of-range", "guard.max_factor: nan is no factor"),
    ("max_factor = inf", "9:14", "out-of-range", "guard.max_factor: inf is no factor"),
    ("max_factor = true", "9:14", "wrong-type", "expected a number, found true or false"),
    ('max_factor = "2"', "9:14", "wrong-type", "expected a number, found text"),
    ("max_increase = 1000", "9:16", "wrong-type", "expected an amount in quotes"),
    ('max_increase = "-1"', "9:16", "bad-amount", '"-1" is not an amount'),
    ("share = 1.01", "9:9", "out-of-range", "guard.share: 1.01 is no part of a whole"),
    ("share = -0.1", "9:9", "out-of-range", "guard.share: -0.1 is no part of a whole"),
    ("share = nan", "9:9", "out-of-range", "guard.share: nan is no part of a whole"),
    ("share = false", "9:9", "wrong-type", "guard.share: expected a number"),
    ("activations = -1", "9:15", "out-of-range", "guard.activations: -1 is not between 0 and"),
    ("activations = 1.5", "9:15", "wrong-type", "expected a whole number, found a number"),
    ('window = "0s"', "9:10", "bad-duration", 'guard.window: "0s" is no time at all'),
    ('min_gap = "-1s"', "9:11", "bad-duration", 'guard.min_gap: "-1s" is not a duration'),
    ('quiet_hours = "25:00-06:00"', "9:15", "bad-hours", '"25:00-06:00" is no time of day'),
    ('quiet_hours = "22:60-06:00"', "9:15", "bad-hours", '"22:60-06:00" is no time of day'),
    ('quiet_hours = "22:00"', "9:15", "bad-hours", '"22:00" is not two times of day'),
    ('quiet_hours = "06:00-06:00"', "9:15", "bad-hours", "begins when it ends"),
    ('quiet_hours = ["22:00", "06:00"]', "9:15", "wrong-type", "expected text in quotes"),
    ('four_eyes = "yes"', "9:13", "wrong-type", "guard.four_eyes: expected true or false"),
    ("paths = 5", "9:9", "wrong-type", "guard.paths: expected a table, found a whole number"),
    ('paths."budget.daily" = 5', "9:24", "wrong-type", "expected a table, found a whole number"),
    (
        'paths."budget.daily" = { max_factr = 3 }',
        "9:26",
        "unknown-key",
        'unknown key "max_factr" in [[accounts]] "criteo-eu" guard.paths.budget.daily',
    ),
    (
        'paths."budget.daily" = { max_factor = 0 }',
        "9:39",
        "out-of-range",
        "budget.daily.max_factor: 0 is no factor of 1 or more",
    ),
    ('paths."budget.daily" = { floor = 5 }', "9:34", "wrong-type", "expected an amount in quotes"),
    ('paths."budget.daily" = { min_gap = 5 }', "9:36", "wrong-type", "a duration in quotes"),
    (
        'paths."budget.daily" = { floor = "20.01", max_amount = "20" }',
        "9:34",
        "impossible-floor",
        "a floor of 20.01 is above the ceiling of 20",
    ),
    (
        'max_amount = "10"\npaths."budget.daily" = { floor = "11" }',
        "10:34",
        "impossible-floor",
        "a floor of 11 is above the ceiling of 10",
    ),
    (
        'paths = { "budget.*" = { max_amount = "10" }, "budget.daily" = { floor = "11" } }',
        "9:74",
        "impossible-floor",
        "a floor of 11 is above the ceiling of 10",
    ),
    (
        'paths."budget.dayly" = { max_factor = 0, flor = 1 }',
        "9:1",
        "unknown-path",
        '"budget.dayly" is no amount or number that Criteo changes',
    ),
    ('paths."name" = { floor = "1" }', "9:1", "unknown-path", '"name" is no amount or number'),
    ('paths."price.amount" = {}', "9:1", "unknown-path", '"price.amount" is no amount or number'),
    ('paths."budget." = {}', "9:1", "unknown-path", '"budget." is no amount or number'),
    ('paths."price.*" = {}', "9:1", "unknown-path", '"price.*" is no amount or number'),
    ("paths = { budget.daily = { floor = 5 } }", "9:11", "unknown-path", '"budget" is no amount'),
]


@pytest.mark.parametrize(("lines", "place", "code", "text"), MISTAKES)
def test_a_mistake_is_the_only_problem_and_is_named_at_its_place(
    check_account: Check, lines: str, place: str, code: str, text: str
) -> None:
    config, problems = check_account(f"[accounts.guard]\n{lines}\n")
    assert config is None
    assert [(f"{one.line}:{one.column}", one.code) for one in problems] == [(place, code)]
    assert text in problems[0].text
    assert problems[0].help


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ('"budget.dayly"', 'did you mean "budget.daily"?'),
        ('"nothing"', "known: budget.daily, budget.monthly, budget.lifetime"),
        ("budget.daily", 'write the path in quotes, such as "budget.daily"'),
    ],
)
def test_the_remedy_of_an_unknown_path_is_the_path_that_was_meant(
    check_account: Check, path: str, remedy: str
) -> None:
    _, problems = check_account(f"guard.paths = {{ {path} = {{ max_factor = 3 }} }}")
    assert [one.help for one in problems] == [remedy]


def test_all_mistakes_come_at_once(check_account: Check) -> None:
    _, problems = check_account("\n".join(["[accounts.guard]", *(ONCE.values())]))
    assert [one.line for one in problems] == list(range(9, 9 + len(ONCE)))


ONCE = {line.split(" ")[0].partition(".")[0]: line for line, *_ in MISTAKES if "\n" not in line}


def only_account(checked: tuple[Config | None, tuple[Problem, ...]]) -> Account:
    config, problems = checked
    assert problems == ()
    assert config is not None
    return config.accounts[0]


def test_an_account_that_says_nothing_has_the_documented_guards(check_account: Check) -> None:
    one = only_account(check_account(""))
    assert dict(one.guard) == {
        "max_factor": Decimal(2),
        "max_amount": None,
        "max_increase": None,
        "share": Decimal("0.3"),
        "activations": 10,
        "window": timedelta(hours=1),
        "min_gap": timedelta(0),
        "quiet_hours": None,
        "start": "approve",
        "delete": "approve",
        "disable": "approve",
        "four_eyes": False,
        "paths": {},
    }


@pytest.mark.parametrize(
    ("provider", "minutes"),
    [("criteo", 1), ("icas", 1), ("epom", 1), ("pai", 15), ("voipbin", 1)],
)
def test_what_was_read_is_fresh_for_as_long_as_the_provider_declares(
    check_text: Check, provider: str, minutes: int
) -> None:
    one = only_account(check_text(HEAD + account(provider), SECRETS))
    assert one.push.fresh_for == timedelta(minutes=minutes)
    lines = 'push.fresh_for = "5s"'
    one = only_account(check_text(HEAD + account(provider, lines=lines), SECRETS))
    assert one.push.fresh_for == timedelta(seconds=5)


@pytest.mark.parametrize("policy", ["hold", "ours", "theirs"])
def test_there_are_three_policies(check_account: Check, policy: str) -> None:
    assert only_account(check_account(f'push.policy = "{policy}"')).push.policy == policy


def test_every_guard_is_read_as_it_is_written(check_account: Check) -> None:
    one = only_account(
        check_account(
            """\
[accounts.guard]
max_factor = 1.5
max_amount = "10000"
max_increase = "1000.50"
share = 0
activations = 0
window = "2h"
min_gap = "15m"
quiet_hours = "22:00-06:30"
four_eyes = true
[accounts.guard.paths]
"budget.*" = { max_factor = 3, floor = "0" }
"budget.daily" = { max_amount = "500", floor = "500", min_gap = "0s" }
"""
        )
    ).guard
    assert (one.max_factor, one.max_amount) == (Decimal("1.5"), Decimal(10000))
    assert (one.max_increase, one.share, one.activations) == (Decimal("1000.5"), Decimal(0), 0)
    assert (one.window, one.min_gap) == (timedelta(hours=2), timedelta(minutes=15))
    assert one.quiet_hours == QuietHours(begin=time(22), end=time(6, 30))
    assert str(one.quiet_hours) == "22:00-06:30"
    assert one.four_eyes is True
    assert {path: dict(rules) for path, rules in one.paths.items()} == {
        "budget.*": {
            "max_factor": Decimal(3),
            "max_amount": None,
            "floor": Decimal(0),
            "min_gap": None,
        },
        "budget.daily": {
            "max_factor": None,
            "max_amount": Decimal(500),
            "floor": Decimal(500),
            "min_gap": timedelta(0),
        },
    }


def test_the_rules_of_paths_cannot_be_changed(check_account: Check) -> None:
    paths: Any = only_account(check_account('guard.paths."budget.daily" = {}')).guard.paths
    with pytest.raises(TypeError):
        paths["budget.monthly"] = paths["budget.daily"]


def test_the_nearest_ceiling_around_a_path_is_the_one_that_its_floor_is_judged_by(
    check_account: Check,
) -> None:
    wide = '"budget.*" = { max_amount = "10" }'
    own = '"budget.daily" = { floor = "11", max_amount = "12" }'
    one = only_account(
        check_account(f'guard = {{ max_amount = "5", paths = {{ {wide}, {own} }} }}')
    )
    assert one.guard.paths["budget.daily"].floor == Decimal(11)


def test_the_environment_overrides_guards(check_account: Check) -> None:
    environ = {
        **ENVIRON,
        "SYNCD_ACCOUNTS__0__GUARD__MAX_FACTOR": "1.25",
        "SYNCD_ACCOUNTS__0__GUARD__SHARE": "1",
        "SYNCD_ACCOUNTS__0__GUARD__FOUR_EYES": "true",
        "SYNCD_ACCOUNTS__0__GUARD__PATHS": '{ "budget.daily" = { floor = "3" } }',
    }
    one = only_account(check_account("", environ)).guard
    assert (one.max_factor, one.share, one.four_eyes) == (Decimal("1.25"), Decimal(1), True)
    assert one.paths["budget.daily"].floor == Decimal(3)
    environ["SYNCD_ACCOUNTS__0__GUARD__PATHS"] = '{ "budget.dayly" = { floor = "3" } }'
    _, problems = check_account("", environ)
    assert [(one.file, one.code) for one in problems] == [
        ("SYNCD_ACCOUNTS__0__GUARD__PATHS", "unknown-path")
    ]


TAKEN = {
    "criteo": ["budget.daily", "budget.monthly", "budget.lifetime", "budget.*"],
    "icas": ["budget.daily", "budget.lifetime", "budget.*"],
    "epom": [
        "price.amount",
        "price.min_clicks",
        "price.*",
        "price.country.*",
        "price.country.US",
        'price.action."a.b"',
    ],
    "pai": [],
    "voipbin": ["native.service_level", "native.*"],
}
REFUSED = {
    "criteo": ["status", "native.x"],
    "icas": ["budget.monthly", "status", "native.vendorId"],
    "epom": ["price.type", "price.country", "price.country.", "budget.daily"],
    "pai": ["budget.daily", "note"],
    "voipbin": ["native.detail", "budget.daily", "name"],
}


@pytest.mark.parametrize("provider", ACCOUNTS)
def test_each_provider_takes_the_paths_that_it_changes(check_text: Check, provider: str) -> None:
    keys = ", ".join(f"'{path}' = {{ max_factor = 3 }}" for path in TAKEN[provider])
    text = account(provider, lines=f"guard.paths = {{ {keys} }}")
    assert list(only_account(check_text(HEAD + text, SECRETS)).guard.paths) == TAKEN[provider]
    for path in REFUSED[provider]:
        text = account(provider, lines=f"guard.paths = {{ '{path}' = {{ max_factor = 3 }} }}")
        config, problems = check_text(HEAD + text, SECRETS)
        assert config is None
        assert [one.code for one in problems if one.severity == "error"] == ["unknown-path"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("price.min_clicks", None),
        ("price.amount", "impossible-floor"),
        ("price.country.US", "impossible-floor"),
        ("price.*", "impossible-floor"),
    ],
)
def test_the_ceiling_of_the_account_is_one_of_amounts_and_not_of_numbers(
    check_text: Check, path: str, code: str | None
) -> None:
    rules = f'max_amount = "10", paths = {{ "{path}" = {{ floor = "50" }} }}'
    _, problems = check_text(HEAD + account("epom", lines=f"guard = {{ {rules} }}"), SECRETS)
    assert [one.code for one in problems] == ([] if code is None else [code])


@pytest.mark.parametrize("provider", BUILT_IN)
@pytest.mark.parametrize("dialect", ["documented", "current"])
def test_the_paths_are_what_the_adapter_declares(provider: str, dialect: str) -> None:
    scope = {"tenant": ("kijiji",)} if provider == "icas" else {}
    fields = registry.capabilities(provider, dialect, scope).fields
    declared = {one.path: one.kind for one in fields if one.changeable}
    amounts = {path for path, kind in declared.items() if kind is Kind.AMOUNT}
    numbers = {path for path, kind in declared.items() if kind in (Kind.NUMBER, Kind.COUNT)}
    assert set(BUILT_IN[provider].amounts) == amounts
    assert set(BUILT_IN[provider].numbers) == numbers


@pytest.mark.parametrize(
    ("number", "table", "is_taken"),
    [
        (0, {"paths": {"budget.daily": {"floor": "1", "min_gap": "1h"}}}, True),
        (0, {"paths": {"budget.*": {"max_factor": 1.5, "max_amount": "5"}}}, True),
        (0, {"paths": {"price.amount": {}}}, False),
        (0, {"paths": {"budget.daily": {"flor": "1"}}}, False),
        (0, {"max_factor": 0.5}, False),
        (0, {"share": 1.5}, False),
        (0, {"activations": -1}, False),
        (0, {"quiet_hours": "late"}, False),
        (2, {"paths": {"price.country.US": {"max_amount": "5"}}}, True),
        (2, {"paths": {"budget.daily": {}}}, False),
        (3, {"paths": {"budget.daily": {}}}, False),
    ],
)
def test_the_schema_tells_editors_the_same(
    number: int, table: dict[str, Any], *, is_taken: bool
) -> None:
    written = tomllib.loads(example())
    written["accounts"][number]["guard"] = table
    assert (faults(written) == 0) is is_taken
