"""For who runs the cloud: `/healthz`, `/metrics`, and what the sources cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from sqlalchemy import select
from typing_extensions import TypedDict

from scanner.http import metrics
from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.cloud_metrics import cloud_metrics
from sync.cloud.api.describe import describe
from sync.cloud.api.health import Glance, is_well, parts_of
from sync.cloud.api.key_routes import DaysAsked, totals_of
from sync.cloud.config import CloudConfig
from sync.cloud.sources.standing import states_of
from sync.cloud.store import CloudStore
from sync.cloud.tables_sources import SOURCE_USAGE


class Health(TypedDict):
    """Whether the cloud works, for a load balancer."""

    ok: bool


class PartShown(TypedDict):
    """One thing that must work: ok, warning, down, or off."""

    name: str
    state: str
    detail: str


class SourceShown(TypedDict):
    """How one source of prices stands.

    `breaker` is closed, open (it is left alone until `not_before`) or half-open (it is tried with
    one request). `error` is the class of its last failure and `problem` tells it; both are empty
    where it has given prices since. `left_today` is null where it is not asked; `cost_micro_today`
    is in millionths of `currency`.
    """

    source: str
    breaker: str
    good_at: datetime | None
    failed_at: datetime | None
    error: str
    problem: str
    not_before: datetime | None
    requests_today: int
    left_today: int | None
    cost_micro_today: int
    currency: str


class HealthParts(Health):
    """How each part of the cloud and each source of prices fares."""

    parts: list[PartShown]
    sources: list[SourceShown]


class SourceDay(TypedDict):
    """What one source was asked on one day (UTC). `cost_micro` is in millionths."""

    source: str
    day: str
    requests: int
    received_bytes: int
    unchanged: int
    failures: int
    cost_micro: int


class SourceTotal(TypedDict):
    """What one source was asked in all these days."""

    source: str
    requests: int
    received_bytes: int
    failures: int
    cost_micro: int


class SourceUsage(TypedDict):
    """What the sources of prices were asked: newest day first, and in all, the costliest first."""

    currency: str
    usage: list[SourceDay]
    totals: list[SourceTotal]


def make(store: CloudStore, config: CloudConfig, meters: metrics.Meters) -> Blueprint:
    """Return the routes."""
    door = Blueprint("operations", __name__)
    meters.add(cloud_metrics(store, config))
    glance = Glance(lambda: is_well(parts_of(store, config)))

    @door.get("/healthz")
    @describe("Whether the cloud works", answer=Health, role="anyone", refusals=(503,))
    def healthz() -> tuple[Response, int]:
        well = glance.is_well()
        return jsonify(ok=well), HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE

    @door.get("/api/v1/health")
    @describe("How each part of the cloud fares", answer=HealthParts)
    def health() -> Response:
        parts = parts_of(store, config)
        shown = [{"name": part.name, "state": part.state, "detail": part.detail} for part in parts]
        currency = config.sources.cost_currency
        sources = []
        if not any(part.name == "database" and part.state == "down" for part in parts):
            states = states_of(store, config.sources)
            sources = [{**asdict(each), "currency": currency} for each in states]
        return jsonify(ok=is_well(parts), parts=shown, sources=sources)

    @door.get("/api/v1/usage/sources")
    @describe("What the sources of prices were asked, and what it cost", query=DaysAsked,
              answer=SourceUsage, role="manager")  # fmt: skip
    def source_usage() -> Response:
        since = utc_now().date() - timedelta(days=read_query(DaysAsked).days - 1)
        query = select(SOURCE_USAGE).where(SOURCE_USAGE.c.day >= since)
        with store.log.read() as session:
            rows = session.connection().execute(
                query.order_by(SOURCE_USAGE.c.day.desc(), SOURCE_USAGE.c.source)
            )
            found = [{**row, "day": f"{row['day']}"} for row in rows.mappings()]
        counts = ("requests", "received_bytes", "failures", "cost_micro")
        totals = totals_of(found, ("source",), counts)
        return jsonify(currency=config.sources.cost_currency, usage=found, totals=totals)

    _metrics(door, meters.read, config.http.metrics_open)
    return door


def _metrics(door: Blueprint, read: Callable[[], list[metrics.Metric]], is_open: bool) -> None:
    @door.get("/metrics")
    @describe("Numbers for Prometheus", media_type="text/plain",
              role="anyone" if is_open else "reader")  # fmt: skip
    def told() -> Response:
        return Response(metrics.written(read()), content_type=metrics.CONTENT_TYPE)
