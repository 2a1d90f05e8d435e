"""Takes the device's figures every minute and every hour, and keeps their history in the book."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from scanner.device import DeviceState
from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_health import Work
from scanner.tables import utc_now
from webui.alerts import Alert, alerts_for
from webui.book import Book
from webui.book_tables import Sample
from webui.figures import Figures, figures_of, together

MINUTE, HOUR = 1, 60
KEPT = {MINUTE: timedelta(hours=26), HOUR: timedelta(days=32)}
RECENT_SCANS = 500
"""The newest cards, which "now" is about."""
_FRESH_S = 5.0

log = logging.getLogger(__name__)


class Sampler:
    """Knows how the device fares now and how it did. Usable from several threads."""

    def __init__(
        self, book: Book, store: Callable[[], Store], device: Callable[[], DeviceState]
    ) -> None:
        """`store` opens the log, or raises StoreError; `device` looks at the device."""
        self._book = book
        self._store = store
        self._device = device
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._now: Figures | None = None
        self._looked_mono_s = 0.0
        self._month: Figures | None = None
        self._told: dict[str, Alert] = {}

    def start(self) -> None:
        """Take samples from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Take no more, and wait for the last one."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def now(self) -> Figures:
        """Return the figures of the newest cards and of the device, a few seconds old at most.

        Raises:
            StoreError: the log can't be read.
        """
        with self._lock:
            now_mono_s = time.monotonic()
            if self._now is None or now_mono_s - self._looked_mono_s > _FRESH_S:
                self._now, self._looked_mono_s = self._look(), now_mono_s
            return self._now

    def device_only(self) -> Figures:
        """Return the device's figures alone: what can be told without a log."""
        return figures_of(Work(), self._device(), 0)

    def alerts(self) -> list[Alert]:
        """Return what is wrong now or has got worse."""
        try:
            now = self.now()
        except StoreError:
            now = self.device_only()
        return alerts_for(now, self._month)

    def notices(self) -> list[dict[str, str]]:
        """Return the alerts of the last minute as the page's banners; costs nothing."""
        return [
            {"key": alert.key, "level": alert.level, "title": alert.title, "text": alert.text}
            for alert in self._told.values()
        ]

    def month(self) -> Figures | None:
        """Return the month's figures together, None where there are none yet."""
        return self._month

    def history(self, minutes: int) -> list[tuple[datetime, Figures]]:
        """Return the samples of one length that are kept, oldest first."""
        rows = self._book.samples(minutes, utc_now() - KEPT[minutes])
        return [(row.created_at, Figures.from_json(row.figures)) for row in rows]

    def take(self, minutes: int) -> Figures:
        """Take one sample of what came since the last one of its length, and forget old ones.

        Raises:
            StoreError: the log can't be read, or the book not be written.
        """
        store = self._store()
        known = self._last(minutes)
        newest_scan, newest_event = store.last_ids()
        if known is None or known.last_scan > newest_scan or known.last_event > newest_event:
            after = (newest_scan, newest_event)  # the first one, or another log than before
        else:
            after = (known.last_scan, known.last_event)
        work = store.work_after(*after)
        taken = figures_of(work, self._device(), _queue(store))
        self._book.add(Sample(minutes=minutes, figures=taken.as_json()))
        self._book.drop_samples(minutes, utc_now() - KEPT[minutes])
        return taken

    def refresh(self) -> None:
        """Work out anew what the month was like, and say in the service's log what is wrong."""
        with self._lock:
            self._now = None  # looked at anew
        self._month = together([figures for _, figures in self.history(HOUR)])
        found = {alert.key: alert for alert in self.alerts()}
        for key in found.keys() - self._told.keys():
            log.warning("%s: %s", found[key].title, found[key].text)
        for key in self._told.keys() - found.keys():
            log.info("no longer so: %s", self._told[key].title)
        self._told = found

    def _run(self) -> None:
        minute = 0
        while True:
            try:
                if minute:
                    self.take(MINUTE)
                if minute % HOUR == 0 and minute:
                    self.take(HOUR)
                self.refresh()
            except StoreError as error:
                log.info("no sample was taken: %s", error)
            except Exception:  # the page goes on without its history
                log.exception("a sample could not be taken")
            if self._stop.wait(60):
                return
            minute += 1

    def _look(self) -> Figures:
        store = self._store()
        newest_scan, _ = store.last_ids()
        first = max(0, newest_scan - RECENT_SCANS)
        work = store.work_after(first, 2**62, RECENT_SCANS)
        work.events = store.events_since_scan(first)
        return figures_of(work, self._device(), _queue(store))

    def _last(self, minutes: int) -> Figures | None:
        newest = self._book.newest_sample(minutes)
        return None if newest is None else Figures.from_json(newest.figures)


def _queue(store: Store) -> int:
    """How many cards wait for a person."""
    return store.review_waiting()
