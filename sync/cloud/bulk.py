"""Many rows at once: COPY on PostgreSQL, one prepared statement for all of them on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Literal

from sqlalchemy import Connection, Table
from sqlalchemy.types import String

from scanner.tables import UtcDateTime
from sync.cloud.copying import clean

Row = Sequence[Any]
Conflict = Literal["none", "keep", "replace"]

_COPY_FROM_ROWS = 20


def insert_many(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Row],
    conflict: Conflict = "none",
) -> None:
    """Insert rows, within the caller's transaction.

    Args:
        connection: of either database.
        table: where to.
        names: the columns, in the order of each row's values.
        rows: the values, as SQLAlchemy would take them.
        conflict: what becomes of a row whose key is there already: `none`, it is an error; `keep`,
            it stays as it is; `replace`, it takes the new values, of which no two have one key.
    """
    if not rows:
        return
    values = _as_the_driver_takes_them(connection, table, names, rows)
    if connection.dialect.name != "postgresql" or len(values) < _COPY_FROM_ROWS:
        _one_statement(connection, table, names, values, conflict)
    elif conflict == "none":
        _copy(connection, table.name, names, values)
    else:
        arriving = f"arriving_{table.name}_rows"
        connection.exec_driver_sql(
            f"CREATE TEMP TABLE IF NOT EXISTS {arriving} (LIKE {table.name}) ON COMMIT DELETE ROWS"
        )
        _copy(connection, arriving, names, values)
        keys = [column.name for column in table.primary_key.columns]
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({_listed(names)}) SELECT {_listed(names)} FROM {arriving} "
            f"ORDER BY {_listed(keys)} {_on_conflict(table, names, conflict)}"
        )
        connection.exec_driver_sql(f"DELETE FROM {arriving}")  # there may be more to come


def _one_statement(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    values: Sequence[Row],
    conflict: Conflict,
) -> None:
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(names))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({_listed(names)}) VALUES ({marks}) "
        f"{_on_conflict(table, names, conflict)}",
        [tuple(row) for row in values],
    )


def _copy(connection: Connection, into: str, names: Sequence[str], values: Sequence[Row]) -> None:
    cursor: Any = connection.connection.cursor()
    with closing(cursor), cursor.copy(f"COPY {into} ({_listed(names)}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _on_conflict(table: Table, names: Sequence[str], conflict: Conflict) -> str:
    if conflict == "none":
        return ""
    if conflict == "keep":
        return "ON CONFLICT DO NOTHING"
    keys = [column.name for column in table.primary_key.columns]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in keys)
    return f"ON CONFLICT ({_listed(keys)}) DO UPDATE SET {sets}"


def _as_the_driver_takes_them(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]
) -> list[Row]:
    """What SQLAlchemy would make of the values; of times, of which few differ, each once."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for at, name in enumerate(names):
        kind = table.c[name].type
        write = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if isinstance(kind, UtcDateTime) and write is not None:
            known = {value: write(value) for value in set(columns[at])}
            columns[at] = [known[value] for value in columns[at]]
        elif write is not None:
            columns[at] = list(map(write, columns[at]))
        elif isinstance(kind, String) and any("\0" in text for text in set(columns[at]) if text):
            columns[at] = [text and clean(text) for text in columns[at]]
    return list(zip(*columns, strict=True))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
