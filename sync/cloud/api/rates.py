"""How fast one key may ask: by this process's own count, or by one count of all API processes."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Protocol

from scanner.errors import CounterscanError
from scanner.http.limits import Rate

log = logging.getLogger(__name__)

_WINDOW_S = 60
_TRY_AGAIN_S = 10.0


class Rates(Protocol):
    """Counts requests of each key, person or address."""

    def wait_s(self, who: str, per_minute: int) -> float:
        """Count one request; 0 when it may pass, else the seconds until one may."""
        ...


class OwnRates:
    """Counts what this process answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_limit: dict[int, Rate] = {}

    def wait_s(self, who: str, per_minute: int) -> float:
        """See `Rates`."""
        with self._lock:
            rate = self._by_limit.setdefault(per_minute, Rate(per_minute / 60, per_minute))
        return rate.wait_s(who, time.monotonic())


class SharedRates:
    """Counts in Redis what all processes answer; by itself for a while where Redis does not."""

    def __init__(self, url: str) -> None:
        """Connect when first asked. Raises CounterscanError where the library is missing."""
        try:
            import redis
        except ModuleNotFoundError:
            raise CounterscanError(
                "redis is not installed, which rates shared by several API processes need: pip "
                "install --require-hashes -r requirements-cloud.lock"
            ) from None
        self._errors = redis.RedisError
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._own = OwnRates()
        self._silent_until_mono_s = float("-inf")

    def wait_s(self, who: str, per_minute: int) -> float:
        """See `Rates`; the count begins anew with each minute."""
        if time.monotonic() < self._silent_until_mono_s:
            return self._own.wait_s(who, per_minute)
        now_s = time.time()
        key = f"counterscan:rate:{who}:{int(now_s) // _WINDOW_S}"
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                count = pipeline.incr(key).expire(key, 2 * _WINDOW_S).execute()[0]
        except self._errors as error:
            log.warning("Redis does not count requests (%s): each process counts its own", error)
            self._silent_until_mono_s = time.monotonic() + _TRY_AGAIN_S
            return self._own.wait_s(who, per_minute)
        return 0.0 if count <= per_minute else _WINDOW_S - now_s % _WINDOW_S
