"""Uploads in the metrics: what waits, what was read, how many answers were known already."""

from __future__ import annotations

from collections.abc import Callable

from scanner.errors import StoreError
from scanner.http.metrics import Metric, by, one
from scanner.store import Store


def upload_metrics(store: Callable[[], Store]) -> Callable[[], list[Metric]]:
    """Return the function that tells them; it tells none while the log can't be read."""

    def read() -> list[Metric]:
        try:
            stats = store().upload_stats()
        except StoreError:
            return []
        return [
            Metric(
                "counterscan_upload_pictures_waiting", "gauge",
                "Uploaded pictures that wait to be read.", one(stats.waiting),
            ),
            Metric(
                "counterscan_upload_pictures_total", "counter",
                "Uploaded pictures by what came of them.",
                by("outcome", {"read": stats.read, "failed": stats.failed}),
            ),
            Metric(
                "counterscan_upload_answers_known_total", "counter",
                "Uploaded pictures whose answer was known from the same bytes, packs and models.",
                one(stats.cached),
            ),
            Metric(
                "counterscan_upload_hit_rate", "gauge",
                "Share of the read pictures whose answer was known.",
                one(stats.cached / stats.read if stats.read else None),
            ),
        ]  # fmt: skip

    return read
