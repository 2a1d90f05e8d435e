"""The index of the stock: a file of its own beside the log, made from it and never a source.

`stock.db` holds the copies in stock, the lines that equal copies make, their prices, and a
full-text index (FTS5) over the lines. It follows the log by cursors, one for each table that has
a say; whatever is odd about it, it is thrown away and made anew.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from scanner.errors import StoreError
from scanner.store import Store
from scanner.store_faults import explained, is_damage
from scanner.store_index_follow import Catalog, Following
from scanner.store_open import connect

INDEX = "stock.db"


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
        with explained(self._data_dir), self._lock:
            self._follow()
            with closing(connect(self._path, mode="rw")) as connection:
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
                order = self._store.price_order
                Following(connection, session, self._currency, order, self._catalog).run()
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise
