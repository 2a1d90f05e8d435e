"""Where the cards lie: the calls that read routes and bins. See `scanner/tables_bins.py`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func
from sqlmodel import Session, col, select

from scanner.routing import Routing
from scanner.store_open import Log
from scanner.tables import Scan
from scanner.tables_bins import BinEmptied, Route


class BinReads:
    """The part of `scanner.store.Store` that reads where cards lie."""

    _log: Log

    def routing_of_key(self, feed_key: str) -> Routing | None:
        """Where the card that the mechanism numbered so is to go; None when it has no route."""
        query = select(Route).join(Scan).where(col(Scan.feed_key) == feed_key)
        with self._log.read() as session:
            row = session.exec(query).first()
        return None if row is None else routing_of(row)

    def routes_of_batch(self, batch_id: int) -> Mapping[int, Routing]:
        """The routings of a batch by scan id, oldest first."""
        query = (
            select(Route)
            .join(Scan)
            .where(col(Scan.batch_id) == batch_id)
            .order_by(col(Route.scan_id))
        )
        with self._log.read() as session:
            return {row.scan_id: routing_of(row) for row in session.exec(query)}

    def last_routed_scan(self) -> int:
        """The id of the newest scan whose card was sent to a bin, 0 when there is none."""
        with self._log.read() as session:
            return session.exec(select(func.max(Route.scan_id))).one() or 0

    def bin_contents(self) -> dict[int, int]:
        """How many cards lie in each bin that holds any."""
        with self._log.read() as session:
            bins = session.exec(select(Route.bin).distinct()).all()
            newest = session.exec(select(func.max(Route.scan_id))).one() or 0
            counted = {number: _count(session, number, newest + 1) for number in bins}
        return {number: cards for number, cards in sorted(counted.items()) if cards}


def _count(session: Session, bin_number: int, up_to_scan: int) -> int:
    """The cards sent to a bin up to a scan, from the last time it was empty before that scan."""
    emptied = session.exec(
        select(func.max(BinEmptied.after_scan)).where(
            col(BinEmptied.bin) == bin_number, col(BinEmptied.after_scan) < up_to_scan
        )
    ).one()
    return session.exec(
        select(func.count()).where(
            col(Route.bin) == bin_number,
            col(Route.scan_id) > (emptied or 0),
            col(Route.scan_id) <= up_to_scan,
        )
    ).one()


def routing_of(row: Route) -> Routing:
    """The routing that a row holds."""
    return Routing(row.bin, row.rule, row.why)
