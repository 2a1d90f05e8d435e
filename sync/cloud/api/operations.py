"""For who runs the cloud: `/healthz`, `/metrics`, and what the sources cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from sqlalchemy import select
from typing_extensions import TypedDict

from scanner.http import metrics
from scanner.http.describe import read_query
from scanner.tables import utc_now
from sync.cloud.api.cloud_metrics import cloud_metrics
from sync.cloud.api.describe import describe
from sync.cloud.api.health import is_well, parts_of
from sync.cloud.api.key_routes import DaysAsked
from sync.cloud.config import CloudConfig
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


class HealthParts(Health):
    """How each part of the cloud fares."""

    parts: list[PartShown]


class SourceDay(TypedDict):
    """What one source was asked on one day (UTC). `cost_micro` is in millionths."""

    source: str
    day: str
    requests: int
    received_bytes: int
    unchanged: int
    failures: int
    cost_micro: int


class SourceUsage(TypedDict):
    """What the sources of prices were asked, newest day first."""

    usage: list[SourceDay]


def make(store: CloudStore, config: CloudConfig, meters: metrics.Meters) -> Blueprint:
    """Return the routes."""
    door = Blueprint("operations", __name__)
    meters.add(cloud_metrics(store))

    @door.get("/healthz")
    @describe("Whether the cloud works", answer=Health, role="anyone", refusals=(503,))
    def healthz() -> tuple[Response, int]:
        well = is_well(parts_of(store, config))
        return jsonify(ok=well), HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE

    @door.get("/api/v1/health")
    @describe("How each part of the cloud fares", answer=HealthParts)
    def health() -> Response:
        parts = parts_of(store, config)
        shown = [{"name": part.name, "state": part.state, "detail": part.detail} for part in parts]
        return jsonify(ok=is_well(parts), parts=shown)

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
        return jsonify(usage=found)

    _metrics(door, meters.read, config.http.metrics_open)
    return door


def _metrics(door: Blueprint, read: Callable[[], list[metrics.Metric]], is_open: bool) -> None:
    @door.get("/metrics")
    @describe("Numbers for Prometheus", media_type="text/plain",
              role="anyone" if is_open else "reader")  # fmt: skip
    def told() -> Response:
        return Response(metrics.written(read()), content_type=metrics.CONTENT_TYPE)
