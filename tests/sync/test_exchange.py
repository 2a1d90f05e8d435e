"""Both ends and a real Mosquitto."""

from __future__ import annotations

import json
import subprocess
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from scanner.price_feed import PriceTold
from scanner.price_log import LoggedPrices
from scanner.prices import Money
from scanner.records import Printing
from scanner.store import Store
from sync.agent import Agent
from sync.bench_broker import CLOUD, PASSWORD, Broker
from sync.bench_log import FilledLog, differences
from sync.bench_partition import run_partition
from sync.bench_proxy import Proxy
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import CloudStore
from sync.link import Link, Verdict
from sync.pairing import Pairing
from sync.protocol import device_topic
from sync.wire import pack
from tests.sync.conftest import DEVICE, OTHER, Running, agent, pairing, service, until
from tests.sync.test_wire import LOG, scans

AS_OF = datetime(2026, 5, 1, 6, tzinfo=UTC)


def event(store: Store) -> tuple[str, str]:
    found = store.sync_event()
    return ("", "") if found is None else (found.kind, found.detail)


def told(cards: range, amount_minor: int = 250, as_of: datetime = AS_OF) -> list[PriceTold]:
    return [
        PriceTold(
            f"demo-{number:05d}", "normal", "NM", "EUR", amount_minor + number * 37 % 5000,
            "tcgcsv", as_of,
        )
        for number in cards
    ]  # fmt: skip


def prices_in(store: Store, what: str = "count(*)") -> int:
    with store.log_session() as session:
        return int(
            session.connection().execute(text(f"SELECT {what} FROM price_known")).scalar_one()
        )


def known_devices(cloud: CloudStore) -> list[tuple[str, int]]:
    with cloud.log.read() as session:
        found = session.connection().execute(text("SELECT device, is_online FROM device"))
        return [(row.device, row.is_online) for row in found]


def test_what_was_scanned_offline_and_what_comes_after_reaches_the_cloud(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(1200)
    filled.add_corrections(50)
    running.start(service(cloud_store, broker.port))
    device = Running()
    device.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    until(lambda: event(device_store) == ("connected", ""))
    until(lambda: known_devices(cloud_store) == [(DEVICE, 1)])
    filled.add_scans(1)
    filled.add_corrections(3)
    filled.add_stock_words(4)
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    until(lambda: device_store.sync_cursors()["scan"] == 1201)
    device.stop()
    until(lambda: known_devices(cloud_store) == [(DEVICE, 0)])


def test_scans_wait_while_the_cloud_has_never_listened(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(300)
    running.start(agent(device_store, broker.port))
    until(lambda: event(device_store)[0] == "unheard")
    assert device_store.sync_cursors().get("scan", 0) == 0
    running.start(service(cloud_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    until(lambda: event(device_store)[0] == "connected")


def test_what_a_killed_broker_forgot_goes_out_again(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    filled.add_scans(10)
    cloud = Running()
    cloud.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    cloud.stop()
    filled.add_scans(500)
    until(lambda: device_store.sync_cursors().get("scan", 0) == 510)
    broker.crash()
    running.start(service(cloud_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))


def test_a_cloud_that_lost_its_database_gets_everything_again(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running, tmp_path: Path,
) -> None:  # fmt: skip
    filled.add_scans(400)
    cloud = Running()
    cloud.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port))
    until(lambda: not differences(filled.data_dir, cloud_store, DEVICE))
    until(lambda: device_store.sync_cursors().get("scan", 0) == 400)
    cloud.stop()
    with CloudStore(tmp_path / "new cloud") as another:
        running.start(service(another, broker.port))
        until(lambda: not differences(filled.data_dir, another, DEVICE))
        running.stop()


def test_a_refused_device_says_why_and_sends_nothing(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running
) -> None:
    filled.add_scans(5)
    running.start(agent(device_store, broker.port, password="wrong"))
    until(lambda: event(device_store)[0] == "refused")
    assert "pair the device again" in event(device_store)[1].lower()
    running.stop()
    with Store.open(filled.data_dir, role="reader") as store:
        assert store.sync_cursors() == {}


def test_a_revoked_device_is_refused(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running
) -> None:
    running.start(agent(device_store, broker.port))
    until(lambda: event(device_store)[0] == "connected")
    broker.remove_user(DEVICE)
    broker.restart()
    until(lambda: event(device_store)[0] == "refused")


def test_a_broker_that_is_away_is_no_refusal(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running
) -> None:
    broker.stop()
    running.start(agent(device_store, broker.port))
    until(lambda: event(device_store)[0] == "lost")
    assert "Nothing listens" in event(device_store)[1]
    broker.start()
    until(lambda: event(device_store)[0] == "connected")


def test_a_copied_device_is_noticed(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running, tmp_path: Path
) -> None:
    running.start(agent(device_store, broker.port))
    until(lambda: event(device_store)[0] == "connected")
    twin = FilledLog(tmp_path / "twin")
    with Store.open(twin.data_dir, role="sync") as store:
        running.start(agent(store, broker.port))
        until(lambda: "another machine uses" in event(device_store)[1])
        running.stop()
    twin.close()


def test_prices_come_down_small_with_all_that_belongs_to_them(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    for number in range(20):
        cards = range(number * 1000, number * 1000 + 1000)
        tell_prices(cloud_store, "demo", f"Set {number}", told(cards), now_ms())
    running.start(service(cloud_store, broker.port))
    with Proxy(broker.port) as proxy:
        device = Running()
        device.start(agent(device_store, proxy.port))
        until(lambda: prices_in(device_store) == 20_000)
        assert proxy.down_bytes <= 2_000_000
        [price] = device_store.prices_of("demo", "demo-00007", 5)
        assert (price.amount_minor, price.currency, price.finish) == (250 + 259, "EUR", "normal")
        assert (price.condition, price.source, price.as_of) == ("NM", "tcgcsv", AS_OF)

        before = proxy.down_bytes
        later = AS_OF + timedelta(hours=1)
        for number in range(20):
            cards = range(number * 1000, number * 1000 + 1000, 100)
            tell_prices(cloud_store, "demo", f"Set {number}", told(cards, 900, later), now_ms())
        until(lambda: prices_in(device_store) == 20_200)
        assert proxy.down_bytes - before <= 50_000
        book = LoggedPrices(device_store, "EUR")
        assert book.price(Printing("demo-00100", "demo", "")) == Money(900 + 3700, "EUR")

        device.stop()
        tell_prices(cloud_store, "demo", "Set 3", told(range(3001, 3002), 7, later), now_ms())
        device.start(agent(device_store, proxy.port))
        until(lambda: prices_in(device_store, "max(id)") == 20_201)
        device.stop()


def test_a_price_said_again_adds_no_row_but_is_young_again(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    tell_prices(cloud_store, "demo", "A", told(range(10)), now_ms())
    running.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port))
    until(lambda: prices_in(device_store) == 10)
    later = AS_OF + timedelta(days=1)
    again = [*told(range(5), 900, later), *told(range(5, 10), as_of=later)]
    tell_prices(cloud_store, "demo", "A", again, now_ms())
    until(lambda: prices_in(device_store) == 15)
    with device_store.log_session() as session:
        times = session.connection().execute(
            text("SELECT as_of FROM price_known WHERE card_id = 'demo-00007'")
        ).scalars().all()  # fmt: skip
    assert times == [f"{later:%Y-%m-%d %H:%M:%S.%f}"]


@pytest.mark.parametrize("page", ["", "http://counter-1.local:8080/"])
def test_a_home_assistant_is_told_of_the_device_where_the_shop_wants_it(
    broker: Broker, filled: FilledLog, device_store: Store, running: Running, page: str
) -> None:
    filled.add_scans(3)
    broker.allow("dashboard", "homeassistant/#", "counterscan/1/device/#")
    end = Agent(device_store, pairing(broker.port), page=page, longest_back_off_s=0.2)
    running.start(end)
    until(lambda: event(device_store)[0] in ("connected", "unheard"))
    dashboard = Peer(broker.port, "dashboard", "homeassistant/#", "counterscan/1/device/+/state")
    sign = b"components" if page else b'"online":true'
    until(lambda: dashboard.turn() and any(sign in message for message in dashboard.heard))
    told = [json.loads(message) for message in dashboard.heard if b"components" in message]
    assert len(told) == bool(page)
    for what in told:
        assert what["device"]["configuration_url"] == page
        names = {part["unique_id"] for part in what["components"].values()}
        assert len(names) == len(what["components"]) == 5
        assert what["components"]["online"]["state_topic"] == device_topic(DEVICE, "state")


def test_every_scan_arrives_once_whatever_breaks(tmp_path: Path) -> None:
    report = run_partition(tmp_path, scans=3000, faults=12, seed=5, within_s=300)
    assert report["differences"] == []
    assert sum(report["faults"].values()) == 12
    assert len(report["faults"]) == 7, "each kind at least once"


class Peer:
    """A client with the rights of one user, which asks and listens."""

    def __init__(self, port: int, user: str, *filters: str) -> None:
        self.heard: list[bytes] = []
        self._outcomes: dict[int, Verdict] = {}
        self._link = Link(
            pairing(port, user), f"peer-{user}", subscriptions=lambda: dict.fromkeys(filters, True)
        )
        until(lambda: self.turn() and self._link.online)
        self.publish(device_topic(user, "state"))  # answered once it has subscribed

    def turn(self) -> bool:
        self.heard += [message.payload for message in self._link.turn(0.05)]
        self._outcomes |= {each.number: each.verdict for each in self._link.outcomes()}
        return True

    def publish(self, topic: str, payload: bytes = b"x") -> Verdict:
        number = self._link.publish(topic, payload)
        until(lambda: self.turn() and number in self._outcomes)
        return self._outcomes[number]


def test_a_device_can_neither_read_nor_write_anothers_topics(broker: Broker) -> None:
    up = "counterscan/1/device/+/up/+"
    spy = Peer(broker.port, DEVICE, "#", up, device_topic(OTHER, "down", "received"))
    victim = Peer(broker.port, OTHER, device_topic(OTHER, "down", "+"))
    cloud = Peer(broker.port, CLOUD, up, "counterscan/1/prices/#")
    for topic in (
        device_topic(OTHER, "up", "scan"), device_topic(OTHER, "state"),
        device_topic(OTHER, "down", "received"), device_topic(DEVICE, "down", "received"),
        device_topic(DEVICE, "up", "scan", "x"), "counterscan/1/prices/demo/A/snapshot", "other",
    ):  # fmt: skip
        assert spy.publish(topic) is Verdict.REFUSED, topic
    assert spy.publish(device_topic(DEVICE, "up", "scan"), b"mine") is Verdict.KEPT
    assert victim.publish(device_topic(OTHER, "up", "scan"), b"theirs") is Verdict.KEPT
    assert cloud.publish(device_topic(OTHER, "down", "received"), b"secret") is Verdict.KEPT
    peers = (spy, victim, cloud)
    until(lambda: all(peer.turn() for peer in peers) and len(cloud.heard + victim.heard) >= 3)
    spy.publish(device_topic(DEVICE, "up", "scan"), b"last")  # all before it was handed out
    assert (spy.heard, victim.heard) == ([], [b"secret"])
    assert cloud.heard[:2] == [b"mine", b"theirs"]


def test_replayed_and_oversized_messages_are_harmless(
    broker: Broker, cloud_store: CloudStore, running: Running
) -> None:
    running.start(service(cloud_store, broker.port))
    until(lambda: "u'cloud'" in (broker.folder / "mosquitto.log").read_text())
    device = Peer(broker.port, DEVICE)
    topic = device_topic(DEVICE, "up", "scan")
    until(lambda: device.publish(topic, pack(scans(1, 2))) is Verdict.KEPT)
    for payload in (bytes(3_000_000), b"", pack(scans(1, 2)), zlib.compress(bytes(30_000_000))):
        device.publish(topic, payload)
    device.publish(topic, pack(scans(3, after=2)))
    until(lambda: cloud_store.received(DEVICE, LOG) == {"scan": 3})


def certificates(folder: Path, name: str) -> None:
    """A certificate authority `name` and a certificate of it for localhost."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize(("trusted", "kind"), [("broker", "connected"), ("stranger", "refused")])
def test_only_a_broker_whose_certificate_is_trusted_is_spoken_to(
    tmp_path: Path, filled: FilledLog, device_store: Store, running: Running,
    trusted: str, kind: str,
) -> None:  # fmt: skip
    folder = tmp_path / "certificates"
    for name in ("broker", "stranger"):
        certificates(folder, name)
    tls = f"certfile {folder / 'broker.pem'}\nkeyfile {folder / 'broker.key'}"
    with Broker(tmp_path / "broker", (DEVICE,), listener=tls) as broker:
        paired = Pairing(
            broker=f"mqtts://127.0.0.1:{broker.port}", user=DEVICE, password=PASSWORD,
            ca_file=folder / f"{trusted}.pem",
        )  # fmt: skip
        running.start(Agent(device_store, paired, longest_back_off_s=0.2))
        until(lambda: event(device_store)[0] == kind)
        running.stop()
    assert ("not trusted" in event(device_store)[1]) == (kind == "refused")
