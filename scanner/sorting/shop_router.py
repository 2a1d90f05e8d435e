"""The feed loop's router that follows the shop's rules. See `scanner.routing.Router`.

The rules are read when a batch begins; a batch goes on with those that it was begun with, also
after a restart. What lies in the bins is rebuilt from the log, across batches: a set keeps its bin
for as long as its cards lie there.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

from scanner.card_facts import CardFacts
from scanner.card_lookup import CardLookup, FactsBook
from scanner.errors import CounterscanError
from scanner.records import Identification
from scanner.routing import BinsByDecision, Mode, Router, Routing
from scanner.sorting.route import CopyKey, SortState, bins_at_their_limit, route
from scanner.sorting.rules import UNCLEAR, RuleSet, read_rules
from scanner.sorting.shop_rules import SORT, Alerts, lookup_of
from scanner.store import Store
from scanner.tables_rules import RuleSetRow

log = logging.getLogger(__name__)


class ShopRouter:
    """Routes by the rules that are in force when the batch's mode is `sort`, else by decision."""

    def __init__(
        self,
        store: Store,
        facts: FactsBook,
        currency: str,
        bins: int,
        otherwise: Router | None = None,
        alerts: Alerts | None = None,
    ) -> None:
        """`bins` is how many the machine has; `otherwise` routes while no rules are in force.

        `alerts` names the alerts that a card sets off; without, they are read from the log.
        """
        self._store = store
        self._facts = facts
        self._currency = currency
        self._otherwise = otherwise or BinsByDecision()
        self._alerts = alerts
        self._bins = bins
        self._rules: RuleSet | None = None
        self._lookup = CardLookup(store, facts, currency)
        self._state = SortState(bins)
        self._seen: Counter[CopyKey] = Counter()
        self._said: tuple[str, str, str] = ("", "", "")
        self._last: tuple[Identification, CardFacts] | None = None
        self._waiting: tuple[CardFacts, Routing] | None = None

    @property
    def rules(self) -> RuleSet | None:
        """The rules that the batch is sorted by; None where it is not."""
        return self._rules

    def begin(self, batch_id: int, mode: Mode) -> None:
        """See `Router.begin`. Rules that can't be read are told in the log and not followed."""
        self._otherwise.begin(batch_id, mode)
        self._rules, self._last, self._waiting = None, None, None
        if mode is not Mode.SORT:
            return
        try:
            row = self._store.rules_of_batch(batch_id) or self._store.chosen_rules(SORT)
            if row is None or row.id is None:
                log.warning("no sort rules are in force: cards are sorted by decision alone")
                return
            rules = read_rules(row.content)
            self._store.note_batch_rules(batch_id, row.id)
            self._take_up(batch_id, row, rules)
        except CounterscanError as error:
            log.error("the sort rules can't be followed: %s", error)

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:
        """See `Router.route`."""
        if self._rules is None:
            return self._otherwise.route(answer, full_bins)
        self._state.full = full_bins
        try:
            return route(self._facts_of(answer), self._rules, self._state)
        except CounterscanError as error:
            log.error("a card's facts can't be read: %s", error)
            number = min(self._rules.unidentified_bin, self._bins)
            return Routing(number, UNCLEAR, "What is known of this card can't be read.")

    def learn(self, scan_id: int, answer: Identification, routing: Routing) -> None:
        """See `Router.learn`."""
        self._otherwise.learn(scan_id, answer, routing)
        if self._rules is None:
            return
        try:
            card = self._facts_of(answer)
        except CounterscanError:
            card = CardFacts()
        at_their_limit = bins_at_their_limit(self._rules, self._state)
        self._waiting = (card, routing) if routing.bin in at_their_limit else None
        if card.card_id:
            self._seen[card.copy_key] += 1
        self._state.put(card, self._rules, routing)
        self._last = None

    def emptied(self, bin_number: int) -> None:
        """See `Router.emptied`."""
        self._otherwise.emptied(bin_number)
        self._state.emptied(bin_number)
        if self._waiting is not None and self._waiting[1].bin == bin_number:
            self._state.count(*self._waiting)  # it falls only now
            self._waiting = None

    def waits_for(self) -> int:
        """See `Router.waits_for`."""
        if self._rules is None:
            return self._otherwise.waits_for()
        return 0 if self._waiting is None else self._waiting[1].bin

    def _take_up(self, batch_id: int, row: RuleSetRow, rules: RuleSet) -> None:
        """Read everything that the rules may ask about, and what lies in the bins."""
        store = self._store
        batch = store.batch(batch_id)
        self._said = (
            ("", "", "") if batch is None else (batch.condition, batch.language, batch.name)
        )
        self._lookup = lookup_of(store, self._facts, self._currency, self._alerts)
        self._state = SortState(self._bins)
        self._seen = Counter()
        lying = dict(store.routes_in_bins())
        of_batch = dict(store.routes_of_batch(batch_id))
        scans = store.scans({*lying, *of_batch, *store.scan_ids_of_batch(batch_id)})
        alike = store.batches_of_rules(row.kind, row.name)
        for scan_id, scan in sorted(scans.items()):
            card = self._lookup.of_scan(scan)
            if scan.batch_id == batch_id and card.card_id:
                self._seen[card.copy_key] += 1
            routing = lying.get(scan_id) or of_batch.get(scan_id)
            if routing is None:
                continue
            if scan.batch_id in alike:
                self._state.keep_value(card, rules, routing)
            if scan_id in lying:
                at_their_limit = bins_at_their_limit(rules, self._state)
                self._waiting = (card, routing) if routing.bin in at_their_limit else None
                self._state.count(card, routing)
        self._rules = rules

    def _facts_of(self, answer: Identification) -> CardFacts:
        """What is known of the card, looked up once for `route` and `learn` together."""
        if self._last is None or self._last[0] is not answer:
            condition, language, batch = self._said
            card = self._lookup.of_answer(
                answer, condition=condition, language=language, batch=batch or None
            )
            self._last = (answer, card)
        card = self._last[1]
        return replace(card, copies_seen=self._seen[card.copy_key]) if card.card_id else card
