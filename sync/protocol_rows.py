"""The rows of a device's log as they travel to the cloud.

Part of the protocol, see `sync/protocol.py`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Generic, Literal, Self, TypeVar

from pydantic import Field, model_validator

from sync.protocol_words import (
    AlertKey,
    Chance,
    DecisionWord,
    Id,
    LogName,
    Message,
    Name,
    Position,
    Reasons,
    Text,
    UtcTime,
)

MOST_ROWS = 1000
MOST_BOUGHT = 100_000


class NumberedRow(Message):
    """A row of which nothing but the number counts."""

    id: Id


class LogRow(NumberedRow):
    """One row; its id never changes and is never used twice within one log."""

    created_at: UtcTime


class BatchRow(LogRow):
    """One stack of cards (`scanner.tables.Batch`)."""

    name: Text
    driver: Text
    mode: Text = "scan"
    kind: Text = "machine"
    store: Text = ""
    location: Text = ""
    game: Text = ""
    condition: Text = ""
    language: Text = ""


class Answer(LogRow):
    """Which card a row says that it was."""

    decision: DecisionWord
    game: Text = ""
    card_id: Text = ""
    name: Text = ""
    set_name: Text = ""
    number: Text = ""
    variant: Text = ""
    finish: Text = "unknown"


class ScanRow(Answer):
    """One card seen once (`scanner.tables.Scan`), and the bin it went to (0: there are none)."""

    batch_id: Id
    sequence: Id
    reasons: Reasons = Field(default=[])
    view: Text = "card"
    score: float = 0.0
    upside_down: bool = False
    recognizer: Text = ""
    model_id: Text = ""
    pack_id: Text = ""
    driver: Text = ""
    bin: Position = 0
    rule: Text = ""
    probability: Chance | None = None


class RetryRow(Answer):
    """A scan's picture tried again with other packs or models (`scanner.tables.Retry`)."""

    scan_id: Id
    outcome: Text
    reasons: Reasons = Field(default=[])
    score: float = 0.0
    recognizer: Text = ""
    model_id: Text = ""
    pack_id: Text = ""
    probability: Chance | None = None


class CorrectionRow(Answer):
    """A person's word on a scan (`scanner.tables.Correction`); words count in the order of ids."""

    scan_id: Id
    kind: Literal["corrected", "undone"]
    decision: DecisionWord | Literal[""] = ""  # type: ignore[assignment]
    language: Text = ""
    condition: Text = ""
    undoes: Position = 0


class AlertCard(Message):
    """Which card an alert is about, by which rule, and why.

    `price_as_of` is of when the price is that set it off, None where no price was asked.
    """

    key: AlertKey
    rule: Name
    cause: Text
    game: Text = ""
    card_id: Text = ""
    name: Text = ""
    set_name: Text = ""
    number: Text = ""
    variant: Text = ""
    finish: Text = "unknown"
    text: Text = ""
    price_as_of: UtcTime | None = None


class AlertRow(AlertCard, LogRow):
    """A scan that set off one of the device's alert rules (`scanner.tables_alerts.AlertRaised`)."""

    scan_id: Id


class ClosedRow(LogRow):
    """Somebody acknowledged an alert on the device's page; `by` is a person's name."""

    key: AlertKey
    by: Text = ""


class WithdrawnRow(LogRow):
    """An alert about a scan whose card is another one after all; `why` says how that came out."""

    key: AlertKey
    why: Text = ""


class StockChangeRow(LogRow):
    """A bulk edit of the stock, or the undoing of one (`scanner.tables_stock.StockChange`).

    `after_correction` is the id of the last correction before it: both have one order.
    """

    kind: Literal["edited", "undone"]
    undoes: Position = 0
    summary: Text = ""
    cards: Position = 0
    after_correction: Position = 0


class StockEditRow(LogRow):
    """What a bulk edit says of one scan's card; None where it says nothing.

    `removed` is why the card left the stock, and empty that it is back.
    """

    change_id: Id
    scan_id: Id
    condition: Text | None = None
    language: Text | None = None
    finish: Text | None = None
    location: Text | None = None
    removed: Text | None = None


class HandCountRow(LogRow):
    """How many cards a person counted in a batch's stack; the newest of a batch counts."""

    batch_id: Id
    cards: Position


class BatchWordRow(LogRow):
    """What a person says of a batch after it was begun; the newest of a batch counts."""

    batch_id: Id
    name: Text = ""
    store: Text = ""
    location: Text = ""
    condition: Text = ""
    language: Text = ""


class OfferMadeRow(LogRow):
    """How the offer for a batch ended; the newest of a batch counts.

    `bought` are the scans of the cards that were offered for: the shop's own where `outcome` is
    `cash` or `credit`. What was paid stays on the device.
    """

    batch_id: Id
    outcome: Text
    bought: list[Id] = Field(default=[], max_length=MOST_BOUGHT)


R = TypeVar("R", bound=NumberedRow)


class Rows(Message, Generic[R]):
    """Rows of one stream, in the order of ids.

    `after` is the id of the stream's row before the first one here (0: there is none), so that the
    cloud sees what is missing although ids have gaps.
    """

    log: LogName
    after: Position
    rows: list[R] = Field(min_length=1, max_length=MOST_ROWS)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ids = [self.after, *(row.id for row in self.rows)]
        if any(later <= earlier for earlier, later in pairwise(ids)):
            raise ValueError("the rows are not in the order of their ids")
        return self


class BatchRows(Rows[BatchRow]):
    """Batches."""


class ScanRows(Rows[ScanRow]):
    """Scans."""


class RetryRows(Rows[RetryRow]):
    """Retries."""


class CorrectionRows(Rows[CorrectionRow]):
    """Corrections."""


class AlertRows(Rows[AlertRow]):
    """Alerts about cards that the device scanned."""


class ClosedRows(Rows[ClosedRow]):
    """Alerts acknowledged on the device's page."""


class WithdrawnRows(Rows[WithdrawnRow]):
    """Alerts about cards that are others after all."""


class StockChangeRows(Rows[StockChangeRow]):
    """Bulk edits of the stock."""


class StockEditRows(Rows[StockEditRow]):
    """What bulk edits say of single cards."""


class HandCountRows(Rows[HandCountRow]):
    """Counts by hand."""


class BatchWordRows(Rows[BatchWordRow]):
    """What batches are called by now."""


class OfferMadeRows(Rows[OfferMadeRow]):
    """Offers that ended."""


_ROW_MESSAGES: dict[str, type[Rows[Any]]] = {
    "batch": BatchRows,
    "scan": ScanRows,
    "retry": RetryRows,
    "correction": CorrectionRows,
    "alert": AlertRows,
    "closed": ClosedRows,
    "withdrawn": WithdrawnRows,
    "stock_change": StockChangeRows,
    "stock_edit": StockEditRows,
    "hand_count": HandCountRows,
    "batch_word": BatchWordRows,
    "offer_made": OfferMadeRows,
}
UP = tuple(_ROW_MESSAGES)


def rows_model(stream: str) -> type[Rows[LogRow]]:
    """The message that carries a stream. Raises KeyError for one that there is not."""
    return _ROW_MESSAGES[stream]
