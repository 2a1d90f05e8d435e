"""The calls about the shop's stock: bulk edits and their undoing, saved filters, exports, SKUs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import func, insert, text
from sqlmodel import Session, col, select

from scanner.errors import InventoryError
from scanner.inventory_log import Edit, void_changes
from scanner.store_machine import MachineWrites
from scanner.store_open import in_parts
from scanner.tables import Correction
from scanner.tables_stock import (
    SavedFilter,
    Sku,
    StockChange,
    StockEdit,
    StockExport,
    StockExportCard,
    TcgplayerSet,
    TcgplayerSku,
)

EDITED, UNDONE = "edited", "undone"
SAVED, REMOVED = "saved", "removed"
MADE, TAKEN_BACK = "made", "taken_back"
_ROWS_PER_INSERT = 2000

_STANDING = text("""
    SELECT card.scan_id, card.sku, sum(card.quantity)
    FROM stock_export AS export JOIN stock_export_card AS card ON card.export_id = export.id
    WHERE export.format = :format AND export.kind = 'made' AND NOT EXISTS (
        SELECT 1 FROM stock_export AS back
        WHERE back.kind = 'taken_back' AND back.undoes = export.id
    )
    GROUP BY card.scan_id, card.sku HAVING sum(card.quantity) <> 0
""")

_SKUS = text(f"SELECT {', '.join(Sku._fields)} FROM tcgplayer_sku ORDER BY id")
_PRICED_IN = text("""
    SELECT 1 FROM price WHERE currency = :currency
        AND id > (SELECT max(id) FROM price) - 200000 LIMIT 1
""")


class StockWrites(MachineWrites):
    """The stock's half of `scanner.store.Store`. All of it is written by the web process."""

    def log_session(self) -> AbstractContextManager[Session]:
        """A session that sees one moment of the log: what `scanner.store_index` follows it by."""
        return self._log.read()

    def add_edit(self, scan_ids: Sequence[int], edit: Edit, summary: str) -> StockChange:
        """Say the same of many cards, in one step that can be undone.

        Raises:
            InventoryError: it says nothing, or of no card.
        """
        self._only("web")
        said = edit.said()
        if not said or not scan_ids:
            raise InventoryError("Choose cards, and what to change of them.")
        with self._log.write() as session:
            last = session.exec(select(func.max(Correction.id))).one() or 0
            change = StockChange(
                kind=EDITED, summary=summary, cards=len(scan_ids), after_correction=last
            )
            session.add(change)
            session.flush()
            _insert(
                session,
                StockEdit,
                [{"change_id": change.id, "scan_id": scan_id, **said} for scan_id in scan_ids],
            )
        return change

    def undo_change(self, change_id: int) -> StockChange:
        """Take a bulk edit back.

        Raises:
            InventoryError: there is no such edit, or it was taken back already.
        """
        self._only("web")
        with self._log.write() as session:
            change = session.get(StockChange, change_id)
            if change is None or change.kind != EDITED:
                raise InventoryError(f"There is no change {change_id}: reload the page.")
            known = select(StockChange.id).where(col(StockChange.undoes) == change_id)
            if session.exec(known).first() is not None:
                raise InventoryError("This change was undone already.")
            undoing = StockChange(
                kind=UNDONE, undoes=change_id, summary=change.summary, cards=change.cards
            )
            session.add(undoing)
        return undoing

    def changes(self, limit: int) -> list[tuple[StockChange, bool]]:
        """The newest bulk edits, newest first, and whether each still stands."""
        with self._log.read() as session:
            every = list(session.exec(select(StockChange).order_by(col(StockChange.id))))
        void = void_changes(every)
        edits = [change for change in reversed(every) if change.kind == EDITED]
        return [(change, change.id not in void) for change in edits[:limit]]

    def has_price_in(self, currency: str) -> bool:
        """Whether any of the newest prices is in this currency."""
        with self._log.read() as session:
            found = session.connection().execute(_PRICED_IN, {"currency": currency})
            return found.first() is not None

    # Saved filters.

    def save_filter(self, name: str, saved: Mapping[str, Any]) -> None:
        """Keep a filter under a name; the same name again replaces it."""
        self._only("web")
        with self._log.write() as session:
            session.add(SavedFilter(kind=SAVED, name=name, filter=dict(saved)))

    def remove_filter(self, name: str) -> None:
        """Forget a saved filter. Raises InventoryError when there is none of that name."""
        self._only("web")
        if name not in self.saved_filters():
            raise InventoryError(f"There is no saved filter {name[:40]!r}.")
        with self._log.write() as session:
            session.add(SavedFilter(kind=REMOVED, name=name))

    def saved_filters(self) -> dict[str, dict[str, Any]]:
        """The saved filters by their names, in the order of the alphabet."""
        with self._log.read() as session:
            rows = session.exec(select(SavedFilter).order_by(col(SavedFilter.id)))
            newest = {row.name: row for row in rows}
        return {
            name: newest[name].filter
            for name in sorted(newest, key=str.casefold)
            if newest[name].kind == SAVED
        }

    # Exports.

    def add_export(
        self, export: StockExport, cards: Iterable[tuple[int, str, int]], after: int
    ) -> StockExport:
        """Note an export file and what it did with each copy: `(scan id, SKU, +1 or -1)`.

        Raises:
            InventoryError: since the export `after`, from which it was worked out, came another.
        """
        self._only("web")
        with self._log.write() as session:
            if _last_export(session) != after:
                raise InventoryError("Another export was just made: look at this one again.")
            session.add(export)
            session.flush()
            _insert(
                session,
                StockExportCard,
                [
                    {"export_id": export.id, "scan_id": scan, "sku": sku, "quantity": quantity}
                    for scan, sku, quantity in cards
                ],
            )
        return export

    def take_export_back(self, export_id: int) -> StockExport:
        """Note that an export was never uploaded, so that its cards go out again with the next.

        Raises:
            InventoryError: there is no such export, or it was taken back already.
        """
        self._only("web")
        with self._log.write() as session:
            export = session.get(StockExport, export_id)
            if export is None or export.kind != MADE:
                raise InventoryError(f"There is no export {export_id}: reload the page.")
            known = select(StockExport.id).where(col(StockExport.undoes) == export_id)
            if session.exec(known).first() is not None:
                raise InventoryError("This export was taken back already.")
            back = StockExport(kind=TAKEN_BACK, undoes=export_id, format=export.format)
            session.add(back)
        return back

    def exports(self, limit: int) -> list[tuple[StockExport, bool]]:
        """The newest exports, newest first, and whether each still counts."""
        with self._log.read() as session:
            rows = session.exec(
                select(StockExport)
                .where(col(StockExport.kind) == MADE)
                .order_by(col(StockExport.id).desc())
                .limit(limit)
            )
            made = list(rows)
            back = select(StockExport.undoes).where(col(StockExport.kind) == TAKEN_BACK)
            taken_back = set(session.exec(back))
        return [(export, export.id not in taken_back) for export in made]

    def export(self, export_id: int) -> StockExport | None:
        """One export by its id."""
        with self._log.read() as session:
            return session.get(StockExport, export_id)

    def exported(self, format_name: str) -> tuple[int, dict[int, str]]:
        """The last export's id, and under which SKU each copy stands after all of a format."""
        with self._log.read() as session:
            rows = session.connection().execute(_STANDING, {"format": format_name})
            standing = {scan_id: sku for scan_id, sku, quantity in rows if quantity > 0}
            return _last_export(session), standing

    # TCGplayer's SKU ids.

    def add_skus(self, skus: Iterable[Sku]) -> int:
        """Learn SKUs; those known exactly so are left alone. Returns how many were news."""
        self._only("web")
        known = set(self.skus())
        news = [sku for sku in skus if sku not in known]
        with self._log.write() as session:
            for part in in_parts(news, _ROWS_PER_INSERT):
                _insert(session, TcgplayerSku, [sku._asdict() for sku in part])
        return len(news)

    def newest_sku(self) -> int:
        """A number that changes whenever a SKU is learned."""
        with self._log.read() as session:
            return session.exec(select(func.max(TcgplayerSku.id))).one() or 0

    def skus(self) -> list[Sku]:
        """Every SKU that the shop's own files taught, in its newest words."""
        with self._log.read() as session:
            rows = session.connection().execute(_SKUS)
            # Many SKUs share the words of few sets: each is kept once.
            made = (
                Sku._make([*(sys.intern(str(v)) for v in row[:-1]), int(row[-1])]) for row in rows
            )
            return list({sku.sku: sku for sku in made}.values())

    def name_set(self, game: str, set_name: str, theirs: str) -> None:
        """Note which of TCGplayer's sets one of ours is; "" takes that back."""
        self._only("web")
        with self._log.write() as session:
            session.add(TcgplayerSet(game=game, set_name=set_name, theirs=theirs))

    def named_sets(self) -> dict[tuple[str, str], str]:
        """Game and set of ours, and what TCGplayer calls the set."""
        with self._log.read() as session:
            rows = session.exec(select(TcgplayerSet).order_by(col(TcgplayerSet.id)))
            newest = {(row.game, row.set_name): row.theirs for row in rows}
        return {ours: theirs for ours, theirs in newest.items() if theirs}


def _last_export(session: Session) -> int:
    return session.exec(select(func.max(StockExport.id))).one() or 0


def _insert(session: Session, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add many rows at once; what a row does not name is as the table says."""
    if not rows:
        return
    first = table(**rows[0])
    usual = {
        name: getattr(first, name)
        for name in table.model_fields
        if name != "id" and name not in rows[0]
    }
    for part in in_parts(rows, _ROWS_PER_INSERT):
        session.connection().execute(insert(table), [{**usual, **row} for row in part])
