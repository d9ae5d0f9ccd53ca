"""What all tables of the file have in common, and the types of their values: each is a reader of
`syncd.config.values` or of a neighbour, wrapped for pydantic and described for the JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, WithJsonSchema

from syncd.config import addresses, guarding, references, schedule, values


class Table(BaseModel):
    """A table of the file: unknown keys are refused, nothing changes after reading, no message
    shows a value."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What values are read against: the file's folder and the environment. Never printed."""

    folder: Path
    environ: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Surroundings(folder={self.folder!r})"


def _surroundings(info: ValidationInfo) -> Surroundings:
    if not isinstance(info.context, Surroundings):
        raise TypeError("configuration is read by syncd.config.load")
    return info.context


def _secret(value: object, info: ValidationInfo) -> references.SecretReference:
    around = _surroundings(info)
    return references.reference(value, around.folder, around.environ)


def _database_url(value: object, info: ValidationInfo) -> references.DatabaseUrl:
    around = _surroundings(info)
    return references.database_url(value, around.folder, around.environ)


def _path(value: object, info: ValidationInfo) -> Path:
    return (_surroundings(info).folder / values.text(value, '"var"')).absolute()


def _described(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


_DURATION_SCHEMA = _described(
    type="string", pattern=r"^[0-9]+(\.[0-9]+)?\s?(ms|s|m|h|d)$", examples=["60s"]
)
_REFERENCE_PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"

Flag = Annotated[bool, PlainValidator(values.flag), _described(type="boolean")]
Name = Annotated[
    str,
    PlainValidator(values.name),
    _described(type="string", pattern="^[a-z0-9][a-z0-9_-]{0,62}$"),
]
Duration = Annotated[timedelta, PlainValidator(values.duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[timedelta, PlainValidator(values.positive_duration), _DURATION_SCHEMA]
Limit = Annotated[
    values.LimitSetting,
    PlainValidator(values.limit),
    _described(type="string", pattern="^[0-9.]+/", examples=["250/60s"]),
]
Share = Annotated[
    Decimal, PlainValidator(values.share), _described(type="number", exclusiveMinimum=0, maximum=1)
]
Factor = Annotated[
    Decimal,
    PlainValidator(guarding.factor),
    _described(type="number", minimum=1, maximum=guarding.LARGEST_FACTOR),
]
Part = Annotated[
    Decimal, PlainValidator(guarding.part), _described(type="number", minimum=0, maximum=1)
]
Hours = Annotated[
    guarding.QuietHours,
    PlainValidator(guarding.hours),
    _described(type="string", pattern="^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"),
]
Amount = Annotated[
    Decimal,
    PlainValidator(values.amount),
    _described(type="string", pattern=r"^[0-9]{1,14}(\.[0-9]{1,6})?$"),
]
Reason = Annotated[
    str,
    PlainValidator(lambda value: values.text(value, '"ticket 4711"')),
    _described(type="string", minLength=1),
]
CURRENCY_SCHEMA: Final = _described(
    anyOf=[
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    ]
)
Currency = Annotated[str | Mapping[str, str], PlainValidator(values.currency), CURRENCY_SCHEMA]
Identifiers = Annotated[
    tuple[str, ...],
    PlainValidator(values.identifiers),
    _described(type="array", items={"type": "string"}, uniqueItems=True),
]
Timezone = Annotated[
    ZoneInfo,
    PlainValidator(values.time_zone),
    _described(type="string", examples=["Europe/Berlin"]),
]
ClockSchedule = Annotated[
    schedule.Schedule,
    PlainValidator(schedule.cron),
    _described(type="string", examples=["*/15 * * * *"]),
]
PushSchedule = Annotated[
    schedule.Schedule,
    PlainValidator(schedule.cron_or_enqueue),
    _described(type="string", examples=[schedule.ON_ENQUEUE, "*/15 * * * *"]),
]
ListenAddress = Annotated[
    addresses.Listen,
    PlainValidator(addresses.listen),
    _described(type="string", examples=["127.0.0.1:8440"]),
]
Secret = Annotated[
    references.SecretReference,
    PlainValidator(_secret),
    _described(type="string", pattern=_REFERENCE_PATTERN),
]
PostgresUrl = Annotated[
    references.DatabaseUrl,
    PlainValidator(_database_url),
    _described(type="string", pattern=r"^(env:|file:|postgres(ql)?://)"),
]
FolderPath = Annotated[Path, PlainValidator(_path), _described(type="string")]


def as_written(default: object) -> Any:
    """A default as it would stand in the file; it is read like any other value."""
    return Field(default=default)


def between(low: int, high: int) -> tuple[PlainValidator, WithJsonSchema]:
    """Reader and schema of a whole number from `low` to `high`."""
    reader = PlainValidator(lambda value: values.whole(value, low, high))
    return reader, _described(type="integer", minimum=low, maximum=high)


def one_of(words: tuple[str, ...], code: str, noun: str) -> tuple[PlainValidator, WithJsonSchema]:
    """Reader and schema of one of a few words, refused with this code under this noun."""
    reader = PlainValidator(lambda value: values.choice(value, words, code, noun))
    return reader, _described(enum=list(words))
