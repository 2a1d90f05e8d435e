"""Time that passes without anybody waiting for it: a whole batch in a fraction of its time."""

from __future__ import annotations

import time

from firmware.clock import Inbox
from firmware.events import Event
from firmware.simulated.mechanism import Mechanism

STEP_S = 0.004


class VirtualClock:
    """Time passes only while the loop waits, the same at every run; its own work takes none.

    See `firmware.clock.Clock`; `mechanism` moves meanwhile.
    """

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


class WorkingClock:
    """Work takes as long as it really takes, waiting takes no time: what a machine would need.

    While the loop works the mechanism moves on by the time that the work took, as it does in a
    thread of its own; while it waits, by as much as it waits for. What belongs to the bench and not
    to the product is left out by `leave_out` at its end.
    """

    def __init__(self, mechanism: Mechanism):
        self._mechanism = mechanism
        self._now_s = 0.0
        self._mark_s = time.perf_counter()

    def now_s(self) -> float:
        """Seconds since the start."""
        self._catch_up()
        return self._now_s

    def wait(self, inbox: Inbox, timeout_s: float) -> Event | None:
        """Let time pass until something happens or `timeout_s` is over."""
        self._catch_up()
        end_s = self._now_s + max(0.0, timeout_s)
        while inbox.empty() and self._now_s < end_s:
            self._pass(min(STEP_S, end_s - self._now_s))
        return None if inbox.empty() else inbox.get()

    def spend(self, seconds: float) -> None:
        """Work of that length was done elsewhere, and measured there."""
        self._catch_up()
        self._pass(seconds)

    def leave_out(self) -> None:
        """What was done since the last call of this clock takes no time."""
        self._mark_s = time.perf_counter()

    def _catch_up(self) -> None:
        self._pass(time.perf_counter() - self._mark_s)

    def _pass(self, seconds: float) -> None:
        self._now_s += seconds
        self._mechanism.advance(seconds)
        self._mark_s = time.perf_counter()
