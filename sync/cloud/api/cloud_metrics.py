"""Numbers of the whole cloud for Prometheus; every API process tells the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Float, cast, func, select

from scanner.http.metrics import Labels, Metric, by, one
from scanner.tables import utc_now
from sync.cloud.api.deliveries import Deliveries
from sync.cloud.api.health import price_ages_s
from sync.cloud.config import CloudConfig
from sync.cloud.sources.breaker import BreakerState
from sync.cloud.sources.health import SourceState
from sync.cloud.sources.standing import states_of
from sync.cloud.store import CloudStore
from sync.cloud.tables import DEVICE, RECEIVED, REFUSED_MESSAGE
from sync.cloud.tables_alerts import ALERT_CLOSED, CARD_ALERT
from sync.cloud.tables_api import API_USAGE, CARD
from sync.cloud.tables_jobs import JOB_RUN
from sync.cloud.tables_refused import REFUSED_ROW
from sync.cloud.tables_sources import SOURCE_USAGE

_BREAKER = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 1.0, BreakerState.OPEN: 2.0}


def cloud_metrics(store: CloudStore, config: CloudConfig) -> Callable[[], list[Metric]]:
    """Return what tells the numbers whenever they are read."""

    def told() -> list[Metric]:
        now = utc_now()
        messages: dict[str, float | None] = dict(Deliveries(store).counts())
        ages: dict[str, float | None] = dict(price_ages_s(store, now))
        states = states_of(store, config.sources)
        with store.log.read() as session:
            connection = session.connection()
            return [
                *_of_sources(states),
                *_of_devices(connection),
                *_of_alerts(connection),
                *_of_jobs(connection),
                *_of_usage(connection, f"{now:%Y-%m-%d}", config),
                Metric("counterscan_cloud_cards", "gauge", "Printings that are searched.",
                       one(_count(connection, CARD))),
                Metric("counterscan_cloud_messages", "gauge", "Messages to people and webhooks.",
                       by("state", messages)),
                Metric("counterscan_cloud_price_age_seconds", "gauge",
                       "Age of each source's newest price.", by("source", ages)),
            ]  # fmt: skip

    return told


def _of_devices(connection: Connection) -> list[Metric]:
    online = connection.execute(select(DEVICE.c.device, DEVICE.c.is_online)).all()
    received = connection.execute(
        select(
            RECEIVED.c.device, RECEIVED.c.stream, func.sum(cast(RECEIVED.c.up_to, Float))
        ).group_by(RECEIVED.c.device, RECEIVED.c.stream)
    )
    rows: dict[Labels, float | None] = {
        (("device", device), ("stream", stream)): float(up_to) for device, stream, up_to in received
    }
    return [
        Metric("counterscan_cloud_device_online", "gauge", "Whether a device is connected.",
               by("device", {name: float(is_online) for name, is_online in online})),
        Metric("counterscan_cloud_received", "gauge", "Up to which row a device's log is on disk.",
               rows),
        Metric("counterscan_cloud_refused_messages_total", "counter",
               "Messages that are none of the protocol.", one(_count(connection, REFUSED_MESSAGE))),
        Metric("counterscan_cloud_refused_rows", "gauge",
               "Rows of devices that can't be used and are kept aside.",
               one(_count(connection, REFUSED_ROW))),
    ]  # fmt: skip


def _of_alerts(connection: Connection) -> list[Metric]:
    raised, closed = _count(connection, CARD_ALERT), _count(connection, ALERT_CLOSED)
    return [
        Metric("counterscan_cloud_alerts_total", "counter", "Alerts raised.", one(raised)),
        Metric("counterscan_cloud_alerts_closed_total", "counter", "Alerts acknowledged.",
               one(closed)),
    ]  # fmt: skip


def _of_jobs(connection: Connection) -> list[Metric]:
    rows = connection.execute(
        select(JOB_RUN.c.job, JOB_RUN.c.outcome, func.max(JOB_RUN.c.began_at)).group_by(
            JOB_RUN.c.job, JOB_RUN.c.outcome
        )
    )
    last: dict[Labels, float | None] = {
        (("job", job), ("outcome", outcome)): began_at.timestamp()
        for job, outcome, began_at in rows
    }
    return [
        Metric("counterscan_cloud_job_last_seconds", "gauge",
               "When a job last ran with this outcome, as Unix time.", last),
    ]  # fmt: skip


def _of_sources(states: Sequence[SourceState]) -> list[Metric]:
    """How the sources of prices stand; one whose last collection went well has no failure."""
    good: dict[str, float | None] = {
        each.source: each.good_at.timestamp() for each in states if each.good_at is not None
    }
    left: dict[str, float | None] = {
        each.source: float(each.left_today) for each in states if each.left_today is not None
    }
    breakers: dict[str, float | None] = {each.source: _BREAKER[each.breaker] for each in states}
    failing: dict[Labels, float | None] = {
        (("source", each.source), ("error", each.error)): 1.0 for each in states if each.error
    }
    return [
        Metric("counterscan_cloud_source_breaker", "gauge",
               "Whether each source is asked: 0 it is, 1 it is tried again, 2 it is left alone.",
               by("source", breakers)),
        Metric("counterscan_cloud_source_good_seconds", "gauge",
               "When each source last gave what it has, as Unix time.", by("source", good)),
        Metric("counterscan_cloud_source_left_today", "gauge",
               "Requests that each source may still be asked today.", by("source", left)),
        Metric("counterscan_cloud_source_failing", "gauge",
               "The class of each source's last failure, until it gives prices again.", failing),
    ]  # fmt: skip


def _of_usage(connection: Connection, day: str, config: CloudConfig) -> list[Metric]:
    usage = API_USAGE.c
    keys = connection.execute(
        select(usage.who, usage.requests, usage.cost_micro).where(usage.day == day)
    ).all()
    paid_in = ("currency", config.http.cost_currency)
    costs: dict[Labels, float | None] = {
        (("who", who), paid_in): float(cost) for who, _, cost in keys
    }
    sources = connection.execute(
        select(
            SOURCE_USAGE.c.source,
            *(func.sum(SOURCE_USAGE.c[name]) for name in ("requests", "failures", "cost_micro")),
        ).group_by(SOURCE_USAGE.c.source)
    ).all()
    found = [
        Metric("counterscan_api_asked_today", "gauge", "Requests of each key and person today.",
               by("who", {who: float(requests) for who, requests, _ in keys})),
        Metric("counterscan_api_cost_micro_today", "gauge",
               "Cost, in millionths, of each key and person today.", costs),
    ]  # fmt: skip
    for place, (name, what) in enumerate(
        (("requests", "Requests to"), ("failures", "Failed requests to"),
         ("cost_micro", "Cost, in millionths, of")), 1
    ):  # fmt: skip
        more = (("currency", config.sources.cost_currency),) if name == "cost_micro" else ()
        values: dict[Labels, float | None] = {
            (("source", row[0]), *more): float(row[place]) for row in sources
        }
        found.append(
            Metric(f"counterscan_cloud_source_{name}_total", "counter", f"{what} each source.",
                   values)
        )  # fmt: skip
    return found


def _count(connection: Connection, table: Any) -> float:
    return float(connection.execute(select(func.count()).select_from(table)).scalar_one())
