"""Cards: searched by words, one with the statistics of its prices, its history, and what moves."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field
from sqlalchemy import select

from scanner.http.answers import Refused
from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.asked import AnyCurrency, Asked
from sync.cloud.api.card_answers import CardAnswer, CardsFound, HistoryAnswer, TrendAnswer
from sync.cloud.api.card_search import prices_of_cards, search_cards
from sync.cloud.api.converting import Conversion, Converter
from sync.cloud.api.describe import describe
from sync.cloud.api.history import KIND, history_of, prices_now, statistics
from sync.cloud.api.trends import trending
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore
from sync.cloud.tables_api import CARD

_STATISTICS = ("low_minor", "high_minor", "median_minor", "mean_minor", "first_minor")

Text = Annotated[str, Field(max_length=200)]
Days = Annotated[int, Field(ge=1, le=3650, description="Days back from now.")]
CONVERT: str = Field(
    "", description="Currency that amounts are told in besides, by the newest rate."
)
CONVERT_BY_DAY: str = Field(
    "", description="Currency that amounts are told in besides, by the rate of each one's own day."
)


class Search(Asked):
    """Which cards."""

    q: Text = Field("", description="Words of name, set, number, variant or id; the last one may "
                    "be a beginning.")  # fmt: skip
    game: Text = Field("", description="Only of this game.")
    set: Text = Field("", description="Only of this set.")
    currency: AnyCurrency = Field("", description="Of the prices told beside.")
    convert: AnyCurrency = CONVERT
    limit: int = Field(20, ge=1, le=100, description="Cards at most.")
    offset: int = Field(0, ge=0, le=10_000, description="Cards to pass over.")


class OneCard(Asked):
    """Which card."""

    game: Text = Field(description="The game.")
    card_id: Text = Field(description="The card's id in its game.")


class CardAsked(OneCard):
    """Which card, and over how long its prices are looked at."""

    days: Days = 90
    convert: AnyCurrency = CONVERT


class HistoryAsked(OneCard):
    """Which card's prices, of which kind, since when."""

    days: Days = 365
    finish: Text = Field("", description="Only of this finish.")
    condition: str | None = Field(None, max_length=10, description="Only of this condition.")
    currency: AnyCurrency = Field("", description="Only in this currency.")
    convert: AnyCurrency = CONVERT_BY_DAY
    source: Text = Field("", description="Only by this source.")


class TrendAsked(Asked):
    """Which movers."""

    days: Literal["1", "7", "30"] = Field("7", description="Within how many days.")
    direction: Literal["up", "down"] = Field("up", description="Rising or falling.")
    currency: AnyCurrency = Field("", description="Only in this currency.")
    convert: AnyCurrency = CONVERT
    game: Text = Field("", description="Only of this game.")
    at_least_minor: int = Field(0, ge=0, lt=2**53, description="Only prices that are or were at "
                                "least this, in hundredths.")  # fmt: skip
    limit: int = Field(50, ge=1, le=200, description="Prices at most.")


def make(store: CloudStore, settings: HttpSettings) -> Blueprint:
    """Return the routes. The settings' currency holds where a request names none."""
    door = Blueprint("cards", __name__)
    converter = Converter(settings)

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
            conversion = converter.now(connection, asked.convert)
            wanted = [asked.currency or settings.currency]
            if conversion is not None and not asked.currency:
                wanted = [*conversion.currencies(), *wanted]
            prices = prices_of_cards(
                connection, keys, wanted, others=conversion is not None and not asked.currency
            )
        for card, key in zip(shown, keys, strict=True):
            price = prices.get(key)
            card["price"] = price and _beside(price, conversion, "amount_minor")
        return jsonify(cards=shown, more=len(found) > len(shown))

    @door.get("/api/v1/card")
    @describe("One card with the statistics of its prices", query=CardAsked, answer=CardAnswer,
              is_kept=True, refusals=(404,))  # fmt: skip
    def card() -> Response:
        asked = read_query(CardAsked)
        return jsonify(_card(store, asked, converter))

    @door.get("/api/v1/card/history")
    @describe("The price history of a card", query=HistoryAsked, answer=HistoryAnswer,
              is_kept=True)  # fmt: skip
    def history() -> Response:
        return jsonify(_history(store, read_query(HistoryAsked), converter))

    @door.get("/api/v1/trending")
    @describe("The prices that moved most", query=TrendAsked, answer=TrendAnswer, is_kept=True)
    def trends() -> Response:
        asked = read_query(TrendAsked)
        currency = asked.currency or ("" if asked.convert else settings.currency)
        with store.log.read() as session:
            connection = session.connection()
            conversion = converter.now(connection, asked.convert)
            movers = trending(
                connection, days=int(asked.days), currency=currency,
                falling=asked.direction == "down", game=asked.game,
                at_least_minor=asked.at_least_minor, limit=asked.limit,
            )  # fmt: skip
        return jsonify(
            days=int(asked.days), direction=asked.direction, currency=currency,
            movers=[_beside(each, conversion, "amount_minor", "before_minor") for each in movers],
        )  # fmt: skip

    return door


def _beside(told: dict[str, Any], conversion: Conversion | None, *amounts: str) -> dict[str, Any]:
    """What was told, with these amounts converted beside it where that is asked for."""
    return told if conversion is None else conversion.beside(told, *amounts)


def _card(store: CloudStore, asked: CardAsked, converter: Converter) -> dict[str, Any]:
    until = utc_now()
    since = until - timedelta(days=asked.days)
    facts = (CARD.c[name] for name in ("game", "card_id", "name", "set_name", "number", "variant"))
    query = select(*facts).where(CARD.c.game == asked.game, CARD.c.card_id == asked.card_id)
    with store.log.read() as session:
        connection = session.connection()
        known = connection.execute(query).mappings().first()
        now = prices_now(connection, asked.game, asked.card_id)
        series = history_of(connection, asked.game, asked.card_id, since, {})
        conversion = converter.now(connection, asked.convert)
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
    prices = [_beside(price, conversion, "amount_minor", *_STATISTICS) for price in prices]
    unknown = dict.fromkeys(("name", "set_name", "number", "variant"), "")
    facts_known = dict(known) if known else {"game": asked.game, "card_id": asked.card_id}
    return {**unknown, **facts_known, "days": asked.days, "prices": prices}


def _history(store: CloudStore, asked: HistoryAsked, converter: Converter) -> dict[str, Any]:
    since = utc_now() - timedelta(days=asked.days)
    kind = {name: value for name in KIND if (value := getattr(asked, name))}
    if asked.condition is not None:  # "" stands for prices without one
        kind["condition"] = asked.condition
    with store.log.read() as session:
        connection = session.connection()
        series = history_of(connection, asked.game, asked.card_id, since, kind)
        currencies = {each.currency for each in series}
        first = min((each.points[0][0] for each in series), default=since)
        conversion = converter.by_day(connection, asked.convert, currencies, first.date())
    told = []
    for each in series:
        times, amounts = [time for time, _ in each.points], [amount for _, amount in each.points]
        shown: dict[str, Any] = {
            **dict(zip(KIND, each.kind, strict=True)), "times": times, "amounts_minor": amounts
        }  # fmt: skip
        if conversion is not None:
            shown["converted"] = conversion.series(each.currency, times, amounts)
        told.append(shown)
    return {"game": asked.game, "card_id": asked.card_id, "since": since, "series": told}
