"""The rows that the cloud could not use: how many, which, and whether it can use them by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, tuple_

from sync.cloud.apart import again
from sync.cloud.intake import take_rows
from sync.cloud.jobs import JobContext
from sync.cloud.postgres import RefusedRowError
from sync.cloud.store import CloudStore
from sync.cloud.tables_refused import REFUSED_ROW
from sync.wire import MessageError

_AT_ONCE = 200
_KEY = [REFUSED_ROW.c[name] for name in ("device", "log", "stream", "id")]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One of them: whose, which, and why it was refused."""

    device: str
    stream: str
    id: int
    reason: str
    created_at: datetime


def count_refused(store: CloudStore) -> int:
    """How many rows are kept aside."""
    with store.log.read() as session:
        query = select(func.count()).select_from(REFUSED_ROW)
        return int(session.connection().execute(query).scalar_one())


def newest_refused(store: CloudStore, limit: int) -> Sequence[RefusedRow]:
    """The rows that were put aside last, the newest first."""
    columns = [REFUSED_ROW.c[name] for name in RefusedRow.__slots__]
    query = select(*columns).order_by(REFUSED_ROW.c.created_at.desc(), *_KEY).limit(limit)
    with store.log.read() as session:
        return [RefusedRow(*row) for row in session.connection().execute(query)]


def try_again(context: JobContext) -> str:
    """Take in what this release can use; says how many rows."""
    store, taken = context.store, 0
    at: tuple[str, str, str, int] = ("", "", "", 0)
    while not context.stopping():
        beyond = tuple_(*_KEY) > at
        query = select(*_KEY, REFUSED_ROW.c.row).where(beyond).order_by(*_KEY).limit(_AT_ONCE)
        with store.log.read() as session:
            rows = session.connection().execute(query).all()
        if not rows:
            break
        for row in rows:
            at = (row.device, row.log, row.stream, row.id)
            taken += _taken(store, at, row.row)
    return f"{taken} rows that were refused before are taken in" if taken else ""


def _taken(store: CloudStore, key: tuple[str, str, str, int], row: bytes) -> bool:
    device, log, stream, _ = key
    try:
        arrived = again(device, log, stream, row)
        with store.log.write() as session:
            take_rows(session.connection(), [arrived])
            same = [column == value for column, value in zip(_KEY, key, strict=True)]
            session.connection().execute(delete(REFUSED_ROW).where(*same))
    except (MessageError, RefusedRowError, KeyError):
        return False
    return True
