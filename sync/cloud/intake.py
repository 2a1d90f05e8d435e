"""Puts rows of devices on disk: many messages with a few statements, also beside other processes.

A message's rows are inserted first, those already there passed over. Which rows of a log are
complete is settled after that, by one process at a time for each log, until its transaction ends.
Whatever is inserted or locked is so in the order of its key, so that no two wait for one another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Float, Table, delete, select, tuple_
from sqlalchemy.types import String

from scanner.tables import UtcDateTime
from sync.cloud.alert_store import keep_rows
from sync.cloud.tables import LOG_TABLES, RECEIVED, RECEIVED_EARLY, hold_all, insert_new, upsert
from sync.protocol_rows import LogRow, Rows

Key = tuple[str, str, str]
Span = tuple[int, int]
_COPY_FROM_ROWS = 20
MOST_EARLY = 1000
"""Spans that wait for those before them. A device has a few under way at once; of one that leaves
gaps without end, those that are furthest ahead are forgotten, and come again in their turn."""
_KEY = (RECEIVED.c.device, RECEIVED.c.log, RECEIVED.c.stream)
_EARLY_KEY = (RECEIVED_EARLY.c.device, RECEIVED_EARLY.c.log, RECEIVED_EARLY.c.stream)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of rows, and from which device it is: the topic says so, never the message."""

    device: str
    stream: str
    message: Rows[LogRow]


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to which row a log's stream is complete, and which spans came before those ahead."""

    up_to: int
    early: frozenset[Span]


def advanced(before: Progress, came: Iterable[Span]) -> Progress:
    """What is complete once more spans (row before the first, last row) are there; pure."""
    up_to, early = before.up_to, set()
    for after, last in sorted(before.early.union(came)):
        if after <= up_to:
            up_to = max(up_to, last)
        else:
            early.add((after, last))
    return Progress(up_to, frozenset(sorted(early)[:MOST_EARLY]))


def take_rows(connection: Connection, arrived: Sequence[Arrived]) -> None:
    """Take messages in, within the caller's transaction."""
    for stream, table in LOG_TABLES.items():
        insert_rows(connection, table, [each for each in arrived if each.stream == stream])
    for each in arrived:
        keep_rows(connection, each.device, each.message.log, each.message.rows)
    came: dict[Key, list[Span]] = {}
    for each in arrived:
        key = (each.device, each.message.log, each.stream)
        came.setdefault(key, []).append((each.message.after, each.message.rows[-1].id))
    _settle(connection, came)


def insert_rows(connection: Connection, table: Table, arrived: Sequence[Arrived]) -> None:
    """Insert the rows of messages of one stream, without those that are there already."""
    count = sum(len(each.message.rows) for each in arrived)
    if not count:
        return
    if connection.dialect.name == "postgresql" and count >= _COPY_FROM_ROWS:
        _copy(connection, table, arrived)
        return
    rows = [
        {"device": each.device, "log": each.message.log, **_cleaned(row.model_dump())}
        for each in arrived for row in each.message.rows
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["device"], row["log"], row["id"]))
    insert_new(connection, table, rows)


def _settle(connection: Connection, came: Mapping[Key, Sequence[Span]]) -> None:
    keys = sorted(came)
    hold_all(connection, "received", ["\0".join(key) for key in keys])
    query = select(*_KEY, RECEIVED.c.up_to).where(tuple_(*_KEY).in_(keys))
    known = {
        (device, log, stream): up_to for device, log, stream, up_to in connection.execute(query)
    }
    early: dict[Key, set[Span]] = {}
    columns = (*_EARLY_KEY, RECEIVED_EARLY.c.after, RECEIVED_EARLY.c.last)
    waiting = select(*columns).where(tuple_(*_EARLY_KEY).in_(keys))
    for device, log, stream, after, last in connection.execute(waiting):
        early.setdefault((device, log, stream), set()).add((after, last))
    moved, gone, new = [], [], []
    for key in keys:
        before = Progress(known.get(key, 0), frozenset(early.get(key, ())))
        now = advanced(before, came[key])
        if now.up_to != before.up_to or key not in known:
            moved.append(_row(key, up_to=now.up_to))
        gone += [(*key, *span) for span in before.early - now.early]
        new += [_row(key, after=after, last=last) for after, last in now.early - before.early]
    if gone:
        of_span = tuple_(*_EARLY_KEY, RECEIVED_EARLY.c.after, RECEIVED_EARLY.c.last)
        connection.execute(delete(RECEIVED_EARLY).where(of_span.in_(gone)))
    if new:
        insert_new(connection, RECEIVED_EARLY, new)
    if moved:
        upsert(connection, RECEIVED, moved)


def _row(key: Key, **values: int) -> dict[str, Any]:
    return {"device": key[0], "log": key[1], "stream": key[2], **values}


def _cleaned(row: dict[str, Any]) -> dict[str, Any]:
    return {key: clean(value) if isinstance(value, str) else value for key, value in row.items()}


def clean(text: str) -> str:
    """A text without what PostgreSQL can't keep."""
    return text.replace("\0", "")


def copy_into(connection: Connection, table: Table, into: str, arrived: Sequence[Arrived]) -> None:
    """Let PostgreSQL's COPY bring the rows of messages into a table with `table`'s columns."""
    names = [column.name for column in table.columns]
    fields = [(name, _writer(table.columns[name])) for name in names[2:]]
    cursor: Any = connection.connection.cursor()
    with (
        closing(cursor),
        cursor.copy(f"COPY {into} ({_listed(names)}) FROM STDIN") as copy,
    ):
        for each in arrived:
            owner = (each.device, each.message.log)
            for row in each.message.rows:
                values = row.__dict__
                copy.write_row((*owner, *[write(values[name]) for name, write in fields]))


def _copy(connection: Connection, table: Table, arrived: Sequence[Arrived]) -> None:
    """Bring the rows into a table of this connection, and insert the new ones from it."""
    listed = _listed([column.name for column in table.columns])
    arriving = f"arriving_{table.name}"
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {arriving} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    copy_into(connection, table, arriving, arrived)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {arriving} "
        "ORDER BY device, log, id ON CONFLICT DO NOTHING"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    """What makes of a row's value what COPY takes."""
    write: Callable[[Any], Any] = _same
    if isinstance(column.type, UtcDateTime):
        write = _naive
    elif isinstance(column.type, JSON):
        write = json.dumps
    elif isinstance(column.type, String):
        write = clean
    elif isinstance(column.type, Float):
        write = float
    return (lambda value: None if value is None else write(value)) if column.nullable else write


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)


def _same(value: Any) -> Any:
    return value
