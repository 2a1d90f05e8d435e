"""Log lines: for a person on a terminal, or for the journal when systemd runs the process."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

_JOURNAL_PRIORITY = {  # sd-daemon(3): a leading <N> gives the journal the line's priority
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}

_CHATTY = ("alembic", "httpx")
"""Libraries that tell each of their steps, which nobody but a programmer wants to know."""


class _JournalFormatter(logging.Formatter):
    """The journal stamps time and process itself; each line of a traceback needs the priority."""

    def format(self, record: logging.LogRecord) -> str:
        priority = _JOURNAL_PRIORITY.get(record.levelno, 6)
        text = f"{record.name}: {super().format(record)}"
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())


def setup_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Send log lines of `level` ("debug", "info", "warning", "error") and above to `stream`.

    Standard output stays free for what a command answers, so `stream` is standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    if stream is None and "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_JournalFormatter())
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)
