"""What the Prices page's JSON takes and answers, for its description."""

from __future__ import annotations

from typing import Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

Span = Literal["day", "week", "month"]
Range = Literal["month", "quarter", "year"]


class PrintingTold(TypedDict):
    """One printing. `path` is where its prices are shown."""

    game: str
    card_id: str
    name: str
    set: str
    number: str
    variant: str
    picture: str
    path: str


class MoveShown(PrintingTold):
    """How a price has moved; `as_of` is the source's time, `age` says how long ago that was."""

    finish: str
    source: str
    now: str
    past: str
    percent: float
    as_of: str
    age: str


class QuoteShown(TypedDict):
    """What one source says of one finish and condition, "" where it names none."""

    finish: str
    condition: str
    source: str
    currency: str
    amount: str
    amount_minor: int
    as_of: str
    age: str


class WatchedShown(PrintingTold):
    """A printing on the watchlist with what it is worth."""

    quotes: list[QuoteShown]


class PricesTwin(TypedDict):
    """The prices that moved most among what was scanned, and the watchlist."""

    currency: str
    span: Span
    newest_price: int
    up: list[MoveShown]
    down: list[MoveShown]
    watchlist: list[WatchedShown]
    html: NotRequired[str]


class PointTold(TypedDict):
    """A price from a moment on."""

    at: str
    amount_minor: int


class SeriesTold(TypedDict):
    """The history of one finish and condition by one source."""

    finish: str
    condition: str
    source: str
    currency: str
    points: list[PointTold]


class PrintingPrices(TypedDict):
    """All that this device was told of one printing's prices."""

    printing: PrintingTold
    is_watched: bool
    in_stock: int
    quotes: list[QuoteShown]
    history: list[SeriesTold]


class PricesAsked(BaseModel):
    """Over which stretch of time."""

    span: Span = Field("week", description="day, week or month.")
    html: bool = Field(False, description="With the lists as the page shows them.")


class RangeAsked(BaseModel):
    """How far back."""

    range: Range = Field("quarter", description="month, quarter or year.")


class WatchSent(BaseModel):
    """A printing to be put on the watchlist or taken off."""

    model_config = ConfigDict(extra="forbid")

    card_id: str = Field(min_length=1, max_length=120)
    on: bool


class WatchTold(TypedDict):
    """Whether the printing is on the watchlist now."""

    on: bool
