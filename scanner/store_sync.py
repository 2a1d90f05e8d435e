"""The sync process's calls on the log: what goes out, the cursors, and how the connection fared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, ColumnElement, func, literal_column
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, SQLModel, col, select

from scanner.price_feed import PriceNews, apply_prices
from scanner.store_machine import MachineWrites
from scanner.tables import Batch, Correction, Retry, Scan, utc_now
from scanner.tables_alerts import AlertClosed, AlertRaised, AlertWithdrawn
from scanner.tables_batches import BatchWord, HandCount
from scanner.tables_bins import Route
from scanner.tables_offers import OfferMade
from scanner.tables_stock import StockChange, StockEdit
from scanner.tables_sync import SyncCursor, SyncEvent

Row = Mapping[str, Any]


class LinkKind(StrEnum):
    """How the connection to the cloud stands."""

    CONNECTED = "connected"
    REFUSED = "refused"  # the cloud does not let this device in: a person must act
    LOST = "lost"  # there is no way to the cloud: the device goes on alone
    UNHEARD = "unheard"  # connected, but nobody takes the scans
    RULES_REFUSED = "rules_refused"  # connected, but the broker takes no alert rules


class Stream(StrEnum):
    """What goes out, each by the ids of one table, oldest first."""

    BATCH = "batch"
    SCAN = "scan"
    RETRY = "retry"
    CORRECTION = "correction"
    ALERT = "alert"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    STOCK_CHANGE = "stock_change"
    STOCK_EDIT = "stock_edit"
    HAND_COUNT = "hand_count"
    BATCH_WORD = "batch_word"
    OFFER_MADE = "offer_made"


_LEFT_ON_THE_DEVICE = {
    "scan": {"feed_key", "candidates", "corners_px", "stages_ms", "crop_path", "captured_mono_ns",
             "boot_id"},
    "retry": {"candidates", "stages_ms", "tried_with"},
    "batch": {"expected_cards", "upload_id", "sets"},
    "offer_made": {"lines", "currency", "cash_minor", "credit_minor"},
}  # fmt: skip
_TABLES: dict[Stream, type[SQLModel]] = {
    Stream.BATCH: Batch,
    Stream.SCAN: Scan,
    Stream.RETRY: Retry,
    Stream.CORRECTION: Correction,
    Stream.ALERT: AlertRaised,
    Stream.CLOSED: AlertClosed,
    Stream.WITHDRAWN: AlertWithdrawn,
    Stream.STOCK_CHANGE: StockChange,
    Stream.STOCK_EDIT: StockEdit,
    Stream.HAND_COUNT: HandCount,
    Stream.BATCH_WORD: BatchWord,
    Stream.OFFER_MADE: OfferMade,
}
_BOUGHT = """(
    SELECT json_group_array(line.value) FROM json_each(offer_made.lines) AS entry,
        json_each(entry.value, '$.scans') AS line
    WHERE json_extract(entry.value, '$.status') = 'offered'
)"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The scans of the log up to an id, by what was decided of them when they were made."""

    up_to_scan: int
    accepted: int = 0
    review: int = 0
    unknown: int = 0


class SyncStore(MachineWrites):
    """The sync's part of `scanner.store.Store`."""

    def log_name(self) -> str:
        """Tell this log from any other that the same device may have had; "" while it is empty.

        Ids begin anew in a new log. The first batch's row is in every backup that holds a scan, so
        that a restored log has its old name, and a new one a new name.
        """
        with self._log.read() as session:
            first = session.exec(select(Batch).order_by(col(Batch.id)).limit(1)).first()
        if first is None:
            return ""
        what = f"{first.id} {first.created_at.isoformat()} {first.driver} {first.name}"
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    @property
    def data_dir(self) -> Path:
        """The folder of the log."""
        return self._log.data_dir

    def generation(self) -> int:
        """Changes when a restored backup took the log's place."""
        self._log.data_version()
        return self._log.generation

    def rows_after(self, stream: Stream, after: int, limit: int) -> list[Row]:
        """The next rows of a stream, oldest first."""
        columns = _columns(stream)
        table_id = columns["id"]
        query = select(*columns.values()).where(table_id > after)
        if stream is Stream.SCAN:
            query = query.outerjoin(Route, col(Route.scan_id) == table_id)
        elif stream is Stream.STOCK_EDIT:
            query = query.join(StockChange, col(StockChange.id) == columns["change_id"])
        with self._log.read() as session:
            found = session.exec(query.order_by(table_id).limit(limit)).all()
        return [dict(zip(columns, row, strict=True)) for row in found]

    def waiting_rows(self, cursors: Mapping[Stream, int]) -> int:
        """How many rows of all streams lie beyond the cursors."""
        with self._log.read() as session:
            return sum(
                session.exec(
                    select(func.count()).where(_columns(stream)["id"] > cursors.get(stream, 0))
                ).one()
                for stream in Stream
            )

    def counted(self) -> Counted:
        """The scans so far, by decision."""
        query = select(col(Scan.decision), func.count(), func.max(Scan.id)).group_by(
            col(Scan.decision)
        )
        with self._log.read() as session:
            found = {decision: (count, last) for decision, count, last in session.exec(query)}
        counts = {name: found.get(name, (0, 0))[0] for name in ("accepted", "review", "unknown")}
        return Counted(max((last or 0 for _, last in found.values()), default=0), **counts)

    def sync_cursors(self) -> dict[str, int]:
        """Every cursor by its name; one that is missing stands at 0."""
        with self._log.read() as session:
            return {row.name: row.position for row in session.exec(select(SyncCursor))}

    def set_sync_cursors(self, cursors: Mapping[str, int]) -> None:
        """Move some cursors, together."""
        self._only("sync")
        with self._log.write() as session:
            set_cursors(session, cursors)

    def add_sync_event(self, kind: LinkKind, detail: str) -> None:
        """Note how the connection stands, unless that is what was noted last."""
        self._only("sync")
        last = self.sync_event()
        if last is not None and (last.kind, last.detail) == (kind.value, detail):
            return
        with self._log.write() as session:
            session.add(SyncEvent(kind=kind.value, detail=detail))

    def sync_event(self) -> SyncEvent | None:
        """How the connection stood last; None where this device never had one."""
        newest = select(SyncEvent).order_by(col(SyncEvent.id).desc()).limit(1)
        with self._log.read() as session:
            return session.exec(newest).first()

    def receive_prices(self, news: PriceNews, cursors: Mapping[str, int]) -> int:
        """Take prices in and move the feed's cursors, in one transaction; the rows added."""
        self._only("sync")
        with self._log.write() as session:
            added = apply_prices(session, news)
            set_cursors(session, cursors)
        return added


def set_cursors(session: Session, cursors: Mapping[str, int]) -> None:
    """Move some cursors inside the caller's transaction."""
    for name, position in cursors.items():
        row = insert(SyncCursor).values(name=name, position=position, changed_at=utc_now())
        session.execute(
            row.on_conflict_do_update(
                index_elements=["name"],
                set_={"position": row.excluded.position, "changed_at": row.excluded.changed_at},
            )
        )


def _columns(stream: Stream) -> dict[str, ColumnElement[Any]]:
    table = _TABLES[stream]
    hidden = _LEFT_ON_THE_DEVICE.get(stream, set())
    columns: dict[str, ColumnElement[Any]] = {
        name: getattr(table, name) for name in table.model_fields if name not in hidden
    }
    if stream is Stream.SCAN:
        columns["bin"] = func.coalesce(col(Route.bin), 0)
        columns["rule"] = func.coalesce(col(Route.rule), "")
    elif stream is Stream.STOCK_EDIT:
        columns["created_at"] = col(StockChange.created_at).label("created_at")
    elif stream is Stream.OFFER_MADE:
        columns["bought"] = literal_column(_BOUGHT, JSON()).label("bought")
    return columns
