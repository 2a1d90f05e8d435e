"""What each key and each person asked: counted in memory, put on disk about every second.

The day's count is read back when it is put on disk, so that several processes share one quota,
give or take a second.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from scanner.tables import utc_now
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables import insert_for
from sync.cloud.tables_api import API_USAGE

_COUNTED = ("requests", "not_modified", "refused", "failed", "sent_bytes", "took_ms")
_ADDED = (*_COUNTED, "cost_micro")
_FREE = HttpSettings()


@dataclass(slots=True)
class _Tally:
    counts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))


class Usage:
    """The counts. Usable from several threads."""

    def __init__(self, store: CloudStore, settings: HttpSettings = _FREE) -> None:
        """The settings say what requests and bytes cost."""
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], _Tally] = {}
        self._on_disk: dict[tuple[str, str], int] = {}

    def note(self, who: str, status: int, sent_bytes: int, took_ms: float) -> None:
        """Count one answer to `who`."""
        with self._lock:
            counts = self._waiting.setdefault((who, _day(utc_now())), _Tally()).counts
            counts["requests"] += 1
            counts["not_modified"] += status == 304
            counts["refused"] += 400 <= status < 500
            counts["failed"] += status >= 500
            counts["sent_bytes"] += sent_bytes
            counts["took_ms"] += took_ms

    def today(self, who: str) -> int:
        """How many requests of `who` were answered today."""
        key = (who, _day(utc_now()))
        with self._lock:
            known = self._on_disk.get(key)
        if known is None:
            query = select(API_USAGE.c.requests).where(
                API_USAGE.c.who == who, API_USAGE.c.day == key[1]
            )
            with self._store.log.read() as session:
                known = int(session.connection().execute(query).scalar() or 0)
        with self._lock:
            known = self._on_disk.setdefault(key, known)
            waiting = self._waiting.get(key)
            return known + int(waiting.counts["requests"] if waiting else 0)

    def flush(self) -> None:
        """Put what is counted on disk. Raises StoreError: then it is put there the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            totals = self._add(waiting)
        except BaseException:
            with self._lock:
                for key, tally in waiting.items():
                    kept = self._waiting.setdefault(key, _Tally()).counts
                    for name, count in tally.counts.items():
                        kept[name] += count
            raise
        today = _day(utc_now())
        with self._lock:
            self._on_disk = {key: n for key, n in self._on_disk.items() if key[1] == today}
            self._on_disk |= totals

    def of_days(self, days: int, who: str | None = None) -> list[dict[str, Any]]:
        """Return the counts of the last days, newest day first, by `who`."""
        self.flush()
        since = _day(utc_now() - timedelta(days=days - 1))
        query = select(API_USAGE).where(API_USAGE.c.day >= since)
        if who is not None:
            query = query.where(API_USAGE.c.who == who)
        with self._store.log.read() as session:
            rows = session.connection().execute(
                query.order_by(API_USAGE.c.day.desc(), API_USAGE.c.who)
            )
            return [dict(row) for row in rows.mappings()]

    def _add(self, waiting: Mapping[tuple[str, str], _Tally]) -> dict[tuple[str, str], int]:
        totals = {}
        with self._store.log.write() as session:
            connection = session.connection()
            # In one order everywhere, so that two processes never wait for one another in a ring.
            for (who, day), tally in sorted(waiting.items()):
                counts = tally.counts
                cost = self._settings.cost_micro(int(counts["requests"]), int(counts["sent_bytes"]))
                row = {"who": who, "day": day, **counts, "cost_micro": cost}
                new = insert_for(connection, API_USAGE).values(row)
                sums = {name: API_USAGE.c[name] + new.excluded[name] for name in _ADDED}
                adding = new.on_conflict_do_update(index_elements=["who", "day"], set_=sums)
                total = connection.execute(adding.returning(API_USAGE.c.requests)).scalar_one()
                totals[who, day] = int(total)
        return totals


def until_tomorrow_s(now: datetime) -> float:
    """Seconds until the day's quota begins anew, at midnight UTC."""
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - now).total_seconds()


def _day(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d}"
