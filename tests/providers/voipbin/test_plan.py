"""Which changes can be written, in which order, and the exact bytes of each call in both
dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from syncd.model.call import WriteCall, WriteItem
from syncd.model.listing import Evidence
from syncd.model.path import Field, Guard, field_of
from syncd.model.update import Outcome
from syncd.providers.voipbin import capabilities, rows, writes
from tests.providers.voipbin.stage import (
    DIALECTS,
    ID,
    NIL,
    OTHER,
    VALUES,
    encoded,
    item,
    new,
    planned,
    refused,
    row,
)

ACTIONS = '[{"type": "talk", "option": {"text": "ü", "rate": 1.50}}]'
WHOLE: dict[str, Any] = {
    "name": "test campaign",
    "detail": "test campaign detail",
    "type": "call",
    "service_level": 100,
    "end_handle": "stop",
    "actions": json.loads(VALUES["native.actions"] or ""),
    "outplan_id": "d5fb7357-7ddb-4f2d-87b5-8ccbfd6c039e",
    "outdial_id": "40bea034-1d17-474d-a5de-da00d0861c69",
    "queue_id": "99bf739a-932f-433c-b1bf-103d33d7e9bb",
    "next_campaign_id": NIL,
}
BASIC = {key: WHOLE[key] for key in ("name", "detail", "type", "service_level", "end_handle")}
LINKS = {key: WHOLE[key] for key in rows.REFERENCES}

CHANGES: dict[str, tuple[str, str | None, str, Any, str]] = {
    "a name": ("name", "other", "name", "other", "PUT campaign"),
    "a detail": ("note", "other", "detail", "other", "PUT campaign"),
    "an empty detail": ("note", "", "detail", "", "PUT campaign"),
    "a type": ("native.type", "flow", "type", "flow", "PUT campaign"),
    "an end": ("native.end_handle", "continue", "end_handle", "continue", "PUT campaign"),
    "a level": ("native.service_level", "0", "service_level", 0, "PUT campaign/service_level"),
    "a great level": (
        "native.service_level",
        "2147483647",
        "service_level",
        2147483647,
        "PUT campaign/service_level",
    ),
    "actions": (
        "native.actions",
        ACTIONS,
        "actions",
        json.loads(ACTIONS),
        "PUT campaign/actions",
    ),
    "no actions": ("native.actions", "[]", "actions", [], "PUT campaign/actions"),
    "an outplan": ("native.outplan_id", OTHER, "outplan_id", OTHER, "PUT campaign/resource_info"),
    "no outplan": ("native.outplan_id", None, "outplan_id", NIL, "PUT campaign/resource_info"),
    "an outdial": ("native.outdial_id", OTHER, "outdial_id", OTHER, "PUT campaign/resource_info"),
    "no queue": ("native.queue_id", None, "queue_id", NIL, "PUT campaign/resource_info"),
    "a next": (
        "native.next_campaign_id",
        OTHER,
        "next_campaign_id",
        OTHER,
        "PUT campaign/next_campaign_id",
    ),
    "no next": (
        "native.next_campaign_id",
        None,
        "next_campaign_id",
        NIL,
        "PUT campaign/next_campaign_id",
    ),
}
BODIES: dict[str, dict[str, Any]] = {
    "PUT campaign": BASIC,
    "PUT campaign/service_level": {},
    "PUT campaign/actions": {},
    "PUT campaign/resource_info": LINKS,
    "PUT campaign/next_campaign_id": {},
}


def body(call: WriteCall, dialect: str) -> Any:
    return json.loads(writes.body(call, dialect))


@pytest.mark.parametrize("what", CHANGES)
def test_documented_puts_the_whole_object_without_its_status(what: str) -> None:
    path, value, key, sent, _ = CHANGES[what]
    call = planned(item({path: value}, native__next_campaign_id=ID), "documented")
    assert call.operation == "PUT campaign"
    assert call.items[0].changes == {path: value}
    assert body(call, "documented") == WHOLE | {"next_campaign_id": ID} | {key: sent}


@pytest.mark.parametrize("what", CHANGES)
def test_current_has_a_call_for_each_field_and_blanks_nothing(what: str) -> None:
    path, value, key, sent, operation = CHANGES[what]
    call = planned(item({path: value}), "current")
    assert call.operation == operation
    assert call.items[0].changes == {path: value}
    assert body(call, "current") == BODIES[operation] | {key: sent}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_declared_call_is_the_one_that_is_planned(dialect: str) -> None:
    declared = capabilities(dialect, {})
    seen = {writes.CREATE, writes.DELETE}
    for path, value, *_ in CHANGES.values():
        field = field_of(declared.fields, path)
        assert field is not None
        call = planned(item({path: value}), dialect)
        assert field.call == call.operation
        seen.add(call.operation)
    status = field_of(declared.fields, "status")
    assert status is not None
    seen.add(planned(item({"status": "active"}), dialect).operation)
    assert status.call in seen
    assert declared.writes == seen


@pytest.mark.parametrize(
    ("dialect", "wanted", "sent"),
    [
        ("documented", "active", b'"status":"running"}'),
        ("documented", "paused", b'"status":"stop"}'),
        ("current", "active", b'{"status":"run"}'),
        ("current", "paused", b'{"status":"stop"}'),
    ],
)
def test_start_and_stop_have_each_dialects_word(dialect: str, wanted: str, sent: bytes) -> None:
    call = planned(item({"status": wanted}, status="paused"), dialect)
    assert (
        call.operation == {"documented": "PUT campaign", "current": "PUT campaign/status"}[dialect]
    )
    whole = writes.body(call, dialect)
    assert whole.endswith(sent)
    if dialect == "documented":
        assert json.loads(whole) == WHOLE | {"status": json.loads(b"{" + sent)["status"]}


def steps(one: WriteItem, dialect: str) -> list[WriteCall]:
    """All calls that a change takes, each planned after what came before it shows."""
    calls: list[WriteCall] = []
    changes, remote = dict(one.changes), dict(one.remote)
    while changes:
        left = WriteItem(external_id=ID, changes=changes, remote=remote)
        calls.append(planned(left, dialect))
        done = calls[-1].items[0].changes
        remote |= done
        changes = {path: value for path, value in changes.items() if path not in done}
    return calls


EVERYTHING: dict[str, str | None] = {
    "native.next_campaign_id": OTHER,
    "native.queue_id": None,
    "native.actions": "[]",
    "native.service_level": "5",
    "name": "other",
}


@pytest.mark.parametrize("wanted", ["active", "paused", None])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stop_goes_first_and_a_start_last_and_neither_with_others(
    dialect: str, wanted: str | None
) -> None:
    before = "active" if wanted == "paused" else "paused"
    status: dict[str, str | None] = {} if wanted is None else {"status": wanted}
    calls = steps(item(status | EVERYTHING, status=before), dialect)
    changed = [set(call.items[0].changes) for call in calls]
    own = (
        [set(EVERYTHING)]
        if dialect == "documented"
        else [
            {"name", "native.service_level"},
            {"native.actions"},
            {"native.queue_id", "native.next_campaign_id"},
        ]
    )
    stop, start = [{"status"}][: wanted == "paused"], [{"status"}][: wanted == "active"]
    assert changed == [*stop, *own, *start]
    for call in calls:
        has_status = "status" in call.items[0].changes
        assert ("status" in body(call, dialect)) == has_status
    if dialect == "current":
        assert [
            call.operation.partition("/")[2]
            for call in calls
            if call.items[0].changes.keys() != {"status"}
        ] == [
            "",
            "actions",
            "resource_info",
        ]
        assert body(calls[-1 - len(start)], dialect) == LINKS | {
            "queue_id": NIL,
            "next_campaign_id": OTHER,
        }


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("path", [path for path, *_ in CHANGES.values()])
def test_no_change_of_a_stopped_or_running_campaign_ever_starts_it(dialect: str, path: str) -> None:
    value = next(value for one, value, *_ in CHANGES.values() if one == path)
    for status in ("active", "paused"):
        (call,) = steps(item({path: value}, status=status), dialect)
        assert b"status" not in writes.body(call, dialect)
        assert "/status" not in call.operation


def test_texts_and_numbers_leave_exactly() -> None:
    call = planned(item({"native.actions": ACTIONS, "note": 'q"\n\u2028😀'}), "documented")
    sent = writes.body(call, "documented")
    assert ACTIONS.encode() in sent
    assert json.loads(sent)["detail"] == 'q"\n\u2028😀'


def test_a_campaign_as_another_client_made_it_goes_back_as_it_is() -> None:
    given = row(
        type="fax",
        end_handle="",
        service_level=-7,
        detail="",
        actions=None,
        queue_id="",
        next_campaign_id=OTHER,
    )
    remote = rows.campaign(encoded(given)).values
    one = WriteItem(external_id=ID, changes={"name": "other"}, remote=remote)
    sent = body(planned(one, "documented"), "documented")
    kept = {key: given[key] for key in ("type", "end_handle", "service_level", "detail")}
    assert sent == WHOLE | kept | {
        "name": "other",
        "actions": [],
        "queue_id": NIL,
        "next_campaign_id": OTHER,
    }


def test_actions_of_the_server_go_back_without_what_it_added() -> None:
    added = {"id": NIL, "next_id": ID, "type": "talk", "option": {"id": NIL}, "tm_execute": None}
    remote = rows.campaign(encoded(row(actions=[added]))).values
    one = WriteItem(external_id=ID, changes={"name": "other"}, remote=remote)
    sent = body(planned(one, "documented"), "documented")
    assert sent["actions"] == [{"next_id": ID, "type": "talk", "option": {"id": NIL}}]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_create_sends_what_was_given_and_blanks_for_the_rest(dialect: str) -> None:
    call = planned(new(native__queue_id=OTHER, native__outdial_id=None), dialect)
    assert (call.operation, call.items[0].is_create) == ("POST campaigns", True)
    given = {
        "name": "test campaign",
        "type": "call",
        "service_level": 100,
        "end_handle": "stop",
        "outdial_id": NIL,
        "queue_id": OTHER,
    }
    blank = {"detail": "", "actions": [], "outplan_id": NIL}
    beside = {} if dialect == "documented" else {"next_campaign_id": NIL}
    assert body(call, dialect) == blank | beside | given


@pytest.mark.parametrize("dialect", DIALECTS)
def test_only_a_stopped_campaign_is_deleted(dialect: str) -> None:
    call = planned(item({"deleted": "true"}), dialect)
    assert (call.operation, writes.body(call, dialect)) == ("DELETE campaign", b"")
    assert refused(item({"deleted": "true"}, status="active"), dialect).code == "not_stopped"
    unknown = {path: value for path, value in VALUES.items() if path != "status"}
    for remote in (unknown, {}):
        one = WriteItem(external_id=ID, changes={"deleted": "true"}, remote=remote)
        assert refused(one, dialect).code == "not_stopped"


REFUSED: dict[str, tuple[dict[str, str | None], str, str]] = {
    "an unknown path": ({"native.customer_id": ID}, "not_changeable", "customer_id"),
    "a path of others": ({"budget.daily": "5"}, "not_changeable", "budget.daily"),
    "an unknown path beside a good one": (
        {"name": "a", "native.x": "1"},
        "not_changeable",
        "native.x",
    ),
    "a delete with more": ({"deleted": "true", "name": "a"}, "bad_value", "alone"),
    "an unknown status": ({"status": "stopping"}, "bad_value", "active or paused"),
    "no status": ({"status": None}, "bad_value", "null"),
    "no name": ({"name": None}, "bad_value", "null"),
    "an empty name": ({"name": ""}, "bad_value", "255"),
    "a long name": ({"name": "a" * 256}, "bad_value", "255"),
    "no detail": ({"note": None}, "bad_value", "null"),
    "another type": ({"native.type": "Call"}, "bad_value", "call or flow"),
    "another end": ({"native.end_handle": "pause"}, "bad_value", "stop or continue"),
    "a negative level": ({"native.service_level": "-1"}, "bad_value", "whole number"),
    "half a level": ({"native.service_level": "1.5"}, "bad_value", "whole number"),
    "a level with noughts": ({"native.service_level": "007"}, "bad_value", "whole number"),
    "a level in other digits": ({"native.service_level": "٣"}, "bad_value", "whole number"),
    "too great a level": ({"native.service_level": "2147483648"}, "bad_value", "2147483647"),
    "a level without end": ({"native.service_level": "9" * 5000}, "bad_value", "whole number"),
    "an id that is none": ({"native.queue_id": "q"}, "bad_value", "UUID"),
    "an empty id": ({"native.queue_id": ""}, "bad_value", "UUID"),
    "the nil id": ({"native.next_campaign_id": NIL}, "bad_value", "null unlinks"),
    "an id in capitals": ({"native.queue_id": OTHER.upper()}, "bad_value", "small letters"),
    "an id with a line end": ({"native.queue_id": OTHER + "\n"}, "bad_value", "UUID"),
    "actions that are an object": ({"native.actions": "{}"}, "bad_value", "list"),
    "actions that are no JSON": ({"native.actions": "[NaN]"}, "bad_value", "list"),
    "actions that are half": ({"native.actions": "["}, "bad_value", "list"),
    "actions too deep": ({"native.actions": "[" * 100_000}, "bad_value", "list"),
    "actions that are texts": ({"native.actions": '["talk"]'}, "bad_value", "list"),
    "actions with a nil id": (
        {"native.actions": f'[{{"id": "{NIL}", "type": "talk"}}]'},
        "bad_value",
        "without id",
    ),
    "actions with no time": (
        {"native.actions": '[{"tm_execute": null}]'},
        "bad_value",
        "tm_execute",
    ),
    "null actions": ({"native.actions": None}, "bad_value", "null"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_can_never_be_written_is_refused_with_the_reason(what: str, dialect: str) -> None:
    changes, code, words = REFUSED[what]
    verdict = refused(item(changes), dialect)
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, code)
    assert words in (verdict.message or "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "active"}, "start it by an update"),
        ({"deleted": "true"}, "alone"),
        ({"name": "a" * 256}, "255"),
        ({"native.queue_id": "x"}, "UUID"),
    ],
)
def test_a_create_is_refused_as_a_change_is(changes: dict[str, str | None], words: str) -> None:
    good = new()
    one = WriteItem(
        external_id="+1", changes={**good.changes, **changes}, remote={}, is_create=True
    )
    for dialect in DIALECTS:
        assert words in (refused(one, dialect).message or "")


@pytest.mark.parametrize(
    "path", ["name", "native.type", "native.service_level", "native.end_handle"]
)
def test_a_create_without_what_it_needs_is_refused(path: str) -> None:
    changes = {key: value for key, value in new().changes.items() if key != path}
    one = WriteItem(external_id="+1", changes=changes, remote={}, is_create=True)
    for dialect in DIALECTS:
        verdict = refused(one, dialect)
        assert (verdict.code, verdict.message) == ("bad_value", f"a campaign needs {path}")


@pytest.mark.parametrize("path", [path for path in VALUES if path != "status"])
def test_documented_never_writes_a_whole_that_was_not_read(path: str) -> None:
    remote = {key: value for key, value in VALUES.items() if key != path}
    for changes in ({"status": "paused"}, {"name": "a", "note": "b"}):
        one = WriteItem(external_id=ID, changes=changes, remote=remote)
        if path in changes:
            planned(one, "documented")
            continue
        verdict = refused(one, "documented")
        assert verdict.code == "unread"
        assert path in (verdict.message or "")
    nothing = WriteItem(external_id=ID, changes={"status": "active"}, remote={})
    assert refused(nothing, "documented").code == "unread"


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"name": "a"}, {"note", "native.type", "native.service_level", "native.end_handle"}),
        (
            {"native.queue_id": None},
            {"native.outplan_id", "native.outdial_id", "native.next_campaign_id"},
        ),
        (
            {"native.service_level": "5", "note": "a"},
            {"name", "native.type", "native.end_handle"},
        ),
        ({"native.service_level": "5"}, set()),
        ({"native.actions": "[]"}, set()),
        ({"native.next_campaign_id": None}, set()),
        ({"status": "active"}, set()),
    ],
)
def test_current_needs_to_have_read_only_what_goes_along(
    changes: dict[str, str | None], needed: set[str]
) -> None:
    bare = {path: VALUES[path] for path in needed}
    planned(WriteItem(external_id=ID, changes=changes, remote=bare), "current")
    for path in needed:
        remote = {key: value for key, value in bare.items() if key != path}
        verdict = refused(WriteItem(external_id=ID, changes=changes, remote=remote), "current")
        assert verdict.code == "unread"
        assert path in (verdict.message or "")


def test_a_later_step_that_could_not_be_written_stops_the_first() -> None:
    remote = {path: value for path, value in VALUES.items() if path != "native.outplan_id"}
    one = WriteItem(external_id=ID, changes={"name": "a", "native.queue_id": OTHER}, remote=remote)
    assert refused(one, "current").code == "unread"


def test_a_text_that_was_cleaned_is_never_written_back() -> None:
    remote = rows.campaign(encoded(row(name="a\x00"))).values
    for changes, is_good in (({"note": "b"}, False), ({"name": "b"}, True)):
        one = WriteItem(external_id=ID, changes=changes, remote=remote)
        if is_good:
            assert body(planned(one, "documented"), "documented")["name"] == "b"
        else:
            assert refused(one, "documented").code == "unread"
    level = WriteItem(external_id=ID, changes={"native.service_level": "1"}, remote=remote)
    planned(level, "current")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("changes", [{"name": "a"}, {"deleted": "true"}, {"status": "active"}])
def test_a_deleted_campaign_is_left_alone(dialect: str, changes: dict[str, str | None]) -> None:
    assert refused(item(changes, deleted="true"), dialect).code == "gone"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_item_has_its_own_call_in_the_order_given(dialect: str) -> None:
    items = [
        WriteItem(external_id=one, changes={"name": name}, remote=VALUES)
        for one, name in ((ID, "a"), (OTHER, ""), (NIL, "c"))
    ]
    plan = writes.plan(items, dialect)
    assert [[one.external_id for one in call.items] for call in plan.calls] == [[ID], [NIL]]
    assert set(plan.refused) == {OTHER}
    assert plan == writes.plan(items, dialect)
    assert writes.plan([], dialect).calls == ()


def test_a_body_never_goes_without_a_value() -> None:
    call = WriteCall(operation=writes.UPDATE, items=(item({"name": "a"}, note=None),))
    with pytest.raises(ValueError, match="note"):
        writes.body(call, "current")
    bare = WriteItem(external_id=ID, changes={"name": "a"}, remote={})
    with pytest.raises(KeyError):
        writes.body(WriteCall(operation=writes.UPDATE, items=(bare,)), "current")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_path_that_is_read_is_declared(dialect: str) -> None:
    declared = capabilities(dialect, {})
    found = rows.campaign(encoded(row("current", name="a\x00", tm_delete="2026-01-01T00:00:00Z")))
    for path in found.values:
        assert field_of(declared.fields, path) is not None, path

    def paths(*, wanted: str) -> set[str]:
        return {one.path for one in declared.fields if getattr(one, wanted)}

    all_ = set(VALUES)
    assert paths(wanted="changeable") == all_ | {"deleted"}
    assert paths(wanted="creatable") == all_ - {"status"}
    assert paths(wanted="required") == set(writes.NEEDED)
    assert paths(wanted="nullable") == {f"native.{key}" for key in rows.REFERENCES}
    guards = {one.path: one.guard for one in declared.fields if one.guard}
    assert guards == {"status": Guard.START, "deleted": Guard.DELETE}
    assert (declared.gone, declared.creates, declared.dialect) == (Evidence.MARKED, True, dialect)
    assert (declared.provider, declared.read_batch, declared.reads_back) == ("voipbin", 100, True)
    status = field_of(declared.fields, "status")
    assert isinstance(status, Field)
    assert status.guarded("paused") is None, "a stop needs nobody's leave"
    assert status.needs == ("native.outplan_id", "native.outdial_id", "native.queue_id")


@pytest.mark.parametrize("unset", [None, "", "00000000-0000-0000-0000-000000000000"])
def test_what_a_start_needs_is_null_wherever_voipbin_shows_none_of_it(unset: str | None) -> None:
    needs = next(one.needs for one in capabilities("current", {}).fields if one.path == "status")
    for path in needs:
        given = row("current", **{path.removeprefix("native."): unset})
        values = rows.campaign(encoded(given)).values
        assert values[path] is None
        assert all(values[other] for other in needs if other != path)
