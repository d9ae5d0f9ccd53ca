"""What the queue takes for each kind of field, in which form it keeps it, and what it refuses at
once: paths, values, and changes that need leave."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from syncd.model.path import Field, Guard, Kind
from tests.store.parts import FIELDS, Parts, campaign, registration

MANY = (
    *FIELDS,
    Field(path="note", kind=Kind.TEXT, changeable=True, creatable=True, longest=5),
    Field(path="native.title", kind=Kind.TEXT, changeable=True, least=Decimal(2), longest=5),
    Field(path="status", kind=Kind.STATUS, changeable=True, guard=Guard.START),
    Field(path="price.type", kind=Kind.CHOICE, changeable=True, choices=("CPA", "CPC")),
    Field(path="price.estimated_ctr", kind=Kind.NUMBER, changeable=True, scale=3,
          least=Decimal(0), above_least=True),
    Field(path="native.offset", kind=Kind.NUMBER, changeable=True, scale=1, least=Decimal(-5)),
    Field(path="price.min_clicks", kind=Kind.COUNT, changeable=True, least=Decimal(1)),
    Field(path="native.plan", kind=Kind.JSON, changeable=True),
    Field(path="price.amount", kind=Kind.AMOUNT, changeable=True, scale=4, least=Decimal("0.01"),
          nullable=True, guard=Guard.DISABLE),
    Field(path="price.country.*", kind=Kind.AMOUNT, changeable=True, scale=4, nullable=True),
    Field(path="price.action.*", kind=Kind.AMOUNT, changeable=True),
    Field(path="native.vendorId", kind=Kind.TEXT, creatable=True),
    Field(path="deleted", kind=Kind.FLAG, changeable=True, guard=Guard.DELETE),
)  # fmt: skip
ALL_GUARDS = frozenset(Guard)
CALL = "SELECT syncd.enqueue('shop', 'a', $1, expect => $2, expires_at => $3, not_before => $4)"


@pytest.fixture
async def parts(parts: Parts) -> Parts:
    """An account whose provider offers a field of every kind, with all leave, and a campaign."""
    await parts.accounts.declare("criteo", "documented", MANY)
    await parts.accounts.register([registration(free_guards=ALL_GUARDS)])
    await parts.pull([campaign("a")])
    return parts


async def ask(
    parts: Parts, patch: Mapping[str, Any], expect: Any = None, **times: dt.datetime
) -> int:
    """Call the SQL function itself."""
    seen = None if expect is None else json.dumps(expect)
    given = (times.get("expires_at"), times.get("not_before"))
    return int(await parts.sql.fetchval(CALL, json.dumps(patch), seen, *given))


async def refusal(
    parts: Parts, patch: Mapping[str, Any], expect: Any = None
) -> asyncpg.PostgresError:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await ask(parts, patch, expect)
    return refused.value


KEPT: list[tuple[str, Any, str | None]] = [
    ("note", "hello", "hello"),
    ("note", "größe", "größe"),
    ("note", "", ""),
    ("note", 12, "12"),
    ("native.title", "ab", "ab"),
    ("status", "paused", "paused"),
    ("status", "active", "active"),
    ("price.type", "CPC", "CPC"),
    ("price.estimated_ctr", "0.0010", "0.001"),
    ("price.estimated_ctr", 1, "1"),
    ("native.offset", "-5", "-5"),
    ("native.offset", -1.50, "-1.5"),
    ("price.min_clicks", "007", "7"),
    ("price.min_clicks", 3, "3"),
    ("price.min_clicks", "3.0", "3"),
    ("native.plan", '{"bb": 1, "a": [1.0, null], "a": 2}', '{"a": 2, "bb": 1}'),
    ("native.plan", {"b": {"c": True}}, '{"b": {"c": true}}'),
    ("native.plan", [1, 2], "[1, 2]"),
    ("native.plan", True, "true"),
    ("native.plan", '"text"', '"text"'),
    ("price.amount", "0.0100", "0.01"),
    ("price.amount", None, None),
    ("price.country.US", "1.5", "1.5"),
    ("price.country.US", None, None),
    ("deleted", True, "true"),
    ("deleted", "true", "true"),
]


@pytest.mark.parametrize(("path", "given", "kept"), KEPT, ids=str)
async def test_a_value_is_kept_in_one_form(
    parts: Parts, path: str, given: Any, kept: str | None
) -> None:
    assert (await parts.update(await ask(parts, {path: given})))["patch"] == {path: kept}


DIGITS = "write digits with one point and no grouping"
REFUSED: list[tuple[str, Any, str, str]] = [
    ("note", "123456", "note: the text has 6 characters, too many", "criteo takes at most 5"),
    ("note", None, "note: null is not accepted", "give a value, such as a text"),
    ("note", True, "note: true is not a value", "give one text or number"),
    ("note", {"a": 1}, 'note: {"a": 1} is not a value', "give one text or number"),
    ("native.title", "a", "native.title: the text has 1 characters, too few", "at least 2"),
    ("native.title", "   ", "native.title: it cannot be empty", "give a text"),
    ("status", "on", 'status: "on" is not one of its values', "give one of: active, paused"),
    ("price.type", "cpc", 'price.type: "cpc" is not one of its values', "give one of: CPA, CPC"),
    ("price.type", None, "price.type: null is not accepted", "such as CPA"),
    ("price.estimated_ctr", "0", "price.estimated_ctr: 0 is too small", "criteo takes more than 0"),
    ("price.estimated_ctr", "0.0005", "has more than 3 decimals", "keeps 3 decimals"),
    ("price.estimated_ctr", "-1", '"-1" is negative; it is more than 0', "such as 0.25"),
    ("price.estimated_ctr", "many", '"many" is not a number', DIGITS),
    ("native.offset", "-5.1", "native.offset: -5.1 is too small", "takes at least -5"),
    ("native.offset", "--1", '"--1" is not a number', DIGITS),
    ("price.min_clicks", "0", "price.min_clicks: 0 is too small", "takes at least 1"),
    ("price.min_clicks", "1.5", '"1.5" has more than 0 decimals', "keeps 0 decimals"),
    ("price.min_clicks", "NaN", '"NaN" is not a whole number', DIGITS),
    ("native.plan", "{a: 1}", "native.plan: the text is not JSON", 'such as {"a": 1}'),
    ("native.plan", "\ud800", "native.plan: the text is not JSON", "give JSON"),
    ("native.plan", "[" * 20_000, "native.plan: the text is not JSON", "give JSON"),
    ("native.plan", "1e999999", "native.plan: the text is not JSON", "give JSON"),
    ("price.amount", f"0.{'1' * 20_000}", "is not an amount", DIGITS),
    ("price.amount", "0.001", "price.amount: 0.001 is too small", "takes at least 0.01"),
    ("price.amount", "unlimited", '"unlimited" is not an amount', DIGITS),
    ("price.action.x", None, "price.action.x: null is not accepted", "such as 120.50"),
    ("deleted", False, "deleted: false is not a value", "give true"),
    ("deleted", "yes", 'deleted: "yes" is not one of its values', "give one of: true"),
    ("native.vendorId", "v", "it is only given when a campaign is created", "criteo can change: "),
    ("native.goal", "v", 'criteo cannot change "native.goal"; it is read only', "can change: "),
    ("native.other", "v", 'unknown path "native.other" for criteo', "can change: budget.daily, "),
]


def _cut(given: Any) -> str:
    return str(given)[:40]


@pytest.mark.parametrize(("path", "given", "message", "hint"), REFUSED, ids=_cut)
async def test_a_value_that_is_refused_says_what_would_do(
    parts: Parts, path: str, given: Any, message: str, hint: str
) -> None:
    if given == "\ud800":  # as an escape inside JSON: no driver sends it as a character
        given = '"\\ud800"'
    refused = await refusal(parts, {path: given})
    assert message in str(refused)
    assert hint in str(refused.hint)
    assert refused.sqlstate in {"SY003", "SY004"}


async def test_a_key_has_one_spelling(parts: Parts) -> None:
    for given, kept in [
        ("price.country.US", "price.country.US"),
        ('price.country."US"', "price.country.US"),
        ("price.country.a-b_1", "price.country.a-b_1"),
        ('price.action."a.b"', 'price.action."a.b"'),
        ('price.action."a,b c"', 'price.action."a,b c"'),
        ('price.action."say \\"x\\" \\\\"', 'price.action."say \\"x\\" \\\\"'),
        ("price.action.größe", 'price.action."größe"'),
        ('price.action."größe"', 'price.action."größe"'),
    ]:
        assert list((await parts.update(await ask(parts, {given: "1"})))["patch"]) == [kept]


@pytest.mark.parametrize(
    "path",
    ["price.country.", "price.country.a.b", 'price.country."', 'price.country."a',
     "price.country.*", 'price.country.""', 'price.country."a"b"', "price.country.a b",
     "price.country.a,b", 'price.country."a\\b"'],
)  # fmt: skip
async def test_a_malformed_key_is_refused_with_an_example(parts: Parts, path: str) -> None:
    refused = await refusal(parts, {path: "1"})
    assert refused.sqlstate == "SY003"
    assert "is malformed after" in str(refused)
    assert 'price.country."a.b"' in str(refused.hint)


async def test_a_path_stands_in_a_patch_once(parts: Parts) -> None:
    refused = await refusal(parts, {"price.country.US": "1", 'price.country."US"': "2"})
    assert '"price.country.US" stands in the patch twice' in str(refused)


async def test_the_stem_of_a_key_alone_is_no_path(parts: Parts) -> None:
    assert "unknown path" in str(await refusal(parts, {"price.country": "1"}))


async def test_another_dialect_has_fields_of_its_own(parts: Parts) -> None:
    await parts.accounts.declare("criteo", "current", FIELDS)
    await ask(parts, {"note": "a"})
    await parts.accounts.register([registration(dialect="current", free_guards=ALL_GUARDS)])
    assert 'unknown path "note"' in str(await refusal(parts, {"note": "a"}))
    await parts.accounts.declare("criteo", "current", MANY)
    await ask(parts, {"note": "a"})
    await parts.accounts.declare("criteo", "current", FIELDS)
    assert 'unknown path "note"' in str(await refusal(parts, {"note": "a"}))
    listed = await parts.sql.fetch(
        "SELECT dialect, count(*) FROM report.fields GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in listed] == [("current", len(FIELDS)), ("documented", len(MANY))]


async def test_what_an_adapter_declares_comes_back_as_it_was(parts: Parts) -> None:
    known = await parts.reports.known_accounts()
    assert known["shop"].fields == {one.path: one for one in MANY}
    assert known["shop"].free_guards == ALL_GUARDS
    row = await parts.sql.fetchrow("SELECT * FROM report.fields WHERE scale = 3")
    assert dict(row or {}) == {
        "provider": "criteo", "dialect": "documented", "path": "price.estimated_ctr",
        "kind": "number", "readable": True, "changeable": True, "creatable": False,
        "required": False, "nullable": False, "choices": [], "call": "", "note": "", "scale": 3,
        "least": 0, "above_least": True, "longest": None, "guard": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "patch",
    [
        {"status": "active"},
        {"deleted": True},
        {"price.amount": None},
        {"budget.daily": "unlimited"},
        {"budget.daily": "unlimited", "budget.monthly": "unlimited"},
    ],
)
async def test_what_takes_an_approval_is_queued_all_the_same(
    parts: Parts, patch: Mapping[str, Any]
) -> None:
    await parts.accounts.register([registration()])
    assert (await parts.update(await ask(parts, patch)))["state"] == "queued"


async def test_a_key_that_was_used_is_answered_whatever_the_account_allows_now(
    parts: Parts,
) -> None:
    call = "SELECT syncd.enqueue('shop', 'a', $1, key => 'k')"
    patch = '{"status": "active", "budget.daily": 900}'
    first = await parts.sql.fetchval(call, patch)
    await parts.cap("*", max_amount=5)
    assert await parts.sql.fetchval(call, patch) == first
    assert (await refusal(parts, json.loads(patch))).sqlstate == "SY005"


async def test_a_delete_stands_alone(parts: Parts) -> None:
    refused = await refusal(parts, {"deleted": True, "note": "a"})
    assert '"deleted" stands alone in its patch' in str(refused)


async def test_a_start_expires_by_itself(parts: Parts) -> None:
    hour, minute = dt.timedelta(hours=1), dt.timedelta(minutes=1)
    one = await parts.update(await ask(parts, {"status": "active"}))
    assert one["expires_at"] - one["due_at"] == hour
    later = one["due_at"] + 10 * hour
    one = await parts.update(await ask(parts, {"status": "active"}, not_before=later))
    assert one["expires_at"] == later + hour
    await parts.accounts.register([registration(free_guards=ALL_GUARDS, push_interval=40 * minute)])
    one = await parts.update(await ask(parts, {"status": "active"}))
    assert one["expires_at"] - one["due_at"] == 80 * minute
    one = await parts.update(await ask(parts, {"status": "active"}, expires_at=later))
    assert one["expires_at"] == later
    assert (await parts.update(await ask(parts, {"status": "paused"})))["expires_at"] is None


async def test_what_the_requester_saw_may_be_null_and_is_compared_in_one_form(
    parts: Parts,
) -> None:
    patch = {"price.amount": "2", "native.plan": "{}", 'price.country."US"': "1"}
    seen = {"price.amount": None, "native.plan": '{"b":1,"a":2}', 'price.country."US"': "1.50"}
    update = await parts.update(await ask(parts, patch, seen))
    assert update["reference"] == {
        "price.amount": None, "native.plan": '{"a": 2, "b": 1}', "price.country.US": "1.5",
    }  # fmt: skip


async def test_a_readable_path_that_a_known_campaign_does_not_show_is_null(parts: Parts) -> None:
    unread = Field(path="native.secret", kind=Kind.TEXT, readable=False, changeable=True)
    await parts.accounts.declare("criteo", "documented", (*MANY, unread))
    asked = {"price.country.US": "1", "price.type": "CPA", "native.secret": "a"}
    update = await parts.update(await ask(parts, asked))
    assert update["reference"] == {"price.country.US": None, "price.type": None}
    await parts.pull([campaign("a", others={"price.country.US": "3"})])
    update = await parts.update(await ask(parts, asked))
    assert update["reference"] == {"price.country.US": "3", "price.type": None}
