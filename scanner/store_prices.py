"""The calls that read prices for people: their ages, and which printings have any."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from scanner.records import Printing
from scanner.store_reads import StoreReads

_AGES = text("""
    SELECT finish, condition, currency, source, as_of FROM price_known
    WHERE game = :game AND card_id = :card_id ORDER BY id
""")
_SCANNED = text("""
    SELECT card_id, game, name, set_name, number, variant FROM scan
    WHERE card_id = :card_id AND game = :game ORDER BY id DESC LIMIT 1
""")


class PriceReads(StoreReads):
    """The part of `scanner.store.Store` that the Prices page asks."""

    def price_ages(self, game: str, card_id: str) -> dict[tuple[str, str, str, str], datetime]:
        """When a source last said what it says now: by finish, condition, currency and source."""
        with self._log.read() as session:
            rows = session.connection().execute(_AGES, {"game": game, "card_id": card_id})
            return {
                (row[0], row[1], row[2], row[3]): datetime.fromisoformat(row[4]).replace(tzinfo=UTC)
                for row in rows
            }

    def games_priced(self) -> list[str]:
        """The games of which there is any price."""
        query = text("SELECT DISTINCT game FROM price ORDER BY game")
        with self._log.read() as session:
            return list(session.connection().execute(query).scalars())

    def scanned_as(self, game: str, card_id: str) -> Printing | None:
        """What the newest scan of a printing calls it; None where there is none."""
        with self._log.read() as session:
            values = {"game": game, "card_id": card_id}
            row = session.connection().execute(_SCANNED, values).one_or_none()
            return None if row is None else Printing(*row)

    def latest_batch_id(self) -> int:
        """The newest batch's id, 0 for none."""
        with self._log.read() as session:
            query = text("SELECT coalesce(max(id), 0) FROM batch")
            return int(session.connection().execute(query).scalar_one())
