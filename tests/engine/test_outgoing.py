"""What is kept of a request for people: bounded, without what a database refuses, and never in
place of the bytes that the digest is of."""

from __future__ import annotations

import hashlib

from syncd.model.batch import LONGEST_SHOWN, Outgoing


def test_a_request_is_told_by_its_method_target_and_body() -> None:
    outgoing = Outgoing("PATCH", "/campaigns", b'{"a": "\xc3\xa9"}')
    assert outgoing.text == 'PATCH /campaigns\n{"a": "é"}'
    assert outgoing.sha256 == hashlib.sha256(outgoing.body).digest()
    assert Outgoing("DELETE", "/1", b"").text == "DELETE /1\n"


def test_what_is_shown_may_differ_from_what_leaves() -> None:
    outgoing = Outgoing("PUT", "/1", b"key=abc", shown="key=[redacted]")
    assert outgoing.text == "PUT /1\nkey=[redacted]"
    assert outgoing.sha256 == hashlib.sha256(b"key=abc").digest()
    assert "abc" not in repr(outgoing)


def test_bytes_that_are_no_text_can_be_shown_and_stored() -> None:
    text = Outgoing("PUT", "/1", b"a\x00b\xff").text
    assert text == "PUT /1\na\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_a_long_body_is_cut_between_two_characters_and_says_so() -> None:
    fits = Outgoing("PUT", "/1", b"x" * (LONGEST_SHOWN - len("PUT /1\n")))
    assert fits.text.endswith("x")
    longer = Outgoing("PUT", "/1", "é".encode() * LONGEST_SHOWN)
    kept, _, mark = longer.text.rpartition("\n")
    assert LONGEST_SHOWN - 2 < len(kept.encode()) <= LONGEST_SHOWN
    assert set(kept.removeprefix("PUT /1\n")) == {"é"}
    assert mark == f"[cut here: {len(longer.body) + len('PUT /1') + 1} bytes in all]"
