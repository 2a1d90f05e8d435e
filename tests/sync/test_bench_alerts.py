"""The way of an alert from a price in the cloud to a page, with every process of its own."""

from __future__ import annotations

import json

from tests.conftest import Counterscan


def test_the_bench_hears_every_alert_on_the_page(counterscan: Counterscan) -> None:
    words = ("bench", "alerts", "--alerts", "2", "--cards", "5", "--within", "300", "--json")
    told = json.loads(counterscan(*words, timeout_s=600).stdout)
    assert told["alerts"] == 2
    assert told["p50_ms_in_the_cloud"] <= told["p50_ms_on_the_device"]
