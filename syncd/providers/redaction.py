"""What may be shown of a text that came from outside: no secret, no control character, not too
much of it. Knows no provider; whoever holds secrets hands them in."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

LONGEST: Final = 2000
HIDDEN: Final = "[redacted]"

# Shapes that are secret whoever holds them.
_SHAPES = re.compile(
    r"(?P<lead>\b(?:bearer|basic)\s+"
    r"|\b(?:client_secret|access_token|refresh_token|password|api_key)\b[\"']?\s*[=:]\s*[\"']?)"
    r"[^\s\"'&,;}]+",
    re.IGNORECASE,
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, in clear or as URLs, JSON and base64 would carry them."""
    for secret in secrets:
        for form in _forms(secret):
            text = text.replace(form, HIDDEN)
    return _SHAPES.sub(rf"\g<lead>{HIDDEN}", text)


def visible(text: str, longest: int = LONGEST) -> str:
    """The text in one line, at most so long; what a terminal would act on as `<U+0000>`."""
    shown = "".join(_shown(character) for character in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def _shown(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return f"<U+{ord(character):04X}>"
    return character


def _forms(secret: str) -> list[str]:
    if not secret:
        return []
    encoded = base64.b64encode(secret.encode()).decode()
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}
    return sorted(forms, key=len, reverse=True)
