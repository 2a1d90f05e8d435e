"""Collections: what each device's stock is worth, over time, and in one currency where asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NotRequired

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.asked import AnyCurrency, Asked
from sync.cloud.api.card_routes import CONVERT_BY_DAY, Text
from sync.cloud.api.collections import values_of
from sync.cloud.api.converting import (
    Conversion,
    ConversionByDay,
    Converted,
    Converter,
)
from sync.cloud.api.describe import describe
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore


class ValueAsked(Asked):
    """Whose collection, and how far back."""

    device: Text = Field("", description="Only of this device.")
    days: int = Field(90, ge=1, le=3650, description="Days back, today included.")
    currency: AnyCurrency = Field("", description="Only cards that count in this currency.")
    convert: AnyCurrency = CONVERT_BY_DAY


class Total(TypedDict):
    """What the cards amount to that count in one currency; a card counts in one alone."""

    currency: str
    priced: int
    amount_minor: int
    converted: NotRequired[Converted | None]


class ConvertedTotal(TypedDict):
    """All totals as one in the currency that was asked for; `left_out` names the currencies whose
    total could not be converted and is not in it."""

    currency: str
    priced: int
    amount_minor: int
    left_out: list[str]


class Worth(TypedDict):
    """How many cards, how many of them have a price, and what they amount to by currency."""

    cards: int
    priced: int
    totals: list[Total]
    converted: NotRequired[ConvertedTotal]


class DayValue(Worth):
    """A collection's value at the end of one day (UTC); today's so far."""

    day: str


class Collection(Worth):
    """What the cards that a device has in stock amount to."""

    device: str
    made_at: datetime
    days: list[DayValue]


class Collections(Worth):
    """Every device's collection, by name, and all of them together."""

    collections: list[Collection]


def make(store: CloudStore, settings: HttpSettings) -> Blueprint:
    """Return the routes."""
    door = Blueprint("collections", __name__)
    converter = Converter(settings)

    @door.get("/api/v1/collections")
    @describe("What each device's cards in stock are worth, over time", query=ValueAsked,
              answer=Collections)  # fmt: skip
    def collections() -> Response:
        asked = read_query(ValueAsked)
        since = utc_now().date() - timedelta(days=asked.days - 1)
        with store.log.read() as session:
            connection = session.connection()
            rows = list(values_of(connection, since, asked.device))
            currencies = {row["currency"] for row in rows}
            conversion = converter.by_day(connection, asked.convert, currencies, since)
        found, last = [], []
        for device, of_device in groupby(rows, key=lambda row: row["device"]):
            days = [list(of_day) for _, of_day in groupby(of_device, key=lambda row: row["day"])]
            last += days[-1]
            shown = [
                {"day": day[0]["day"], **_worth(day, asked.currency, _of_day(conversion, day))}
                for day in days
            ]
            now = {name: value for name, value in shown[-1].items() if name != "day"}
            found.append(
                {"device": device, "made_at": days[-1][0]["made_at"], **now, "days": shown}
            )
        return jsonify(collections=found, **_worth(last, asked.currency, _of_day(conversion, last)))

    return door


def _of_day(
    conversion: ConversionByDay | None, rows: Sequence[Mapping[str, Any]]
) -> Conversion | None:
    """What converts rows of a day, or of the last of their days; of none, those of today."""
    if conversion is None:
        return None
    days = [date.fromisoformat(row["day"]) for row in rows]
    return conversion.on(max(days, default=conversion.today))


def _worth(
    rows: Sequence[Mapping[str, Any]], only: str, conversion: Conversion | None
) -> dict[str, Any]:
    """What rows of one or several devices, each of the same day, amount to."""
    cards = {row["device"]: row["cards"] for row in rows}
    priced: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for row in rows:
        if only in ("", row["currency"]):
            priced[row["currency"]] += row["priced"]
            amounts[row["currency"]] += row["amount_minor"]
    totals: list[dict[str, Any]] = [
        {"currency": name, "priced": priced[name], "amount_minor": amounts[name]}
        for name in sorted(priced)
    ]
    found: dict[str, Any] = {
        "cards": sum(cards.values()), "priced": sum(priced.values()), "totals": totals
    }  # fmt: skip
    if conversion is not None:
        found["totals"] = [conversion.beside(total, "amount_minor") for total in totals]
        found["converted"] = _as_one(totals, conversion)
    return found


def _as_one(totals: Iterable[Mapping[str, Any]], conversion: Conversion) -> dict[str, Any]:
    whole = priced = 0
    left_out = []
    for total in totals:
        amount = conversion.amount(total["amount_minor"], total["currency"])
        if amount is None:
            left_out.append(total["currency"])
            continue
        whole += amount
        priced += total["priced"]
    return {
        "currency": conversion.currency, "priced": priced, "amount_minor": whole,
        "left_out": left_out,
    }  # fmt: skip
