"""What the log tells of how the machine works: decisions, stage times, faults."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import col, select

from scanner.store_open import Log
from scanner.tables import BatchEvent, Scan

_NEWEST_EVENTS = 2000

TOTAL = "total"
"""The name under which the sum of a scan's stages stands beside them."""


@dataclass(slots=True)
class Work:
    """Scans and events of one stretch of the log, in brief; the ids are the stretch's last ones."""

    last_scan: int = 0
    last_event: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    @property
    def scans(self) -> int:
        """How many cards were scanned."""
        return self.decisions.total()


class HealthReads:
    """The part of `scanner.store.Store` behind the page Health and the metrics."""

    _log: Log

    def last_ids(self) -> tuple[int, int]:
        """The ids of the newest scan and the newest event, 0 where there is none."""
        with self._log.read() as session:
            scan = session.exec(select(func.max(Scan.id))).one()
            event = session.exec(select(func.max(BatchEvent.id))).one()
        return scan or 0, event or 0

    def work_after(self, scan_id: int, event_id: int, limit: int = 10_000) -> Work:
        """What came after these ids, at most the `limit` oldest of each kind."""
        scans = (
            select(Scan.id, Scan.decision, Scan.stages_ms)
            .where(col(Scan.id) > scan_id)
            .order_by(col(Scan.id))
            .limit(limit)
        )
        events = (
            select(BatchEvent.id, BatchEvent.kind)
            .where(col(BatchEvent.id) > event_id)
            .order_by(col(BatchEvent.id))
            .limit(limit)
        )
        work = Work(scan_id, event_id)
        with self._log.read() as session:
            for number, decision, stages_ms in session.exec(scans):
                work.last_scan = number or scan_id
                work.decisions[decision] += 1
                for stage, took_ms in {**stages_ms, TOTAL: sum(stages_ms.values())}.items():
                    work.stages_ms.setdefault(stage, []).append(float(took_ms))
            for number, kind in session.exec(events):
                work.last_event = number or event_id
                work.events[kind] += 1
        return work

    def events_since_scan(self, scan_id: int) -> Counter[str]:
        """How often each kind of event came after a scan, among the newest events."""
        newest = (
            select(BatchEvent.kind, BatchEvent.after_scan)
            .order_by(col(BatchEvent.id).desc())
            .limit(_NEWEST_EVENTS)
        )
        with self._log.read() as session:
            return Counter(kind for kind, after in session.exec(newest) if after >= scan_id)

    def totals_after(
        self, scan_id: int, event_id: int
    ) -> tuple[int, int, Counter[str], Counter[str]]:
        """Newest ids, and how many scans of each decision and events of each kind came since."""
        scans = (
            select(func.max(Scan.id), Scan.decision, func.count())
            .where(col(Scan.id) > scan_id)
            .group_by(Scan.decision)
        )
        events = (
            select(func.max(BatchEvent.id), BatchEvent.kind, func.count())
            .where(col(BatchEvent.id) > event_id)
            .group_by(BatchEvent.kind)
        )
        decisions: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        with self._log.read() as session:
            for last, decision, count in session.exec(scans):
                scan_id, decisions[decision] = max(scan_id, last or 0), count
            for last, kind, count in session.exec(events):
                event_id, kinds[kind] = max(event_id, last or 0), count
        return scan_id, event_id, decisions, kinds
