"""What is asked of the stock's index: lines, copies, totals, choices, values. SQL, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from scanner.card_facts import CardFacts, PriceRange, columns_of
from scanner.conditions_judge import judge
from scanner.inventory import Copy, Line, StockFilter, Totals, is_known_finish
from scanner.inventory_value import AT_LEAST
from scanner.store_index_filter import copy_terms, select_lines
from scanner.store_open import in_parts

MAX_CHOICES = 300

_ORDER = {
    "name": "l.name COLLATE NOCASE, l.in_set, l.number_order, l.id",
    "set": "l.game, l.in_set, l.number_order, l.number, l.id",
    "value": "n * coalesce(l.price_minor, 0) DESC, l.name COLLATE NOCASE, l.id",
    "price": "coalesce(l.price_minor, -1) DESC, l.name COLLATE NOCASE, l.id",
    "quantity": "n DESC, l.name COLLATE NOCASE, l.id",
    "newest": "newest DESC, l.id",
}

_SET_NAME = "coalesce(json_extract(facts, '$.set_name'), in_set)"


class Connection(Protocol):
    """The one method that reading needs of an SQLite connection."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """Run one statement."""


def read_edition(index: Connection) -> str:
    """Names the index: it changes whenever it is made anew."""
    return str(index.execute("SELECT value FROM meta WHERE key = 'edition'").fetchone()[0])


def read_lines(
    index: Connection, wanted: StockFilter, sort: str, limit: int, offset: int, currency: str
) -> list[Line]:
    """The lines that a filter finds, in an order of `SORTS`; `limit` -1 for all."""
    selected = select_lines(wanted)
    order = _ORDER[sort]
    if wanted.when is None:
        rows = index.execute(
            f"{selected.sql} ORDER BY {order} LIMIT ? OFFSET ?", (*selected.values, limit, offset)
        )
        return _lines(index, list(rows))
    rows = index.execute(f"{selected.sql} ORDER BY {order}", selected.values)
    kept = list(_judged(rows, wanted, currency))
    end = None if limit < 0 else offset + limit
    return _lines(index, kept[offset:end])


def read_totals(index: Connection, wanted: StockFilter, currency: str) -> Totals:
    """What a filter finds, added up."""
    selected = select_lines(wanted)
    if wanted.when is None:
        row = index.execute(
            "SELECT count(*), coalesce(sum(n), 0), coalesce(sum(n * price_minor), 0),"
            f" coalesce(sum(CASE WHEN price_minor IS NULL THEN n END), 0) FROM ({selected.sql})",
            selected.values,
        ).fetchone()
        return Totals(*(int(value) for value in row))
    kept = list(_judged(index.execute(selected.sql, selected.values), wanted, currency))
    return Totals(
        len(kept),
        sum(row["n"] for row in kept),
        sum(row["n"] * (row["price_minor"] or 0) for row in kept),
        sum(row["n"] for row in kept if row["price_minor"] is None),
    )


def read_copies(
    index: Connection, wanted: StockFilter, line_ids: Sequence[int], batches: dict[int, str]
) -> list[Copy]:
    """The copies of these lines that a filter means, oldest first."""
    terms, values = copy_terms(wanted)
    marks = ", ".join("?" * len(line_ids))
    rows = index.execute(
        f"SELECT * FROM copy WHERE line_id IN ({marks}) AND {' AND '.join(terms)} ORDER BY scan_id",
        (*line_ids, *values),
    )
    return [_copy(row, batches) for row in rows]


def read_copies_of(
    index: Connection, game: str, card_id: str, batches: dict[int, str]
) -> list[tuple[str, Copy]]:
    """The copies of a printing that are in stock, each with its finish, oldest first."""
    rows = index.execute(
        "SELECT copy.*, line.finish AS of_finish FROM copy JOIN line ON line.id = copy.line_id"
        " WHERE line.game = ? AND line.card_id = ? AND copy.removed = '' ORDER BY copy.scan_id",
        (game, card_id),
    )
    return [(str(row["of_finish"]), _copy(row, batches)) for row in rows]


def read_scan_ids(
    index: Connection, wanted: StockFilter, up_to: int | None, currency: str
) -> list[int]:
    """The copies that a filter means, of those scanned up to `up_to`."""
    selected = select_lines(wanted)
    terms, values = copy_terms(wanted)
    if up_to is not None:
        terms.append("scan_id <= ?")
        values.append(up_to)
    if wanted.when is None:
        rows = index.execute(
            f"SELECT scan_id FROM copy WHERE {' AND '.join(terms)}"
            f" AND line_id IN (SELECT id FROM ({selected.sql})) ORDER BY scan_id",
            (*values, *selected.values),
        )
        return [row[0] for row in rows]
    kept = list(_judged(index.execute(selected.sql, selected.values), wanted, currency))
    lines = {row["id"] for row in kept}
    rows = index.execute(f"SELECT scan_id, line_id FROM copy WHERE {' AND '.join(terms)}", values)
    return sorted(row[0] for row in rows if row[1] in lines)


def read_choices(index: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What there is to filter by, with the number of copies: games, sets, batches and so on.

    Of a set its full name comes third.
    """
    lines = "FROM line WHERE quantity > 0 GROUP BY 1 ORDER BY"
    copies = "FROM copy WHERE removed = '' GROUP BY 1 ORDER BY"
    queries = {
        "game": f"SELECT game, sum(quantity) {lines} 1",
        "set": f"SELECT in_set, sum(quantity), max({_SET_NAME}) {lines} 3, 1",
        "finish": f"SELECT finish, sum(quantity) {lines} 2 DESC",
        "condition": f"SELECT condition, sum(quantity) {lines} 2 DESC",
        "language": f"SELECT language, sum(quantity) {lines} 2 DESC",
        "batch": f"SELECT batch_id, count(*) {copies} 1 DESC",
        "bin": f"SELECT bin, count(*) {copies} 1",
        "location": f"SELECT location, count(*) {copies} 1",
    }
    return {
        name: [tuple(row) for row in index.execute(f"{query} LIMIT {MAX_CHOICES}")]
        for name, query in queries.items()
    }


def read_value_by_set(
    index: Connection, wanted: StockFilter, currency: str
) -> list[tuple[str, str, int, int]]:
    """Game, set, copies and value of each set that a filter finds, the most valuable first."""
    selected = select_lines(wanted)
    if wanted.when is None:
        rows = index.execute(
            f"SELECT game, max({_SET_NAME}), sum(n), coalesce(sum(n * price_minor), 0) AS value"
            f" FROM ({selected.sql}) GROUP BY game, in_set ORDER BY value DESC, 3 DESC",
            selected.values,
        )
        return [tuple(row) for row in rows]
    rows = index.execute(
        f"SELECT *, {_SET_NAME} AS set_name FROM ({selected.sql})", selected.values
    )
    sums: dict[tuple[str, str], list[int]] = {}
    for row in _judged(rows, wanted, currency):
        known = sums.setdefault((row["game"], row["set_name"]), [0, 0])
        known[0] += row["n"]
        known[1] += row["n"] * (row["price_minor"] or 0)
    found = [(game, name, copies, value) for (game, name), (copies, value) in sums.items()]
    return sorted(found, key=lambda one: (-one[3], -one[2]))


def card_facts(row: Any, currency: str) -> CardFacts:
    """What conditions are asked of a line; a line's copies lie in several batches and bins."""
    facts = json.loads(row["facts"])
    price = row["price_minor"]
    known = price is not None and row["basis"] != AT_LEAST
    columns: dict[str, Any] = {
        "language": row["language"] or None,
        **{key: value for key, value in columns_of(facts).items() if key != "language"},
    }
    return CardFacts(
        decision="accepted",
        confidence_percent=100.0,
        card_id=row["card_id"],
        game=row["game"],
        set=row["in_set"],
        number=row["number"],
        name=row["name"],
        variant=row["variant"],
        finish=row["finish"] if is_known_finish(row["finish"]) else None,
        condition=row["condition"] or None,
        price=PriceRange(price, price, currency) if known else None,
        copies_seen=row["n"] - 1,
        **columns,
    )


def _judged(rows: Any, wanted: StockFilter, currency: str) -> Iterator[Any]:
    rule = wanted.rule
    assert rule is not None
    for row in rows:
        if judge(rule, card_facts(row, currency)):
            yield row


def _lines(index: Connection, rows: Sequence[Any]) -> list[Line]:
    """The lines of these rows, each with its newest copy's day and picture."""
    newest: dict[int, Any] = {}
    for part in in_parts(row["newest"] for row in rows):
        marks = ", ".join("?" * len(part))
        query = f"SELECT scan_id, added_at, crop_path FROM copy WHERE scan_id IN ({marks})"
        newest.update((found["scan_id"], found) for found in index.execute(query, part))
    return [_line(row, newest.get(row["newest"])) for row in rows]


def _line(row: Any, newest: Any) -> Line:
    return Line(
        row["id"], row["game"], row["card_id"], row["name"], row["in_set"], row["number"],
        row["variant"], row["finish"], row["language"], row["condition"], row["n"],
        row["price_minor"], row["basis"], row["price_source"], row["price_as_of"],
        newest["added_at"] if newest else "", newest["crop_path"] if newest else "",
        json.loads(row["facts"]), row["price_id"],
    )  # fmt: skip


def _copy(row: Any, batches: dict[int, str]) -> Copy:
    batch = row["batch_id"]
    return Copy(
        row["scan_id"], row["line_id"], batch, batches.get(batch, ""), row["sequence"],
        row["bin"], row["position"], row["location"], row["added_at"], row["removed"],
        row["crop_path"], row["probability"],
    )  # fmt: skip
