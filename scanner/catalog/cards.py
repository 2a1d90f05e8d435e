"""`cards.db`: the facts of a pack's printings in SQLite, searchable by name (FTS5).

Written once, in one go and in a fixed order, so that the same facts give the same bytes.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanner.errors import PackDamagedError
from scanner.records import Printing

_SCHEMA = """
CREATE TABLE cards (
    card INTEGER PRIMARY KEY, card_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    "set" TEXT NOT NULL, number TEXT NOT NULL, variant TEXT NOT NULL,
    artwork TEXT NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE pictures (
    row INTEGER PRIMARY KEY, card INTEGER NOT NULL REFERENCES cards, sha256 TEXT NOT NULL
);
CREATE INDEX pictures_by_card ON pictures (card, row);
CREATE TABLE skipped (path TEXT NOT NULL, why TEXT NOT NULL);
CREATE VIRTUAL TABLE names USING fts5 (
    name, "set", number, content = 'cards', content_rowid = 'card',
    tokenize = 'unicode61 remove_diacritics 2'
);
"""


@dataclass(frozen=True, slots=True)
class Card:
    """One printing with its facts: every column of the CSV beyond those of `Printing`."""

    printing: Printing
    facts: dict[str, str]


def write_cards(
    path: Path,
    cards: Sequence[Card],
    pictures: Sequence[tuple[int, str]],
    skipped: Iterable[tuple[str, str]],
) -> None:
    """Write `cards.db`, replacing what is there.

    `cards` lie in the order of their indexes; `pictures` holds, for each row of the vectors, the
    card's index and the picture's SHA-256; `skipped` holds paths and reasons. Raises OSError or
    sqlite3.OperationalError when the disk won't take it.
    """
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # A half-written file is thrown away by the next attempt, so it needs no journal.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_values(index, card) for index, card in enumerate(cards)),
        )
        connection.executemany(
            "INSERT INTO pictures VALUES (?, ?, ?)",
            ((row, card, digest) for row, (card, digest) in enumerate(pictures)),
        )
        connection.executemany("INSERT INTO skipped VALUES (?, ?)", skipped)
        connection.execute("INSERT INTO names (names) VALUES ('rebuild')")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _values(index: int, card: Card) -> tuple[int | str, ...]:
    printing = card.printing
    return (
        index,
        printing.card_id,
        printing.name,
        printing.set,
        printing.number,
        printing.variant,
        card.facts.get("artwork", ""),
        json.dumps(card.facts, ensure_ascii=False),
    )


def _read_facts(text: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in json.loads(text).items()}


class CardsReader:
    """Reads `cards.db`; any number of threads may share one reader."""

    def __init__(self, path: Path, game: str) -> None:
        """Open the file; raises PackDamagedError when it is no such database."""
        self._path = path
        self._game = game
        self._lock = threading.Lock()  # not every SQLite is built to be shared by threads
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def close(self) -> None:
        """Close the file; reading afterwards is an error."""
        with self._lock:
            self._connection.close()

    def counts(self) -> tuple[int, int]:
        """How many cards and how many rows there are."""
        ((cards, rows),) = self._query(
            "SELECT (SELECT count(*) FROM cards), (SELECT count(*) FROM pictures)"
        )
        return int(cards), int(rows)

    def printing(self, card: int) -> Printing:
        """The printing with this index. Raises IndexError when there is none."""
        return self._printing(self._one("SELECT {} FROM cards WHERE card = ?", card))

    def artwork(self, card: int) -> str:
        """The id of the group of printings that share this one's artwork, or ""."""
        return str(self._one("SELECT artwork FROM cards WHERE card = ?", card)[0])

    def facts(self, card: int) -> dict[str, str]:
        """Every other column of the table that the pack was built from."""
        return _read_facts(self._one("SELECT facts FROM cards WHERE card = ?", card)[0])

    def facts_of(self, card_id: str) -> dict[str, str]:
        """As `facts`, by card_id; empty for a card that is not here."""
        rows = self._query("SELECT facts FROM cards WHERE card_id = ?", card_id)
        return _read_facts(rows[0][0]) if rows else {}

    def printing_of(self, card_id: str) -> Printing | None:
        """The printing of this card_id; None for one that is not here."""
        rows = self._query("SELECT {} FROM cards WHERE card_id = ?", card_id)
        return self._printing(rows[0]) if rows else None

    def shared_numbers(self) -> frozenset[tuple[str, str]]:
        """Set and number of every printing that another one has the same set and number as."""
        sql = 'SELECT "set", number FROM cards GROUP BY "set", number HAVING count(*) > 1'
        return frozenset((str(in_set), str(number)) for in_set, number in self._query(sql))

    def picture_of_card(self, card: int) -> str:
        """SHA-256 of the printing's first reference picture."""
        sql = "SELECT sha256 FROM pictures WHERE card = ? ORDER BY row LIMIT 1"
        return str(self._one(sql, card)[0])

    def picture_of_row(self, row: int) -> str:
        """SHA-256 of the reference picture behind one row of the vectors."""
        return str(self._one("SELECT sha256 FROM pictures WHERE row = ?", row)[0])

    def skipped(self) -> tuple[tuple[str, str], ...]:
        """The pictures that could not be read when the pack was built: path and reason."""
        return tuple(
            (str(path), str(why)) for path, why in self._query("SELECT path, why FROM skipped")
        )

    def find(self, words: str, limit: int) -> list[Printing]:
        """Printings whose name, set or number hold all of `words`, the last of them begun."""
        return self._match(words, "ORDER BY rank, card LIMIT ?", limit)

    def matching(self, words: str, limit: int) -> list[Printing]:
        """As `find`, but any of those that match: ranking many takes longer than finding them."""
        return self._match(words, "LIMIT ?", limit)

    def _match(self, words: str, tail: str, limit: int) -> list[Printing]:
        terms = ['"' + word.replace('"', '""') + '"' for word in words.split()]
        if not terms:
            return []
        sql = "SELECT {} FROM names JOIN cards ON card = names.rowid WHERE names MATCH ? " + tail
        return [self._printing(row) for row in self._query(sql, " ".join(terms) + "*", limit)]

    def all_cards(self) -> Iterator[Card]:
        """Every printing with its facts, in the order of their indexes."""
        for *printing, facts in self._query("SELECT {}, facts FROM cards ORDER BY card"):
            yield Card(self._printing(tuple(printing)), _read_facts(facts))

    def names(self) -> list[tuple[int, str]]:
        """The index and the name of every card."""
        return [
            (int(card), str(name)) for card, name in self._query("SELECT card, name FROM cards")
        ]

    def sets(self) -> list[str]:
        """The names of all sets, in alphabetical order."""
        found = self._query('SELECT DISTINCT "set" FROM cards WHERE "set" != \'\' ORDER BY "set"')
        return [str(name) for (name,) in found]

    def printings(self, cards: Iterable[int]) -> list[Printing]:
        """The printings with these indexes, in this order; a few at a time."""
        wanted = [int(card) for card in cards]
        marks = ", ".join(map(str, wanted))
        rows = self._query(f"SELECT card, {{}} FROM cards WHERE card IN ({marks})")
        found = {card: self._printing(tuple(row)) for card, *row in rows}
        return [found[card] for card in wanted]

    def picture_of(self, card_id: str) -> str | None:
        """SHA-256 of the first reference picture of the printing with this card_id, or None."""
        rows = self._query(
            "SELECT sha256 FROM pictures JOIN cards USING (card) WHERE card_id = ?"
            " ORDER BY row LIMIT 1",
            card_id,
        )
        return str(rows[0][0]) if rows else None

    def _printing(self, row: tuple[Any, ...]) -> Printing:
        card_id, name, in_set, number, variant = (str(value) for value in row)
        return Printing(card_id, self._game, name, in_set, number, variant)

    def _one(self, sql: str, key: int) -> tuple[Any, ...]:
        rows = self._query(sql, int(key))
        if not rows:
            raise IndexError(f"{self._path.parent} has nothing with the index {key}")
        return rows[0]

    def _query(self, sql: str, *values: int | str) -> list[tuple[Any, ...]]:
        columns = 'cards.card_id, cards.name, cards."set", cards.number, cards.variant'
        try:
            with self._lock:
                return self._connection.execute(sql.format(columns), values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> PackDamagedError:
        return PackDamagedError(f"{self._path} is damaged ({error}); install the pack again")
