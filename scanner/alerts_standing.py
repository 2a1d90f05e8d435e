"""Which alerts a card sets off, by the rules and prices that this device has.

The feed process reads all prices ahead in a thread of its own (`refresh`), so that a card costs it
a look into memory; whoever asks about a few cards now and then has them read one by one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Protocol

from scanner.alerts import AlertRule, Cause, HeldRule
from scanner.alerts_judge import Told, by_kind, by_order, meets, quotes_of, told_in_words
from scanner.card_facts import CardFacts, on_lists
from scanner.conditions_judge import judge
from scanner.price_sources import USUAL_ORDER, SourceOrder
from scanner.records import Finish
from scanner.shared_rules import folded_lists
from scanner.tables import utc_now

ANEW_EVERY_S = 3600.0
"""A change over a week grows older although no new price comes."""
_KEYS_AT_ONCE = 2000
_ANY_FINISH = Finish.UNKNOWN.value

Key = tuple[str, str]
Quoted = tuple[str, str, str, str]
"""Finish, condition, currency and source of a price."""
Ids = frozenset[str]
Met = Mapping[str | None, Ids]
"""The rules whose cause a printing's prices meet, by its finish; None: whatever its finish is."""


class AlertBook(Protocol):
    """The part of the store that is asked here."""

    price_order: SourceOrder

    def held_rules(self) -> list[HeldRule]: ...
    def shared_lists(self) -> Mapping[str, Iterable[str]]: ...
    def rules_version(self) -> int: ...
    def newest_price_id(self) -> int: ...
    def priced_after(self, price_id: int) -> list[Key]: ...
    def told_of(self, keys: Iterable[Key]) -> dict[Key, list[Told]]: ...
    def price_ages(self, game: str, card_id: str) -> Mapping[Quoted, datetime]: ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a card sets off a rule, as a sentence; and of when the price is, where one was asked."""

    text: str
    price_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read together; `lists` are those of all scanners, which their rules ask about.

    `met` has every printing once `is_whole`.
    """

    held: tuple[HeldRule, ...] = ()
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
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
        return tuple(held.rule for held in self._read_rules().held)

    def of(self, card: CardFacts) -> frozenset[str]:
        """The names of the rules that the card sets off."""
        return frozenset(rule.name for rule in self.rules_of(card))

    def rules_of(self, card: CardFacts) -> list[AlertRule]:
        """The rules that the card sets off."""
        known = self._read_rules()
        if not card.card_id:
            return []
        on_any = replace(card, lists=card.lists | on_lists(card, known.lists))
        about = [
            held for held in known.held if judge(held.rule.cards, on_any if held.key else card)
        ]
        met: Ids = frozenset()
        if any(held.rule.asks_prices for held in about):
            met = _of_finish(self._met(known, (card.game or "", card.card_id)), card.finish)
        return [held.rule for held in about if not held.rule.asks_prices or held.id in met]

    def why(self, rule: AlertRule, card: CardFacts) -> Reason:
        """Why the card sets off the rule."""
        seen = Reason("Seen by the scanner.")
        if not rule.asks_prices:
            return seen
        key = (card.game or "", card.card_id)
        kinds = _counted(rule.cause, self._book.told_of([key]).get(key, []), self._book.price_order)
        finishes = {finish for finish, _ in kinds}
        wanted = card.finish if card.finish in finishes else None
        for (finish, _), rows in kinds.items():
            quotes = quotes_of(rows, rule.days, utc_now())
            if quotes is not None and finish == (wanted or finish) and meets(rule, quotes):
                of = set(quotes.now) if rule.cause is Cause.DISAGREE else {quotes.newest}
                ages = self._book.price_ages(*key)
                return Reason(told_in_words(rule, quotes), _oldest(rows, of, ages))
        return seen

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
            found = self._anew()
            if _asks_prices(found.held):
                self._read_prices(found.held, found.met, self._book.priced_after(0))
            with self._lock:
                self._known = replace(found, is_whole=True)
            self._anew_mono_s = now_mono_s
        elif newest != self._newest and _asks_prices(known.held):
            self._read_prices(known.held, known.met, self._book.priced_after(self._newest))
        self._version, self._newest = version, newest

    def _read_rules(self) -> _Known:
        if self._known is None:
            found = self._anew()
            with self._lock:  # everything may have been read meanwhile
                self._known = self._known or found
        return self._known

    def _anew(self) -> _Known:
        held = tuple(each for each in self._book.held_rules() if each.rule.on)
        return _Known(held, folded_lists(self._book.shared_lists()))

    def _met(self, known: _Known, key: Key) -> Met:
        found = known.met.get(key)
        if found is None and not known.is_whole:
            self._read_prices(known.held, known.met, [key])
            found = known.met.setdefault(key, {})
        return found or {}

    def _read_prices(self, held: Iterable[HeldRule], met: dict[Key, Met], keys: list[Key]) -> None:
        priced = [each for each in held if each.rule.asks_prices]
        now, order = utc_now(), self._book.price_order
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = keys[start : start + _KEYS_AT_ONCE]
            told = self._book.told_of(part)
            for key in part:
                found = met_by(priced, told.get(key, []), now, order)
                if any(found.values()):
                    met[key] = found
                else:
                    met.pop(key, None)


def met_by(
    held: Collection[HeldRule], told: Iterable[Told], at: datetime, order: SourceOrder = USUAL_ORDER
) -> Met:
    """The ids of the rules whose cause prices meet, by finish; under None those of every finish.

    The price that counts is that of the source which the shop ranks first, as on the Prices page;
    whether sources disagree is asked of all that count.
    """
    told = list(told)
    by_finish: dict[str | None, Ids] = {each.finish: frozenset() for each in told}
    of_cause = {cause: _counted(cause, told, order) for cause in {e.rule.cause for e in held}}
    for each in held:
        for (finish, _), rows in of_cause[each.rule.cause].items():
            quotes = quotes_of(rows, each.rule.days, at)
            if quotes is not None and meets(each.rule, quotes):
                by_finish[finish] |= {each.id}
    if by_finish:
        known = [ids for finish, ids in by_finish.items() if finish != _ANY_FINISH]
        by_finish[None] = reduce(frozenset.intersection, known or by_finish.values())
    return by_finish


def _counted(
    cause: Cause, told: Iterable[Told], order: SourceOrder
) -> dict[tuple[str, str], list[Told]]:
    """The prices that rules of a cause are held against."""
    if cause is Cause.DISAGREE:
        return by_kind(each for each in told if order.place(each.source) >= 0)
    return by_order(told, order)


def _oldest(
    rows: Iterable[Told], sources: Collection[str], ages: Mapping[Quoted, datetime]
) -> datetime:
    """Of when the oldest of these sources' prices is, by when each was last said."""
    last = {row.source: row for row in rows if row.source in sources}
    return min(
        ages.get((row.finish, row.condition, row.currency, row.source), row.as_of)
        for row in last.values()
    )


def _of_finish(met: Met, finish: str | None) -> Ids:
    """A source that knows no finishes prices them all."""
    return met.get(finish, met.get(_ANY_FINISH, frozenset()))


def _asks_prices(held: Iterable[HeldRule]) -> bool:
    return any(each.rule.asks_prices for each in held)
