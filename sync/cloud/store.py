"""The cloud's database, SQLite or PostgreSQL: rows taken in once however often they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, insert, select, update

from scanner.store_open import Log, make_file
from scanner.tables import utc_now
from sync.cloud.alert_store import keep_rows, keep_rules
from sync.cloud.postgres import Postgres
from sync.cloud.schema import migrate
from sync.cloud.tables import (
    DEVICE,
    LOG_TABLES,
    RECEIVED,
    RECEIVED_EARLY,
    REFUSED_MESSAGE,
    insert_new,
    upsert,
)
from sync.protocol import AlertRules, DeviceState
from sync.protocol_rows import LogRow, Rows

DATABASE = "cloud.db"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message of rows, and from which device it is: the topic says so, never the message."""

    device: str
    stream: str
    message: Rows[LogRow]


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is none; kept as a note, so that somebody can look into it."""

    topic: str
    size_bytes: int
    reason: str


class CloudStore:
    """The open database; `log` has its sessions to read and to write in. A context manager."""

    def __init__(self, data_dir: Path, url: str = "") -> None:
        """Open it, bringing it to today's tables.

        Args:
            data_dir: the folder of the SQLite file; both are made where there are none.
            url: the PostgreSQL database in its place (`CloudConfig.database`).

        Raises:
            StoreError, ConfigError: it can't be opened; the message says what to do.
        """
        self.data_dir = data_dir
        self.log: Log | Postgres
        if url:
            self.log = Postgres(url)
        else:
            make_file(data_dir, DATABASE)
            self.log = Log(data_dir, "web", DATABASE)
        try:
            with self.log.write() as session:
                migrate(session.connection())
        except BaseException:
            self.log.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.log.close()

    def take(self, arrived: Sequence[Arrived], refused: Sequence[Refused] = ()) -> None:
        """Put messages on disk, all in one transaction; what is there already changes nothing."""
        with self.log.write() as session:
            connection = session.connection()
            for each in arrived:
                _take_rows(connection, each)
            if refused:
                notes = [{**asdict(note), "created_at": utc_now()} for note in refused]
                connection.execute(insert(REFUSED_MESSAGE), notes)

    def take_state(self, device: str, state: DeviceState) -> None:
        """Note that a device came or went."""
        row: dict[str, Any] = {
            "device": device, "log": state.log, "is_online": state.online,
            "release": state.release, "seen_at": utc_now(),
        }  # fmt: skip
        if not state.online:  # the will knows nothing of the log and the release
            row = {key: row[key] for key in ("device", "is_online", "seen_at")}
        with self.log.write() as session:
            connection = session.connection()
            insert_new(connection, DEVICE, [{**_UNKNOWN_DEVICE, **row}])
            connection.execute(update(DEVICE).where(DEVICE.c.device == device).values(row))

    def take_counters(self, device: str, counters: str) -> None:
        """Keep a device's last counters."""
        with self.log.write() as session:
            row = {"device": device, "seen_at": utc_now()}
            insert_new(session.connection(), DEVICE, [{**_UNKNOWN_DEVICE, **row}])
            changed = update(DEVICE).where(DEVICE.c.device == device)
            session.connection().execute(changed.values(counters=counters))

    def take_alert_rules(self, device: str, rules: AlertRules) -> None:
        """Keep a device's alert rules, unless newer ones are there already."""
        with self.log.write() as session:
            keep_rules(session.connection(), device, rules)

    def received(self, device: str, log: str) -> dict[str, int]:
        """Up to which id of each stream everything of a device's log is on disk."""
        query = select(RECEIVED.c.stream, RECEIVED.c.up_to).where(
            RECEIVED.c.device == device, RECEIVED.c.log == log
        )
        with self.log.read() as session:
            return {row.stream: row.up_to for row in session.connection().execute(query)}


_UNKNOWN_DEVICE: Mapping[str, Any] = {
    "log": "", "is_online": False, "release": "", "counters": "",
}  # fmt: skip


def _take_rows(connection: Connection, arrived: Arrived) -> None:
    owner = {"device": arrived.device, "log": arrived.message.log}
    rows = [{**owner, **row.model_dump()} for row in arrived.message.rows]
    insert_new(connection, LOG_TABLES[arrived.stream], rows)
    keep_rows(connection, arrived.device, arrived.message.log, arrived.message.rows)
    key = {**owner, "stream": arrived.stream}
    after, last = arrived.message.after, arrived.message.rows[-1].id
    before = connection.execute(
        select(RECEIVED.c.up_to).where(*(RECEIVED.c[name] == key[name] for name in key))
    ).scalar()
    up_to = before or 0
    if after > up_to:
        insert_new(connection, RECEIVED_EARLY, [{**key, "after": after, "last": last}])
        return
    early = connection.execute(
        select(RECEIVED_EARLY.c.after, RECEIVED_EARLY.c.last)
        .where(*(RECEIVED_EARLY.c[name] == key[name] for name in key))
        .order_by(RECEIVED_EARLY.c.after)
    ).all()
    up_to = max(up_to, last)
    for begins, ends in early:
        if begins <= up_to:
            up_to = max(up_to, ends)
    if early:
        connection.execute(
            delete(RECEIVED_EARLY).where(
                *(RECEIVED_EARLY.c[name] == key[name] for name in key),
                RECEIVED_EARLY.c.after <= up_to,
            )
        )
    if up_to != before:
        upsert(connection, RECEIVED, [{**key, "up_to": up_to}])
