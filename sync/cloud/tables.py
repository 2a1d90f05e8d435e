"""The cloud's tables as SQLAlchemy knows them; `sync/cloud/migrations` makes them.

Another part of the cloud declares its own in `sync/cloud/tables_NAME.py`, on the same `METADATA`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin
from zlib import crc32

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from scanner.tables import UtcDateTime
from sync.protocol_rows import (
    AlertRow,
    BatchRow,
    BatchWordRow,
    ClosedRow,
    CorrectionRow,
    HandCountRow,
    LogRow,
    OfferMadeRow,
    RetryRow,
    ScanRow,
    StockChangeRow,
    StockEditRow,
    WithdrawnRow,
)

METADATA = MetaData()

Number = BigInteger().with_variant(Integer(), "sqlite")
"""Ids, amounts and times in milliseconds: 64 bits on either database."""


def _type_of(annotation: object) -> TypeEngine[Any]:
    plain: dict[object, TypeEngine[Any]] = {
        int: Number, float: Float(), bool: Boolean(), datetime: UtcDateTime()
    }  # fmt: skip
    if get_origin(annotation) is list:
        return JSON()
    return plain.get(annotation, String())


def _bare(annotation: object) -> tuple[object, bool]:
    """A field's type without what only narrows it, and whether it may be missing."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _bare(parts[0])
    if NoneType in parts:
        [one] = [part for part in parts if part is not NoneType]
        return _bare(one)[0], True
    return annotation, False


def _of_a_log(name: str, model: type[LogRow]) -> Table:
    """A table of one stream's rows, under the names that they travel with."""
    fields = []
    for field, info in model.model_fields.items():
        annotation, may_be_missing = _bare(info.annotation)
        fields.append(
            Column(
                field, _type_of(annotation), primary_key=field == "id", nullable=may_be_missing,
                autoincrement=False,
            )
        )  # fmt: skip
    owner = [Column(key, String, primary_key=True) for key in ("device", "log")]
    return Table(name, METADATA, *owner, *fields)


LOG_TABLES = {
    "batch": _of_a_log("batch", BatchRow),
    "scan": _of_a_log("scan", ScanRow),
    "retry": _of_a_log("retry", RetryRow),
    "correction": _of_a_log("correction", CorrectionRow),
    "alert": _of_a_log("alert", AlertRow),
    "closed": _of_a_log("closed", ClosedRow),
    "withdrawn": _of_a_log("withdrawn", WithdrawnRow),
    "stock_change": _of_a_log("stock_change", StockChangeRow),
    "stock_edit": _of_a_log("stock_edit", StockEditRow),
    "hand_count": _of_a_log("hand_count", HandCountRow),
    "batch_word": _of_a_log("batch_word", BatchWordRow),
    "offer_made": _of_a_log("offer_made", OfferMadeRow),
}
_SCAN, _RETRY, _CORRECTION = (LOG_TABLES[name].c for name in ("scan", "retry", "correction"))
_EDIT, _COUNT = LOG_TABLES["stock_edit"].c, LOG_TABLES["hand_count"].c
Index("ix_stock_edit_scan", _EDIT.device, _EDIT.log, _EDIT.scan_id)
Index("ix_hand_count_batch", _COUNT.device, _COUNT.log, _COUNT.batch_id)
for _name in ("batch_word", "offer_made"):
    _OF = LOG_TABLES[_name].c
    Index(f"ix_{_name}_batch", _OF.device, _OF.log, _OF.batch_id)
Index("ix_scan_game_card_id", _SCAN.game, _SCAN.card_id)
Index("ix_retry_game_card_id", _RETRY.game, _RETRY.card_id)
Index("ix_correction_game_card_id", _CORRECTION.game, _CORRECTION.card_id)
Index("ix_retry_scan", _RETRY.device, _RETRY.log, _RETRY.scan_id)
Index("ix_correction_scan", _CORRECTION.device, _CORRECTION.log, _CORRECTION.scan_id)

DEVICE = Table(
    "device",
    METADATA,
    Column("device", String, primary_key=True),
    Column("log", String, nullable=False),
    Column("is_online", Boolean, nullable=False),
    Column("release", String, nullable=False),
    Column("counters", String, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

RECEIVED = Table(
    "received",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("device", "log", "stream")),
    Column("up_to", Number, nullable=False),
    Column("told", Number, nullable=False, server_default="0"),
    Index(
        "ix_received_news", "device", "log",
        postgresql_where=text("up_to <> told"), sqlite_where=text("up_to <> told"),
    ),
)  # fmt: skip
"""Up to which row of a log's stream everything is on disk, and up to where its device was told."""

RECEIVED_EARLY = Table(
    "received_early",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("device", "log", "stream")),
    *(Column(key, Number, primary_key=True, autoincrement=False) for key in ("after", "last")),
)

REFUSED_MESSAGE = Table(
    "refused_message",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("topic", String, nullable=False),
    Column("size_bytes", Number, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

PRICE_KEYS = ("card_id", "finish", "condition", "currency", "source")

PRICE = Table(
    "price",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("game", "set_name", *PRICE_KEYS)),
    Column("amount_minor", Number, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("changed_in", Number, nullable=False),
    Index("ix_price_changed", "game", "set_name", "changed_in"),
    Index("ix_price_card", "game", "card_id"),
)

PRICE_CHANGE = Table(
    "price_change",
    METADATA,
    Column("id", Number, primary_key=True),
    *(Column(key, String, nullable=False) for key in ("game", *PRICE_KEYS)),
    Column("amount_minor", Number, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Index("ix_price_change_card", "game", "card_id", "as_of"),
    sqlite_autoincrement=True,
)
"""Partitioned by the month of `as_of` on PostgreSQL: see `sync.cloud.partitions`."""

PRICE_FEED = Table(
    "price_feed",
    METADATA,
    *(Column(key, String, primary_key=True) for key in ("game", "set_name")),
    *(Column(key, Number, nullable=False) for key in ("told", "snapshot", "published")),
)


def all_tables() -> list[Table]:
    """The tables of every part of the cloud, those that others refer to first."""
    for file in sorted(Path(__file__).parent.glob("tables_*.py")):
        importlib.import_module(f"sync.cloud.{file.stem}")
    return METADATA.sorted_tables


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; the others change nothing."""
    connection.execute(insert_for(connection, table).on_conflict_do_nothing(), list(rows))


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or change those that are there; the rows name the same columns."""
    insert = insert_for(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def hold(connection: Connection, *what: str) -> None:
    """Keep every other writer that holds the same words out until the transaction ends.

    For a decision that is made by reading first. SQLite lets in one writer at a time anyway.
    """
    hold_all(connection, what[0], ["\0".join(what[1:])])


def hold_all(connection: Connection, what: str, keys: Sequence[str]) -> None:
    """`hold` for many keys of one kind, in an order that is the same for everybody."""
    if connection.dialect.name == "postgresql":
        numbers = sorted({crc32(key.encode()) - 2**31 for key in keys})
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:kind, n) FROM unnest(CAST(:numbers AS int[])) n"),
            {"kind": crc32(what.encode()) - 2**31, "numbers": numbers},
        )


def insert_for(connection: Connection, table: Table) -> sqlite.Insert:
    """An INSERT that may say what is to be done on a conflict."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[return-value]
    return sqlite.insert(table)
