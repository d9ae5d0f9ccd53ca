"""A push as a value where a campaign is made, ended, guarded or changed in several calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.model.call import WriteCall, WriteItem, WritePlan
from syncd.model.fold import plan_push
from syncd.model.guard import Hit, Rules
from syncd.model.path import Field, Guard, Kind
from syncd.model.plan import Mark, PushPlan, UpdatePlan, hold_all
from syncd.model.update import Outcome, Pending, Verdict, new_id

NAME, STATUS, DELETED = "name", "status", "deleted"
SHOWN = {"a": {NAME: "old", STATUS: "paused"}}


def step_by_step(items: Sequence[WriteItem]) -> WritePlan:
    """A provider that takes one path of one campaign a call, and no campaign called `bad`."""
    refused = {
        item.external_id: Verdict(outcome=Outcome.REJECTED, code="bad_value", message="no")
        for item in items
        if item.changes.get(NAME) == "bad"
    }
    calls = []
    for item in items:
        if item.external_id not in refused:
            first = min(item.changes)
            paths = list(item.changes) if item.is_create else [first]
            part = replace(item, changes={path: item.changes[path] for path in paths})
            calls.append(WriteCall(operation=first, items=(part,)))
    return WritePlan(calls=tuple(calls), refused=refused)


def pending(number: int, patch: Mapping[str, str | None], **other: Any) -> Pending:
    settings: dict[str, Any] = {"external_id": "a", "reference": SHOWN["a"] | {DELETED: None}}
    return Pending(id=number, patch=patch, **(settings | other))


def plan(*updates: Pending, **more: Any) -> PushPlan:
    return plan_push(updates, more.pop("remote", SHOWN), step_by_step, **more)


def marks(plans: Sequence[UpdatePlan]) -> dict[int, dict[str, str]]:
    return {one.update.id: {path.path: path.mark.value for path in one.paths} for one in plans}


def test_what_a_call_leaves_out_is_later_in_the_part_that_it_decides() -> None:
    made = plan(pending(1, {NAME: "new", STATUS: "active"}))
    (call,) = made.calls
    assert call.items[0].changes == {NAME: "new"}
    assert marks(made.carried_by(call)) == {1: {NAME: "send", STATUS: "later"}}


def test_an_update_of_which_the_call_carries_nothing_is_not_its_business() -> None:
    made = plan(pending(1, {NAME: "new"}), pending(2, {STATUS: "active"}))
    (call,) = made.calls
    assert marks(made.carried_by(call)) == {1: {NAME: "send"}}


def test_a_replaced_value_is_decided_with_the_newer_one_that_goes_out() -> None:
    made = plan(pending(1, {NAME: "older", STATUS: "active"}), pending(2, {NAME: "newer"}))
    (call,) = made.calls
    assert call.items[0].changes == {NAME: "newer"}
    assert marks(made.carried_by(call)) == {
        1: {NAME: "superseded", STATUS: "later"},
        2: {NAME: "send"},
    }


def test_a_create_is_sent_without_a_remote_and_alone() -> None:
    create = pending(7, {NAME: "new"}, external_id=new_id(7), reference=None, is_create=True)
    made = plan(create, pending(8, {NAME: "other"}))
    item = next(one for call in made.calls for one in call.items if one.is_create)
    assert (item.external_id, item.changes, item.remote) == ("+7", {NAME: "new"}, {})
    assert {one.update.id: one.mark for one in made.updates} == {7: Mark.SEND, 8: Mark.SEND}


def test_a_create_that_cannot_be_written_is_rejected() -> None:
    create = pending(7, {NAME: "bad"}, external_id=new_id(7), reference=None, is_create=True)
    (one,) = plan(create).updates
    assert (one.mark, one.deciding.code) == (Mark.REJECTED, "bad_value")


def test_a_delete_replaces_what_came_before_and_what_comes_after_waits() -> None:
    made = plan(
        pending(1, {NAME: "new"}), pending(2, {DELETED: "true"}), pending(3, {NAME: "newer"})
    )
    (call,) = made.calls
    assert call.items[0].changes == {DELETED: "true"}
    assert marks(made.updates) == {
        1: {NAME: "superseded"},
        2: {DELETED: "send"},
        3: {NAME: "later"},
    }
    assert made.updates[0].deciding.superseded_by == 2
    assert marks(made.carried_by(call)) == {1: {NAME: "superseded"}, 2: {DELETED: "send"}}


def test_a_campaign_that_is_gone_takes_no_change_and_needs_no_delete() -> None:
    gone = {"a": {DELETED: "true"}}
    made = plan(pending(1, {NAME: "new"}), pending(2, {DELETED: "true"}), remote=gone)
    assert {one.update.id: (one.mark, one.deciding.code) for one in made.updates} == {
        1: (Mark.REJECTED, "gone"),
        2: (Mark.ALREADY_SET, None),
    }
    assert made.calls == ()


def test_null_is_a_value_like_any_other() -> None:
    update = pending(1, {"price.country.UK": None}, reference={"price.country.UK": "2"})
    (item,) = (plan(update, remote={"a": {"price.country.UK": "2"}}).calls[0]).items
    assert item.changes == {"price.country.UK": None}
    (one,) = plan(update, remote={"a": {"price.country": "US"}}).updates
    assert one.mark is Mark.ALREADY_SET
    (one,) = plan(update, remote={"a": {"price.country.UK": None}}).updates
    assert one.mark is Mark.ALREADY_SET


def test_a_list_that_is_not_shown_says_of_nothing_that_it_is_null() -> None:
    update = pending(1, {"price.country.UK": None}, reference={"price.country.UK": None})
    assert plan(update, remote={"a": {NAME: "old"}}).updates[0].mark is Mark.SEND


def test_a_guarded_change_is_held_and_takes_the_whole_update_with_it() -> None:
    fields = (Field(path=STATUS, kind=Kind.STATUS, changeable=True, guard=Guard.START),)
    update = pending(1, {NAME: "new", STATUS: "active"})
    (one,) = plan(update, rules=Rules(fields=fields)).updates
    assert (one.mark, one.deciding.code) == (Mark.HELD, "guard-start")
    free = Rules(fields=fields, free=frozenset({Guard.START}))
    assert plan(update, rules=free).updates[0].mark is Mark.SEND


def test_holding_all_gives_every_path_the_same_reason() -> None:
    made = hold_all(
        [pending(1, {NAME: "x"}), pending(2, {STATUS: "active"})], Hit(code="c", message="m")
    )
    assert marks(made.updates) == {1: {NAME: "held"}, 2: {STATUS: "held"}}
    assert {one.deciding.code for one in made.updates} == {"c"}
    assert made.calls == ()
