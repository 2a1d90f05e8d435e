"""One device of a chain has fallen into wrong hands: its password is right, its intentions are not.

The broker is a real Mosquitto with the product's own access list.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from sqlalchemy import text

from scanner.store import Store
from sync.bench_broker import CLOUD, PASSWORD, Broker
from sync.bench_log import FilledLog, differences
from sync.cloud.ingest import ROWS
from sync.cloud.ingest_worker import IngestWorker
from sync.cloud.store import CloudStore
from sync.home_assistant import discovery_topic
from sync.protocol import device_topic, price_topic
from sync.protocol_fleet import models_release_topic, pack_release_topic
from sync.protocol_rows import UP
from sync.wire import LARGEST_PACKET_BYTES, pack
from tests.sync.conftest import DEVICE, OTHER, Running, agent, pairing, service, until
from tests.sync.test_wire import LOG, scans

EVIL = DEVICE
VICTIM = OTHER


class Spy:
    """A client that may call itself anything, subscribe to anything, and leave any will."""

    def __init__(
        self, port: int, user: str = EVIL, client_id: str = "spy", *, password: str = PASSWORD,
        will: str = "", clean: bool = True,
    ) -> None:  # fmt: skip
        self.heard: list[tuple[str, bytes]] = []
        self.answers: dict[int, int] = {}
        self.granted: list[int] = []
        self.connected: int | None = None
        self.has_left = False
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )  # fmt: skip
        self.client.username_pw_set(user, password)
        if will:
            self.client.will_set(will, b"forged", qos=1, retain=True)
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _c, _d, told: self.heard.append((told.topic, told.payload))
        self.client.on_publish = self._on_publish
        self.client.on_subscribe = self._on_subscribe
        self.client.on_disconnect = self._on_disconnect
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, clean_start=clean, properties=properties)
        self.client.loop_start()
        until(lambda: self.connected is not None)

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: object,
                    _properties: object) -> None:  # fmt: skip
        self.connected = int(getattr(reason, "value", 255))

    def _on_publish(self, _client: object, _data: object, number: int, reason: object,
                    _properties: object) -> None:  # fmt: skip
        self.answers[number] = int(getattr(reason, "value", 255))

    def _on_subscribe(self, _client: object, _data: object, _number: int, reasons: object,
                      _properties: object) -> None:  # fmt: skip
        assert isinstance(reasons, list)
        self.granted += [reason.value for reason in reasons]

    def _on_disconnect(self, *_: object) -> None:
        self.has_left = True

    def listen(self, *filters: str) -> None:
        """Subscribe, asking for everything that is retained."""
        wanted = len(self.granted) + len(filters)
        for each in filters:
            self.client.subscribe(each, options=SubscribeOptions(qos=1))
        until(lambda: len(self.granted) >= wanted)

    def say(self, topic: str, payload: bytes = b"forged", *, retain: bool = True) -> int:
        """Publish; the broker's answer: 0 kept, 0x10 nobody heard it, 0x87 not allowed."""
        number = self.client.publish(topic, payload, 1, retain).mid
        until(lambda: number in self.answers or self.has_left)
        return self.answers.get(number, -1)

    def vanish(self) -> None:
        """Go as a machine does whose plug is pulled: the broker publishes the will."""
        connection = self.client.socket()
        assert connection is not None
        connection.shutdown(2)
        until(lambda: self.has_left)
        self.client.loop_stop()

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Mosquitto for the tests without a cloud, whose session would keep what others said."""
    with Broker(tmp_path_factory.mktemp("hostile") / "broker", (EVIL, VICTIM)) as running:
        yield running


SECRETS = {
    device_topic(VICTIM, "down", "received"): b"secret received",
    device_topic(VICTIM, "down", "alerts"): b"secret alerts",
    device_topic(VICTIM, "down", "command"): b"secret command",
    device_topic(VICTIM, "up", "rules"): b"secret rules",
    device_topic(VICTIM, "up", "holdings"): b"secret holdings",
    device_topic(VICTIM, "state"): b"secret state",
    "counterscan/1/other": b"secret of the cloud",
}


def keeper(broker: Broker) -> Spy:
    """The cloud, after it has left the victim's topics full of retained messages."""
    cloud = Spy(broker.port, CLOUD, "keeper")
    for topic, payload in SECRETS.items():
        assert cloud.say(topic, payload) in (0, 0x10), topic
    return cloud


LISTENING = (
    "#", "+/#", "counterscan/#", "counterscan/1/#", "counterscan/1/device/#", "+/+/+/+/+/+",
    "counterscan/+/device/+/down/+", "counterscan/1/device/+/up/+", "counterscan/1/device/+/state",
    f"counterscan/1/device/{VICTIM}/#", device_topic(VICTIM, "down", "received"),
    "$share/a/#", f"$share/a/{device_topic(VICTIM, 'down', '+')}", "$share/ingest/#",
    "$SYS/#", "$SYS/broker/clients/connected", "homeassistant/#", "counterscan/1/other",
)  # fmt: skip


def test_it_hears_nothing_that_is_not_its_own(one: Broker) -> None:
    cloud = keeper(one)
    evil = Spy(one.port)
    evil.listen(*LISTENING)
    victim = Spy(one.port, VICTIM, "victim")
    for topic in (device_topic(VICTIM, "state"), discovery_topic(VICTIM)):
        assert victim.say(topic, b"secret and new") in (0, 0x10)
    for topic in SECRETS:
        cloud.say(topic, b"secret once more", retain=False)
    cloud.say(device_topic(EVIL, "down", "received"), b"its own", retain=False)
    until(lambda: any(payload == b"its own" for _, payload in evil.heard))
    mine = device_topic(EVIL, "")
    assert [told for told in evil.heard if not told[0].startswith(mine)] == []
    for spy in (cloud, evil, victim):
        spy.leave()


def test_it_writes_nothing_that_is_not_its_own(one: Broker) -> None:
    cloud = keeper(one)
    cloud.listen("counterscan/1/#")
    until(lambda: set(cloud.heard) >= set(SECRETS.items()))
    evil = Spy(one.port)
    for topic in (
        *SECRETS, *(device_topic(VICTIM, "up", stream) for stream in UP),
        *(device_topic(EVIL, "down", what) for what in ("received", "alerts", "command")),
        *(device_topic(f"{EVIL}{end}", "state") for end in ("/", "%2F", "x", "/x")),
        device_topic(EVIL, "up", "scan", "x"), device_topic(EVIL, "up"), device_topic(EVIL),
        device_topic(EVIL.upper(), "state"), device_topic(CLOUD, "up", "scan"),
        price_topic("demo", "A", "snapshot"), price_topic("demo", "A", "delta"),
        pack_release_topic("demo", "stable"), models_release_topic("stable"),
        discovery_topic(VICTIM), "homeassistant/device/x/config", "homeassistant/status",
        "$SYS/broker/version", "counterscan/2/device/counter-1/state", "anything",
    ):  # fmt: skip
        assert evil.say(topic) == 0x87, topic
    assert evil.say(device_topic(EVIL, "up", "scan"), b"mine", retain=False) == 0
    until(lambda: (device_topic(EVIL, "up", "scan"), b"mine") in cloud.heard)
    assert [told for told in cloud.heard if told[1] == b"forged"] == []
    evil.leave()
    cloud.leave()


@pytest.mark.parametrize(
    "topic",
    [device_topic(VICTIM, "state"), device_topic(VICTIM, "down", "received"),
     price_topic("demo", "A", "snapshot")],
)  # fmt: skip
def test_its_last_will_is_not_published_elsewhere(one: Broker, topic: str) -> None:
    cloud = keeper(one)
    cloud.listen("counterscan/1/#")
    evil = Spy(one.port, client_id="dying", will=topic)
    if evil.connected == 0:
        evil.vanish()
    dying = Spy(one.port, client_id="dying, too", will=device_topic(EVIL, "state"))
    dying.vanish()
    until(lambda: (device_topic(EVIL, "state"), b"forged") in cloud.heard)
    assert (topic, b"forged") not in cloud.heard
    cloud.leave()


def sessions(broker: Broker) -> set[str]:
    """How everybody has called themselves at the broker so far."""
    said = (broker.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
    words = [line.partition(" as ")[2].split() for line in said.splitlines() if " as " in line]
    return {each[0] for each in words if each and each[0].startswith("counterscan-")}


def test_it_can_not_take_over_sessions_for_it_can_not_name_them(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    """A broker ends a connection when another one comes with the same client id."""
    running.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port, user=VICTIM))
    until(lambda: len(sessions(broker)) >= 2)
    for user, name in ((VICTIM, VICTIM), (CLOUD, f"cloud-{CLOUD}")):
        [named] = [each for each in sessions(broker) if each.startswith(f"counterscan-{name}")]
        assert named != f"counterscan-{name}", "whoever knows the device's name knows this"
        with_another = pairing(broker.port, user, "another")
        assert with_another.private(f"counterscan-{name}") != named
        assert pairing(broker.port, user).private(f"counterscan-{name}") == named
    for guess in (VICTIM, f"cloud-{CLOUD}", f"cloud-{CLOUD}-ingest-0"):
        Spy(broker.port, client_id=f"counterscan-{guess}", clean=False).leave()
    filled.add_scans(20)
    until(lambda: not differences(filled.data_dir, cloud_store, VICTIM))
    said = (broker.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
    assert "already connected" not in said


def test_a_session_that_it_takes_over_all_the_same_tells_it_nothing(one: Broker) -> None:
    victim = Spy(one.port, VICTIM, "known to all", clean=False)
    victim.listen(device_topic(VICTIM, "down", "+"))
    victim.leave()
    cloud = Spy(one.port, CLOUD, "cloud of it")
    cloud.say(device_topic(VICTIM, "down", "command"), b"waits for the victim", retain=False)
    evil = Spy(one.port, EVIL, "known to all", clean=False)
    cloud.say(device_topic(VICTIM, "down", "command"), b"and this", retain=False)
    evil.listen(device_topic(EVIL, "down", "+"))
    cloud.say(device_topic(EVIL, "down", "command"), b"its own", retain=False)
    until(lambda: any(payload == b"its own" for _, payload in evil.heard))
    assert [payload for _, payload in evil.heard] == [b"its own"]
    evil.leave()
    cloud.leave()


def test_it_can_not_join_the_workers_and_swallow_others_rows(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    """The broker deals rows out to all members of a shared subscription, of which it lets in all,
    and drops what the member dealt with may not read."""
    with CloudStore(tmp_path / "cloud", postgres_url) as store:
        worker = IngestWorker(store, pairing(broker.port, CLOUD), 1)
        until(lambda: worker.turn(0.05) == 0 and worker.link.online)
        worker.turn(0.2)
        evil = Spy(broker.port, client_id="a worker")
        evil.listen(*(f"$share/ingest/{rows}" for rows in ROWS))
        evil.listen(*(f"$share/{name}/{ROWS[1]}" for name in ("cloud", "", "0", CLOUD) if name))
        victim = Spy(broker.port, VICTIM, "sends rows")
        for number in range(1, 21):
            payload = pack(scans(number, after=number - 1))
            assert victim.say(device_topic(VICTIM, "up", "scan"), payload, retain=False) == 0
        until(lambda: worker.turn(0.05) == 0 and store.received(VICTIM, LOG) == {"scan": 20})
        assert evil.heard == []
        worker.run(lambda: True)
        evil.leave()
        victim.leave()


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper()])
def test_a_wrong_password_lets_nobody_in(one: Broker, password: str) -> None:
    assert Spy(one.port, client_id="stranger", password=password).connected in (0x86, 0x87)


MARK = "counterscan/1/other"


def scans_of(device: str, cloud: CloudStore) -> int:
    with cloud.log.read() as session:
        query = text("SELECT count(*) FROM scan WHERE device = :device")
        found = session.connection().execute(query, {"device": device})
        return int(found.scalar_one())


def test_a_whole_recorded_session_sent_again_changes_nothing(
    broker: Broker, filled: FilledLog, device_store: Store, cloud_store: CloudStore,
    running: Running,
) -> None:  # fmt: skip
    """Somebody has recorded all that a device ever sent, and sends it again: by another connection,
    backwards, twice, and as if another device had."""
    ear = Spy(broker.port, CLOUD, "recorder")
    ear.listen("counterscan/1/device/+/up/+", "counterscan/1/device/+/state", MARK)
    running.start(service(cloud_store, broker.port))
    running.start(agent(device_store, broker.port, user=VICTIM))
    filled.add_scans(300)
    filled.add_corrections(30)
    until(lambda: not differences(filled.data_dir, cloud_store, VICTIM))
    assert ear.say(MARK, b"heard all before") == 0
    until(lambda: (MARK, b"heard all before") in ear.heard)
    rows = [told for told in ear.heard if told[0].rpartition("/")[2] in UP]
    assert len(rows) >= 3
    again = Spy(broker.port, VICTIM, "recorded")
    for topic, payload in [*reversed(rows), *rows]:
        assert again.say(topic, payload, retain=False) == 0
    thief = Spy(broker.port, EVIL, "thief")
    for topic, payload in rows:
        assert thief.say(topic, payload, retain=False) == 0x87
        mine = topic.replace(f"/{VICTIM}/", f"/{EVIL}/")
        assert thief.say(mine, payload, retain=False) == 0
    filled.add_scans(1)
    until(lambda: scans_of(VICTIM, cloud_store) >= 301 and scans_of(EVIL, cloud_store) >= 300)

    def only_the_copy() -> bool:  # below the thief's own name
        found = differences(filled.data_dir, cloud_store, VICTIM)
        return found == [f"the cloud has {scans_of(EVIL, cloud_store)} scans that are nobody's"]

    until(only_the_copy)
    for spy in (ear, again, thief):
        spy.leave()


def test_a_device_says_who_it_is_by_its_topic_alone(
    broker: Broker, cloud_store: CloudStore, running: Running
) -> None:
    running.start(service(cloud_store, broker.port))
    evil = Spy(broker.port, client_id="liar")
    body = {"log": LOG, "after": 0, "device": VICTIM, "user": VICTIM, "rows": [
        {"id": 1, "created_at": "2026-05-01T12:00:00Z", "device": VICTIM, "name": "n",
         "driver": "d"}]}  # fmt: skip
    payload = zlib.compress(json.dumps(body).encode())
    until(lambda: evil.say(device_topic(EVIL, "up", "batch"), payload, retain=False) == 0)
    until(lambda: cloud_store.received(EVIL, LOG) == {"batch": 1})
    assert cloud_store.received(VICTIM, LOG) == {}
    evil.leave()


def test_it_leaves_no_gigabytes_in_the_broker(tmp_path: Path) -> None:
    """With the line of our own file; without it Mosquitto takes, and keeps, 256 MB a message."""
    shipped = Path(__file__).parents[2] / "systemd/cloud/mosquitto.conf"
    settings = shipped.read_text(encoding="utf-8")
    found = re.search(r"^max_packet_size (\d+)$", settings, re.MULTILINE)
    assert found is not None
    assert 4 * LARGEST_PACKET_BYTES <= int(found[1]) <= 16 * LARGEST_PACKET_BYTES
    with Broker(tmp_path / "broker", (EVIL, VICTIM), extra=found[0]) as broker:
        evil = Spy(broker.port)
        own = device_topic(EVIL, "state")
        assert evil.say(own, bytes(LARGEST_PACKET_BYTES)) in (0, 0x10)
        assert evil.say(own, bytes(int(found[1]) + 1)) == -1
        assert evil.has_left
        cloud = Spy(broker.port, CLOUD, "cloud")
        cloud.listen(own)
        until(lambda: bool(cloud.heard))
        assert len(cloud.heard[0][1]) == LARGEST_PACKET_BYTES
        cloud.leave()
