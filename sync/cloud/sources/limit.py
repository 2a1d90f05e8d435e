"""How often a source may be asked: a token bucket that all threads share."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sync.cloud.sources.clock import Clock


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any `per_s` seconds, and at most `burst`, which is less, at once."""

    requests: int
    per_s: float
    burst: int = 1

    @property
    def tokens_per_s(self) -> float:
        """How fast the bucket fills: slow enough that no window holds more than `requests`."""
        return (self.requests - self.burst) / self.per_s


class TokenBucket:
    """Hands out permission to send one request each. Any number of threads may share it."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        """Start full."""
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(rate.burst)
        self._filled_mono_s = clock.mono_s()
        self._held_until_mono_s = float("-inf")

    def take(self) -> None:
        """Wait for a token and take it. Raises CollectionStoppedError."""
        while (wait_s := self._try()) > 0:
            self._clock.wait(wait_s)

    def hold(self, seconds: float) -> None:
        """Hand out nothing for so long: the source asked for a pause."""
        with self._lock:
            until = self._clock.mono_s() + seconds
            self._held_until_mono_s = max(self._held_until_mono_s, until)

    def _try(self) -> float:
        """Take a token and return 0, or return how long it is until there may be one."""
        with self._lock:
            now_mono_s = self._clock.mono_s()
            if now_mono_s < self._held_until_mono_s:
                return self._held_until_mono_s - now_mono_s
            speed = self._rate.tokens_per_s
            gained = (now_mono_s - self._filled_mono_s) * speed
            self._tokens = min(float(self._rate.burst), self._tokens + gained)
            self._filled_mono_s = now_mono_s
            if self._tokens >= 1.0:
                self._tokens -= 1.0
                return 0.0
            return max((1.0 - self._tokens) / speed, 1e-6)
