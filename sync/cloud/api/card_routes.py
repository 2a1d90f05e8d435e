"""Cards: searched by words, one with the statistics of its prices, its history, and what moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field
from sqlalchemy import select
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.asked import Asked
from sync.cloud.api.card_search import prices_of_cards, search_cards
from sync.cloud.api.describe import describe
from sync.cloud.api.history import KIND, history_of, prices_now, statistics
from sync.cloud.api.trends import trending
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import CARD

Text = Annotated[str, Field(max_length=200)]
Days = Annotated[int, Field(ge=1, le=3650, description="Days back from now.")]


class Search(Asked):
    """Which cards."""

    q: Text = Field("", description="Words of name, set, number, variant or id; the last one may "
                    "be a beginning.")  # fmt: skip
    game: Text = Field("", description="Only of this game.")
    set: Text = Field("", description="Only of this set.")
    currency: str = Field("", pattern="^([A-Z]{3})?$", description="Of the prices told beside.")
    limit: int = Field(20, ge=1, le=100, description="Cards at most.")
    offset: int = Field(0, ge=0, le=10_000, description="Cards to pass over.")


class OneCard(Asked):
    """Which card."""

    game: Text = Field(description="The game.")
    card_id: Text = Field(description="The card's id in its game.")


class CardAsked(OneCard):
    """Which card, and over how long its prices are looked at."""

    days: Days = 90


class HistoryAsked(OneCard):
    """Which card's prices, of which kind, since when."""

    days: Days = 365
    finish: Text = Field("", description="Only of this finish.")
    condition: str | None = Field(None, max_length=10, description="Only of this condition.")
    currency: str = Field("", pattern="^([A-Z]{3})?$", description="Only in this currency.")
    source: Text = Field("", description="Only by this source.")


class TrendAsked(Asked):
    """Which movers."""

    days: Literal["1", "7", "30"] = Field("7", description="Within how many days.")
    direction: Literal["up", "down"] = Field("up", description="Rising or falling.")
    currency: str = Field("", pattern="^([A-Z]{3})?$", description="Only in this currency.")
    game: Text = Field("", description="Only of this game.")
    at_least_minor: int = Field(0, ge=0, lt=2**53, description="Only prices that are or were at "
                                "least this, in hundredths.")  # fmt: skip
    limit: int = Field(50, ge=1, le=200, description="Prices at most.")


class Price(TypedDict):
    """One price: of which kind, by whom, as of when."""

    finish: str
    condition: str
    currency: str
    source: str
    amount_minor: int
    as_of: datetime


class CardFound(TypedDict):
    """A card; `price` is of the normal finish and near mint where there is one."""

    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str
    price: Price | None


class CardsFound(TypedDict):
    """The cards that fit; `more` tells whether there are further ones."""

    cards: list[CardFound]
    more: bool


class PriceStatistics(Price):
    """A price, and how it moved in the window. `change` is a share: 0.1 is 10% more."""

    low_minor: int
    high_minor: int
    median_minor: int
    mean_minor: int
    first_minor: int
    change: float | None
    changes: int


class CardAnswer(TypedDict):
    """A card with every price known of it."""

    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str
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


class HistoryAnswer(TypedDict):
    """The price history of a card. A first time before `since` is what stood when it began."""

    game: str
    card_id: str
    since: datetime
    series: list[PriceSeries]


class Mover(Price):
    """A price that moved."""

    game: str
    card_id: str
    name: str | None
    set_name: str | None
    number: str | None
    before_minor: int
    change: float


class TrendAnswer(TypedDict):
    """The prices that moved most, the largest move first."""

    days: int
    direction: str
    currency: str
    movers: list[Mover]


def make(store: CloudStore, currency: str) -> Blueprint:
    """Return the routes. `currency` holds where a request names none."""
    door = Blueprint("cards", __name__)

    @door.get("/api/v1/cards")
    @describe("Search cards by words", query=Search, answer=CardsFound, is_kept=True)
    def search() -> Response:
        asked = read_query(Search)
        with store.log.read() as session:
            connection = session.connection()
            found = search_cards(
                connection, asked.q, game=asked.game, set_name=asked.set, limit=asked.limit + 1,
                offset=asked.offset,
            )  # fmt: skip
            shown = found[: asked.limit]
            keys = [(card["game"], card["card_id"]) for card in shown]
            prices = prices_of_cards(connection, keys, asked.currency or currency)
        for card, key in zip(shown, keys, strict=True):
            card["price"] = prices.get(key)
        return jsonify(cards=shown, more=len(found) > len(shown))

    @door.get("/api/v1/card")
    @describe("One card with the statistics of its prices", query=CardAsked, answer=CardAnswer,
              is_kept=True, refusals=(404,))  # fmt: skip
    def card() -> Response:
        asked = read_query(CardAsked)
        return jsonify(_card(store, asked))

    @door.get("/api/v1/card/history")
    @describe("The price history of a card", query=HistoryAsked, answer=HistoryAnswer,
              is_kept=True)  # fmt: skip
    def history() -> Response:
        return jsonify(_history(store, read_query(HistoryAsked)))

    @door.get("/api/v1/trending")
    @describe("The prices that moved most", query=TrendAsked, answer=TrendAnswer, is_kept=True)
    def trends() -> Response:
        asked = read_query(TrendAsked)
        with store.log.read() as session:
            movers = trending(
                session.connection(), days=int(asked.days), currency=asked.currency or currency,
                falling=asked.direction == "down", game=asked.game,
                at_least_minor=asked.at_least_minor, limit=asked.limit,
            )  # fmt: skip
        return jsonify(
            days=int(asked.days), direction=asked.direction, currency=asked.currency or currency,
            movers=movers,
        )  # fmt: skip

    return door


def _card(store: CloudStore, asked: CardAsked) -> dict[str, Any]:
    until = utc_now()
    since = until - timedelta(days=asked.days)
    facts = (CARD.c[name] for name in ("game", "card_id", "name", "set_name", "number", "variant"))
    query = select(*facts).where(CARD.c.game == asked.game, CARD.c.card_id == asked.card_id)
    with store.log.read() as session:
        connection = session.connection()
        known = connection.execute(query).mappings().first()
        now = prices_now(connection, asked.game, asked.card_id)
        series = history_of(connection, asked.game, asked.card_id, since, {})
    if known is None and not now:
        raise Refused(HTTPStatus.NOT_FOUND, "The cloud knows no such card.")
    points = {each.kind: each.points for each in series}
    prices = [
        {
            **dict(zip(KIND, kind, strict=True)),
            "amount_minor": amount,
            "as_of": as_of,
            **statistics(points.get(kind) or [(as_of, amount)], since, until),
        }
        for kind, (as_of, amount) in sorted(now.items())
    ]
    unknown = dict.fromkeys(("name", "set_name", "number", "variant"), "")
    facts_known = dict(known) if known else {"game": asked.game, "card_id": asked.card_id}
    return {**unknown, **facts_known, "days": asked.days, "prices": prices}


def _history(store: CloudStore, asked: HistoryAsked) -> dict[str, Any]:
    since = utc_now() - timedelta(days=asked.days)
    kind = {name: value for name in KIND if (value := getattr(asked, name))}
    if asked.condition is not None:  # "" stands for prices without one
        kind["condition"] = asked.condition
    with store.log.read() as session:
        series = history_of(session.connection(), asked.game, asked.card_id, since, kind)
    return {
        "game": asked.game,
        "card_id": asked.card_id,
        "since": since,
        "series": [
            {
                **dict(zip(KIND, each.kind, strict=True)),
                "times": [time for time, _ in each.points],
                "amounts_minor": [amount for _, amount in each.points],
            }
            for each in series
        ],
    }
