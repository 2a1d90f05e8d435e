"""Alerts, read and acknowledged; who is told of them, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field
from sqlalchemy import select
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.tables import utc_now
from sync.cloud.alert_store import close
from sync.cloud.api.addresses import AddressError
from sync.cloud.api.asked import Asked
from sync.cloud.api.deliveries import Deliveries
from sync.cloud.api.describe import describe
from sync.cloud.api.gate import visitor
from sync.cloud.api.webhooks import Webhook, Webhooks
from sync.cloud.store import CloudStore
from sync.cloud.tables_alerts import ALERT_CLOSED, CARD_ALERT


class AlertsAsked(Asked):
    """Which alerts."""

    state: Literal["open", "closed", "all"] = Field("open", description="Open, closed or all.")
    before: int = Field(2**62, ge=1, le=2**62, description="Only those with a smaller id.")
    limit: int = Field(50, ge=1, le=200, description="Alerts at most, newest first.")


class Place(TypedDict, total=False):
    """Where a copy of the card lies."""

    device: str
    batch: str
    sequence: int
    bin: int


class Alert(TypedDict):
    """One alert. `device` is empty where a price set it off, and not a scanned card.

    `price_as_of` is of when that price is, null where none was asked.
    """

    id: int
    key: str
    rule: str
    cause: str
    device: str
    game: str
    card_id: str
    name: str
    set_name: str
    number: str
    variant: str
    finish: str
    text: str
    places: list[Place]
    raised_at: datetime
    price_as_of: datetime | None
    closed_at: datetime | None
    closed_by: str | None


class AlertList(TypedDict):
    """Alerts, newest first."""

    alerts: list[Alert]


class NewWebhook(Asked):
    """Where alerts are to be sent."""

    url: str = Field(max_length=1000)


class WebhookShown(TypedDict):
    """A receiver of alerts."""

    id: int
    url: str
    made_by: str
    created_at: datetime


class MadeWebhook(WebhookShown):
    """A new receiver. Its secret is shown this once."""

    secret: str


class WebhookList(TypedDict):
    """Every receiver, oldest first."""

    webhooks: list[WebhookShown]


class DeliveriesAsked(Asked):
    """Which messages."""

    state: Literal["", "waiting", "done", "dead"] = Field("", description="Only in this state.")
    limit: int = Field(50, ge=1, le=200, description="Messages at most, newest first.")


class Delivery(TypedDict):
    """One message to one receiver; `dead` ones were given up."""

    id: int
    channel: str
    target: str
    about: str
    state: str
    tries: int
    problem: str
    created_at: datetime
    next_at: datetime
    done_at: datetime | None


class DeliveryList(TypedDict):
    """Messages, newest first."""

    deliveries: list[Delivery]


def make(store: CloudStore, webhooks: Webhooks) -> Blueprint:
    """Return the routes."""
    door = Blueprint("alerts", __name__)
    deliveries = Deliveries(store)
    _alerts(door, store)
    _webhooks(door, webhooks, deliveries)

    @door.get("/api/v1/deliveries")
    @describe("Messages to people and webhooks, and what became of them", query=DeliveriesAsked,
              answer=DeliveryList, role="manager")  # fmt: skip
    def messages() -> Response:
        asked = read_query(DeliveriesAsked)
        names = Delivery.__annotations__
        found = deliveries.all(asked.state, asked.limit)
        return jsonify(deliveries=[{name: row[name] for name in names} for row in found])

    @door.post("/api/v1/deliveries/<int:delivery_id>/again")
    @describe("Send a message again that was given up", status=204, role="manager",
              refusals=(400,))  # fmt: skip
    def again(delivery_id: int) -> Response:
        deliveries.send_again(delivery_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return door


def _alerts(door: Blueprint, store: CloudStore) -> None:
    @door.get("/api/v1/alerts")
    @describe("The shop's alerts, newest first", query=AlertsAsked, answer=AlertList)
    def alerts() -> Response:
        return jsonify(alerts=_found(store, read_query(AlertsAsked)))

    @door.post("/api/v1/alerts/<key>/close")
    @describe("Acknowledge an alert, everywhere and for good", status=204, role="manager",
              refusals=(404,))  # fmt: skip
    def acknowledge(key: str) -> Response:
        with store.log.write() as session:
            connection = session.connection()
            known = select(CARD_ALERT.c.id).where(CARD_ALERT.c.key == key.replace("\0", ""))
            if connection.execute(known).first() is None:
                raise Refused(HTTPStatus.NOT_FOUND, "There is no such alert.")
            close(connection, "", [(key, visitor().name, utc_now())])
        return Response(status=HTTPStatus.NO_CONTENT)


def _found(store: CloudStore, asked: AlertsAsked) -> list[dict[str, Any]]:
    names = [name for name in Alert.__annotations__ if not name.startswith("closed")]
    query = (
        select(
            *(CARD_ALERT.c[name] for name in names),
            ALERT_CLOSED.c.closed_at,
            ALERT_CLOSED.c.by.label("closed_by"),
        )
        .outerjoin(ALERT_CLOSED, ALERT_CLOSED.c.key == CARD_ALERT.c.key)
        .where(CARD_ALERT.c.id < asked.before)
        .order_by(CARD_ALERT.c.id.desc())
        .limit(asked.limit)
    )
    if asked.state != "all":
        is_open = ALERT_CLOSED.c.key.is_(None)
        query = query.where(is_open if asked.state == "open" else ~is_open)
    with store.log.read() as session:
        return [dict(row) for row in session.connection().execute(query).mappings()]


def _webhooks(door: Blueprint, webhooks: Webhooks, deliveries: Deliveries) -> None:
    @door.get("/api/v1/webhooks")
    @describe("Who is told of alerts", answer=WebhookList, role="manager")
    def listed() -> Response:
        return jsonify(webhooks=[_webhook(each) for each in webhooks.all()])

    @door.post("/api/v1/webhooks")
    @describe("Let an address be told of alerts; its secret is shown this once", body=NewWebhook,
              answer=MadeWebhook, status=201, role="manager")  # fmt: skip
    def add() -> tuple[Response, int]:
        asked = read_body(NewWebhook)
        try:
            made, secret = webhooks.add(asked.url, visitor().name)
        except AddressError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        return jsonify({**_webhook(made), "secret": secret}), HTTPStatus.CREATED

    @door.delete("/api/v1/webhooks/<int:webhook_id>")
    @describe("Tell an address no more", status=204, role="manager", refusals=(400,))
    def remove(webhook_id: int) -> Response:
        webhooks.end(webhook_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @door.post("/api/v1/webhooks/<int:webhook_id>/test")
    @describe("Send a test message; see what becomes of it under deliveries", status=202,
              role="manager", refusals=(404,))  # fmt: skip
    def test(webhook_id: int) -> Response:
        if webhook_id not in {each.id for each in webhooks.all()}:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such webhook.")
        deliveries.queue_test(webhook_id)
        return Response(status=HTTPStatus.ACCEPTED)


def _webhook(webhook: Webhook) -> WebhookShown:
    return {
        "id": webhook.id, "url": webhook.url, "made_by": webhook.made_by,
        "created_at": webhook.created_at,
    }  # fmt: skip
