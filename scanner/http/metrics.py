"""Counters and gauges in the text form that Prometheus reads, version 0.0.4.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. A page of its own adds its
metrics with `Meters.add`.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from flask import Flask, Response, g

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its values by their labels. `parts` are a histogram's lines by their endings."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    values: Mapping[Labels, float | None]
    parts: Mapping[str, float] = field(default_factory=dict)


class Meters:
    """What is measured: whoever knows a number adds a function that tells it."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], Iterable[Metric]]] = []

    def add(self, source: Callable[[], Iterable[Metric]]) -> None:
        """Ask `source` too whenever the metrics are read."""
        self._sources.append(source)

    def read(self) -> list[Metric]:
        """Return every metric as it is now."""
        return [metric for source in self._sources for metric in source()]


class RequestTimes:
    """How long answers take: a histogram, and counts by status. Thread-safe."""

    def __init__(self, of: str) -> None:
        self._of = of
        self._lock = threading.Lock()
        self._buckets = [0] * (len(_BUCKETS_S) + 1)
        self._sum_s = 0.0
        self._statuses: Counter[int] = Counter()

    def note(self, took_s: float, status: int) -> None:
        """Count one answer."""
        with self._lock:
            self._buckets[bisect_left(_BUCKETS_S, took_s)] += 1
            self._sum_s += took_s
            self._statuses[status] += 1

    def metrics(self) -> list[Metric]:
        """Return the two metrics."""
        with self._lock:
            buckets, total_s, statuses = list(self._buckets), self._sum_s, dict(self._statuses)
        values: dict[Labels, float | None] = {}
        count = 0
        for bound, number in zip([*map(str, _BUCKETS_S), "+Inf"], buckets, strict=True):
            count += number
            values[(("le", bound),)] = count
        return [
            Metric(
                f"counterscan_{self._of}_answer_seconds",
                "histogram",
                f"Time of the answers of the {self._of}.",
                values,
                {"_sum": total_s, "_count": count},
            ),
            Metric(
                f"counterscan_{self._of}_answers_total",
                "counter",
                f"Answers of the {self._of} by HTTP status.",
                {(("status", str(status)),): number for status, number in statuses.items()},
            ),
        ]


def time_requests(app: Flask, meters: Meters, of: str) -> None:
    """Measure every answer of `app`; of a stream, the time until it begins."""
    times = RequestTimes(of)
    meters.add(times.metrics)

    def before() -> None:
        g.began_mono_s = time.monotonic()

    def after(response: Response) -> Response:
        times.note(time.monotonic() - g.get("began_mono_s", time.monotonic()), response.status_code)
        return response

    app.before_request(before)
    app.after_request(after)


def written(metrics: Iterable[Metric]) -> str:
    """Return metrics as text; a value of None is left out, and a metric without any with it."""
    lines: list[str] = []
    for metric in metrics:
        told = {labels: value for labels, value in metric.values.items() if value is not None}
        if not told:
            continue
        lines.append(f"# HELP {metric.name} {_escaped(metric.help)}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        for labels, value in told.items():
            name = f"{metric.name}_bucket" if metric.kind == "histogram" else metric.name
            lines.append(f"{name}{_labels(labels)} {_number(value)}")
        lines += [f"{metric.name}{end} {_number(value)}" for end, value in metric.parts.items()]
    return "\n".join(lines) + "\n"


def one(value: float | None) -> dict[Labels, float | None]:
    """Return the values of a metric that has no labels."""
    return {(): value}


def by(label: str, values: Mapping[str, float | None]) -> dict[Labels, float | None]:
    """Return the values of a metric with one label."""
    return {((label, name),): value for name, value in sorted(values.items())}


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels)
    return f"{{{inside}}}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
