"""Secrets by reference: `env:NAME` or `file:path`, resolved at the moment of use, so that a
rotated one is read anew. What is resolved is masked in every repr; a refusal names the reference
and never the value."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from syncd.config.addresses import holds_password, is_postgres_url
from syncd.config.values import refusal, wrong_type
from syncd.errors import ConfigError

LARGEST: Final = 64 * 1024
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
_FORMS: Final = '"env:NAME" or "file:path"'


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretReference:
    """Where a secret is found. `text` is the reference itself and no secret."""

    text: str
    folder: Path = field(repr=False, compare=False)
    environ: Mapping[str, str] = field(repr=False, compare=False)

    def resolve(self) -> SecretStr:
        """The secret as it is now. Raises ConfigError where it is missing, empty or unreadable."""
        return resolve_secret(self.text, self.folder, self.environ)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseUrl:
    """A reference to a postgresql:// URL, or such a URL without a password, written out."""

    text: str
    folder: Path = field(repr=False, compare=False)
    environ: Mapping[str, str] = field(repr=False, compare=False)

    def resolve(self) -> SecretStr:
        """The URL as it is now. Raises ConfigError as SecretReference does."""
        if is_reference(self.text):
            return resolve_secret(self.text, self.folder, self.environ)
        return SecretStr(self.text)


def is_reference(value: object) -> bool:
    """Whether the value points to a secret instead of being one."""
    if not isinstance(value, str) or not value.isprintable():
        return False
    return bool(_ENV.fullmatch(value)) or (value.startswith("file:") and len(value) > len("file:"))


def reference(value: object, folder: Path, environ: Mapping[str, str]) -> SecretReference:
    """Anything else than a reference is refused as a secret written out, and not quoted."""
    if not is_reference(value):
        raise refusal("plain-secret", "{key} is written in plain text", f"write {_FORMS}")
    return SecretReference(text=str(value), folder=folder, environ=environ)


def database_url(value: object, folder: Path, environ: Mapping[str, str]) -> DatabaseUrl:
    """A reference or a URL without a password; any other text is refused and not quoted."""
    remedy = f'write {_FORMS}, or a URL without a password: "postgresql://syncd@localhost/syncd"'
    if not isinstance(value, str):
        raise wrong_type(value, "a database URL in quotes", remedy)
    if not is_reference(value):
        if holds_password(value):
            raise refusal("plain-secret", "{key} holds a password in plain text", remedy)
        if not is_postgres_url(value):
            raise refusal("bad-database-url", "{key} is not a postgresql:// URL", remedy)
    return DatabaseUrl(text=value, folder=folder, environ=environ)


def resolve_secret(reference: str, folder: Path, environ: Mapping[str, str]) -> SecretStr:
    """The text that `env:NAME` or `file:path` (from `folder` when relative) stands for, without
    the line end that editors add. Raises ConfigError with code missing-env, missing-file or
    bad-secret."""
    if not is_reference(reference):
        raise ConfigError(
            "a secret is written in plain text", remedy=f"write {_FORMS}", code="plain-secret"
        )
    scheme, _, place = reference.partition(":")
    raw = _from_environment(place, environ) if scheme == "env" else _from_file(place, folder)
    secret = raw.removesuffix("\n").removesuffix("\r")
    if not secret or any(ord(character) < 32 or ord(character) == 127 for character in secret):
        raise ConfigError(
            f"{reference} is empty or holds control characters",
            remedy="store the secret alone, on one line",
            code="bad-secret",
        )
    return SecretStr(secret)


def is_readable_by_all(reference: str, folder: Path) -> bool:
    """Whether the reference names a file that every user of this machine may read."""
    if not reference.startswith("file:"):
        return False
    try:
        mode = (folder / reference.removeprefix("file:")).stat().st_mode
    except (OSError, ValueError):
        return False
    return bool(mode & stat.S_IROTH)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise ConfigError(
            f"env:{name} is not set in this environment",
            remedy=f"set {name} for the process that runs syncd",
            code="missing-env",
        )
    return environ[name]


def _from_file(place: str, folder: Path) -> str:
    path = folder / place
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError(
                f"file:{place} is larger than {LARGEST // 1024} KiB",
                remedy="name the file that holds the secret alone",
                code="bad-secret",
            )
        return content.decode("utf-8")
    except OSError as error:
        raise ConfigError(
            f"file:{place} cannot be read ({error.strerror})",
            remedy=f"put the secret into {path}, readable by the user that runs syncd",
            code="missing-file",
        ) from error
    except UnicodeDecodeError:
        raise ConfigError(
            f"file:{place} is not UTF-8 text", remedy="store the secret as text", code="bad-secret"
        ) from None
