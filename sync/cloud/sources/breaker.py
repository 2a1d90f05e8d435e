"""The circuit breaker: a source that keeps failing is left alone, then tried with one request."""

from __future__ import annotations

import threading
from enum import StrEnum

from sync.cloud.sources.clock import Clock
from sync.cloud.sources.errors import SourceOpenError

FAILURES_TO_OPEN = 5
OPEN_S = 60.0
LONGEST_OPEN_S = 3600.0


class BreakerState(StrEnum):
    """`half-open`: the pause is over, and the next request is a probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Counts failures in a row. Each pause is twice as long as the one before it."""

    def __init__(
        self, source: str, clock: Clock, *, failures: int = FAILURES_TO_OPEN, open_s: float = OPEN_S
    ) -> None:
        """Start closed; open after `failures` in a row, for `open_s` the first time."""
        self._source = source
        self._clock = clock
        self._failures_to_open = failures
        self._first_open_s = open_s
        self._lock = threading.Lock()
        self._failures = 0
        self._open_s = open_s
        self._until_mono_s: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """What the next request would meet."""
        with self._lock:
            return self._state()

    @property
    def left_s(self) -> float:
        """For how long no request is let through; 0 where one is."""
        with self._lock:
            if self._until_mono_s is None:
                return 0.0
            return max(0.0, self._until_mono_s - self._clock.mono_s())

    def check(self) -> None:
        """Raise SourceOpenError where a request would not be let through; changes nothing."""
        with self._lock:
            self._refuse_while_open()

    def enter(self) -> None:
        """Ask to send a request; afterwards call `succeeded` or `failed`. Raises SourceOpenError.

        In a half-open breaker only one request is on its way at a time.
        """
        with self._lock:
            self._refuse_while_open()
            self._probing = self._until_mono_s is not None

    def succeeded(self) -> None:
        """The source answered as it should."""
        with self._lock:
            self._failures = 0
            self._until_mono_s = None
            self._open_s = self._first_open_s
            self._probing = False

    def failed(self, pause_s: float = 0.0) -> None:
        """The source failed; `pause_s` is the least time for which it asks to be left alone."""
        with self._lock:
            was_probe, self._probing = self._probing, False
            self._failures += 1
            if not (was_probe or pause_s or self._failures >= self._failures_to_open):
                return
            if was_probe:
                self._open_s = min(2 * self._open_s, LONGEST_OPEN_S)
            self._until_mono_s = self._clock.mono_s() + max(self._open_s, pause_s)

    def abandoned(self) -> None:
        """The request was never sent, or its answer not waited for."""
        with self._lock:
            self._probing = False

    def _state(self) -> BreakerState:
        if self._until_mono_s is None:
            return BreakerState.CLOSED
        if self._clock.mono_s() < self._until_mono_s:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def _refuse_while_open(self) -> None:
        state = self._state()
        if state is BreakerState.OPEN and self._until_mono_s is not None:
            left_s = self._until_mono_s - self._clock.mono_s()
            raise SourceOpenError(
                f"{self._source} has failed too often; it is asked again in {left_s:.0f} s."
            )
        if state is BreakerState.HALF_OPEN and self._probing:
            raise SourceOpenError(f"{self._source} has failed too often and is just being tried.")
