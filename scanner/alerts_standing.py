"""Which alerts a card sets off, by the rules and prices that this device has.

The feed process reads all prices ahead in a thread of its own (`refresh`), so that a card costs it
a look into memory; whoever asks about a few cards now and then has them read one by one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Protocol

from scanner.alerts import AlertRule
from scanner.alerts_judge import Told, by_kind, meets, meets_by_any, quotes_of, told_in_words
from scanner.card_facts import CardFacts
from scanner.conditions_judge import judge
from scanner.tables import utc_now

ANEW_EVERY_S = 3600.0
"""A change over a week grows older although no new price comes."""
_KEYS_AT_ONCE = 2000

Key = tuple[str, str]
Names = frozenset[str]
Met = Mapping[str | None, Names]
"""The rules whose cause a printing's prices meet, by its finish; None: whatever its finish is."""


class AlertBook(Protocol):
    """The part of the store that is asked here."""

    def alert_rules(self) -> tuple[list[AlertRule], dict[str, str]]: ...
    def rules_version(self) -> int: ...
    def newest_price_id(self) -> int: ...
    def priced_after(self, price_id: int) -> list[Key]: ...
    def told_of(self, keys: Iterable[Key]) -> dict[Key, list[Told]]: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read together; `met` has every printing once `is_whole`."""

    rules: tuple[AlertRule, ...] = ()
    met: dict[Key, Met] = field(default_factory=dict)
    is_whole: bool = False


class StandingAlerts:
    """The shop's alerts as they stand. `of` may be asked in one thread while another refreshes."""

    def __init__(self, book: AlertBook) -> None:
        """Nothing is read yet."""
        self._book = book
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._version = self._newest = -1
        self._anew_mono_s = 0.0

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        """The rules that are on."""
        return self._read_rules().rules

    def of(self, card: CardFacts) -> Names:
        """The names of the rules that the card sets off."""
        known = self._read_rules()
        if not card.card_id:
            return frozenset()
        held = [rule for rule in known.rules if judge(rule.cards, card)]
        names = {rule.name for rule in held if not rule.asks_prices}
        if any(rule.asks_prices for rule in held):
            met = self._met(known, (card.game or "", card.card_id))
            of_finish = met.get(card.finish, frozenset())
            names |= {rule.name for rule in held if rule.name in of_finish}
        return frozenset(names)

    def why(self, rule: AlertRule, card: CardFacts) -> str:
        """Why the card sets off the rule, as a sentence."""
        key = (card.game or "", card.card_id)
        told = self._book.told_of([key]).get(key, [])
        for (finish, _), rows in by_kind(told).items():
            quotes = quotes_of(rows, rule.days, utc_now())
            if quotes is None or finish != (card.finish or finish):
                continue
            source = next((name for name in quotes.now if meets(rule, quotes, name)), "")
            if source and rule.asks_prices:
                return told_in_words(rule, quotes, source)
        return "Seen by the scanner."

    def refresh(self) -> None:
        """Read what has changed since the last time: rules, lists, prices. Raises StoreError."""
        version, newest = self._book.rules_version(), self._book.newest_price_id()
        now_mono_s = time.monotonic()
        known = self._known
        if (
            known is None
            or version != self._version
            or newest < self._newest
            or (now_mono_s - self._anew_mono_s > ANEW_EVERY_S)
        ):
            rules = self._rules_on()
            met: dict[Key, Met] = {}
            if any(rule.asks_prices for rule in rules):
                self._read_prices(rules, met, self._book.priced_after(0))
            with self._lock:
                self._known = _Known(rules, met, is_whole=True)
            self._anew_mono_s = now_mono_s
        elif newest != self._newest and any(rule.asks_prices for rule in known.rules):
            self._read_prices(known.rules, known.met, self._book.priced_after(self._newest))
        self._version, self._newest = version, newest

    def _read_rules(self) -> _Known:
        if self._known is None:
            found = _Known(self._rules_on())
            with self._lock:  # everything may have been read meanwhile
                self._known = self._known or found
        return self._known

    def _rules_on(self) -> tuple[AlertRule, ...]:
        return tuple(rule for rule in self._book.alert_rules()[0] if rule.on)

    def _met(self, known: _Known, key: Key) -> Met:
        found = known.met.get(key)
        if found is None and not known.is_whole:
            self._read_prices(known.rules, known.met, [key])
            found = known.met.setdefault(key, {})
        return found or {}

    def _read_prices(
        self, rules: Iterable[AlertRule], met: dict[Key, Met], keys: list[Key]
    ) -> None:
        priced = [rule for rule in rules if rule.asks_prices]
        now = utc_now()
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = keys[start : start + _KEYS_AT_ONCE]
            told = self._book.told_of(part)
            for key in part:
                found = met_by(priced, told.get(key, []), now)
                if any(found.values()):
                    met[key] = found
                else:
                    met.pop(key, None)


def met_by(rules: Iterable[AlertRule], told: Iterable[Told], at: datetime) -> Met:
    """The rules whose cause prices meet, by finish; under None those met in every finish."""
    kinds = by_kind(told)
    by_finish: dict[str | None, Names] = {}
    for (finish, _), rows in kinds.items():
        names = {rule.name for rule in rules if meets_by_any(rule, quotes_of(rows, rule.days, at))}
        by_finish[finish] = by_finish.get(finish, frozenset()) | names
    if by_finish:
        by_finish[None] = reduce(frozenset.intersection, by_finish.values())
    return by_finish
