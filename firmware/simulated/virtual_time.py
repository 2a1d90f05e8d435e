"""Time that passes only while somebody waits: a whole batch in milliseconds, the same every run."""

from __future__ import annotations

from firmware.clock import Inbox
from firmware.events import Event
from firmware.simulated.mechanism import Mechanism

STEP_S = 0.004


class VirtualClock:
    """See `firmware.clock.Clock`; `mechanism` moves while the loop waits."""

    def __init__(self, mechanism: Mechanism | None = None):
        self._mechanism = mechanism
        self._now_s = 0.0

    def now_s(self) -> float:
        """Virtual seconds since the start."""
        return self._now_s

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        """Let time pass until something happens or `timeout_s` is over."""
        end_s = self._now_s + max(0.0, timeout_s)
        while inbox.empty():
            if self._now_s >= end_s:
                return None
            step_s = min(STEP_S, end_s - self._now_s)
            self._now_s += step_s
            if self._mechanism is not None:
                self._mechanism.advance(step_s)
        return inbox.get()
