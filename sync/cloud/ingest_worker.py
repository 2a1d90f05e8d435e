"""`counterscan cloud ingest`: one of several processes that share the rows out among them.

The broker deals messages out to all members of the shared subscription, whose name only the cloud
can know: Mosquitto lets any device join one, and drops what a member is dealt and may not read.

A worker's session outlives its connection by a minute only: what a worker that is gone for good was
dealt is then forgotten, and the devices, who are never told that it is on disk, send it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from scanner.errors import StoreError
from sync.cloud.ingest import ROWS, Ingest, InHand
from sync.cloud.store import CloudStore
from sync.link import LONGEST_BACK_OFF_S, Link
from sync.link_client import KEEPALIVE_S
from sync.pairing import Pairing

log = logging.getLogger(__name__)

SESSION_S = 60
TURN_S = 0.1
_PATIENCE_S = 2.0
_LEAVE_WITHIN_S = 5.0


class IngestWorker:
    """One worker. Its number is part of its name at the broker: no two may share one."""

    def __init__(
        self,
        store: CloudStore,
        pairing: Pairing,
        number: int,
        *,
        longest_back_off_s: float = LONGEST_BACK_OFF_S,
        keepalive_s: int = KEEPALIVE_S,
    ) -> None:
        """Make it; nothing happens before `run`. Raises ConfigError for a useless certificate."""
        self._ingest = Ingest(store)
        self._in_hand = InHand()
        share = pairing.private("ingest")
        self._filters = [f"$share/{share}/{topic_filter}" for topic_filter in ROWS]
        self.link = Link(
            pairing,
            pairing.private(f"counterscan-cloud-{pairing.user}-ingest-{number}"),
            subscriptions=lambda: dict.fromkeys(self._filters, False),
            longest_back_off_s=longest_back_off_s,
            session_s=SESSION_S,
            keepalive_s=keepalive_s,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        """Take in until `stopping()`; then take what is under way, and let the others go on."""
        try:
            while not stopping():
                self._patiently()
            self._leave()
        finally:
            self.link.close(forget=True)

    def turn(self, timeout_s: float) -> int:
        """Take in what has come; how many messages. Raises StoreError: call it again."""
        return self._in_hand.turn(self.link, self._ingest, timeout_s)

    def _patiently(self) -> int:
        try:
            return self.turn(TURN_S)
        except StoreError as error:
            log.error("%s", error)
            time.sleep(_PATIENCE_S)
            return 0

    def _leave(self) -> None:
        self.link.unsubscribe(self._filters)
        end_mono_s = time.monotonic() + _LEAVE_WITHIN_S
        while self.link.online and time.monotonic() < end_mono_s:
            if not self._patiently():
                return
