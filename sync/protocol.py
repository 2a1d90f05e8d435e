"""Everything that passes between a device and the cloud: topics and messages, with their version.

`docs/asyncapi.json` is made from this file (`python -m sync.asyncapi`), docs/SYNC.md explains it.
Keys that this version does not know are passed over, so that a newer end may say more; what an
older end could misread gets a new `VERSION`, which is part of every topic.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from urllib.parse import quote, unquote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

VERSION = 1
ROOT = f"counterscan/{VERSION}"
MOST_ROWS = 1000
LONGEST = 400
MOST_ALERT_RULES = 100
MOST_OPEN_ALERTS = 500
MOST_CLOSED_ALERTS = 1000
MOST_PLACES = 20

Id = Annotated[int, Field(ge=1, lt=2**63)]
Position = Annotated[int, Field(ge=0, lt=2**63)]
Chance = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=LONGEST)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _with_zone(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


UtcTime = Annotated[datetime, BeforeValidator(_with_zone)]
AlertKey = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
LogName = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
FinishWord = Literal["normal", "holo", "reverse", "foil", "unknown"]
ConditionWord = Literal["", "NM", "LP", "MP", "HP", "DMG"]
DecisionWord = Literal["accepted", "review", "unknown"]


class Message(BaseModel):
    """What all messages and their parts have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


# Up: rows of the device's log.


class LogRow(Message):
    """One row; its id never changes and is never used twice within one log."""

    id: Id
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
    reasons: list[str] = []
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
    reasons: list[str] = []
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
    """Which card an alert is about, by which rule, and why."""

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


class AlertRow(AlertCard, LogRow):
    """A scan that set off one of the device's alert rules (`scanner.tables_alerts.AlertRaised`)."""

    scan_id: Id


class ClosedRow(LogRow):
    """Somebody acknowledged an alert on the device's page; `by` is a person's name."""

    key: AlertKey
    by: Text = ""


R = TypeVar("R", bound=LogRow)


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


class AlertRules(Message):
    """All alert rules of a device (`scanner.alerts.AlertRule`), and the lists that they ask about.

    Retained. Of one log the highest `version` counts, however late a lower one comes.
    """

    log: LogName | Literal[""]
    version: Position
    rules: list[dict[str, Any]] = Field(max_length=MOST_ALERT_RULES)
    lists: dict[str, list[str]] = {}


class Counters(Message):
    """The device's scans so far, by what was decided of them when they were made."""

    log: LogName | Literal[""]
    at: UtcTime
    up_to_scan: Position
    accepted: Position
    review: Position
    unknown: Position
    waiting: Position = Field(description="Rows that the broker has not acknowledged yet.")


class DeviceState(Message):
    """Whether the device is there. Retained; the broker says `online: false` when it vanishes."""

    online: bool
    at: UtcTime | None = None
    release: Text = ""
    log: LogName | Literal[""] = ""


# Down: to one device.


class Received(Message):
    """What the cloud has on disk of one log: of each stream, everything up to an id. Retained."""

    log: LogName
    up_to: dict[str, Position]


class AlertPlace(Message):
    """Where a copy of an alert's card lay: whose, in which batch, at which place, in which bin."""

    device: Text
    batch: Text = ""
    sequence: Position = 0
    bin: Position = 0


class OpenAlert(AlertCard):
    """An alert that nobody has acknowledged. `device` scanned the card, "" where a price moved."""

    device: Text = ""
    raised_at: UtcTime
    places: list[AlertPlace] = Field(default=[], max_length=MOST_PLACES)


class ClosedAlert(Message):
    """An alert that somebody acknowledged: on the page of `device`, or in the cloud."""

    key: AlertKey
    by: Text = ""
    device: Text = ""
    closed_at: UtcTime


class Alerts(Message):
    """The shop's alerts as they stand: the newest open ones, and those closed last. Retained.

    An alert once closed stays closed, so that copies of this message may come in any order.
    """

    open: list[OpenAlert] = Field(default=[], max_length=MOST_OPEN_ALERTS)
    closed: list[ClosedAlert] = Field(default=[], max_length=MOST_CLOSED_ALERTS)


# Down: prices, to all devices.


class PriceGroup(Message):
    """Prices that have all but the card and the amount in common.

    `as_of` is the source's own time; `amounts` are in hundredths of the currency, or in its units
    where it has no hundredths; `condition` is empty where the source does not say.
    """

    source: Name
    currency: Currency
    finish: FinishWord
    condition: ConditionWord = ""
    as_of: UtcTime
    cards: list[Name]
    amounts: list[Position]

    @model_validator(mode="after")
    def _one_amount_each(self) -> Self:
        if len(self.cards) != len(self.amounts):
            raise ValueError("there must be one amount for each card")
        return self


class PriceSnapshot(Message):
    """Every price of one set. Retained and compressed."""

    game: Name
    set: Text
    version: Position
    groups: list[PriceGroup]


class PriceDelta(PriceSnapshot):
    """What has changed since the snapshot of version `base`. Retained and compressed.

    It says all that has changed since then: a device needs the snapshot and the last delta only.
    """

    base: Position


# Topics. A part that comes from outside is quoted, so that it can't hold a level or a wildcard.

_ROW_MESSAGES: dict[
    str,
    type[
        Rows[BatchRow]
        | Rows[ScanRow]
        | Rows[RetryRow]
        | Rows[CorrectionRow]
        | Rows[AlertRow]
        | Rows[ClosedRow]
    ],
]
_ROW_MESSAGES = {
    "batch": BatchRows,
    "scan": ScanRows,
    "retry": RetryRows,
    "correction": CorrectionRows,
    "alert": AlertRows,
    "closed": ClosedRows,
}
UP = tuple(_ROW_MESSAGES)


def part(text: str) -> str:
    """A name as one level of a topic; a level can't be empty."""
    return quote(text, safe="") or "%"


def unpart(level: str) -> str:
    """The name that `part` made a level of."""
    return "" if level == "%" else unquote(level)


def device_topic(device: str, *levels: str) -> str:
    """A topic below one device: `state`, `up/scan`, `down/received`; `+` stands for any device."""
    return "/".join((ROOT, "device", device if device == "+" else part(device), *levels))


def price_topic(game: str, set_name: str, what: Literal["snapshot", "delta"]) -> str:
    """The topic of one set's prices."""
    return f"{ROOT}/prices/{part(game)}/{part(set_name)}/{what}"


def prices_filter(game: str | None = None) -> str:
    """What a device subscribes to for the prices of one game, or of all."""
    return f"{ROOT}/prices/{'+' if game is None else part(game)}/+/+"


def rows_model(stream: str) -> type[Rows[LogRow]]:
    """The message that carries a stream. Raises KeyError for one that there is not."""
    return _ROW_MESSAGES[stream]  # type: ignore[return-value]
