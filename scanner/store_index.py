"""The index of the stock: a file of its own beside the log, made from it and never a source.

`stock.db` holds the copies in stock, the lines that equal copies make, their prices, and a
full-text index (FTS5) over the lines. It follows the log by cursors, one for each table that has
a say; whatever is odd about it, it is thrown away and made anew.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import text
from sqlmodel import Session

from scanner.errors import StoreError
from scanner.inventory_rows import StockRow, read_prices, read_rows
from scanner.inventory_value import newest, worth
from scanner.store import Store
from scanner.store_faults import explained, is_damage
from scanner.store_open import connect

INDEX = "stock.db"
VERSION = 1
_SCANS_PER_STEP = 4000

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE line (
    id INTEGER PRIMARY KEY, game TEXT NOT NULL, card_id TEXT NOT NULL, name TEXT NOT NULL,
    in_set TEXT NOT NULL, number TEXT NOT NULL, variant TEXT NOT NULL, finish TEXT NOT NULL,
    language TEXT NOT NULL, condition TEXT NOT NULL, quantity INTEGER NOT NULL,
    price_minor INTEGER, basis TEXT NOT NULL, price_source TEXT NOT NULL, price_as_of TEXT NOT NULL,
    facts TEXT NOT NULL, number_order INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 1,
    UNIQUE (game, card_id, finish, language, condition)
);
CREATE INDEX line_by_name ON line (name COLLATE NOCASE, id);
CREATE INDEX line_by_set ON line (game, in_set, number_order, number, id);
CREATE TABLE copy (
    scan_id INTEGER PRIMARY KEY, line_id INTEGER NOT NULL, batch_id INTEGER NOT NULL,
    sequence INTEGER NOT NULL, bin INTEGER NOT NULL, position INTEGER NOT NULL,
    location TEXT NOT NULL, added_at TEXT NOT NULL, removed TEXT NOT NULL,
    removed_day TEXT NOT NULL, crop_path TEXT NOT NULL
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


class StockIndex:
    """The open index, brought up to date with the log whenever it is asked. Thread-safe."""

    def __init__(self, store: Store, data_dir: Path, currency: str, catalog: Catalog) -> None:
        """Nothing is opened before it is asked."""
        self._store = store
        self._path = data_dir / INDEX
        self._data_dir = data_dir
        self._currency = currency
        self._catalog = catalog
        self._lock = threading.Lock()
        self._seen = (-1, "")

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from, with every row of the log that there was a moment ago.

        Raises:
            StoreError: the log can't be read, or the index could not and is made anew.
        """
        with explained(self._data_dir):
            with self._lock:
                self._follow()
            try:
                with closing(connect(self._path, mode="ro")) as connection:
                    connection.row_factory = sqlite3.Row
                    connection.execute("BEGIN")
                    yield connection
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                with self._lock:
                    self._throw_away()
                    self._seen = (-1, "")
                raise StoreError(
                    "The list of the stock was damaged and is made anew: please try again."
                ) from error

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A connection to write what the index derives from itself."""
        with (
            explained(self._data_dir),
            self._lock,
            closing(connect(self._path, mode="rwc")) as connection,
        ):
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def _follow(self) -> None:
        now = (self._store.data_version(), self._catalog.key)
        if now == self._seen and self._path.exists():
            return
        try:
            self._bring_up_to_date()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._throw_away()
            self._bring_up_to_date()
        self._seen = now

    def _throw_away(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(INDEX + ending).unlink(missing_ok=True)

    def _bring_up_to_date(self) -> None:
        with (
            closing(connect(self._path, mode="rwc")) as connection,
            self._store.log_session() as session,
        ):
            connection.execute("PRAGMA synchronous = NORMAL")  # the log has it all
            connection.execute("BEGIN IMMEDIATE")
            try:
                _Following(connection, session, self._currency, self._catalog).run()
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise


class _Following:
    """One step after the log, in one transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        session: Session,
        currency: str,
        catalog: Catalog,
    ) -> None:
        self._index = connection
        self._session = session
        self._currency = currency
        self._catalog = catalog
        self._touched: set[int] = set()
        self._new: set[int] = set()

    def run(self) -> None:
        """Bring the index from its cursors to the log's last rows."""
        origin = {
            "version": str(VERSION),
            "currency": self._currency,
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
        ids = [
            row[0]
            for row in self._log("SELECT id FROM scan WHERE id > :after", after=cursors["scan"])
        ]
        for start in range(0, len(ids), _SCANS_PER_STEP):
            part = sorted(ids[start : start + _SCANS_PER_STEP])
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
            if row.removed == "unnamed":
                continue
            line_id = self._line(row)
            self._touched.add(line_id)
            self._index.execute(
                "INSERT INTO copy VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.scan_id, line_id, row.batch_id, row.sequence, row.bin, row.position,
                    row.location, row.added_at, row.removed, row.removed_day, row.crop_path,
                ),
            )  # fmt: skip

    def _line(self, row: StockRow) -> int:
        key = (row.game, row.card_id, row.finish, row.language, row.condition)
        known = self._index.execute(
            "SELECT id FROM line WHERE game = ? AND card_id = ? AND finish = ? AND language = ?"
            " AND condition = ?",
            key,
        ).fetchone()
        if known is not None:
            return int(known[0])
        facts = self._catalog.facts_of(row.game, row.card_id)
        made = self._index.execute(
            "INSERT INTO line (game, card_id, finish, language, condition, name, in_set, number,"
            " variant, quantity, basis, price_source, price_as_of, facts, number_order)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', '', '', ?, ?)",
            (*key, row.name, row.set, row.number, row.variant,
             json.dumps(dict(facts), ensure_ascii=False), first_number(row.number)),
        )  # fmt: skip
        line_id = int(made.lastrowid or 0)
        self._new.add(line_id)
        more = " ".join(
            filter(None, (row.variant, facts.get("set_name"), facts.get("set_code"), row.game,
                          str(first_number(row.number) or "")))
        )  # fmt: skip
        self._index.execute(
            "INSERT INTO words (rowid, name, in_set, number, more) VALUES (?, ?, ?, ?, ?)",
            (line_id, row.name, row.set, row.number, more),
        )
        return line_id

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
        for line_id, game, card_id, finish, condition in every.fetchall():
            if line_id in self._new or (game, card_id) in news:
                self._price(line_id, game, card_id, finish, condition)

    def _price(self, line_id: int, game: str, card_id: str, finish: str, condition: str) -> None:
        told = read_prices(self._session, game, card_id, self._currency)
        price = worth(newest(told), finish, condition)
        values = (price.amount_minor, price.basis, price.source, price.as_of) if price else (
            None, "", "", "")  # fmt: skip
        self._index.execute(
            "UPDATE line SET price_minor = ?, basis = ?, price_source = ?, price_as_of = ?,"
            " stale = 1 WHERE id = ?",
            (*values, line_id),
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


def first_number(number: str) -> int:
    """The first run of digits of a collector number: 42 of `042/120`, `OP01-042` and `TG42`.

    A set's own digits, before a dash, are passed over; 0 where there is none.
    """
    own = number.rpartition("-")[2] if "-" in number else number
    digits = ""
    for sign in own:
        if sign.isdecimal() and sign.isascii():
            digits += sign
        elif digits:
            break
    return int(digits[:9]) if digits else 0
