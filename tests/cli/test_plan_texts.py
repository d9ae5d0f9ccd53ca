"""A plan as a document, in lines, in rows and in Markdown, all from values: nothing of it goes near
a database."""

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.plan_document import approvable, document, moved_since, saved_items
from syncd.cli.plan_followed import agreed
from syncd.cli.plan_markdown import LONGEST, markdown
from syncd.cli.plan_rows import rows
from syncd.cli.plan_summary import summary
from syncd.model.plan import Mark, PushPlan
from syncd.model.update import Terms
from syncd.store.plans import SavedPlan
from syncd.store.prospects import Approval
from tests.cli.planned import AT, DAILY, FACTOR, UNAPPROVABLE, one, pending, plan, saved, updates

DATA = Path(__file__).parents[1] / "data"


def stamp(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def shown(**other: Any) -> dict[str, Any]:
    return document(plan(**other))


def stands(states: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Rows of these updates; what is held is held as the plan has it."""
    found: dict[str, dict[str, Any]] = {
        number: {"state": state, "holds": None, "reason_code": None, "reason": None}
        for number, state in states.items()
    }
    for planned in updates():
        row = found.get(str(planned.update.id))
        if row is not None and row["state"] == "held":
            row["reason_code"] = planned.deciding.code
            held = {
                path.path: held_as(*((digest, "", digest) for digest in path.hit_digests))
                for path in planned.paths
                if path.hits
            }
            row["holds"] = held or None
    return found


def held_as(*hits: tuple[str, str, str]) -> dict[str, Any]:
    names = ("rule", "message", "digest")
    return {"hits": [dict(zip(names, hit, strict=True)) for hit in hits]}


def of(*some: Any) -> dict[str, Any]:
    """The document of a plan of these updates alone."""
    return shown(plan=PushPlan(updates=some), held=frozenset(), waiting=(), late=())


def golden(name: str, told: str) -> None:
    """Compare with the file of that name."""
    assert told == (DATA / name).read_text(), f"if this is right, write it to tests/data/{name}"


def test_the_json_of_a_plan_is_complete_and_stays_as_it_is() -> None:
    golden("plan.json", json.dumps(shown(), ensure_ascii=False, indent=2) + "\n")


def test_the_markdown_of_a_plan_stays_as_it_is() -> None:
    golden(
        "plan.md", markdown([saved(shown()), shown(plan=PushPlan(), waiting=(), late=())], stamp)
    )


def test_the_summary_says_what_goes_out_and_what_does_not() -> None:
    assert list(summary(shown())) == [
        (
            "will send   5 updates of 5 campaigns in 2 calls (1 x PATCH campaigns, "
            "1 x POST campaigns) and then in later ones · 0.8 % of 250/60s · "
            "100 % of create 1/10s · about 13 s · "
            "costs 0.002 CNY (1 of 97 free left)"
        ),
        "money       +340.00 EUR a day · largest +200 %",
        "acts        1 create, 1 start",
        "will not    1 already set · 1 superseded · 1 rejected · 3 held · 1 expired · 1 waiting",
    ]


def test_sums_of_money_cross_neither_currencies_nor_periods() -> None:
    made = [
        one(pending(1, "1", {DAILY: "150"}), "100", Mark.SEND),
        one(pending(2, "2", {DAILY: "60"}), "100", Mark.SEND),
        one(pending(3, "3", {DAILY: "7"}, currency="PLN"), "5", Mark.SEND),
        one(pending(4, "4", {"budget.monthly": "90"}), "100", Mark.SEND),
        one(pending(5, "5", {DAILY: "5"}, currency=None), "4", Mark.SEND),
        one(pending(6, "6", {DAILY: "900"}), "100", Mark.HELD, hits=(FACTOR,)),
        one(pending(7, "7", {DAILY: "unlimited"}), "100", Mark.SEND),
    ]
    lines = list(summary(of(*made)))
    assert lines[1:3] == [
        (
            "money       +50.00 EUR a day, -40.00 EUR a day, +2.00 PLN a day, -10.00 EUR a month, "
            "+1.00 (no currency) a day · largest +50 %"
        ),
        "acts        1 budget without a limit",
    ]


def test_a_paused_account_is_said_to_send_nothing() -> None:
    state = dataclasses.replace(plan().state, paused_at=AT, paused_by="anna")
    assert next(summary(shown(state=state))) == (
        "paused      by anna: a push sends nothing until it is resumed"
    )


def test_an_empty_plan_has_no_hash_and_sends_nothing() -> None:
    empty = of()
    assert empty["hash"] is None
    assert list(summary(empty)) == ["will send   nothing", "will not    leave anything out"]


def test_every_row_says_why_it_stays_and_who_let_it_through() -> None:
    found = {row.cells[0]: row for row in rows(shown(), stamp) if row.cells[0]}
    assert found["#11"].cells[-1] == "+50.00  +50 %"
    assert found["#12"].cells[-1] == "superseded by #11"
    assert found["#13"].cells[-1] == "already set, no call"
    assert found["#14"].notes == (
        f"factor: {FACTOR.message}",
        "approved by anna until 2026-11-11 15:02 UTC",
    )
    assert found["#15"].cells[-1] == "+200.00  +200 %  would be held: factor"
    assert found["#15"].notes == (f"factor: {FACTOR.message}",)
    assert found["#16"].notes == ("it was 70.00 EUR when this was asked for; policy ours",)
    assert found["#17"].cells[2] == "=`|@all<U+202E>"
    assert found["#17"].notes == ("name: the provider takes no names of one letter",)
    assert found["#18"].cells[-1] == "+20.00  +22 %  is held: conflict"
    assert found["#19"].notes == ("it was sent twice and shows twice what stood before",)
    assert found["#21"].cells[1:5] == ("new", "(no name)", DAILY, "-")
    later = [row.cells[-1] for row in rows(shown(), stamp) if not row.cells[0]]
    assert later == ["in a later call"]


def test_only_what_a_person_may_overrule_can_be_approved() -> None:
    assert approvable(shown()) == ["15", "18"]
    capped = one(pending(1, "1", {DAILY: "9"}), "1", Mark.HELD, hits=(FACTOR, UNAPPROVABLE))
    assert approvable(of(capped)) == []


def test_the_items_of_a_saved_plan_are_what_its_hash_stands_for() -> None:
    made = plan()
    kept = {(one["update"], one["path"]): one for one in saved_items(made)}
    for update in updates():
        for path in update.paths:
            item = kept[update.update.id, path.path]
            assert (item["digest"], item["mark"]) == (path.digest, path.mark.value)
            assert [hit["rule"] for hit in item["hits"]] == [hit.code for hit in path.hits]
    assert document(made)["hash"] == PushPlan(updates=updates()).hash


def test_of_a_saved_plan_only_what_it_sends_or_holds_may_leave() -> None:
    made = plan()
    items = saved_items(made)
    hits = {
        (one["update"], one["path"]): frozenset(hit["digest"] for hit in one["hits"])
        for one in items
    }
    kept = SavedPlan(
        account="criteo-eu", hash=made.plan.hash, digests={}, hits=hits, items=items, document={},
        made_at=AT, made_by="marc", expires_at=AT, is_expired=False,
    )  # fmt: skip
    found = agreed(kept)
    assert found.keys() == {one.update.id for one in updates()}
    assert [number for number, terms in found.items() if terms == Terms()] == [12, 13, 17]
    assert found[20].hits.keys() == {DAILY, "status"}
    held = updates()[-2].paths[0]
    assert found[18].hits == {DAILY: frozenset(held.hit_digests)}
    assert (found[18].remote, found[18].is_held) == ({DAILY: held.remote}, True)
    assert found[11] == Terms(remote={DAILY: "100"}, hits={DAILY: frozenset()})


@pytest.mark.parametrize(("code", "told"), [("cleared", None), ("out_of_view", "undecidable")])
def test_what_a_fresh_plan_called_over_is_not_held_for_something_else(
    code: str, told: str | None
) -> None:
    item: dict[str, Any] = {
        "update": "1", "campaign": "a", "path": DAILY, "digest": "d", "rules": [], "code": code,
        "held_for": None,
    }  # fmt: skip
    row = {"state": "held", "holds": None, "reason_code": "undecidable", "reason": "no read"}
    (now,) = [one["now"] for one in moved_since({"items": [item]}, {"1": row}, {}, {})["items"]]
    assert [one["rule"] for one in now["held_for"] or ()] == ([told] if told else [])


def test_a_saved_plan_shows_what_has_moved_since() -> None:
    states = {str(one.update.id): "queued" for one in updates()}
    states |= {"11": "applied", "12": "superseded", "13": "applied", "18": "held", "19": "held"}
    del states["17"]
    held = updates()[4].paths[0].digest
    since = moved_since(
        shown(),
        stands(states),
        {"1": {DAILY: "150"}, "2": {DAILY: "70"}, "3": {DAILY: "100"}, "4": {}},
        {held: Approval(by="bea", until=AT)},
    )
    found = {row.cells[0]: row.notes for row in rows(since, stamp) if row.cells[0]}
    assert found["#11"] == ("since then: applied",), "and the mirror shows what was wanted"
    assert found["#12"] == ("since then: superseded",)
    assert found["#13"] == ("since then: applied", "since then: the mirror shows 70.00 EUR")
    assert found["#14"] == (f"factor: {FACTOR.message}",), "that approval holds no more"
    assert found["#15"] == (
        f"factor: {FACTOR.message}",
        "approved by bea until 2026-11-11 13:02 UTC",
        "since then: the mirror shows nothing",
    )
    assert found["#17"][-1] == "since then: no such update"
    assert found["#18"] == (f"conflict: {updates()[-2].paths[0].message}",)


def test_a_saved_plan_says_of_what_is_held_by_now_whether_it_is_for_the_same_rules() -> None:
    rows_now = stands({str(one.update.id): "held" for one in updates()})
    factor = ("factor", "x5", updates()[3].paths[0].hit_digests[0])
    rows_now["14"]["holds"] = {DAILY: held_as(("amount", "too much", "0"), factor)}
    rows_now["18"]["holds"] = {DAILY: held_as(("factor", "x5", "1"))}
    rows_now["19"] |= {"reason_code": "conflict", "reason": "it shows 7"}
    rows_now["20"]["holds"] = {DAILY: held_as(("guard-start", "it starts", "2"))}
    since = moved_since(saved(shown()), rows_now, {}, {})
    fewer = {**rows_now["15"], "holds": {"status": held_as(("guard-start", "it starts", "3"))}}
    (item,) = moved_since(of(updates()[4]), {"15": fewer}, {}, {})["items"]
    (row,) = rows({"items": [item]}, stamp)
    assert row.notes[-1] == "since then: held for fewer rules: none at this path"
    told: dict[str, list[str]] = {}
    for item, row in zip(since["items"], rows(since, stamp), strict=True):
        notes = [one for one in row.notes if "held for" in one]
        told.setdefault(item["update"], []).extend(notes)
    assert told["14"] == ["since then: held for other rules: amount: too much; factor: x5"]
    assert told["15"] == [], "for the same rules"
    assert told["18"] == ["since then: held for other rules: factor: x5"]
    assert told["19"] == ["since then: held for a reason of its own: conflict: it shows 7"]
    assert told["20"] == ["since then: held for a reason of its own: guard-start: it starts"]


@pytest.mark.parametrize("is_saved", [True, False])
def test_markdown_keeps_heading_and_summary_and_counts_the_rows_it_leaves_out(
    *, is_saved: bool
) -> None:
    many = [
        one(pending(number, str(number), {DAILY: "150"}), "100", Mark.SEND)
        for number in range(1, 2001)
    ]
    made = of(*many)
    told = markdown([saved(made) if is_saved else made] * 2, stamp)
    assert LONGEST - 500 < len(told) <= LONGEST
    assert told.count("will send   2,000 updates") == 2
    kept = len(re.findall(r"^\| ~ \|", told, re.MULTILINE))
    left = [
        int(one.replace(",", ""))
        for one in re.findall(r"^([\d,]+) more rows: ", told, re.MULTILINE)
    ]
    assert kept + sum(left) == 4000
    command = f"syncd plan --show {made['hash'][:8]}" if is_saved else "syncd plan criteo-eu"
    assert told.count(f"more rows: `{command}`") == 2


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("plain", "`plain`"),
        ("a|b", "`a\\|b`"),
        ("tick ` inside", "``tick ` inside``"),
        ("``twice", "``` ``twice ```"),
        ("@everyone <b>", "`@everyone <b>`"),
        ("line\nbreak", "`line<U+000A>break`"),
    ],
)
def test_foreign_text_is_neither_markup_nor_a_mention(name: str, span: str) -> None:
    told = markdown([of(one(pending(1, "1", {DAILY: "2"}, name=name), "1", Mark.SEND))], stamp)
    assert f"| {span} |" in told
