"""How the index of the stock follows the log: new rows of the log, and what they change. SQL.

One step is one transaction: from the cursors that the index keeps to the log's last rows.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import text
from sqlmodel import Session

from scanner.inventory import first_number, is_known_finish
from scanner.inventory_catalog import only_finish
from scanner.inventory_rows import OUTSIDE, StockRow, read_rows
from scanner.inventory_value import Worth, worth
from scanner.price_sources import SourceOrder
from scanner.price_table import read_prices
from scanner.store_open import in_parts

VERSION = 4
_SCANS_PER_STEP = 4000

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE line (
    id INTEGER PRIMARY KEY, game TEXT NOT NULL, card_id TEXT NOT NULL, name TEXT NOT NULL,
    in_set TEXT NOT NULL, number TEXT NOT NULL, variant TEXT NOT NULL, finish TEXT NOT NULL,
    language TEXT NOT NULL, condition TEXT NOT NULL, quantity INTEGER NOT NULL,
    price_minor INTEGER, basis TEXT NOT NULL, price_source TEXT NOT NULL, price_as_of TEXT NOT NULL,
    price_id INTEGER NOT NULL DEFAULT 0,
    facts TEXT NOT NULL, number_order INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 1,
    UNIQUE (game, card_id, finish, language, condition)
);
CREATE INDEX line_by_name ON line (name COLLATE NOCASE, id);
CREATE INDEX line_by_set ON line (game, in_set, number_order, number, id);
CREATE TABLE copy (
    scan_id INTEGER PRIMARY KEY, line_id INTEGER NOT NULL, batch_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL, bin INTEGER NOT NULL, position INTEGER NOT NULL,
    location TEXT NOT NULL, added_at TEXT NOT NULL, removed TEXT NOT NULL,
    removed_day TEXT NOT NULL, crop_path TEXT NOT NULL, probability REAL
);
CREATE INDEX copy_by_line ON copy (line_id, removed, scan_id);
CREATE INDEX copy_by_batch ON copy (batch_id, line_id);
CREATE TABLE value_step (
    line_id INTEGER NOT NULL, day TEXT NOT NULL, delta_minor INTEGER NOT NULL,
    PRIMARY KEY (line_id, day)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
    name, in_set, number, more, tokenize = 'unicode61 remove_diacritics 2'
);
"""

# Which scans a new row of each table may change.
_TOUCHED = {
    "retry": "SELECT id, scan_id FROM retry WHERE id > :after",
    "correction": "SELECT id, scan_id FROM correction WHERE id > :after",
    "route": "SELECT id, scan_id FROM route WHERE id > :after",
    "batch_word": """SELECT word.id, scan.id FROM batch_word AS word
        JOIN scan ON scan.batch_id = word.batch_id WHERE word.id > :after""",
    "offer_made": """SELECT made.id, scan.id FROM offer_made AS made
        JOIN scan ON scan.batch_id = made.batch_id WHERE made.id > :after""",
    "stock_change": """SELECT change.id, edit.scan_id FROM stock_change AS change
        JOIN stock_edit AS edit ON edit.change_id IN (change.id, change.undoes)
        WHERE change.id > :after""",
}

Facts = Mapping[str, str]


class Catalog(Protocol):
    """What the catalog knows of printings."""

    @property
    def key(self) -> str:
        """Names the packs in use; another key means that other facts hold."""
        ...

    def facts_of(self, game: str, card_id: str) -> Facts:
        """The columns of the catalog's table; empty where nobody knows the printing."""
        ...


class Following:
    """One step after the log, in one transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        session: Session,
        currency: str,
        order: SourceOrder,
        catalog: Catalog,
    ) -> None:
        self._index = connection
        self._session = session
        self._currency = currency
        self._order = order
        self._catalog = catalog
        self._touched: set[int] = set()
        self._new: set[int] = set()
        self._known_facts: dict[tuple[str, str], Facts] = {}

    def run(self) -> None:
        """Bring the index from its cursors to the log's last rows."""
        origin = {
            "version": str(VERSION),
            "currency": self._currency,
            "sources": " ".join(self._order.named),
            "catalog": self._catalog.key,
            "restored": str(self._last("batch_event", "kind = 'restored'")),
        }
        if self._meta() is None or any(
            self._meta_value(key) != value for key, value in origin.items()
        ):
            self._begin_anew(origin)
        cursors = {table: int(self._meta_value(table) or 0) for table in (*_TOUCHED, "scan")}
        old = self._changed_scans(cursors)
        for rows in self._new_scans(cursors):
            self._take(rows)
        self._take(read_rows(self._session, old))
        self._settle()
        for table, last in cursors.items():
            self._set_meta(table, str(last))

    def _new_scans(self, cursors: dict[str, int]) -> Iterator[Iterable[StockRow]]:
        query = "SELECT id FROM scan WHERE id > :after ORDER BY id"
        ids = [row[0] for row in self._log(query, after=cursors["scan"])]
        for part in in_parts(ids, _SCANS_PER_STEP):
            yield read_rows(self._session, part)
        cursors["scan"] = max(ids, default=cursors["scan"])

    def _changed_scans(self, cursors: dict[str, int]) -> list[int]:
        """Scans that the index has, and of which there is more to say; moves the cursors."""
        touched: set[int] = set()
        for table, query in _TOUCHED.items():
            for row_id, scan_id in self._log(query, after=cursors[table]):
                cursors[table] = max(cursors[table], row_id)
                touched.add(scan_id)
        return sorted(scan_id for scan_id in touched if scan_id <= cursors["scan"])

    def _take(self, rows: Iterable[StockRow]) -> None:
        for row in rows:
            known = self._index.execute(
                "SELECT line_id FROM copy WHERE scan_id = ?", (row.scan_id,)
            ).fetchone()
            if known is not None:
                self._touched.add(known[0])
                self._index.execute("DELETE FROM copy WHERE scan_id = ?", (row.scan_id,))
            if row.removed == OUTSIDE:
                continue
            row = self._completed(row)
            line_id = self._line(row)
            self._touched.add(line_id)
            self._index.execute(
                "INSERT INTO copy VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.scan_id, line_id, row.batch_id, row.sequence, row.bin, row.position,
                    row.location, row.added_at, row.removed, row.removed_day, row.crop_path,
                    row.probability,
                ),
            )  # fmt: skip

    def _completed(self, row: StockRow) -> StockRow:
        """The row with what the catalog is certain of where nobody said it."""
        if is_known_finish(row.finish):
            return row
        return replace(row, finish=only_finish(self._facts(row)))

    def _facts(self, row: StockRow) -> Facts:
        key = (row.game, row.card_id)
        if key not in self._known_facts:
            self._known_facts[key] = self._catalog.facts_of(*key)
        return self._known_facts[key]

    def _line(self, row: StockRow) -> int:
        key = (row.game, row.card_id, row.finish, row.language, row.condition)
        text = (row.name, row.set, row.number, row.variant)
        known = self._index.execute(
            "SELECT id, name, in_set, number, variant FROM line WHERE game = ? AND card_id = ?"
            " AND finish = ? AND language = ? AND condition = ?",
            key,
        ).fetchone()
        if known is None:
            return self._new_line(row, key, text)
        line_id = int(known[0])
        if tuple(known[1:]) != text:
            # A newer pack has other words for the printing: those of the newest scan count.
            newest = "SELECT max(scan_id) FROM copy WHERE line_id = ?"
            last = self._index.execute(newest, (line_id,)).fetchone()[0]
            if last is None or last <= row.scan_id:
                self._index.execute(
                    "UPDATE line SET name = ?, in_set = ?, number = ?, variant = ?,"
                    " number_order = ? WHERE id = ?",
                    (*text, first_number(row.number), line_id),
                )
                self._index.execute("DELETE FROM words WHERE rowid = ?", (line_id,))
                self._add_words(line_id, row, self._facts(row))
        return line_id

    def _new_line(self, row: StockRow, key: tuple[str, ...], text: tuple[str, ...]) -> int:
        facts = self._facts(row)
        made = self._index.execute(
            "INSERT INTO line (game, card_id, finish, language, condition, name, in_set, number,"
            " variant, quantity, basis, price_source, price_as_of, facts, number_order)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', '', '', ?, ?)",
            (*key, *text, json.dumps(dict(facts), ensure_ascii=False), first_number(row.number)),
        )
        line_id = int(made.lastrowid or 0)
        self._new.add(line_id)
        self._add_words(line_id, row, facts)
        return line_id

    def _add_words(self, line_id: int, row: StockRow, facts: Facts) -> None:
        digits = str(first_number(row.number) or "")
        more = (row.variant, facts.get("set_name"), facts.get("set_code"), row.game, digits)
        self._index.execute(
            "INSERT INTO words (rowid, name, in_set, number, more) VALUES (?, ?, ?, ?, ?)",
            (line_id, row.name, row.set, row.number, " ".join(filter(None, more))),
        )

    def _settle(self) -> None:
        """Count the touched lines anew, and price those that are new or have news."""
        for line_id in self._touched:
            self._index.execute(
                "UPDATE line SET stale = 1, quantity = (SELECT count(*) FROM copy"
                " WHERE line_id = line.id AND removed = '') WHERE id = ?",
                (line_id,),
            )
        after = int(self._meta_value("price") or 0)
        last = self._last("price", "1")
        news: set[tuple[str, str]] = set()
        if last > after:
            query = "SELECT DISTINCT game, card_id FROM price WHERE id > :after"
            news = {(row[0], row[1]) for row in self._log(query, after=after)}
            self._set_meta("price", str(last))
        if not (news or self._new):
            return
        every = self._index.execute("SELECT id, game, card_id, finish, condition FROM line")
        due = [row for row in every if row[0] in self._new or (row[1], row[2]) in news]
        keys = {(row[1], row[2]) for row in due}
        prices = read_prices(self._session, sorted(keys), self._currency, self._order)
        for line_id, game, card_id, finish, condition in due:
            self._price(line_id, worth(prices.get((game, card_id), ()), finish, condition))

    def _price(self, line_id: int, now: Worth | None) -> None:
        told = (
            ("", "", 0) if now is None else (now.price.source, now.price.as_of, now.price.price_id)
        )
        self._index.execute(
            "UPDATE line SET price_minor = ?, basis = ?, price_source = ?, price_as_of = ?,"
            " price_id = ?, stale = 1 WHERE id = ?",
            (now.amount_minor if now else None, now.basis if now else "", *told, line_id),
        )

    def _begin_anew(self, origin: Mapping[str, str]) -> None:
        names = self._index.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'words_%'"
            " AND name NOT LIKE 'sqlite_%'"
        )
        for (name,) in names.fetchall():
            self._index.execute(f"DROP TABLE {name}")
        for statement in _SCHEMA.split(";\n"):
            self._index.execute(statement)
        for key, value in {**origin, "edition": secrets.token_hex(8)}.items():
            self._set_meta(key, value)

    def _meta(self) -> Any:
        return self._index.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()

    def _meta_value(self, key: str) -> str:
        row = self._index.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _set_meta(self, key: str, value: str) -> None:
        self._index.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _last(self, table: str, where: str) -> int:
        rows = self._log(f"SELECT max(id) FROM {table} WHERE {where}")
        return int(rows[0][0] or 0)

    def _log(self, query: str, **values: int) -> Sequence[Any]:
        return self._session.connection().execute(text(query), values).fetchall()
