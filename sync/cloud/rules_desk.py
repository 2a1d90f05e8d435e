"""Tells all devices of the alert rules that hold for all. Beside the service, on its link."""

from __future__ import annotations

import logging

from sync.cloud import rule_store
from sync.cloud.store import CloudStore
from sync.link import Link, Outcome, Verdict
from sync.protocol import SHOP_RULES

log = logging.getLogger(__name__)


class RulesDesk:
    """For the service's thread."""

    def __init__(self, store: CloudStore) -> None:
        """Nothing is told before `tell`."""
        self._store = store
        self.connected()

    def connected(self) -> None:
        """A broker that was killed may have forgotten what it kept: tell it again."""
        self._mark: tuple[object, ...] | None = None
        self._told = b""
        self._number = 0

    def tell(self, link: Link) -> None:
        """Publish the rules where they have changed. Raises StoreError."""
        with self._store.log.read() as session:
            connection = session.connection()
            mark = rule_store.mark(connection)
            if mark == self._mark:
                return
            payload = rule_store.message(connection)
        if payload != self._told:
            self._number = link.publish(SHOP_RULES, payload, retain=True)
            self._told = payload
        self._mark = mark

    def answered(self, outcome: Outcome) -> bool:
        """Take the broker's word on a message; True where it was this desk's."""
        if not self._number or outcome.number != self._number:
            return False
        if outcome.verdict is Verdict.REFUSED:
            log.error("the rules for all scanners can't be told: %s", outcome.text)
        self._number = 0
        return True
