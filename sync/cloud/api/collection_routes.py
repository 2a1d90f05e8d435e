"""Collections: what each device's stock is worth, over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.asked import Asked
from sync.cloud.api.card_routes import Text
from sync.cloud.api.collections import values_of
from sync.cloud.api.describe import describe
from sync.cloud.store import CloudStore


class ValueAsked(Asked):
    """Whose collection, and how far back."""

    device: Text = Field("", description="Only of this device.")
    days: int = Field(90, ge=1, le=3650, description="Days back, today included.")
    currency: str = Field("", pattern="^([A-Z]{3})?$", description="As set for the cloud.")


class DayValue(TypedDict):
    """A collection's value at the end of one day (UTC); today's so far."""

    day: str
    cards: int
    priced: int
    amount_minor: int


class Collection(TypedDict):
    """What the cards that a device has scanned amount to."""

    device: str
    currency: str
    made_at: datetime
    cards: int
    priced: int
    amount_minor: int
    days: list[DayValue]


class Collections(TypedDict):
    """Every device's collection, by name."""

    collections: list[Collection]


def make(store: CloudStore, currency: str) -> Blueprint:
    """Return the routes."""
    door = Blueprint("collections", __name__)

    @door.get("/api/v1/collections")
    @describe("What each device's scanned cards are worth, over time", query=ValueAsked,
              answer=Collections)  # fmt: skip
    def collections() -> Response:
        asked = read_query(ValueAsked)
        since = utc_now().date() - timedelta(days=asked.days - 1)
        with store.log.read() as session:
            rows = list(
                values_of(session.connection(), asked.currency or currency, since, asked.device)
            )
        names = ("day", "cards", "priced", "amount_minor")
        found = []
        for device, of_device in groupby(rows, key=lambda row: row["device"]):
            days = list(of_device)
            last = days[-1]
            found.append(
                {
                    "device": device,
                    **{name: last[name] for name in ("currency", "made_at", *names[1:])},
                    "days": [{name: day[name] for name in names} for day in days],
                }
            )
        return jsonify(collections=found)

    return door
