"""Puts rows of devices on disk: many messages with a few statements, also beside other processes.

A message's rows are inserted first, those already there passed over. Which rows of a log are
complete is settled after that, by one process at a time for each log, until its transaction ends.
Whatever is inserted or locked is so in the order of its key, so that no two wait for one another.

PostgreSQL copies rows straight into their table where none of them can be there: as far as one
sees. Where another process has put some of them there just now, all go through a table of this
connection alone, as those do that have come before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Table, delete, select, tuple_
from sqlalchemy.exc import DBAPIError

from scanner.tables import utc_now
from sync.cloud.alert_store import keep_rows
from sync.cloud.copying import clean, cleaned, copy_text
from sync.cloud.postgres import driver
from sync.cloud.tables import LOG_TABLES, RECEIVED, RECEIVED_EARLY, hold_all, insert_new, upsert
from sync.cloud.tables_refused import REFUSED_ROW
from sync.protocol_rows import LogRow, Rows

Key = tuple[str, str, str]
Span = tuple[int, int]
IsRefusal = Callable[[DBAPIError], bool]
_COPY_FROM_ROWS = 20
_LONGEST_REASON = 400
_OF_ALERTS = ("alert", "closed", "withdrawn")
MOST_EARLY = 1000
"""Spans that wait for those before them. A device has a few under way at once; of one that leaves
gaps without end, those that are furthest ahead are forgotten, and come again in their turn."""
_KEY = (RECEIVED.c.device, RECEIVED.c.log, RECEIVED.c.stream)
_EARLY_KEY = (RECEIVED_EARLY.c.device, RECEIVED_EARLY.c.log, RECEIVED_EARLY.c.stream)


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that the cloud can't use: why, and what the device said, compressed."""

    id: int
    reason: str
    row: bytes


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of rows, and from which device it is: the topic says so, never the message.

    What is `aside` is of the message too: its device need not send it again.
    """

    device: str
    stream: str
    message: Rows[LogRow]
    aside: tuple[Aside, ...] = ()

    @property
    def key(self) -> Key:
        """Whose rows these are: which device's, of which log, and of which stream."""
        return self.device, self.message.log, self.stream

    @property
    def span(self) -> Span:
        """From which row on, without that one, up to which."""
        ids = [row.id for row in self.message.rows[-1:]] + [row.id for row in self.aside]
        return self.message.after, max(ids)


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to which row a log's stream is complete, and which spans came before those ahead.

    `is_kept` is whether the database has a word on the stream at all.
    """

    up_to: int
    early: frozenset[Span]
    is_kept: bool = True


def advanced(before: Progress, came: Iterable[Span]) -> Progress:
    """What is complete once more spans (row before the first, last row) are there; pure."""
    up_to, early = before.up_to, set()
    for after, last in sorted(before.early.union(came)):
        if after <= up_to:
            up_to = max(up_to, last)
        else:
            early.add((after, last))
    return Progress(up_to, frozenset(sorted(early)[:MOST_EARLY]))


def is_new(before: Progress, came: Iterable[Span]) -> bool:
    """Whether spans hold none of the rows that are there, and no row twice; pure."""
    spans = sorted([(0, before.up_to), *before.early, *came])
    return all(last <= after for (_, last), (after, _) in pairwise(spans))


def take_rows(connection: Connection, arrived: Sequence[Arrived]) -> None:
    """Take messages in, within the caller's transaction, which has done nothing so far."""
    holding = [each for each in arrived if each.message.rows]
    in_order = sorted(holding, key=lambda each: (each.key, each.span))
    by_stream = {name: [each for each in in_order if each.stream == name] for name in LOG_TABLES}
    # The first statement opens the transaction: others don't wait for it while texts are made.
    texts = {
        stream: list(copy_text(LOG_TABLES[stream], _owned(some)))
        for stream, some in by_stream.items()
        if connection.dialect.name == "postgresql" and _rows(some) >= _COPY_FROM_ROWS
    }
    for stream, some in by_stream.items():
        if stream in texts:
            _copy(connection, LOG_TABLES[stream], some, texts[stream])
        elif some:
            _insert(connection, LOG_TABLES[stream], some)
    for each in arrived:
        if each.stream in _OF_ALERTS:
            keep_rows(connection, each.device, each.message.log, each.message.rows)
    _keep_aside(connection, arrived)
    _settle(connection, _spans(arrived))


def refused_rows(connection: Connection, arrived: Arrived, is_refusal: IsRefusal) -> dict[int, str]:
    """Which rows of a message the database can't keep, and why; none of them is kept by this."""
    refused: dict[int, str] = {}
    for row in arrived.message.rows:
        message = arrived.message.model_copy(update={"rows": [row]})
        alone = replace(arrived, message=message, aside=())
        trying = connection.begin_nested()
        try:
            _insert(connection, LOG_TABLES[arrived.stream], [alone])
            if alone.stream in _OF_ALERTS:
                keep_rows(connection, alone.device, message.log, message.rows)
        except DBAPIError as error:
            if not is_refusal(error):
                raise
            refused[row.id] = " ".join(str(error.orig).split())[:_LONGEST_REASON]
        finally:
            trying.rollback()
    return refused


def _keep_aside(connection: Connection, arrived: Iterable[Arrived]) -> None:
    now = utc_now()
    rows = [
        {
            "device": each.device, "log": each.message.log, "stream": each.stream, "id": row.id,
            "reason": clean(row.reason), "row": row.row, "created_at": now,
        }
        for each in arrived for row in each.aside
    ]  # fmt: skip
    if rows:
        rows.sort(key=lambda row: (row["device"], row["log"], row["stream"], row["id"]))
        insert_new(connection, REFUSED_ROW, rows)


def _owned(arrived: Iterable[Arrived]) -> list[tuple[str, Rows[LogRow]]]:
    return [(each.device, each.message) for each in arrived]


def _rows(arrived: Iterable[Arrived]) -> int:
    return sum(len(each.message.rows) for each in arrived)


def _spans(arrived: Iterable[Arrived]) -> dict[Key, list[Span]]:
    came: dict[Key, list[Span]] = {}
    for each in arrived:
        came.setdefault(each.key, []).append(each.span)
    return came


def _insert(connection: Connection, table: Table, arrived: Sequence[Arrived]) -> None:
    rows = [
        {"device": each.device, "log": each.message.log, **cleaned(row.__dict__)}
        for each in arrived for row in each.message.rows
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["device"], row["log"], row["id"]))
    insert_new(connection, table, rows)


def _copy(
    connection: Connection, table: Table, arrived: Sequence[Arrived], texts: Sequence[bytes]
) -> None:
    came = _spans(arrived)
    known = _progress(connection, sorted(came))
    if all(is_new(known[key], spans) for key, spans in came.items()) and _copy_straight(
        connection, table, texts
    ):
        return
    listed = _listed(table)
    arriving = f"arriving_{table.name}"
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE IF NOT EXISTS {arriving} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    _copy_into(connection, table, arriving, texts)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {arriving} "
        'ORDER BY device COLLATE "C", log, id ON CONFLICT DO NOTHING'
    )


def _copy_straight(connection: Connection, table: Table, texts: Sequence[bytes]) -> bool:
    """Copy rows into their table itself; False where some of them are there after all."""
    try:
        with connection.begin_nested():
            _copy_into(connection, table, table.name, texts)
    except driver().errors.UniqueViolation:
        return False
    return True


def copy_rows(connection: Connection, table: Table, arrived: Iterable[Arrived]) -> None:
    """Let COPY bring the rows of messages into their table; all of them must be new."""
    _copy_into(connection, table, table.name, copy_text(table, _owned(arrived)))


def _copy_into(connection: Connection, table: Table, into: str, texts: Iterable[bytes]) -> None:
    cursor: Any = connection.connection.cursor()
    with (
        closing(cursor),
        cursor.copy(f"COPY {into} ({_listed(table)}) FROM STDIN") as copy,
    ):
        for text in texts:
            copy.write(text)


def _listed(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _settle(connection: Connection, came: Mapping[Key, Sequence[Span]]) -> None:
    keys = sorted(came)
    hold_all(connection, "received", ["\0".join(key) for key in keys])
    known = _progress(connection, keys)
    moved, gone, new = [], [], []
    for key in keys:
        before = known[key]
        now = advanced(before, came[key])
        if now.up_to != before.up_to or not before.is_kept:
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


def _progress(connection: Connection, keys: Sequence[Key]) -> dict[Key, Progress]:
    """What is known of each stream."""
    query = select(*_KEY, RECEIVED.c.up_to).where(tuple_(*_KEY).in_(keys))
    known = {
        (device, log, stream): up_to for device, log, stream, up_to in connection.execute(query)
    }
    early: dict[Key, set[Span]] = {}
    columns = (*_EARLY_KEY, RECEIVED_EARLY.c.after, RECEIVED_EARLY.c.last)
    waiting = select(*columns).where(tuple_(*_EARLY_KEY).in_(keys))
    for device, log, stream, after, last in connection.execute(waiting):
        early.setdefault((device, log, stream), set()).add((after, last))
    return {
        key: Progress(known.get(key, 0), frozenset(early.get(key, ())), key in known)
        for key in keys
    }


def _row(key: Key, **values: int) -> dict[str, Any]:
    return {"device": key[0], "log": key[1], "stream": key[2], **values}
