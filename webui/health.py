"""The Health page, its twin, `/healthz` and `/metrics`: how the device fares, now and lately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

from flask import Blueprint, Response, jsonify, render_template
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from scanner.errors import StoreError
from scanner.http import metrics
from scanner.http.describe import read_query
from scanner.tables import utc_now
from webui import words
from webui.alerts import Alert
from webui.charts import Chart, bucketed, line_chart
from webui.describe import describe
from webui.device_metrics import device_metrics
from webui.exchange import CloudAnswer, cloud_standing, cloud_tile
from webui.figures import Figures, together
from webui.page import Page, Services
from webui.samples import HOUR, MINUTE
from webui.updates import UpdateAnswer, listed

Span = Literal["day", "month"]

_LENGTHS: dict[Span, tuple[int, timedelta, timedelta]] = {
    "day": (MINUTE, timedelta(days=1), timedelta(minutes=15)),
    "month": (HOUR, timedelta(days=30), timedelta(hours=6)),
}


class Asked(BaseModel):
    """Which history."""

    span: Span = Field("day", description="`day`: quarters of an hour; `month`: six hours.")


class AlertAnswer(TypedDict):
    """Something that somebody should look at."""

    key: str
    level: str
    title: str
    text: str


class FiguresAnswer(TypedDict):
    """Figures of one stretch; null where the machine does not tell, or nothing was scanned."""

    scans: int
    accept_rate: float | None
    jams_per_1000: float | None
    faults: dict[str, int]
    stages_ms: dict[str, tuple[float, float]]
    queue: int
    temperature_c: float | None
    is_throttled: bool | None
    is_under_voltage: bool | None
    disk_free_bytes: int | None
    disk_size_bytes: int | None
    memory_free_bytes: int | None
    load: float


class Moment(TypedDict):
    """One stretch of the history; `at` is its end."""

    at: str
    figures: FiguresAnswer


class HealthAnswer(TypedDict):
    """`now` is about the newest 500 cards, `month` is what is usual; `stages_ms` is [p50, p95].

    `cloud` is null where this device was never connected with one.
    """

    cloud: CloudAnswer | None
    alerts: list[AlertAnswer]
    now: FiguresAnswer
    month: FiguresAnswer | None
    history: list[Moment]


class Healthz(TypedDict):
    """Whether the page can read the log, and whether the feed process is there."""

    status: str
    log: str
    feed: str
    machine: str


def make(services: Services) -> Blueprint:
    """Return the routes."""
    health = Blueprint("health", __name__)
    sampler = services.sampler

    def now() -> tuple[Figures, list[Alert]]:
        try:
            figures = sampler.now()
        except StoreError:
            figures = sampler.device_only()
        return figures, [*_unwell(services.view.state()), *sampler.alerts()]

    def announced() -> list[UpdateAnswer]:
        try:
            return listed(services.view.store())
        except StoreError:
            return []  # the alerts say why

    @health.get("/health")
    @describe("The Health page")
    def page() -> str:
        span = read_query(Asked).span
        figures, alerts = now()
        minutes, length, width = _LENGTHS[span]
        until = utc_now()
        return render_template(
            "health.html",
            span=span,
            alerts=alerts,
            updates=announced(),
            tiles=[*_tiles(figures), *cloud_tile(cloud_standing(services.view))],
            charts=_charts(sampler.history(minutes), until - length, until, width),
            figures=figures,
            month=sampler.month(),
            fault_words={kind: words.machine_wording(kind).word for kind in figures.faults},
        )

    @health.get("/api/health")
    @describe("How the device fares", query=Asked, answer=HealthAnswer, follows_log=True)
    def twin() -> Response:
        span = read_query(Asked).span
        figures, alerts = now()
        month = sampler.month()
        return jsonify(
            alerts=[
                {"key": a.key, "level": a.level, "title": a.title, "text": a.text} for a in alerts
            ],
            cloud=cloud_standing(services.view),
            now=_answer(figures),
            month=None if month is None else _answer(month),
            history=[
                {"at": at.isoformat(timespec="seconds"), "figures": _answer(kept)}
                for at, kept in sampler.history(_LENGTHS[span][0])
            ],
        )

    @health.get("/healthz")
    @describe(
        "Whether the page and the log are well", answer=Healthz, role="anyone", follows_log=True
    )
    def healthz() -> tuple[Response, int]:
        state = services.view.state()
        problem = state["log_error"]
        answer = jsonify(
            status="error" if problem else "ok",
            log=problem or "ok",
            feed="silent" if state["feed_silent"] else "ok",
            machine=state["machine"]["state"],
        )
        return answer, HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK

    services.meters.add(device_metrics(services))

    @health.get("/metrics")
    @describe("Everything measured, as Prometheus reads it", media_type="text/plain")
    def prometheus() -> Response:
        text = metrics.written(services.meters.read())
        return Response(text, content_type=metrics.CONTENT_TYPE)

    return health


def _unwell(state: dict[str, Any]) -> list[Alert]:
    """What log, feed process, cloud and updates have to say, before any figure counts."""
    if state["log_error"]:
        return [Alert("log", "fault", "The log cannot be read", state["log_error"])]
    found = [
        Alert(notice["key"], "warn", notice["title"], notice["text"])
        for notice in state["notices"]
        if notice["key"] in ("cloud", "update")
    ]
    if state["feed_silent"]:
        text = (
            "Nothing is being scanned. Start it with “counterscan feed”, or switch the scanner "
            "off and on."
        )
        found.insert(0, Alert("feed", "fault", "The machine does not answer", text))
    return found


def _answer(figures: Figures) -> FiguresAnswer:
    return {
        "scans": figures.scans,
        "accept_rate": figures.accept_rate,
        "jams_per_1000": figures.jams_per_1000,
        "faults": figures.faults,
        "stages_ms": figures.stages_ms,
        "queue": figures.queue,
        "temperature_c": figures.temperature_c,
        "is_throttled": figures.is_throttled,
        "is_under_voltage": figures.is_under_voltage,
        "disk_free_bytes": figures.disk_free_bytes,
        "disk_size_bytes": figures.disk_size_bytes,
        "memory_free_bytes": figures.memory_free_bytes,
        "load": figures.load,
    }


def _tiles(now: Figures) -> list[tuple[str, str, str]]:
    """Title, value and a word beside it of each tile."""
    held = {None: "not told", False: "no", True: "yes"}[now.is_throttled]
    size, free = now.disk_size_bytes, now.disk_free_bytes
    return [
        ("Temperature", _or("{:.0f} °C", now.temperature_c), ""),
        ("Held back", held, "too little power" if now.is_under_voltage else ""),
        (
            "Disk free",
            "–" if free is None else f"{free / 1e9:.1f} GB",
            f"{free / size:.0%}" if free is not None and size else "",
        ),
        ("Waiting for review", f"{now.queue:,}", "cards" if now.queue != 1 else "card"),
        ("Accepted", _or("{:.0%}", now.accept_rate), f"of {now.scans:,}" if now.scans else ""),
        ("Jams in 1,000", _or("{:.1f}", now.jams_per_1000), ""),
        ("Half take", _or("{:.0f} ms", now.p50_ms), "or less"),
        ("95 of 100 take", _or("{:.0f} ms", now.p95_ms), "or less"),
    ]


def _or(form: str, value: float | None) -> str:
    return "–" if value is None else form.format(value)


Moments = Sequence[tuple[datetime, Figures]]


def _charts(history: Moments, since: datetime, until: datetime, width: timedelta) -> list[Chart]:
    def line(value_of: Callable[[Figures], float | None]) -> list[tuple[datetime, float]]:
        def of(inside: Sequence[Figures]) -> float | None:
            whole = together(inside)
            return None if whole is None else value_of(whole)

        return bucketed(history, since, width, of)

    def share(value: float | None) -> float | None:
        return None if value is None else 100 * value

    drawn = [
        ("Temperature", "°C", [("", line(lambda f: f.temperature_c))], 80.0),
        (
            "Minutes held back" if width < timedelta(hours=1) else "Hours held back",
            "",
            [("", bucketed(history, since, width, _held_back))],
            0.0,
        ),
        ("Disk free", "GB", [("", line(lambda f: _gigabytes(f.disk_free_bytes)))], 0.0),
        ("Cards waiting for review", "", [("", line(lambda f: float(f.queue)))], 0.0),
        (
            "Recognition",
            "ms",
            [("half", line(lambda f: f.p50_ms)), ("most", line(lambda f: f.p95_ms))],
            0.0,
        ),
        ("Accepted", "%", [("", line(lambda f: share(f.accept_rate)))], 100.0),
        ("Jams in 1,000 cards", "", [("", line(lambda f: f.jams_per_1000))], 0.0),
        ("Cards scanned", "", [("", line(lambda f: float(f.scans)))], 0.0),
    ]
    made = [
        line_chart(title, unit, series, since, until, width, top=top)
        for title, unit, series, top in drawn
    ]
    return [chart for chart in made if chart is not None]


def _held_back(inside: Sequence[Figures]) -> float | None:
    told = [kept.is_throttled for kept in inside if kept.is_throttled is not None]
    return float(sum(told)) if told else None


def _gigabytes(size: int | None) -> float | None:
    return None if size is None else size / 1e9


PAGE = Page("Health", "/health", "health", make)
