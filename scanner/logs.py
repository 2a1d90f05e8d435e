"""Log lines: for a person on a terminal, for the journal when systemd runs the process, or as JSON.

A line may carry fields beside its sentence, which JSON tells by name: so a scan is followed from
the device to the cloud's database by its device, log and id.

    log.info("scan %d is on disk", 7, extra=fields(scan_id=7))
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

_JOURNAL_PRIORITY = {  # sd-daemon(3): a leading <N> gives the journal the line's priority
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}

_FIELDS = "fields"
_CHATTY = ("alembic", "celery.app.trace", "celery.beat", "celery.worker.strategy", "httpx")
"""Libraries that tell each of their steps, which nobody but a programmer wants to know."""


# Control characters, and what else begins a new line or turns the order of letters around.
_TRICKS = {
    number: f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
    for number in (
        *(set(range(32)) - {9, 10}), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
}  # fmt: skip


class _TextFormatter(logging.Formatter):
    """What a stranger wrote can't look like a line of its own, nor steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(_TRICKS)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        record.message = record.message.replace("\n", "\n    ")
        return super().formatMessage(record)


class _JournalFormatter(_TextFormatter):
    """The journal stamps time and process itself; each line of a traceback needs the priority."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _JOURNAL_PRIORITY.get(record.levelno, 6)
        text = f"{record.name}: {super().format(record)}"
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


class _JsonFormatter(logging.Formatter):
    """One object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"), "level": record.levelname.lower(),
            "logger": record.name, "process": record.process, "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }  # fmt: skip
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def fields(**named: str | int) -> dict[str, dict[str, str | int]]:
    """Return what a log line tells by name beside its sentence, for `extra=`."""
    return {_FIELDS: named}


def span(first: int, last: int) -> str:
    """Return rows from `first` to `last` as a line says them: one row has one number."""
    return str(first) if first == last else f"{first} to {last}"


def setup_logging(
    level: str = "info", stream: TextIO | None = None, *, as_json: bool = False
) -> None:
    """Send log lines of `level` ("debug", "info", "warning", "error") and above to `stream`.

    Standard output stays free for what a command answers, so `stream` is standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    if as_json:
        handler.setFormatter(_JsonFormatter())
    elif stream is None and "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_JournalFormatter())
    else:
        handler.setFormatter(
            _TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)
