"""Logs: one line an event on stderr, JSON for machines or aligned text on a terminal, secrets
removed last."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import stamina
import structlog

_SECRET_KEYS = re.compile(r"secret|token|password|authorization|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|client_secret=|access_token[\"']?\s*[:=]\s*[\"']?|://[^/\s:@]*:)([^\s\"'&@]+)"
)


def configure(*, is_verbose: bool = False, as_json: bool | None = None) -> None:
    """Set structlog up for this process. By default text on a terminal, JSON elsewhere."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if is_verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    stamina.instrumentation.set_on_retry_hooks([_note_retry])
    # What libraries say of themselves takes the same way; each of their failures is told by us too.
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


def _note_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """A read that is tried again, for those who want to hear everything."""
    structlog.get_logger().debug(
        "again",
        number=details.retry_num,
        in_seconds=details.wait_for,
        because=str(details.caused_by),
    )


class _Forward(logging.Handler):
    """A library's log record as an event of ours, its traceback left out."""

    def emit(self, record: logging.LogRecord) -> None:
        said = {"library": record.name, "said": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
        structlog.get_logger().log(record.levelno, "library", **said)


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove what looks like a secret, by key and by pattern: they hide in addresses and exception
    texts."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key):
            event[key] = "[removed]"
        elif isinstance(value, str):
            event[key] = _SECRET_TEXT.sub(r"\1[removed]", value)
    return event
