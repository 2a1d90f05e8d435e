"""Many devices in one process, for measuring a cloud: real connections, the real protocol.

Each has its own session at the broker and the real outbox; only the log is not on disk: a device
makes scans by the clock and forgets those that the cloud has said it has.
"""

from __future__ import annotations

import random
import selectors
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from scanner.store_sync import Row, Stream
from scanner.tables import utc_now
from sync.link import Incoming, Link
from sync.link_client import Socket
from sync.outbox import Outbox
from sync.pairing import Pairing
from sync.protocol import DeviceState, Received, device_topic
from sync.wire import MessageError, pack_json, read_json

CARDS = 20_000
_ALL_EVERY_S = 1.0
_CONNECTS_PER_TURN = 5
_LONGEST_BACK_OFF_S = 5.0


def scan_row(chance: random.Random, number: int) -> Row:
    """A scan of some card, as a device's log has it."""
    card = chance.randrange(CARDS)
    return {
        "id": number, "created_at": utc_now(), "batch_id": 1, "sequence": number,
        "decision": chance.choice(("accepted", "accepted", "accepted", "review")),
        "reasons": ["clear of every other card"], "game": "demo", "card_id": f"card-{card}",
        "name": f"Ember Drake {card}", "set_name": "First Light", "number": f"{card:05d}",
        "score": 0.97, "model_id": "tiny-1", "pack_id": "demo@1", "driver": "fleet",
    }  # fmt: skip


class SimulatedDevice:
    """One device. `turn` does what is to be done now, and never waits."""

    def __init__(self, pairing: Pairing, rate_per_s: float, chance: random.Random) -> None:
        """Make it; it connects with its first turn, and scans `rate_per_s` cards a second."""
        self.name = pairing.user
        self._rate_per_s = rate_per_s
        self._chance = chance
        self.log_name = f"{chance.getrandbits(64):016x}"
        self.made = 0
        self.told = 0
        self._rows: deque[Row] = deque()
        self._batch: list[Row] = [
            {"id": 1, "created_at": utc_now(), "name": "Simulated", "driver": "fleet"}
        ]
        self._next_mono_s = 0.0
        self.outbox = Outbox(self._read, self._publish, {})
        gone = pack_json(DeviceState(online=False))
        self.link = Link(
            pairing,
            pairing.private(f"counterscan-{self.name}"),
            subscriptions=lambda: {device_topic(self.name, "down", "+"): True},
            will=(device_topic(self.name, "state"), gone),
            on_connected=self._say_hello,
            longest_back_off_s=_LONGEST_BACK_OFF_S,
            one_of_many=True,
        )

    @property
    def acknowledged(self) -> int:
        """Up to which scan the broker has said that it keeps everything."""
        return self.outbox.cursors()[Stream.SCAN]

    def turn(self, now_mono_s: float, *, scans: bool) -> list[int]:
        """Do what is to be done; the numbers of the scans made."""
        for message in self.link.turn(0.0):
            self._take(message)
        for outcome in self.link.outcomes():
            self.outbox.answered(outcome, now_mono_s)
        made = self._scan(now_mono_s) if scans else []
        if self.link.online:
            self.outbox.step(self.log_name, now_mono_s)
        return made

    def is_due(self, now_mono_s: float) -> bool:
        """Whether the next card lies under the camera."""
        return now_mono_s >= self._next_mono_s

    def close(self) -> None:
        """Leave as a device that is switched off in order, and take its session along."""
        state = DeviceState(online=False, at=utc_now(), log=self.log_name)
        self.link.publish(device_topic(self.name, "state"), pack_json(state), retain=True)
        self.link.close(forget=True)

    def _scan(self, now_mono_s: float) -> list[int]:
        if not self._next_mono_s:
            self._next_mono_s = now_mono_s + self._chance.random() / self._rate_per_s
        made = []
        while self._next_mono_s <= now_mono_s:
            self._next_mono_s += 1 / self._rate_per_s
            self.made += 1
            self._rows.append(scan_row(self._chance, self.made))
            made.append(self.made)
        return made

    def _read(self, stream: Stream, after: int, limit: int) -> Sequence[Row]:
        rows: Iterable[Row] = ()
        if stream is Stream.SCAN:
            rows = self._rows
        elif stream is Stream.BATCH:
            rows = self._batch
        return list(islice((row for row in rows if row["id"] > after), limit))

    def _publish(self, stream: Stream, payload: bytes) -> int:
        return self.link.publish(device_topic(self.name, "up", stream.value), payload)

    def _say_hello(self) -> None:
        state = DeviceState(online=True, at=utc_now(), release="simulated", log=self.log_name)
        self.link.publish(device_topic(self.name, "state"), pack_json(state), retain=True)

    def _take(self, message: Incoming) -> None:
        if message.topic.endswith("/down/received") and message.payload:
            try:
                received = read_json(message.payload, Received)
            except MessageError:
                received = None
            if received is not None and received.log == self.log_name:
                self.outbox.received(received.up_to, time.monotonic())
                self.told = max(self.told, received.up_to.get("scan", 0))
                while self._rows and self._rows[0]["id"] <= min(self.told, self.acknowledged):
                    self._rows.popleft()
        self.link.acknowledge(message)


class Fleet:
    """All the devices. A context manager; whoever has something to do gets its turn."""

    def __init__(self, devices: Sequence[SimulatedDevice]) -> None:
        """Take these devices."""
        self.devices = devices
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[SimulatedDevice, Socket] = {}
        self._all_mono_s = float("-inf")
        self._apart = deque(devices)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for device in self.devices:
            device.close()
        self._selector.close()

    def turn(self, timeout_s: float, *, scans: bool) -> list[tuple[SimulatedDevice, list[int]]]:
        """Do a little; which devices made which scans."""
        due = {key.data for key, _ in self._selector.select(timeout_s)}
        # A few connect at a time: one that had to wait for all others would give up before.
        due |= {self._apart.popleft() for _ in range(min(_CONNECTS_PER_TURN, len(self._apart)))}
        now_mono_s = time.monotonic()
        if now_mono_s - self._all_mono_s >= _ALL_EVERY_S:
            self._all_mono_s = now_mono_s
            due |= set(self._sockets)
        if scans:
            due |= {device for device in self.devices if device.is_due(now_mono_s)}
        made = []
        for device in due:
            numbers = device.turn(now_mono_s, scans=scans)
            self._watch(device)
            if numbers:
                made.append((device, numbers))
        return made

    def online(self) -> int:
        """How many are connected."""
        return sum(device.link.online for device in self.devices)

    def _watch(self, device: SimulatedDevice) -> None:
        now, before = device.link.socket(), self._sockets.pop(device, None)
        if now is not before and before is not None:
            self._selector.unregister(before)
        if now is None:
            if device not in self._apart:
                self._apart.append(device)
            return
        if now is not before:
            self._selector.register(now, selectors.EVENT_READ, device)
        self._sockets[device] = now
