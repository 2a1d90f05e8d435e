"""What a filter of the stock means in SQL over the stock's index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scanner.inventory import NOT_SET, StockFilter


@dataclass(frozen=True, slots=True)
class Selected:
    """The SQL that finds a filter's lines, with its values: columns of `l`, `n`, `newest`."""

    sql: str
    values: tuple[Any, ...]


def select_lines(wanted: StockFilter) -> Selected:
    """The query for a filter; its condition (`when`) is not in it."""
    where, values = _line_terms(wanted)
    in_copies, copy_values = copy_terms(wanted)
    copies = (
        "SELECT line_id, count(*) AS n, max(scan_id) AS newest FROM copy"
        f" WHERE {' AND '.join(in_copies)} GROUP BY line_id"
    )
    if wanted.by_copy:
        sql = (
            f"SELECT l.*, m.n AS n, m.newest AS newest FROM ({copies}) AS m"
            " JOIN line AS l ON l.id = m.line_id"
        )
        values = [*copy_values, *values]
    else:
        sql = (
            "SELECT l.*, l.quantity AS n, (SELECT max(scan_id) FROM copy"
            " WHERE line_id = l.id AND removed = '') AS newest FROM line AS l"
        )
        where = ["l.quantity > 0", *where]
    return Selected(f"{sql} WHERE {' AND '.join(where or ['1'])}", tuple(values))


def _line_terms(wanted: StockFilter) -> tuple[list[str], list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    for column, value in (("game", wanted.game), ("in_set", wanted.set)):
        if value:
            terms.append(f"l.{column} = ?")
            values.append(value)
    if wanted.finish:
        terms.append("l.finish = ?")
        values.append("unknown" if wanted.finish == NOT_SET else wanted.finish)
    for column, value in (("condition", wanted.condition), ("language", wanted.language)):
        if value:
            terms.append(f"l.{column} = ?")
            values.append("" if value == NOT_SET else value)
    for sign, limit in ((">=", wanted.price_from), ("<=", wanted.price_to)):
        if limit is not None:
            terms.append(f"l.price_minor {sign} ?")
            values.append(limit)
    query = words_query(wanted.text)
    if query:
        terms.append("l.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
        values.append(query)
    return terms, values


def copy_terms(wanted: StockFilter) -> tuple[list[str], list[Any]]:
    """What a filter asks of single copies: conditions in SQL, and their values."""
    terms = ["removed <> ''" if wanted.removed else "removed = ''"]
    values: list[Any] = []
    for column, value in (
        ("batch_id", wanted.batch),
        ("bin", wanted.bin),
        ("location", "" if wanted.location == NOT_SET else wanted.location),
    ):
        if value or (column == "location" and wanted.location):
            terms.append(f"{column} = ?")
            values.append(value)
    if wanted.added_from:
        terms.append("added_at >= ?")
        values.append(wanted.added_from)
    if wanted.added_to:
        terms.append("added_at <= ?")
        values.append(f"{wanted.added_to} 24")
    return terms, values


def words_query(text: str) -> str:
    """What a clerk types as an FTS5 query: every word must begin some word of the line.

    "" where nothing of it can be searched for.
    """
    words = [word.replace('"', "") for word in text.split()]
    terms = [f'"{word}"*' for word in words if any(sign.isalnum() for sign in word)]
    return " ".join(terms)
