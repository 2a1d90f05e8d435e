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
_CHATTY = ("alembic", "httpx")
"""Libraries that tell each of their steps, which nobody but a programmer wants to know."""


class _JournalFormatter(logging.Formatter):
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
            logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)
