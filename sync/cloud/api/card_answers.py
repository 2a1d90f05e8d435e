"""What the API answers about cards and their prices."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict

from sync.cloud.api.converting import Converted, ConvertedSeries


class Price(TypedDict):
    """One price: of which kind, by whom, as of when."""

    finish: str
    condition: str
    currency: str
    source: str
    amount_minor: int
    as_of: datetime


class PriceFound(Price):
    """A price; `converted` is there where `convert` was asked for."""

    converted: NotRequired[Converted | None]


class Card(TypedDict):
    """Which card it is."""

    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str


class CardFound(Card):
    """A card; `price` is of the normal finish and near mint where there is one."""

    price: PriceFound | None


class CardsFound(TypedDict):
    """The cards that fit; `more` tells whether there are further ones."""

    cards: list[CardFound]
    more: bool


class ConvertedStatistics(Converted):
    """A price's statistics in the currency that was asked for, all by one rate."""

    low_minor: int | None
    high_minor: int | None
    median_minor: int | None
    mean_minor: int | None
    first_minor: int | None


class PriceStatistics(Price):
    """A price, and how it moved in the window. `change` is a share: 0.1 is 10% more."""

    low_minor: int
    high_minor: int
    median_minor: int
    mean_minor: int
    first_minor: int
    change: float | None
    changes: int
    converted: NotRequired[ConvertedStatistics | None]


class CardAnswer(Card):
    """A card with every price known of it."""

    days: int
    prices: list[PriceStatistics]


class PriceSeries(TypedDict):
    """One kind of price over time: when it changed, and to what."""

    finish: str
    condition: str
    currency: str
    source: str
    times: list[datetime]
    amounts_minor: list[int]
    converted: NotRequired[ConvertedSeries | None]


class HistoryAnswer(TypedDict):
    """The price history of a card. A first time before `since` is what stood when it began."""

    game: str
    card_id: str
    since: datetime
    series: list[PriceSeries]


class ConvertedMover(Converted):
    """A mover in the currency that was asked for, both amounts by one rate."""

    before_minor: int | None


class Mover(Price):
    """A price that moved."""

    game: str
    card_id: str
    name: str | None
    set_name: str | None
    number: str | None
    before_minor: int
    change: float
    converted: NotRequired[ConvertedMover | None]


class TrendAnswer(TypedDict):
    """The prices that moved most, the largest move first; `currency` is empty for all of them."""

    days: int
    direction: str
    currency: str
    movers: list[Mover]
