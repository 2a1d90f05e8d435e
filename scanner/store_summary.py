"""What a batch adds up to: counts, speed, time left. From rows alone, added up as they come.

Time is summed from one row to the next on the monotonic clock, and only between rows of the same
boot, so that no clock step and no power cut can spoil it. What counts as running is the time from
`started` or `resumed`, or from a scan, to the next row; the time after a pause, an end or a fault
does not, nor does a silence longer than `IDLE_S`, when the machine was off or nobody was there.
The time left follows the pace of the newest cards, in which a few slow ones weigh little.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from sqlalchemy import select, text
from sqlmodel import Session, col

from scanner.store_open import in_parts
from scanner.store_present import read_present_answers
from scanner.tables import Batch, BatchEvent, Scan

ENDS = frozenset({"finished", "stopped"})
GOES = frozenset({"started", "resumed"})
WAITS = ENDS | {
    "paused",
    "jam",
    "double_feed",
    "mis_seat",
    "sorter_stuck",
    "hopper_empty",
    "bin_full",
    "camera_lost",
    "door_open",
    "emergency_stop",
    "disk_full",
}
IDLE_S = 120.0

_PACE_CARDS = 200
_FEWEST_FOR_PACE = 3
_SLOWEST_COUNTS_AS = 2

_NS_PER_S = 1_000_000_000
_NS_PER_HOUR = 3_600 * _NS_PER_S


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One batch in figures.

    `expected` is 0 when nobody counted; `seconds_left` is then None, as it is before the first
    speed is known. `cards_per_hour` is over running time. `state` is the kind of the last event,
    empty before the first. `started_at` is wall time in UTC. Each scan counts with its present
    answer (`store_present`); `later_rows` changes whenever a later row has changed one.
    """

    batch_id: int
    cards: int
    accepted: int
    review: int
    unknown: int
    expected: int
    cards_per_hour: float
    seconds_left: float | None
    state: str
    started_at: datetime
    later_rows: int = 0


@dataclass(slots=True)
class BatchTally:
    """The rows of one batch added up so far, and where to go on."""

    counts: dict[str, int] = field(default_factory=dict)
    running_ns: int = 0
    intervals_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_PACE_CARDS))
    state: str = ""
    last_sequence: int = 0
    last_event_id: int = 0
    last_retry_id: int = 0
    last_correction_id: int = 0
    _later: dict[int, str] = field(default_factory=dict)
    _running: bool = False
    _last_was_scan: bool = False
    _last: tuple[str, int] = ("", 0)

    def add_scan(self, sequence: int, decision: str, boot: str, mono_ns: int) -> None:
        """Count one scan; a scan proves that the machine runs."""
        was_running, followed_scan = self._running, self._last_was_scan
        passed_ns = self._advance(boot, mono_ns)
        if was_running and followed_scan and passed_ns:
            self.intervals_ns.append(passed_ns)
        self._running = self._last_was_scan = True
        self.counts[decision] = self.counts.get(decision, 0) + 1
        self.last_sequence = sequence

    def add_event(self, event_id: int, kind: str, boot: str, mono_ns: int) -> None:
        """Note one event; those that neither stop nor start the machine change no time."""
        if kind in WAITS or kind in GOES:
            self._advance(boot, mono_ns)
            self._running, self._last_was_scan = kind in GOES, False
        self.state = kind
        self.last_event_id = event_id

    def add_later(self, scan_id: int, first_decision: str, decision: str) -> None:
        """Count a scan by what it is known to be now, no longer by what it was before."""
        before = self._later.get(scan_id, first_decision)
        self.counts[before] -= 1
        self.counts[decision] = self.counts.get(decision, 0) + 1
        self._later[scan_id] = decision

    def summary(self, batch: Batch) -> BatchSummary:
        """The figures as they stand."""
        cards = sum(self.counts.values())
        per_hour = cards * _NS_PER_HOUR / self.running_ns if self.running_ns else 0.0
        seconds_left = None
        if batch.expected_cards and per_hour:
            card_ns = pace_ns(self.intervals_ns) or self.running_ns / cards
            seconds_left = max(0, batch.expected_cards - cards) * card_ns / _NS_PER_S
        return BatchSummary(
            batch_id=batch.id or 0,
            cards=cards,
            accepted=self.counts.get("accepted", 0),
            review=self.counts.get("review", 0),
            unknown=self.counts.get("unknown", 0),
            expected=batch.expected_cards,
            cards_per_hour=per_hour,
            seconds_left=seconds_left,
            state=self.state,
            started_at=batch.created_at,
            later_rows=self.last_retry_id + self.last_correction_id,
        )

    def _advance(self, boot: str, mono_ns: int) -> int:
        """Add the time since the last row where the machine ran through it, and return it."""
        last_boot, last_mono_ns = self._last
        passed_ns = mono_ns - last_mono_ns
        counts = self._running and boot == last_boot and 0 <= passed_ns <= IDLE_S * _NS_PER_S
        if counts:
            self.running_ns += passed_ns
        self._last = (boot, max(mono_ns, last_mono_ns) if boot == last_boot else mono_ns)
        return passed_ns if counts else 0


def pace_ns(intervals_ns: Iterable[int]) -> float | None:
    """How long a card takes, in nanoseconds; None before there are enough of them.

    The mean, in which none counts as more than twice the median: one card that a hand had to
    free says little of the cards to come.
    """
    known = list(intervals_ns)
    if len(known) < _FEWEST_FOR_PACE:
        return None
    most = _SLOWEST_COUNTS_AS * median(known)
    return sum(min(interval, most) for interval in known) / len(known)


def bring_up_to_date(session: Session, batch_id: int, tally: BatchTally) -> None:
    """Add the batch's rows that came since; `session` must see one moment of the log."""
    scans = session.execute(
        select(
            col(Scan.id),
            col(Scan.sequence),
            col(Scan.decision),
            col(Scan.boot_id),
            col(Scan.captured_mono_ns),
        )
        .where(col(Scan.batch_id) == batch_id, col(Scan.sequence) > tally.last_sequence)
        .order_by(col(Scan.sequence))
    )
    events = session.execute(
        select(
            col(BatchEvent.after_scan),
            col(BatchEvent.id),
            col(BatchEvent.kind),
            col(BatchEvent.boot_id),
            col(BatchEvent.added_mono_ns),
        )
        .where(col(BatchEvent.batch_id) == batch_id, col(BatchEvent.id) > tally.last_event_id)
        .order_by(col(BatchEvent.id))
    )
    waiting = list(events)[::-1]
    for scan_id, sequence, decision, boot, mono_ns in scans:
        while waiting and waiting[-1][0] < scan_id:
            tally.add_event(*waiting.pop()[1:])
        tally.add_scan(sequence, decision, boot, mono_ns)
    while waiting:
        tally.add_event(*waiting.pop()[1:])
    _add_later_answers(session, batch_id, tally)


def _add_later_answers(session: Session, batch_id: int, tally: BatchTally) -> None:
    """Count anew the scans of the batch that were tried again or corrected since."""
    retries = _later_rows(session, "retry", batch_id, tally.last_retry_id)
    corrections = _later_rows(session, "correction", batch_id, tally.last_correction_id)
    tally.last_retry_id = max(retries, default=tally.last_retry_id)
    tally.last_correction_id = max(corrections, default=tally.last_correction_id)
    touched = {*retries.values(), *corrections.values()}
    present = read_present_answers(session, touched)
    for part in in_parts(sorted(touched)):
        first = select(col(Scan.id), col(Scan.decision)).where(col(Scan.id).in_(part))
        for scan_id, decision in session.execute(first):
            tally.add_later(scan_id, decision, present[scan_id].decision)


def _later_rows(session: Session, table: str, batch_id: int, after: int) -> dict[int, int]:
    """New rows of a table about scans of the batch: the row's id and the scan's."""
    # CROSS JOIN: SQLite must begin with the few new rows, not with the many scans of the batch.
    query = text(
        f"SELECT later.id, later.scan_id FROM {table} AS later"
        " CROSS JOIN scan ON scan.id = later.scan_id"
        " WHERE later.id > :after AND scan.batch_id = :batch_id"
    )
    found = session.connection().execute(query, {"after": after, "batch_id": batch_id})
    return {row[0]: row[1] for row in found}
