"""The numbers that a device says of itself: at the cloud, and on a Home Assistant."""

from __future__ import annotations

import json
from typing import Any

from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import Broker
from sync.bench_log import FilledLog
from sync.cloud.api.broker_files import BrokerFiles
from sync.cloud.api.devices import Devices
from sync.cloud.config_api import MosquittoSettings
from sync.cloud.store import CloudStore
from sync.counting import EXPIRE_S, Counting
from tests.sync.conftest import DEVICE, Running, pairing, service, until
from tests.sync.test_exchange import Peer
from tests.sync.test_wire import LOG


def counting_agent(store: Store, port: int) -> Agent:
    return Agent(
        store, pairing(port), rows_per_message=5, hold_s=0.2, longest_back_off_s=0.2,
        count_every_s=0.05,
    )  # fmt: skip


def shown(cloud: CloudStore) -> dict[str, Any]:
    """What the API tells of the device."""
    return Devices(cloud, BrokerFiles(MosquittoSettings(), "cloud"), "cloud").one(DEVICE) or {}


def test_the_cloud_hears_when_nothing_waits_any_more(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(100)
    running.start(counting_agent(device_store, broker.port))
    until(lambda: device_store.sync_event() is not None)
    running.start(service(cloud_store, broker.port))
    until(lambda: shown(cloud_store).get("up_to_scan") == 100)
    until(lambda: shown(cloud_store)["waiting"] == 0)


def test_a_broker_that_forgot_the_numbers_is_told_them_again(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running
) -> None:
    filled.add_scans(7)
    broker.allow("dashboard", "counterscan/1/device/#")
    running.start(counting_agent(device_store, broker.port))

    def numbers() -> dict[str, Any]:
        dashboard = Peer(broker.port, "dashboard", "counterscan/1/device/+/up/counters")
        until(lambda: dashboard.turn() and bool(dashboard.heard))
        heard = json.loads(dashboard.heard[-1])
        return {key: heard[key] for key in ("up_to_scan", "accepted", "review", "unknown")}

    before = numbers()
    assert before["up_to_scan"] == before["accepted"] + before["review"] + before["unknown"] == 7
    broker.kill()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    assert numbers() == before


def test_numbers_are_said_when_they_are_news_and_before_they_expire(
    filled: FilledLog, device_store: Store
) -> None:
    filled.add_scans(3)
    counting = Counting(device_store)
    first = counting.news(LOG, {}, 0.0)
    assert first is not None
    assert (first.up_to_scan, first.waiting) == (3, 4)
    assert counting.news(LOG, {}, 30.0) is None
    later = counting.news(LOG, {"scan": 3, "batch": 1}, 60.0)
    assert later is not None
    assert (later.up_to_scan, later.waiting) == (3, 0)
    assert counting.news(LOG, {"scan": 3, "batch": 1}, EXPIRE_S - 60.0) is not None
    counting.connected()
    assert counting.due(EXPIRE_S)
    assert not counting.due(EXPIRE_S + 1)
    assert counting.news(LOG, {"scan": 3, "batch": 1}, EXPIRE_S) is not None
