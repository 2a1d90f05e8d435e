"""Says when a card that was just scanned sets off one of the shop's alerts.

A thread of its own follows the log behind the feed loop: the card is on its way already when lamp
and buzzer tell of it. It follows retries and corrections as well, which name cards later. The loop
itself asks only where the sort rules ask about alerts, and only in memory: prices are read ahead
here, whenever new ones have come.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from firmware.signals import Signal, Signals
from scanner.alerts import AlertRule
from scanner.alerts_standing import StandingAlerts
from scanner.card_facts import CardFacts
from scanner.card_lookup import CardLookup, FactsBook
from scanner.errors import StoreError
from scanner.records import Decision
from scanner.store import Store
from scanner.store_alerts import LATER_ANSWERS, LaterAnswer
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
        self._later: dict[LaterAnswer, int] = {}
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
            self._judge(self._store.present_answers(ids))
            self._seen = ids[-1]
        for table in LATER_ANSWERS:
            while rows := self._store.answered_after(table, self._later[table], _SCANS_AT_ONCE):
                self._judge_later(table, [scan_id for _, scan_id in rows], rows[-1][0])

    def _begin(self) -> None:
        """Look once more at the last cards before a restart: their alerts may not be on disk."""
        latest = self._store.latest_scans(1)
        newest = (latest[0].id or 0) if latest else 0
        self._fresh_from = newest
        cursors = self._store.alert_cursors()
        if not cursors.keys() >= set(LATER_ANSWERS):  # what was said before is no news
            cursors = {table: self._store.newest_answer(table) for table in LATER_ANSWERS}
            self._store.withdraw_alerts({}, cursors)
        self._later = {table: cursors[table] for table in LATER_ANSWERS}
        self._seen = max(0, newest - _LOOKED_AT_AGAIN)

    def _judge_later(self, table: LaterAnswer, scan_ids: list[int], up_to: int) -> None:
        """Cards that were named, or named otherwise, after they had gone: no lamp tells of them.

        An alert about the card that it is not after all is withdrawn.
        """
        answers = self._store.present_answers(scan_ids)
        gone = {
            key: _why_withdrawn(table, answers[scan_id])
            for key, scan_id, game, card_id in self._store.open_alerts_of(scan_ids)
            if (game, card_id) != named(answers[scan_id])
        }
        self._judge(answers, is_told=False)
        self._store.withdraw_alerts(gone, {table: up_to})
        self._later[table] = up_to

    def _judge(self, answers: Mapping[int, PresentAnswer], *, is_told: bool = True) -> None:
        if not self._standing.rules:
            return
        lookup = CardLookup(self._store, self._facts, self._currency, self._store.card_lists())
        for answer in answers.values():
            if named(answer) is None:
                continue
            card = lookup.of_present(answer)
            rules = self._standing.rules_of(card)
            if rules:
                self._raise(answer, card, rules, is_told and answer.scan_id > self._fresh_from)

    def _raise(
        self, answer: PresentAnswer, card: CardFacts, rules: list[AlertRule], is_told: bool
    ) -> None:
        reasons = [(rule, self._standing.why(rule, card)) for rule in rules]
        added = self._store.raise_alerts(
            [
                AlertRaised(
                    rule=rule.name, cause=rule.cause.value, scan_id=answer.scan_id,
                    game=answer.game, card_id=answer.card_id, name=answer.name,
                    set_name=answer.set_name, number=answer.number, variant=answer.variant,
                    finish=answer.finish, text=why.text, price_as_of=why.price_as_of,
                )
                for rule, why in reasons
            ]
        )  # fmt: skip
        names = ", ".join(rule.name for rule in rules)
        if added:
            log.info("alert: %s (scan %d): %s", answer.name, answer.scan_id, names)
        if added and is_told and self._signals is not None:
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


def named(answer: PresentAnswer) -> tuple[str, str] | None:
    """Which printing an answer says that a card is; None where it names none."""
    is_known = answer.decision != Decision.UNKNOWN and bool(answer.card_id)
    return (answer.game, answer.card_id) if is_known else None


def _why_withdrawn(table: LaterAnswer, answer: PresentAnswer) -> str:
    """What closed an alert, as it stands where else the name of a person does."""
    who = "a correction" if table == "correction" else "another look at the card"
    words = " ".join(filter(None, (answer.name or answer.card_id, answer.set_name, answer.number)))
    return f"{who} ({words if named(answer) else 'it is not known'})"
