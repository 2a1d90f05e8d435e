"""The shop's stock, for the page and the command: everything that is asked of it, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scanner.errors import InventoryError
from scanner.inventory import SORTS, Copy, Line, StockFilter, Totals, read_filter
from scanner.inventory_catalog import LibraryFacts
from scanner.inventory_log import Edit
from scanner.inventory_rows import read_price_ages
from scanner.inventory_value import running_total, value_steps
from scanner.price_table import read_history
from scanner.store import Store
from scanner.store_index import StockIndex
from scanner.store_index_reads import (
    read_choices,
    read_copies,
    read_copies_of,
    read_edition,
    read_lines,
    read_scan_ids,
    read_totals,
    read_value_by_set,
)
from scanner.store_open import in_parts
from scanner.tables_stock import StockChange

MAX_COPIES_SHOWN = 500
MAX_NAME = 60
_LINES_PER_STEP = 200


def currency_in_use(store: Store, preferred: str) -> str:
    """The shop's currency; where no price is in it, the one that prices are in."""
    newest = store.price_currency()
    if newest in ("", preferred) or store.has_price_in(preferred):
        return preferred
    return newest


@dataclass(frozen=True, slots=True)
class StockPage:
    """Some lines of what a filter finds, all of it added up, and the index's edition."""

    lines: list[Line]
    totals: Totals
    edition: str


class Stock:
    """The stock over an open log. Thread-safe; the first question makes the index, if need be."""

    def __init__(self, store: Store, data_dir: Path, currency: str) -> None:
        """Nothing is read yet. Prices in other currencies than `currency` are passed over."""
        self.store = store
        self.currency = currency
        self._catalog = LibraryFacts(data_dir)
        self._index = StockIndex(store, data_dir, currency, self._catalog)

    def close(self) -> None:
        """Close the catalog's files; the log is the caller's."""
        self._catalog.close()

    def lines(
        self, wanted: StockFilter, sort: str = "name", limit: int = -1, offset: int = 0
    ) -> list[Line]:
        """The lines that a filter finds, in an order of `SORTS`; all of them by default."""
        _check_sort(sort)
        with self._index.open() as index:
            found = read_lines(index, wanted, sort, limit, offset, self.currency)
        return self._aged(found)

    def edition(self) -> str:
        """Names the index; the ids of lines hold within one edition only."""
        with self._index.open() as index:
            return read_edition(index)

    def page(self, wanted: StockFilter, sort: str, limit: int, offset: int) -> StockPage:
        """A page of the lines that a filter finds, with what it adds up to, in one look."""
        _check_sort(sort)
        with self._index.open() as index:
            found = read_lines(index, wanted, sort, limit, offset, self.currency)
            totals, edition = read_totals(index, wanted, self.currency), read_edition(index)
        return StockPage(self._aged(found), totals, edition)

    def _aged(self, lines: list[Line]) -> list[Line]:
        """The lines with their prices' true age: a source may have said the same again since."""
        with self.store.log_session() as session:
            ages = read_price_ages(session, [line.price_id for line in lines if line.price_id])
        return [
            replace(line, price_as_of=ages.get(line.price_id, line.price_as_of)) for line in lines
        ]

    def totals(self, wanted: StockFilter) -> Totals:
        """What a filter finds, added up."""
        with self._index.open() as index:
            return read_totals(index, wanted, self.currency)

    def copies(
        self, wanted: StockFilter, line_ids: Sequence[int], limit: int | None = MAX_COPIES_SHOWN
    ) -> list[Copy]:
        """Where each copy of these lines lies, oldest first."""
        batches = self.store.batch_names()
        found: list[Copy] = []
        with self._index.open() as index:
            for part in in_parts(line_ids):
                found += read_copies(index, wanted, part, batches)
        return found[:limit]

    def copies_of(
        self, printings: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], list[tuple[str, Copy]]]:
        """Where each copy of printings (game, card_id) lies, with its finish, oldest first."""
        wanted = set(printings)
        if not wanted:
            return {}
        batches = {batch.id or 0: batch.name for batch in self.store.latest_batches(100_000)}
        with self._index.open() as index:
            return {key: read_copies_of(index, *key, batches) for key in wanted}

    def scan_ids(self, wanted: StockFilter, up_to: int | None = None) -> list[int]:
        """The copies that a filter means, of those scanned up to `up_to`."""
        with self._index.open() as index:
            return read_scan_ids(index, wanted, up_to, self.currency)

    def choices(self) -> dict[str, list[tuple[Any, ...]]]:
        """What there is to filter by, with the number of copies."""
        with self._index.open() as index:
            return read_choices(index)

    def removed(self) -> dict[int, str]:
        """Why each copy that left the stock did so, by its scan's id."""
        with self._index.open() as index:
            return dict(index.execute("SELECT scan_id, removed FROM copy WHERE removed <> ''"))

    # Value.

    def value_by_set(self, wanted: StockFilter) -> list[tuple[str, str, int, int]]:
        """Game, set, copies and value of each set, the most valuable first."""
        with self._index.open() as index:
            return read_value_by_set(index, wanted, self.currency)

    def value_over_time(self) -> list[tuple[str, int]]:
        """The value of the whole stock at the end of each day on which it changed."""
        with self._index.open() as index:
            stale = index.execute("SELECT 1 FROM line WHERE stale LIMIT 1").fetchone()
        if stale:
            self._value_anew()
        with self._index.open() as index:
            rows = index.execute("SELECT day, sum(delta_minor) FROM value_step GROUP BY day")
            return running_total({day: delta for day, delta in rows if delta})

    def _value_anew(self) -> None:
        with self._index.change() as index, self.store.log_session() as session:
            stale = index.execute(
                "SELECT id, game, card_id, finish, condition FROM line WHERE stale"
            ).fetchall()
            for part in in_parts(stale, _LINES_PER_STEP):
                keys = {(row["game"], row["card_id"]) for row in part}
                told = read_history(session, sorted(keys), self.currency)
                for line_id, game, card_id, finish, condition in part:
                    stays = index.execute(
                        "SELECT substr(added_at, 1, 10), removed_day FROM copy WHERE line_id = ?",
                        (line_id,),
                    ).fetchall()
                    prices, order = told.get((game, card_id), ()), self.store.price_order
                    came = [tuple(stay) for stay in stays]
                    steps = value_steps(finish, condition, came, prices, order)
                    index.execute("DELETE FROM value_step WHERE line_id = ?", (line_id,))
                    index.executemany(
                        "INSERT INTO value_step VALUES (?, ?, ?)",
                        [(line_id, day, delta) for day, delta in steps.items()],
                    )
            index.execute("UPDATE line SET stale = 0 WHERE stale")

    # Bulk edits and saved filters.

    def edit(
        self,
        edit: Edit,
        *,
        wanted: StockFilter | None = None,
        line_ids: Sequence[int] = (),
        scan_ids: Sequence[int] = (),
        up_to: int | None = None,
    ) -> StockChange:
        """Say the same of many copies: these, all of these lines, or all that a filter means.

        `up_to` is the newest scan that the person had before them: cards that came since are left
        alone. Raises InventoryError when no copy is meant.
        """
        meant = list(scan_ids)
        if line_ids:
            every = self.copies(wanted or StockFilter(), list(line_ids), None)
            meant += [copy.scan_id for copy in every]
        elif wanted is not None and not scan_ids:
            meant += self.scan_ids(wanted)
        known = self._known(meant)
        chosen = sorted({scan for scan in known if up_to is None or scan <= up_to})
        if not chosen:
            raise InventoryError("These cards are not in stock any more: reload the page.")
        return self.store.add_edit(chosen, edit, edit.summary())

    def _known(self, scan_ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        with self._index.open() as index:
            for part in in_parts(scan_ids):
                marks = ", ".join("?" * len(part))
                rows = index.execute(f"SELECT scan_id FROM copy WHERE scan_id IN ({marks})", part)
                found.update(row[0] for row in rows)
        return found

    def save_filter(self, name: str, values: Mapping[str, Any]) -> StockFilter:
        """Keep a filter under a name. Raises InventoryError and ConditionError."""
        name = " ".join(str(name).split())
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise InventoryError(f"Give the filter a name of 1 to {MAX_NAME} letters.")
        kept = read_filter(values)
        if not kept.to_json():
            raise InventoryError("Choose what to filter by, then save it.")
        self.store.save_filter(name, kept.to_json())
        return kept

    def newest_scan(self) -> int:
        """The id of the newest scan in the log, 0 for none."""
        newest = self.store.latest_scans(1)
        return (newest[0].id or 0) if newest else 0


def _check_sort(sort: str) -> None:
    if sort not in SORTS:
        names = ", ".join(SORTS)
        raise InventoryError(f"There is no order {sort[:20]!r}: it is one of {names}.")
