"""Gathers everything known about a card: the answer, the catalog's facts, prices, lists, alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from scanner.card_facts import CardFacts, columns_of, on_lists
from scanner.finishes import read_finishes
from scanner.price_range import price_range
from scanner.price_table import Key, Prices
from scanner.records import Finish, Identification
from scanner.shared_rules import folded_lists
from scanner.store import Store
from scanner.store_present import PresentAnswer
from scanner.store_scan import probability_of
from scanner.tables import Scan


class FactsBook(Protocol):
    """Knows the columns of the catalog's tables."""

    def facts_of(self, game: str, card_id: str) -> Mapping[str, str]:
        """Every column beyond the printing's own; empty for a card that is not there."""


class CardLookup:
    """Everything known about a card, as conditions ask for it. Read between two cards."""

    def __init__(
        self,
        store: Store,
        facts: FactsBook,
        currency: str,
        lists: Mapping[str, Iterable[str]] | None = None,
        alerts: Callable[[CardFacts], frozenset[str]] | None = None,
    ) -> None:
        """`lists` are the shop's, by name; `alerts` names those that a card sets off."""
        self._store = store
        self._facts = facts
        self._currency = currency
        self._lists = folded_lists(lists or {})
        self._alerts = alerts
        self._ahead: Prices = {}

    def read_ahead(self, keys: Iterable[Key]) -> None:
        """Read the prices of many printings at once; the others are read one by one."""
        wanted = set(keys)
        found = self._store.prices_of_many(wanted, self._currency)
        self._ahead = {key: found.get(key, ()) for key in wanted}

    def of_answer(
        self,
        answer: Identification,
        *,
        condition: str = "",
        language: str = "",
        batch: str | None = None,
    ) -> CardFacts:
        """The card that was just recognised; condition and language are what the batch says."""
        score = answer.candidates[0].score if answer.candidates else 0.0
        card = CardFacts(
            decision=answer.decision.value,
            confidence_percent=_percent(probability_of(answer), score),
            batch=batch,
        )
        if answer.printing is None:
            return card
        printing = answer.printing
        return self._known(
            replace(
                card,
                card_id=printing.card_id,
                game=printing.game,
                set=printing.set,
                number=printing.number,
                name=printing.name,
                variant=printing.variant,
                finish=_known_finish(answer.finish.value),
                condition=condition or None,
                language=language or None,
            )
        )

    def of_present(self, answer: PresentAnswer, *, batch: str | None = None) -> CardFacts:
        """The card of a scan, by its present answer."""
        card = self._of_row(answer, answer.condition, answer.language, batch)
        return self._known(card) if card.card_id else card

    def of_scan(self, scan: Scan) -> CardFacts:
        """The card of a scan, by the answer it first had: what its route was decided by.

        Without its price, which has changed since.
        """
        card = self._of_row(scan, "", "", None)
        return self._described(card)[0] if card.card_id else card

    def _of_row(
        self, row: PresentAnswer | Scan, condition: str, language: str, batch: str | None
    ) -> CardFacts:
        confidence = _percent(row.probability, row.score)
        card = CardFacts(decision=row.decision, confidence_percent=confidence, batch=batch)
        if not row.card_id:
            return card
        return replace(
            card,
            card_id=row.card_id,
            game=row.game,
            set=row.set_name,
            number=row.number,
            name=row.name,
            variant=row.variant,
            finish=_known_finish(row.finish),
            condition=condition or None,
            language=language or None,
        )

    def _described(self, card: CardFacts) -> tuple[CardFacts, frozenset[Finish]]:
        """Add what the catalog says of a named card; also the finishes that there are of it."""
        facts = self._facts.facts_of(card.game or "", card.card_id)
        columns: dict[str, Any] = columns_of(facts)
        if card.language is not None:
            columns.pop("language", None)  # a person's word comes before the catalog's
        exists_in = read_finishes(facts.get("finishes", ""))
        if card.finish is None and len(exists_in) == 1:
            card = replace(card, finish=next(iter(exists_in)).value)
        return replace(card, **columns), exists_in

    def _known(self, card: CardFacts) -> CardFacts:
        """Add what the catalog, the prices, the lists and the alerts say of a named card."""
        card, exists_in = self._described(card)
        key = (card.game or "", card.card_id)
        prices = self._ahead.get(key)
        if prices is None:
            prices = self._store.prices_of_many([key], self._currency).get(key, ())
        card = replace(
            card,
            lists=on_lists(card, self._lists),
            price=price_range(
                prices,
                finish=card.finish,
                condition=card.condition,
                exists_in=exists_in,
            ),
        )
        alerts = self._alerts(card) if self._alerts is not None else frozenset()
        return replace(card, alerts=alerts) if alerts else card


def _percent(probability: float | None, score: float) -> float:
    """How sure the answer is: its probability, else how alike card and picture are."""
    return float(score if probability is None else probability) * 100


def _known_finish(finish: str) -> str | None:
    return None if finish in ("", Finish.UNKNOWN.value) else finish
