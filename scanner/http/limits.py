"""How much one client may ask. Pure but for the numbers it keeps; the caller says what time it is.

Times are monotonic seconds. Memory is bounded: the clients that were quiet longest are forgotten.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

MAX_CLIENTS = 4096


@dataclass(slots=True)
class Rate:
    """Lets `per_s` requests a second pass for each client, and `burst` at once."""

    per_s: float
    burst: int
    _known: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, client: str, now_mono_s: float) -> float:
        """Count one request; 0 when it may pass, else the seconds until one may."""
        with self._lock:
            left, seen_mono_s = self._known.pop(client, (float(self.burst), now_mono_s))
            left = min(float(self.burst), left + (now_mono_s - seen_mono_s) * self.per_s)
            passes = left >= 1.0
            self._known[client] = (left - 1.0 if passes else left, now_mono_s)
            if len(self._known) > MAX_CLIENTS:
                self._known.popitem(last=False)
            return 0.0 if passes else (1.0 - left) / self.per_s


@dataclass(slots=True)
class Failures:
    """Refuses a client after `most` failures within `window_s` seconds, until they have passed."""

    most: int
    window_s: float
    _known: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, client: str, now_mono_s: float) -> float:
        """Return 0 when the client may try, else the seconds until it may."""
        with self._lock:
            times = self._recent(client, now_mono_s)
            return 0.0 if len(times) < self.most else times[0] + self.window_s - now_mono_s

    def count(self, client: str, now_mono_s: float) -> None:
        """Note one failure."""
        with self._lock:
            self._recent(client, now_mono_s).append(now_mono_s)

    def forgive(self, client: str) -> None:
        """Forget the client's failures: it has shown that it knows the secret."""
        with self._lock:
            self._known.pop(client, None)

    def _recent(self, client: str, now_mono_s: float) -> deque[float]:
        times = self._known.setdefault(client, deque(maxlen=self.most))
        self._known.move_to_end(client)
        while times and times[0] <= now_mono_s - self.window_s:
            times.popleft()
        if len(self._known) > MAX_CLIENTS:
            self._known.popitem(last=False)
        return times


def client_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
