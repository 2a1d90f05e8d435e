"""How long to wait before the next try: longer each time, and never in step with others. Pure but
for chance."""

from __future__ import annotations

import random

FIRST_BACK_OFF_S = 1.0


class BackOff:
    """Counts tries. `tries` are those since the connection was last steady."""

    def __init__(self, longest_s: float) -> None:
        """Nothing was tried yet; no wait will be longer than `longest_s`."""
        self._longest_s = longest_s
        self._next_try_mono_s = 0.0
        self.tries = 0

    def begin(self) -> None:
        """A try begins."""
        self.tries += 1

    def failed(self, now_mono_s: float) -> float:
        """The try came to nothing, or what it brought has ended; how long to wait now."""
        most_s = min(self._longest_s, FIRST_BACK_OFF_S * 2.0 ** min(max(self.tries - 1, 0), 30))
        wait_s = most_s * random.uniform(0.5, 1.0)
        self._next_try_mono_s = now_mono_s + wait_s
        return wait_s

    def wait_s(self, now_mono_s: float) -> float:
        """How long until the next try; 0 or less when it is due."""
        return self._next_try_mono_s - now_mono_s

    def steady(self) -> None:
        """The connection holds: the next failure is the first again."""
        self.tries = 0
