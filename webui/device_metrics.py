"""The metrics of the log and the device. Totals are added up as rows come: asking is cheap."""

from __future__ import annotations

import importlib.metadata
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from scanner.errors import StoreError
from scanner.http.metrics import Labels, Metric, by, one
from webui.figures import FAULTS, Figures
from webui.page import Services


def device_metrics(services: Services) -> Callable[[], Iterator[Metric]]:
    """Return what asks for them."""
    totals = _Totals(services)

    def read() -> Iterator[Metric]:
        version = importlib.metadata.version("counterscan")
        yield Metric("counterscan_info", "gauge", "This release.", {(("version", version),): 1})
        state = services.view.state()
        yield Metric(
            "counterscan_log_readable",
            "gauge",
            "1 where the page can read the log.",
            one(float(not state["log_error"])),
        )
        yield Metric(
            "counterscan_feed_alive",
            "gauge",
            "1 where the feed process shows itself.",
            one(float(not state["feed_silent"])),
        )
        yield Metric(
            "counterscan_page_streams", "gauge", "Open Live pages.", one(float(len(services.hub)))
        )
        try:
            figures = services.sampler.now()
            yield from totals.read()
            yield from _work(figures)
        except StoreError:
            figures = services.sampler.device_only()
        yield from _device(figures)
        alerts = {alert.key: 1.0 for alert in services.sampler.alerts()}
        yield Metric(
            "counterscan_alert", "gauge", "Something is wrong or worse.", by("key", alerts)
        )

    return read


class _Totals:
    """Scans by decision and faults by kind since the log began."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._last = (0, 0)
        self._decisions: Counter[str] = Counter()
        self._events: Counter[str] = Counter()

    def read(self) -> Iterator[Metric]:
        """Return the two totals; begin anew where the log is another one than before."""
        with self._lock:
            store = self._services.view.store()
            newest = store.last_ids()
            if newest[0] < self._last[0] or newest[1] < self._last[1]:
                self._last = (0, 0)
                self._decisions.clear()
                self._events.clear()
            *last, decisions, events = store.totals_after(*self._last)
            self._last = (last[0], last[1])
            self._decisions.update(decisions)
            self._events.update(events)
            found = dict(self._decisions), dict(self._events)
        yield Metric(
            "counterscan_scans_total", "counter", "Cards scanned.", by("decision", {**found[0]})
        )
        faults: dict[str, float | None] = {
            kind: count for kind, count in found[1].items() if kind in FAULTS
        }
        yield Metric("counterscan_faults_total", "counter", "Faults.", by("kind", faults))


def _work(now: Figures) -> Iterator[Metric]:
    times: dict[Labels, float | None] = {}
    for stage, (half, most) in sorted(now.stages_ms.items()):
        times[(("stage", stage), ("quantile", "0.5"))] = half
        times[(("stage", stage), ("quantile", "0.95"))] = most
    newest = "of the newest 500 cards"
    yield Metric("counterscan_stage_milliseconds", "gauge", f"Stage times {newest}.", times)
    yield Metric(
        "counterscan_accept_ratio", "gauge", f"Share accepted {newest}.", one(now.accept_rate)
    )
    yield Metric(
        "counterscan_jams_per_thousand", "gauge", f"Jams in 1,000 {newest}.", one(now.jams_per_1000)
    )
    yield Metric(
        "counterscan_review_queue", "gauge", "Cards that wait for a person.", one(now.queue)
    )


def _device(now: Figures) -> Iterator[Metric]:
    for name, about, value in (
        ("temperature_celsius", "Temperature of the hottest sensor.", now.temperature_c),
        ("throttled", "1 while the processor is held back.", now.is_throttled),
        ("under_voltage", "1 while there is too little power.", now.is_under_voltage),
        ("disk_free_bytes", "Free space for the log and the pictures.", now.disk_free_bytes),
        ("disk_size_bytes", "Size of that disk.", now.disk_size_bytes),
        ("memory_available_bytes", "Memory that programs may still take.", now.memory_free_bytes),
        ("load1", "Load of the last minute.", now.load),
    ):
        yield Metric(
            f"counterscan_{name}", "gauge", about, one(None if value is None else float(value))
        )
