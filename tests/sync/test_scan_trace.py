"""A scan is followed from the device to the cloud's database by the fields of log lines."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from scanner.store import Store
from sync.bench_broker import Broker
from sync.bench_log import FilledLog, differences
from sync.cloud.store import CloudStore
from tests.sync.conftest import DEVICE, Running, agent, service, until


def said(caplog: pytest.LogCaptureFixture, logger: str) -> dict[str, Any]:
    [found] = [
        record.__dict__["fields"]
        for record in caplog.records
        if record.name == logger and record.__dict__.get("fields", {}).get("stream") == "scan"
    ]
    return dict(found)


def test_the_same_log_and_ids_are_told_at_both_ends(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    filled.add_scans(3)
    running.start(service(cloud_store, broker.port))
    until(lambda: "u'cloud'" in (broker.folder / "mosquitto.log").read_text())
    running.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    running.stop()
    sent, stored = said(caplog, "sync.outbox"), said(caplog, "sync.cloud.ingest")
    assert (sent["first_id"], sent["last_id"]) == (1, 3)
    assert stored == {**sent, "device": DEVICE}
