"""Says when a card that was just scanned sets off one of the shop's alerts.

A thread of its own follows the log behind the feed loop: the card is on its way already when lamp
and buzzer tell of it. The loop itself asks only where the sort rules ask about alerts, and only in
memory: prices are read ahead here, whenever new ones have come.
"""

from __future__ import annotations

import logging
import threading

from firmware.signals import Signal, Signals
from scanner.alerts import AlertRule
from scanner.alerts_standing import StandingAlerts
from scanner.card_facts import CardFacts
from scanner.card_lookup import CardLookup, FactsBook
from scanner.errors import StoreError
from scanner.records import Decision
from scanner.store import Store
from scanner.store_present import PresentAnswer
from scanner.tables_alerts import AlertRaised

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""For scans that nobody told of: pictures that were uploaded."""

FLASHES = 4
_LOOKED_AT_AGAIN = 20
_PATIENCE_S = 5.0
_SCANS_AT_ONCE = 100


class AlertWatch:
    """The thread. Without a log that can be read it waits and tries again."""

    def __init__(
        self, store: Store, facts: FactsBook, currency: str, signals: Signals | None
    ) -> None:
        """Nothing runs before `start`. `signals` are told of alerts, where there are any."""
        self._store = store
        self._facts = facts
        self._currency = currency
        self._signals = signals
        self._standing = StandingAlerts(store)
        self._news = threading.Event()
        self._ended = False
        self._seen: int | None = None
        self._fresh_from = 0
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def of(self, card: CardFacts) -> frozenset[str]:
        """The names of the alerts that a card sets off: a look into memory once all is read."""
        return self._standing.of(card)

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread.start()

    def saw(self) -> None:
        """A scan is on disk; returns at once."""
        self._news.set()

    def close(self) -> None:
        """End, and wait for it."""
        self._ended = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_PATIENCE_S)

    def look(self) -> None:
        """Raise the alerts of all scans since the last look. Raises StoreError: call it again."""
        self._standing.refresh()
        if self._seen is None:
            self._begin()
        while scans := self._store.scans_after(self._seen or 0, _SCANS_AT_ONCE):
            ids = [scan.id or 0 for scan in scans]
            if self._standing.rules:
                self._judge(ids)
            self._seen = ids[-1]

    def _begin(self) -> None:
        """Look once more at the last cards before a restart: their alerts may not be on disk."""
        latest = self._store.latest_scans(1)
        newest = (latest[0].id or 0) if latest else 0
        self._fresh_from = newest
        self._seen = max(0, newest - _LOOKED_AT_AGAIN)

    def _judge(self, scan_ids: list[int]) -> None:
        lookup = CardLookup(
            self._store, self._facts, self._currency, self._store.card_lists(), self._standing.of
        )
        answers = self._store.present_answers(scan_ids)
        for scan_id in scan_ids:
            answer = answers.get(scan_id)
            if answer is None or answer.decision == Decision.UNKNOWN or not answer.card_id:
                continue
            card = lookup.of_present(answer)
            rules = [rule for rule in self._standing.rules if rule.name in card.alerts]
            if rules:
                self._raise(answer, card, rules)

    def _raise(self, answer: PresentAnswer, card: CardFacts, rules: list[AlertRule]) -> None:
        added = self._store.raise_alerts(
            [
                AlertRaised(
                    rule=rule.name, cause=rule.cause.value, scan_id=answer.scan_id,
                    game=answer.game, card_id=answer.card_id, name=answer.name,
                    set_name=answer.set_name, number=answer.number, variant=answer.variant,
                    finish=answer.finish, text=self._standing.why(rule, card),
                )
                for rule in rules
            ]
        )  # fmt: skip
        names = ", ".join(rule.name for rule in rules)
        if not added or answer.scan_id <= self._fresh_from:
            return
        log.info("alert: %s (scan %d): %s", answer.name, answer.scan_id, names)
        if self._signals is not None:
            loudest = max(rules, key=lambda rule: rule.beeps)
            self._signals.alert(Signal(loudest.colour, FLASHES, loudest.beeps))

    def _run(self) -> None:
        while not self._ended:
            try:
                self.look()
                self._news.wait(LOOK_EVERY_S)
                self._news.clear()
            except StoreError as error:
                log.warning("alerts can't be looked for: %s", error)
                self._news.clear()
                self._news.wait(_PATIENCE_S)
