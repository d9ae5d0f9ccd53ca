"""What may leave at all: changes that need the account's leave, and accounts whose provider speaks
another dialect than the configuration says. Pure rules; each hit has a code, figures and the way
out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncd.model.path import Field, Guard, field_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """Why something is held."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What holds for one account: the provider's fields, and the guarded changes that the
    configuration lets through (`free`)."""

    fields: tuple[Field, ...] = ()
    free: frozenset[Guard] = frozenset()

    def hit(self, changes: Mapping[str, str | None]) -> Hit | None:
        """The first rule that one of these changes meets, None when all may go."""
        for path, value in sorted(changes.items()):
            field = field_of(self.fields, path)
            guard = field.guarded(value) if field is not None else None
            if guard is not None and guard not in self.free:
                return Hit(
                    code=f"guard-{guard}",
                    message=f"{path} = {'null' if value is None else value} needs leave: set"
                    f' guard.{guard} = "free" in the account\'s configuration',
                )
        return None

    def starts(self, changes: Mapping[str, str | None]) -> bool:
        """Whether one of these changes starts something that costs money by itself."""
        fields = ((field_of(self.fields, path), value) for path, value in changes.items())
        return any(
            field is not None and field.guarded(value) is Guard.START for field, value in fields
        )


def mismatch(dialect: str, seen: str | None) -> Hit | None:
    """The provider's answers bear the marks of another dialect than the account is set to."""
    if seen is None or seen == dialect:
        return None
    return Hit(
        code="dialect_mismatch",
        message=f"the provider's answers are of dialect {seen}, the account is set to {dialect}:"
        f' write dialect = "{seen}" in its configuration',
    )
