"""Tells devices of packs, models and commands. Beside the service, which hands it its link."""

from __future__ import annotations

import logging
import time

from scanner.tables import utc_now
from sync.cloud.fleet_store import note_sent, note_unheard, online_though_revoked, unsent
from sync.cloud.releases import Releases
from sync.cloud.store import CloudStore
from sync.link import Link, Outcome, Verdict
from sync.protocol import DeviceState, device_topic
from sync.wire import pack_json

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_NEVER = "This device has never connected to the broker."


class FleetDesk:
    """For the service's thread."""

    def __init__(self, store: CloudStore) -> None:
        """Nothing is told before `tell`."""
        self._store = store
        self._releases = Releases(store.data_dir, "")
        self._told_at = -1
        self._told: dict[str, bytes] = {}
        self._looked_mono_s = float("-inf")
        self._sending: dict[int, str] = {}
        self._said_gone: set[str] = set()

    def connected(self) -> None:
        """Say everything again: the broker may have forgotten it."""
        self._told_at = -1
        self._told.clear()
        self._sending.clear()
        self._said_gone.clear()

    def tell(self, link: Link) -> None:
        """Publish what is new. Raises StoreError."""
        now_mono_s = time.monotonic()
        if now_mono_s - self._looked_mono_s < _LOOK_EVERY_S:
            return
        self._looked_mono_s = now_mono_s
        changed_at = self._releases.changed_at()
        if changed_at != self._told_at:
            for announcement in self._releases.announcements():
                if self._told.get(announcement.topic) != announcement.payload:
                    link.publish(announcement.topic, announcement.payload, retain=True)
                    self._told[announcement.topic] = announcement.payload
            self._told_at = changed_at
        self._tell_of_revoked(link)
        under_way = set(self._sending.values())
        for asked in unsent(self._store):
            command = asked.command
            if command.id in under_way:
                continue
            left_s = max(1, int((command.expires_at - utc_now()).total_seconds()))
            topic = device_topic(asked.device, "down", "command")
            number = link.publish(topic, pack_json(command), expires_s=left_s)
            self._sending[number] = command.id

    def _tell_of_revoked(self, link: Link) -> None:
        """Say that a device which was shut out is not there.

        Mosquitto publishes no last will of one that may not write any more.
        """
        online = online_though_revoked(self._store)
        for device in sorted(online - self._said_gone):
            gone = DeviceState(online=False, at=utc_now())
            link.publish(device_topic(device, "state"), pack_json(gone), retain=True)
        self._said_gone = online

    def answered(self, outcome: Outcome) -> bool:
        """Take the broker's word on a message; True where it was one of these."""
        key = self._sending.pop(outcome.number, None)
        if key is None:
            return False
        if outcome.verdict is Verdict.KEPT:
            note_sent(self._store, key)
        else:
            note_unheard(self._store, key, outcome.text or _NEVER)
        return True
