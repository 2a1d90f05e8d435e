"""Delivery gone wrong on purpose: a device's rows come again, in messages of any size and order."""

from __future__ import annotations

import random
import time
from pathlib import Path

from scanner.errors import CounterscanError
from scanner.store import Store
from scanner.store_sync import Stream
from sync.bench_broker import PASSWORD
from sync.link import Link
from sync.outbox_message import message_of
from sync.pairing import Pairing
from sync.protocol import device_topic

_STREAMS = (Stream.BATCH, Stream.SCAN, Stream.CORRECTION)
_PIECES = 12
_LONGEST = 250
_WITHIN_S = 60.0


class Repeats:
    """Sends as the device would, beside it: what it has sent, and what it comes to send later."""

    def __init__(self, data_dir: Path, port: int, device: str, chance: random.Random) -> None:
        """Nothing is sent yet."""
        self._data_dir = data_dir
        self._pairing = Pairing(broker=f"mqtt://127.0.0.1:{port}", user=device, password=PASSWORD)
        self._device = device
        self._chance = chance

    def send(self) -> None:
        """Send pieces of the log, each twice, in any order. Raises CounterscanError."""
        pieces = self._pieces() * 2
        self._chance.shuffle(pieces)
        link = Link(self._pairing, "repeats", subscriptions=dict)
        end_mono_s = time.monotonic() + _WITHIN_S
        under_way: set[int] = set()
        while pieces or under_way:
            if time.monotonic() > end_mono_s:
                raise CounterscanError("The broker takes no message a second time.")
            link.turn(0.05)
            if link.online and pieces:
                stream, payload = pieces.pop()
                topic = device_topic(self._device, "up", stream.value)
                under_way.add(link.publish(topic, payload))
            under_way -= {outcome.number for outcome in link.outcomes()}
        link.close(forget=True)

    def _pieces(self) -> list[tuple[Stream, bytes]]:
        found = []
        with Store.open(self._data_dir, role="reader") as store:
            log_name = store.log_name()
            last = {stream: len(store.rows_after(stream, 0, 1_000_000)) for stream in _STREAMS}
            for _ in range(_PIECES):
                stream = self._chance.choice(_STREAMS)
                after = self._chance.randint(0, max(last[stream] - 1, 0))
                rows = store.rows_after(stream, after, self._chance.randint(1, _LONGEST))
                if rows:
                    found.append((stream, message_of(stream, log_name, after, rows)[0]))
        return found
