"""What the page Batches reads and writes of the log: the list, values, counts by hand."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select, text
from sqlmodel import Session, col
from sqlmodel import select as model_select

from scanner.batch_value import BatchValue, read_value
from scanner.batches import BatchPlan
from scanner.errors import StoreError
from scanner.reconcile import Reconciled, Seen, reconcile
from scanner.store_machine import MachineWrites
from scanner.tables import Batch, BatchEvent, Scan
from scanner.tables_batches import BATCH_NOW, BatchWord, HandCount

_IN_BATCH = text("""
    SELECT scan_id FROM present_answer
    WHERE batch_id = :batch_id AND sequence < :before AND :decision IN ('', decision)
    ORDER BY sequence DESC LIMIT :limit
""")


class BatchStore(MachineWrites):
    """The part of `scanner.store.Store` behind the page Batches."""

    def batch_value(self, batch_id: int, currency: str) -> BatchValue:
        """What the accepted cards of a batch are worth by now."""
        with self._log.read() as session:
            return read_value(session, batch_id, currency, self.price_order)

    def batch_names(self) -> dict[int, str]:
        """The name of every batch by its id."""
        with self._log.read() as session:
            rows = session.execute(select(col(BATCH_NOW.id), col(BATCH_NOW.name)))
            return {int(batch_id): str(name) for batch_id, name in rows}

    def batches_before(self, batch_id: int, limit: int, words: str = "") -> list[Batch]:
        """Batches with lower ids, newest first; with `words` in name, store or location."""
        older = model_select(BATCH_NOW).where(col(BATCH_NOW.id) < batch_id)
        query = older.order_by(col(BATCH_NOW.id).desc())
        for word in words.split():
            columns = (col(BATCH_NOW.name), col(BATCH_NOW.store), col(BATCH_NOW.location))
            query = query.where(
                or_(*(column.icontains(word, autoescape=True) for column in columns))
            )
        with self._log.read() as session:
            return list(session.exec(query.limit(limit)))

    def change_batch(self, batch_id: int, name: str, plan: BatchPlan) -> BatchWord:
        """Say anew what a batch is called, where it lies and what holds for its cards.

        The plan's game and sets are none of it. Raises StoreError where there is no such batch.
        """
        self._only("web")
        word = BatchWord(
            batch_id=batch_id,
            name=name,
            store=plan.store,
            location=plan.location,
            condition=plan.condition,
            language=plan.language,
        )
        with self._log.write() as session:
            _require_batch(session, batch_id)
            session.add(word)
        return word

    def add_hand_count(self, batch_id: int, cards: int) -> HandCount:
        """Note how many cards a person counted. Raises StoreError where there is no such batch."""
        self._only("web")
        with self._log.write() as session:
            _require_batch(session, batch_id)
            counted = HandCount(batch_id=batch_id, cards=cards)
            session.add(counted)
        return counted

    def hand_counts(self, batch_ids: Iterable[int]) -> dict[int, int]:
        """The newest count by hand of each of these batches that has one."""
        query = model_select(HandCount).where(col(HandCount.batch_id).in_(list(batch_ids)))
        with self._log.read() as session:
            found = session.exec(query.order_by(col(HandCount.id)))
            return {row.batch_id: row.cards for row in found}

    def scan_ids_before(
        self, batch_id: int, before: int, limit: int, decision: str = ""
    ) -> list[int]:
        """Scans of a batch with a lower sequence than `before`, newest first; of one decision."""
        values = {"batch_id": batch_id, "before": before, "limit": limit, "decision": decision}
        with self._log.read() as session:
            return [int(row[0]) for row in session.connection().execute(_IN_BATCH, values)]

    def reconcile_batch(self, batch_id: int, counted: int) -> Reconciled:
        """A batch beside a count by hand."""
        scans = select(
            col(Scan.id), col(Scan.sequence), col(Scan.view), col(Scan.card_id), col(Scan.feed_key)
        ).where(col(Scan.batch_id) == batch_id)
        events = select(col(BatchEvent.kind), col(BatchEvent.after_scan)).where(
            col(BatchEvent.batch_id) == batch_id
        )
        with self._log.read() as session:
            seen = [
                Seen(scan_id, sequence, view, card_id, feed_key is not None)
                for scan_id, sequence, view, card_id, feed_key in session.execute(
                    scans.order_by(col(Scan.sequence))
                )
            ]
            faults = list(session.execute(events.order_by(col(BatchEvent.id))))
        place = {scan.scan_id: scan.sequence for scan in seen}
        return reconcile(counted, seen, [(kind, place.get(after, 0)) for kind, after in faults])


def _require_batch(session: Session, batch_id: int) -> None:
    if session.get(Batch, batch_id) is None:
        raise StoreError(f"There is no batch {batch_id}: choose one from the list.")
