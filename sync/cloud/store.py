"""The cloud's database, SQLite or PostgreSQL: rows taken in once however often they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import bindparam, insert, select, update

from scanner.store_open import Log, make_file
from scanner.tables import utc_now
from sync.cloud.alert_store import keep_rules
from sync.cloud.copying import clean
from sync.cloud.intake import Arrived, refused_rows, take_rows
from sync.cloud.postgres import Patience, Postgres
from sync.cloud.schema import migrate
from sync.cloud.tables import (
    DEVICE,
    RECEIVED,
    REFUSED_MESSAGE,
    insert_new,
)
from sync.protocol import AlertRules, DeviceState

DATABASE = "cloud.db"


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that is none; kept as a note, so that somebody can look into it."""

    topic: str
    size_bytes: int
    reason: str


class CloudStore:
    """The open database; `log` has its sessions to read and to write in. A context manager."""

    def __init__(self, data_dir: Path, url: str = "", patience: Patience | None = None) -> None:
        """Open it, bringing it to today's tables.

        Args:
            data_dir: the folder of the SQLite file; both are made where there are none.
            url: the PostgreSQL database in its place (`CloudConfig.database`).
            patience: of its connections to PostgreSQL; None: of those who take in no rows.

        Raises:
            StoreError, ConfigError: it can't be opened; the message says what to do.
        """
        self.data_dir = data_dir
        self.log: Log | Postgres
        if url:
            self.log = Postgres(url, patience)
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
            if arrived:
                take_rows(connection, arrived)
            if refused:
                notes = [
                    {**asdict(note), "reason": clean(note.reason), "created_at": utc_now()}
                    for note in refused
                ]
                connection.execute(insert(REFUSED_MESSAGE), notes)

    def refused_of(self, arrived: Arrived) -> dict[int, str]:
        """Which rows of a message the database can't keep, and why. Raises StoreError."""
        if not isinstance(self.log, Postgres):
            return {}  # SQLite keeps whatever the protocol lets through
        with self.log.write() as session:
            return refused_rows(session.connection(), arrived, self.log.is_refusal)

    def take_states(self, states: Mapping[str, DeviceState]) -> None:
        """Note which devices came or went."""
        rows: dict[str, dict[str, Any]] = {}
        for device, state in states.items():
            rows[device] = {"is_online": state.online}
            if state.online:  # the will knows nothing of the log and the release
                rows[device] |= {"log": state.log, "release": clean(state.release)}
        self._change_devices(rows, seen=True)

    def take_counters(self, counters: Mapping[str, str]) -> None:
        """Keep devices' last counters."""
        self._change_devices({device: {"counters": said} for device, said in counters.items()})

    def _change_devices(self, rows: Mapping[str, Mapping[str, Any]], *, seen: bool = False) -> None:
        if not rows:
            return
        now = utc_now()
        with self.log.write() as session:
            connection = session.connection()
            new = [{**_UNKNOWN_DEVICE, "device": device, "seen_at": now} for device in sorted(rows)]
            insert_new(connection, DEVICE, new)
            alike: dict[frozenset[str], list[dict[str, Any]]] = {}
            for device in sorted(rows):
                changed = {**rows[device], **({"seen_at": now} if seen else {})}
                alike.setdefault(frozenset(changed), []).append({"of_device": device, **changed})
            of_device = DEVICE.c.device == bindparam("of_device")
            for changes in alike.values():  # what is set are the names that all of them have
                connection.execute(update(DEVICE).where(of_device), changes)

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
