"""Single campaign objects: every spelling of a time, every form of what is not set, statuses of
both dialects, and what would have to be guessed."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import pytest

from syncd.model.campaign import Status, StatusSeen
from syncd.providers.fields import RowError
from syncd.providers.voipbin import rows
from tests.providers.voipbin.stage import DIALECTS, ID, NIL, encoded, row


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in row().items() if name != key}


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2022-04-28 02:16:39.712142", "2022-04-28T02:16:39.712142"),
        ("2022-04-28T02:16:39.712142Z", "2022-04-28T02:16:39.712142"),
        ("2020-09-20T03:23:21.995Z", "2020-09-20T03:23:21.995000"),
        ("2020-09-20T03:23:21Z", "2020-09-20T03:23:21.000000"),
        ("2020-09-20T03:23:21.785510878Z", "2020-09-20T03:23:21.785510"),
        ("2020-09-20 03:23:21.785510878", "2020-09-20T03:23:21.785510"),
        ("2020-09-20T05:23:21.5+02:00", "2020-09-20T03:23:21.500000"),
    ],
)
def test_a_time_is_read_in_every_spelling_as_utc(given: str, moment: str) -> None:
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    found = rows.campaign(encoded(row(tm_create=given, tm_update=given, tm_delete=given)))
    assert (found.created_at, found.updated_at, found.is_gone) == (at, at, True)
    assert found.values["deleted"] == "true"


def test_a_time_without_a_zone_is_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        found = rows.campaign(encoded(row(tm_create="2022-04-28 02:16:39")))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.created_at == dt.datetime(2022, 4, 28, 2, 16, 39, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "9999-01-01 00:00:00.000000",
        "9999-01-01T00:00:00.000000Z",
        "9999-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0000-00-00 00:00:00",
        ...,
    ],
)
def test_every_form_of_an_unset_time_is_none(given: Any) -> None:
    found = rows.campaign(encoded(row(tm_create=given, tm_update=given, tm_delete=given)))
    assert (found.created_at, found.updated_at, found.is_gone) == (None, None, False)
    assert "deleted" not in found.values


@pytest.mark.parametrize("given", ["yesterday", 5, True, {}, "2022-13-01 00:00:00"])
def test_a_deletion_that_cannot_be_read_is_not_guessed(given: Any) -> None:
    with pytest.raises(RowError, match="tm_delete"):
        rows.campaign(encoded(row(tm_delete=given)))
    assert rows.campaign(encoded(row(tm_create=given))).created_at is None


@pytest.mark.parametrize(
    ("given", "status", "seen"),
    [
        ("stop", Status.PAUSED, StatusSeen.PAUSED),
        ("stopping", Status.PAUSED, StatusSeen.STOPPING),
        ("run", Status.ACTIVE, StatusSeen.ACTIVE),
        ("running", Status.ACTIVE, StatusSeen.ACTIVE),
        ("paused", Status.NONE, StatusSeen.UNKNOWN),
        ("RUN", Status.NONE, StatusSeen.UNKNOWN),
        ("", Status.NONE, StatusSeen.UNKNOWN),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_statuses_of_both_dialects_are_read_in_both(
    given: str, status: Status, seen: StatusSeen, dialect: str
) -> None:
    found = rows.campaign(encoded(row(dialect, status=given)))
    assert (found.status, found.status_seen, found.status_raw) == (status, seen, given)
    assert found.values.get("status") == (None if status is Status.NONE else status.value)


def test_a_stop_that_is_under_way_is_no_change_of_what_people_asked_for() -> None:
    stopping, stopped = (
        rows.campaign(encoded(row(status=word, tm_update=at)))
        for word, at in (("stopping", "2022-05-01 00:00:00"), ("stop", "2022-05-02 00:00:00"))
    )
    assert stopping.fingerprint == stopped.fingerprint
    assert stopping.raw_digest != stopped.raw_digest


@pytest.mark.parametrize("given", [NIL, "", None])
@pytest.mark.parametrize("key", rows.REFERENCES)
def test_a_link_that_is_not_set_is_none_in_every_form(key: str, given: Any) -> None:
    assert rows.campaign(encoded(row(**{key: given}))).values[f"native.{key}"] is None


@pytest.mark.parametrize(
    "key",
    ["detail", "type", "service_level", "end_handle", "actions", "status", *rows.REFERENCES],
)
def test_what_a_row_leaves_out_is_unknown_and_not_cleared(key: str) -> None:
    path = {"detail": "note", "status": "status"}.get(key, f"native.{key}")
    whole = rows.campaign(encoded(row())).values
    assert rows.campaign(encoded(without(key))).values.keys() == whole.keys() - {path}


@pytest.mark.parametrize(
    ("marks", "dialect"),
    [
        ({}, "documented"),
        ({"tm_delete": None}, None),
        ({"customer_id": NIL}, None),
        ({"tm_create": "2022-04-28T02:16:39Z"}, None),
        ({"tm_create": None, "tm_update": None, "tm_delete": None}, "current"),
        ({"tm_create": "", "tm_update": "", "tm_delete": ""}, None),
        ({"tm_create": ..., "tm_update": ..., "tm_delete": ...}, None),
        ({"tm_create": ..., "tm_update": ..., "tm_delete": "9999-01-01T00:00:00Z"}, "current"),
        ({"tm_create": 5, "tm_update": 5, "tm_delete": ""}, None),
    ],
)
def test_a_dialect_is_told_by_marks_of_one_alone(
    marks: dict[str, Any], dialect: str | None
) -> None:
    assert rows.read(encoded(row(**marks)))[1] == dialect


def test_unknown_fields_and_enums_are_kept_as_they_are() -> None:
    given = encoded(row(type="fax", end_handle="Stop", tomorrow={"a": [1.50]}))
    found = rows.campaign(given)
    assert (found.kind, found.values["native.end_handle"]) == ("fax", "Stop")
    assert found.raw == given
    assert "native.tomorrow" not in found.values


def test_actions_are_compared_without_what_the_server_adds() -> None:
    asked: list[dict[str, Any]] = [
        {"option": {"b": 1, "a": [1.50, None], "id": NIL}, "type": "talk"},
        {"id": ID},
    ]
    added = [
        {"id": NIL, "next_id": NIL, "tm_execute": None, **asked[0]},
        {**asked[1], "next_id": NIL, "tm_execute": None},
    ]
    shown = [
        rows.campaign(encoded(row(actions=one))).values["native.actions"] for one in (asked, added)
    ]
    assert (
        shown
        == [
            '[{"type": "talk", "option": {"a": [1.5, null], "b": 1, "id": "' + NIL + '"}}, '
            '{"id": "' + ID + '"}]'
        ]
        * 2
    )
    kept = [{"id": ID, "next_id": ID, "tm_execute": "2022-04-28 02:16:39"}]
    (back,) = json.loads(rows.campaign(encoded(row(actions=kept))).values["native.actions"] or "")
    assert back == kept[0]


def test_no_actions_are_an_empty_list_in_every_form() -> None:
    for shown in (row(actions=None), row(actions=[])):
        assert rows.campaign(encoded(shown)).values["native.actions"] == "[]"


def test_texts_that_no_database_takes_are_cleaned_and_named() -> None:
    actions = [{"type": "talk", "option": {"text": "c"}}]
    plain: bytes = encoded(row(name="a\x00", detail="b", actions=actions, end_handle="d\x00"))
    given: bytes = plain.replace(b'"text": "c"', rb'"text": "c\ud800"').replace(
        b'"b"', rb'"b\udc00"'
    )
    found = rows.campaign(given)
    assert found.name == "a\ufffd"
    assert found.values["note"] == "b\ufffd"
    assert "c\\ud800" in (found.values["native.actions"] or ""), "which is kept escaped"
    cleaned = "name, note, native.end_handle"
    assert found.values["native.text_cleaned"] == cleaned
    assert found.raw == given
    assert not any("\ud800" <= one <= "\udfff" or one == "\0" for one in str(found.values))
    assert "native.text_cleaned" not in rows.campaign(encoded(row(name="é😀 <b>"))).values


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", ...),
        ("id", 5),
        ("id", ".."),
        ("id", "183c0d5c"),
        ("id", ID + "0"),
        ("id", NIL),
        ("name", ...),
        ("name", None),
        ("name", 5),
        ("detail", 5),
        ("status", 1),
        ("type", []),
        ("end_handle", True),
        ("service_level", "100"),
        ("service_level", 1.5),
        ("service_level", True),
        ("actions", {}),
        ("actions", "[]"),
        ("queue_id", 5.5),
        ("outplan_id", "\n"),
        ("customer_id", []),
    ],
)
def test_a_row_that_would_have_to_be_guessed_is_none(key: str, value: Any) -> None:
    with pytest.raises(RowError, match=key):
        rows.campaign(encoded(row(**{key: value})))


@pytest.mark.parametrize(
    "given", [b"", b"[]", b"null", b"5", b'{"id":"a","id":"a"}', b"{", b"\xff"]
)
def test_what_is_no_object_is_none(given: bytes) -> None:
    with pytest.raises(RowError):
        rows.campaign(given)
