"""Tells devices how the shop's alerts stand. Beside the service, which hands it its link."""

from __future__ import annotations

from sync.cloud import alert_store
from sync.cloud.store import CloudStore
from sync.link import Link, Outcome, Verdict
from sync.protocol import device_topic


class AlertDesk:
    """For the service's thread."""

    def __init__(self, store: CloudStore) -> None:
        """Nothing is told before `tell`."""
        self._store = store
        self._told: dict[str, tuple[int, int]] = {}
        self._telling: dict[int, tuple[str, tuple[int, int]]] = {}

    def tell(self, link: Link) -> None:
        """Publish how alerts stand to every device that does not know yet."""
        with self._store.log.read() as session:
            connection = session.connection()
            now = alert_store.mark(connection)
            under_way = {device for device, _ in self._telling.values()}
            due = [
                device
                for device in alert_store.devices(connection)
                if self._told.get(device) != now and device not in under_way
            ]
            if not due:
                return
            payload = alert_store.payload(connection)
        for device in due:
            topic = device_topic(device, "down", "alerts")
            self._telling[link.publish(topic, payload, retain=True)] = (device, now)

    def answered(self, outcome: Outcome) -> bool:
        """Take the broker's word on a message; False where it is somebody else's."""
        if outcome.number not in self._telling:
            return False
        device, told = self._telling.pop(outcome.number)
        if outcome.verdict is not Verdict.REFUSED:
            self._told[device] = told
        return True

    def connected(self) -> None:
        """A broker that was killed may have forgotten what it kept: tell everybody again."""
        self._told.clear()
        self._telling.clear()
