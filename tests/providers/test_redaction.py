"""What people may see of a text from outside."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from syncd.providers.redaction import redact, visible

SECRET = 'a b/c+"d"&é'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_known_secret_is_hidden_in_every_form_that_a_wire_gives_it(form: str) -> None:
    shown = redact(f"the value {form} was refused", [SECRET])
    assert form.strip('"') not in shown
    assert shown.startswith("the value ")
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-ghi",
        "grant_type=x&client_secret=abc.def-ghi&scope=y",
        '{"access_token": "abc.def-ghi"}',
        "password = abc.def-ghi",
        "refresh_token:abc.def-ghi",
    ],
)
def test_what_looks_like_a_secret_is_hidden_whoever_holds_it(text: str) -> None:
    assert "abc.def-ghi" not in redact(text)
    assert "[redacted]" in redact(text)


def test_an_ordinary_text_stays_as_it_is() -> None:
    text = "Validation failed on spend limit: the token expired"
    assert visible(redact(text, ["", "unseen"])) == text


def test_a_text_is_one_visible_line() -> None:
    shown = visible("a\nb\x1b[2Jc\u202ed\u200be\ud800f\x00")
    assert shown == "a<U+000A>b<U+001B>[2Jc<U+202E>d<U+200B>e<U+D800>f<U+0000>"
    assert shown.encode()


def test_a_long_text_is_cut_at_two_thousand_characters() -> None:
    assert visible("x" * 2000) == "x" * 2000
    assert visible("x" * 2001) == "x" * 1997 + "..."
    assert len(visible("\x00" * 1_000_000)) == 2000
