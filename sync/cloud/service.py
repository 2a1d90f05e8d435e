"""`counterscan cloud serve`: takes in what devices send, and publishes prices, in one thread."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable

from scanner.errors import StoreError
from scanner.inventory_catalog import LibraryFacts
from scanner.logs import fields
from sync.cloud.alert_desk import AlertDesk
from sync.cloud.alert_judge import AlertJudge
from sync.cloud.fleet_desk import FleetDesk
from sync.cloud.ingest import FORMER, ROWS, WORDS, Ingest, InHand
from sync.cloud.prices import Publication, due_publications, note_published, now_ms
from sync.cloud.rules_desk import RulesDesk
from sync.cloud.store import CloudStore
from sync.cloud.teller import Teller
from sync.link import LONGEST_BACK_OFF_S, Link, Outcome, Verdict
from sync.pairing import Pairing

log = logging.getLogger(__name__)

TURN_S = 0.1
_PATIENCE_S = 2.0


class CloudService:
    """One process's worth of the cloud."""

    def __init__(
        self,
        store: CloudStore,
        pairing: Pairing,
        *,
        takes_rows: bool = True,
        judges_alerts: bool = True,
        longest_back_off_s: float = LONGEST_BACK_OFF_S,
    ) -> None:
        """Make it; nothing happens before `run`.

        Args:
            store: the open database.
            pairing: the broker.
            takes_rows: whether it takes in all rows itself; else ingest workers do.
            judges_alerts: whether it judges prices itself; else workers do.
            longest_back_off_s: the longest wait between two tries to connect.

        Raises:
            ConfigError: a certificate can't be used.
        """
        self._store = store
        self._teller = Teller(store)
        self._ingest = Ingest(store, self._teller)
        self._filters = (*ROWS, *WORDS) if takes_rows else WORDS
        self._in_hand = InHand()
        self._outcomes: deque[Outcome] = deque()
        self._publishing: dict[int, Publication] = {}
        self._published: list[Publication] = []
        self._seen_version = -1
        self._judged_version: int | None = None
        self._judge = AlertJudge(store, LibraryFacts(store.data_dir)) if judges_alerts else None
        self._alerts = AlertDesk(store)
        self._rules = RulesDesk(store)
        self._fleet = FleetDesk(store)
        self.link = Link(
            pairing,
            pairing.private(f"counterscan-cloud-{pairing.user}"),
            subscriptions=lambda: dict.fromkeys(self._filters, True),
            on_connected=self._connected,
            longest_back_off_s=longest_back_off_s,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        """Serve until `stopping()`."""
        try:
            while not stopping():
                try:
                    self.turn(TURN_S)
                except StoreError as error:
                    log.error("%s", error)
                    time.sleep(_PATIENCE_S)
        finally:
            self.link.close()

    def _connected(self) -> None:
        former = {*FORMER, *ROWS} - {*self._filters}
        self.link.unsubscribe(sorted(former))  # from a session that the broker has kept
        self._alerts.connected()
        self._rules.connected()
        self._fleet.connected()
        self._judged_version = None

    def turn(self, timeout_s: float) -> None:
        """Do a little of everything. Raises StoreError: nothing was lost, call it again."""
        self._in_hand.turn(self.link, self._ingest, timeout_s)
        self._outcomes.extend(self.link.outcomes())
        while self._outcomes:  # an answer counts as heard once what follows from it is on disk
            self._answered(self._outcomes[0])
            self._outcomes.popleft()
        if self.link.online:
            self._teller.step(self.link)
            self._fleet.tell(self.link)
            self._publish_news()

    def _answered(self, outcome: Outcome) -> None:
        publication = self._publishing.get(outcome.number)
        if publication is None:
            for part in (self._teller, self._fleet, self._rules, self._alerts):
                if part.answered(outcome):
                    return
            return
        if outcome.verdict is Verdict.REFUSED:
            log.error("%s: %s", publication.topic, outcome.text)
            self._seen_version = -1
        else:
            note_published(self._store, publication)
            self._published.append(publication)
        del self._publishing[outcome.number]
        if not self._publishing:
            _log_published(self._published)
            self._published.clear()

    def _publish_news(self) -> None:
        """Tell devices of alerts and prices; judge the prices first, for people wait for alerts."""
        version = self._store.log.data_version()
        if version != self._judged_version:
            more = self._judge.step() if self._judge is not None else False
            self._alerts.tell(self.link)
            self._rules.tell(self.link)
            # What `step` wrote itself is no news: it is looked at once more, and then at rest.
            self._judged_version = None if more else version
        if self._publishing or version == self._seen_version:
            return
        for publication in due_publications(self._store, now_ms()):
            number = self.link.publish(publication.topic, publication.payload, retain=True)
            self._publishing[number] = publication
        self._seen_version = version


def _log_published(told: list[Publication]) -> None:
    """Say once what a round of messages told, however many sets it was."""
    if not told:
        return
    prices, size_bytes = sum(each.prices for each in told), sum(len(each.payload) for each in told)
    whole = sum(each.is_snapshot for each in told)
    log.info(
        "devices are told %d prices of %d sets (%d of them whole) in %d bytes",
        prices, len(told), whole, size_bytes,
        extra=fields(prices=prices, sets=len(told), snapshots=whole, bytes=size_bytes),
    )  # fmt: skip
