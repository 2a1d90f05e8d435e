"""What the exchange relies on MQTT 5 for: last will, message expiry, what the broker retains, and
sessions that outlive a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from scanner.config import load_settings
from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import PASSWORD, Broker
from sync.bench_log import FilledLog
from sync.bench_proxy import Proxy
from sync.cloud.fleet_store import ask, find_asked
from sync.cloud.prices import due_publications, now_ms, tell_prices
from sync.cloud.store import CloudStore
from sync.counting import EXPIRE_S
from sync.fleet import Fleet
from tests.sync.conftest import DEVICE, Running, agent, pairing, service, until
from tests.sync.test_exchange import AS_OF, known_devices, prices_in, told

LIVES = timedelta(minutes=10)


@contextmanager
def listener(port: int, user: str, *filters: str) -> Iterator[dict[str, float | None]]:
    """By topic, for how many seconds more the last message on it holds; None: for ever."""
    heard: dict[str, float | None] = {}

    def take(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        heard[message.topic] = getattr(message.properties, "MessageExpiryInterval", None)

    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, f"listens-{user}", protocol=MQTTProtocolVersion.MQTTv5
    )
    client.username_pw_set(user, PASSWORD)
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.subscribe([(one, 1) for one in filters])
    client.loop_start()
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def test_the_broker_says_for_a_device_that_vanished_that_it_is_gone(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(1)
    running.start(service(cloud_store, broker.port))
    with Proxy(broker.port) as way:
        running.start(agent(device_store, way.port))
        until(lambda: known_devices(cloud_store) == [(DEVICE, 1)])
        way.close_gate()
        until(lambda: known_devices(cloud_store) == [(DEVICE, 0)])
        way.open_gate()
        until(lambda: known_devices(cloud_store) == [(DEVICE, 1)])
        running.stop()


def test_numbers_and_commands_do_not_outlive_their_time_at_the_broker(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(1)
    broker.allow("dashboard", "counterscan/1/device/#")
    running.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port))
    until(lambda: known_devices(cloud_store) == [(DEVICE, 1)])
    with listener(broker.port, "dashboard", "counterscan/1/device/#") as heard:
        whats = ("up/counters", "down/command", "state")
        numbers, command, state = (f"counterscan/1/device/{DEVICE}/{what}" for what in whats)
        until(lambda: {numbers, state} <= heard.keys())
        ask(cloud_store, DEVICE, "pause", {}, "Ada", LIVES)
        until(lambda: command in heard)
        assert heard[state] is None
        assert 0 < (heard[numbers] or 0) <= EXPIRE_S
        assert 0 < (heard[command] or 0) <= LIVES.total_seconds()


def test_what_was_asked_while_a_device_was_away_reaches_it_when_it_is_back(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    settings = load_settings(data_dir=filled.data_dir)

    def device() -> Agent:
        paired = pairing(broker.port)
        fleet = Fleet(settings, device_store, paired)
        return Agent(device_store, paired, fleet=fleet, longest_back_off_s=0.2)

    cloud = Running()
    with cloud:
        cloud.start(service(cloud_store, broker.port))
        running.start(device())
        until(lambda: known_devices(cloud_store) == [(DEVICE, 1)])
        running.stop()
        until(lambda: known_devices(cloud_store) == [(DEVICE, 0)])
        asked = ask(cloud_store, DEVICE, "pause", {}, "Ada", LIVES)

        def answered() -> str:
            found = find_asked(cloud_store, asked.id)
            return "" if found is None else found.outcome

        def was_sent() -> bool:
            found = find_asked(cloud_store, asked.id)
            return found is not None and found.sent_at is not None

        until(was_sent)
        assert answered() == ""
        running.start(device())
        until(lambda: answered() == "refused")
        running.stop()


def test_a_new_device_is_told_the_prices_that_stand_though_the_cloud_is_away(
    broker: Broker, device_store: Store, cloud_store: CloudStore, running: Running
) -> None:
    first, then = told(range(100)), told(range(3), 900, AS_OF + timedelta(hours=1))
    with Running() as cloud:
        cloud.start(service(cloud_store, broker.port))
        for prices in (first, then):  # a snapshot, and a delta
            assert tell_prices(cloud_store, "demo", "A", prices, now_ms()) == len(prices)
            until(lambda: not due_publications(cloud_store, now_ms()))
    running.start(agent(device_store, broker.port))
    until(lambda: prices_in(device_store) == 103)
    running.stop()
