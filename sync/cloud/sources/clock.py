"""Time as the sources see it; tests put in one that does not wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from sync.cloud.sources.errors import CollectionStoppedError

_LOOK_EVERY_S = 0.25


class Clock(Protocol):
    """Wall time for what a source says, monotonic time for limits and time-outs."""

    def now(self) -> datetime:
        """Wall time, UTC."""
        ...

    def mono_s(self) -> float:
        """Monotonic seconds."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait. Raises CollectionStoppedError when the process ends meanwhile."""
        ...


class SystemClock:
    """The computer's own clock; a wait ends early once `stopping()`."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Ask `stopping` a few times a second."""
        self._stopping = stopping

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

    def mono_s(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """See `Clock`."""
        end_mono_s = time.monotonic() + seconds
        while (left_s := end_mono_s - time.monotonic()) > 0:
            if self._stopping():
                raise CollectionStoppedError("The collection of prices was stopped.")
            time.sleep(min(left_s, _LOOK_EVERY_S))
