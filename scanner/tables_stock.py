"""The tables of the shop's stock, all written by the web process; `scanner.tables` says the rules.

| table | holds |
|---|---|
| `stock_change` | one bulk edit, or the undoing of one |
| `stock_edit` | what a bulk edit says of one card |
| `saved_filter` | a filter of the Inventory page under a name, or that it was removed |
| `stock_export` | one export file, or that it was never uploaded after all |
| `stock_export_card` | which copy an export added under which SKU (+1), or took back (-1) |
| `tcgplayer_sku` | one SKU as the shop's own TCGplayer file lists it; the newest row counts |
| `tcgplayer_set` | which of TCGplayer's sets one of ours is; the newest row counts |

`counterscan export` writes them too, as the web process: each of its changes is one transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from scanner.tables import UtcDateTime, utc_now

_NUMBERED = {"sqlite_autoincrement": True}


class Sku(NamedTuple):
    """One line of the shop's own TCGplayer file, as `TcgplayerSku` keeps it; there are many."""

    sku: str
    product_line: str
    set_name: str
    product_name: str
    title: str
    number: str
    rarity: str
    condition: str
    price: str
    quantity: int


class StockChange(SQLModel, table=True):
    """One bulk edit (`edited`) or the undoing of the change `undoes` (`undone`).

    `after_correction` is the id of the last correction before it, so that both have one order.
    """

    __tablename__ = "stock_change"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    undoes: int = 0
    summary: str = ""
    cards: int = 0
    after_correction: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StockEdit(SQLModel, table=True):
    """What one bulk edit says of one card; None where it says nothing.

    `removed` is why the card is no longer in stock, and "" that it is back.
    """

    __tablename__ = "stock_edit"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="stock_change.id", index=True)
    scan_id: int = Field(foreign_key="scan.id", index=True)
    condition: str | None = None
    language: str | None = None
    finish: str | None = None
    location: str | None = None
    removed: str | None = None


class SavedFilter(SQLModel, table=True):
    """A filter under a name (`saved`), or that the name is gone (`removed`); the newest counts."""

    __tablename__ = "saved_filter"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str
    filter: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StockExport(SQLModel, table=True):
    """One export file (`made`), or that the export `undoes` was not uploaded (`taken_back`).

    `added` and `taken` count the copies that it adds and takes back, `left_out` those that the
    format has no place for.
    """

    __tablename__ = "stock_export"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    undoes: int = 0
    format: str = Field(default="", index=True)
    file_name: str = ""
    filter: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rows: int = 0
    added: int = 0
    taken: int = 0
    left_out: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class StockExportCard(SQLModel, table=True):
    """One copy in an export: `quantity` is +1 where it was added under `sku`, -1 taken back."""

    __tablename__ = "stock_export_card"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    export_id: int = Field(foreign_key="stock_export.id", index=True)
    scan_id: int = Field(foreign_key="scan.id")
    sku: str
    quantity: int


class TcgplayerSku(SQLModel, table=True):
    """One line of the shop's own TCGplayer file, in TCGplayer's words; the price as written."""

    __tablename__ = "tcgplayer_sku"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    sku: str = Field(index=True)
    product_line: str
    set_name: str
    product_name: str
    title: str = ""
    number: str
    rarity: str = ""
    condition: str
    price: str = ""
    quantity: int = 0
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class TcgplayerSet(SQLModel, table=True):
    """A person's word that our set is the one that TCGplayer calls `theirs`; "" takes it back."""

    __tablename__ = "tcgplayer_set"
    __table_args__ = (_NUMBERED,)

    id: int | None = Field(default=None, primary_key=True)
    game: str
    set_name: str
    theirs: str
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
