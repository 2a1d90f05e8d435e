"""What the pages Review and Batches read of the log beside single scans: the queue, prices."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import col, select

from scanner.price_sources import Priced, SourceOrder
from scanner.price_table import Key, read_prices
from scanner.review import ReviewQueue, Stake
from scanner.store_later import CORRECTED
from scanner.store_open import Log, in_parts
from scanner.store_present import FROM_PERSON, read_present_answers
from scanner.tables import Correction, PacksInUse, Price, Scan
from scanner.tables_stock import StockChange

_queue_lock = threading.Lock()


class ReviewReads:
    """The part of `scanner.store.Store` behind the pages Review and Batches."""

    _log: Log
    price_order: SourceOrder
    _review_queue: ReviewQueue | None = None

    def review_stakes(self, currency: str) -> list[Stake]:
        """Every scan that waits for a person, with most money at stake first."""
        return self._queue().stakes(currency)

    def review_waiting(self) -> int:
        """How many scans wait for a person."""
        return self._queue().count()

    def scans(self, scan_ids: Iterable[int]) -> dict[int, Scan]:
        """Scans by their ids; ids that are not in the log are left out."""
        found: dict[int, Scan] = {}
        with self._log.read() as session:
            for part in in_parts(scan_ids):
                rows = session.exec(select(Scan).where(col(Scan.id).in_(part)))
                found.update({scan.id or 0: scan for scan in rows})
        return found

    def last_named(self, limit: int) -> list[int]:
        """The scans that persons named last and whose word stands, newest first."""
        query = (
            select(Correction.scan_id)
            .where(Correction.kind == CORRECTED)
            .order_by(col(Correction.id).desc())
            .limit(limit * 2)
        )
        with self._log.read() as session:
            named = list(dict.fromkeys(session.exec(query)))
            answers = read_present_answers(session, named)
        standing = [number for number in named if answers[number].source == FROM_PERSON]
        return standing[:limit]

    def prices_of_many(self, keys: Iterable[Key], currency: str) -> dict[Key, list[Priced]]:
        """The prices of many printings that count, in one currency, see `read_prices`."""
        with self._log.read() as session:
            return read_prices(session, keys, currency, self.price_order)

    def price_currency(self) -> str:
        """The currency of the newest price, "" before the first."""
        newest = select(Price.currency).order_by(col(Price.id).desc()).limit(1)
        with self._log.read() as session:
            return session.exec(newest).first() or ""

    def packs_used(self) -> list[str]:
        """The ids of the packs that recognition uses by now, as the feed process noted them."""
        newest = select(PacksInUse).order_by(col(PacksInUse.id).desc()).limit(1)
        with self._log.read() as session:
            row = session.exec(newest).first()
            return list(row.packs) if row else []

    def review_counts(self, currency: str) -> Counter[int]:
        """How many scans of each batch wait for a person."""
        return Counter(stake.batch_id for stake in self.review_stakes(currency))

    def values_as_of(self) -> tuple[int, int]:
        """The ids of the newest price and bulk edit, 0 for none: values change with them."""
        with self._log.read() as session:
            price = session.exec(select(func.max(Price.id))).one()
            edit = session.exec(select(func.max(StockChange.id))).one()
        return price or 0, edit or 0

    def _queue(self) -> ReviewQueue:
        with _queue_lock:
            if self._review_queue is None:
                self._review_queue = ReviewQueue(self._log, self.price_order)
            return self._review_queue
