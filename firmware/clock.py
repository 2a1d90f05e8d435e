"""Monotonic time and waiting, behind a protocol so that tests can let virtual time pass."""

from __future__ import annotations

import queue
import time
from typing import Protocol

from firmware.events import Event

Inbox = queue.SimpleQueue[Event]


class Clock(Protocol):
    """What the loop knows of time."""

    def now_s(self) -> float:
        """Seconds that never jump."""

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        """The next event, or None after `timeout_s` seconds."""


class MonotonicClock:
    """The machine's real clock."""

    def now_s(self) -> float:
        """Seconds since some moment before the start."""
        return time.monotonic()

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        """The next event, or None after `timeout_s` seconds."""
        try:
            return inbox.get(timeout=max(0.0, timeout_s)) if timeout_s > 0 else inbox.get_nowait()
        except queue.Empty:
            return None
