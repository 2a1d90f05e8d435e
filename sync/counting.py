"""What a device says of itself in numbers: its scans so far, and what waits for the cloud."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.store import Store
from scanner.store_sync import Counted, Stream
from scanner.tables import utc_now
from sync.protocol import Counters

COUNT_EVERY_S = 30.0
EXPIRE_S = 24 * 3600
_AGAIN_EVERY_S = EXPIRE_S / 4


class Counting:
    """Says the numbers when they are others, and long before the broker forgets the last ones."""

    def __init__(self, store: Store, count_every_s: float = COUNT_EVERY_S) -> None:
        """Nothing was said yet."""
        self._store = store
        self._count_every_s = count_every_s
        self._counted_mono_s = self._said_mono_s = float("-inf")
        self._said: tuple[str, Counted, int] | None = None

    def connected(self) -> None:
        """Say them again: the broker may have forgotten them."""
        self._counted_mono_s = self._said_mono_s = float("-inf")

    def due(self, now_mono_s: float) -> bool:
        """Whether it is time to count; it then counts as done."""
        if now_mono_s - self._counted_mono_s < self._count_every_s:
            return False
        self._counted_mono_s = now_mono_s
        return True

    def news(self, log_name: str, cursors: Mapping[str, int], now_mono_s: float) -> Counters | None:
        """What there is to say; None where the cloud knows it.

        Args:
            log_name: the log that is counted.
            cursors: up to where the broker has each stream, by its name.
            now_mono_s: the time.
        """
        counted = self._store.counted()
        waiting = self._store.waiting_rows({Stream(name): at for name, at in cursors.items()})
        said = (log_name, counted, waiting)
        if said == self._said and now_mono_s - self._said_mono_s < _AGAIN_EVERY_S:
            return None
        self._said, self._said_mono_s = said, now_mono_s
        return Counters(
            log=log_name,
            at=utc_now(),
            up_to_scan=counted.up_to_scan,
            accepted=counted.accepted,
            review=counted.review,
            unknown=counted.unknown,
            waiting=waiting,
        )
