"""The shop's offers: its buying rules as the log keeps them, and the offer for one batch."""

from __future__ import annotations

from dataclasses import replace

from scanner.card_lookup import CardLookup
from scanner.offers import (
    OFFER,
    Offer,
    OfferLine,
    OfferRules,
    Status,
    make_offer,
    read_offer_rules,
    usual_offer_rules,
    write_offer_rules,
)
from scanner.sorting.trial import cards_of_batch
from scanner.store import Store
from scanner.store_offers import SKIP
from scanner.tables_offers import OfferWord

NAME = "Buying"
BY_HAND = "By hand"


def offer_rules_of(store: Store, currency: str) -> OfferRules:
    """What the shop pays; the usual rules until it has written its own. Raises ConditionError."""
    row = store.rule_set(OFFER, NAME)
    return usual_offer_rules(currency) if row is None else read_offer_rules(row.content)


def save_offer_rules(store: Store, rules: OfferRules) -> None:
    """Keep what the shop pays; it counts at once."""
    store.add_rule_set(OFFER, NAME, write_offer_rules(rules))


def offer_of_batch(
    store: Store, lookup: CardLookup, batch_id: int, rules: OfferRules, currency: str
) -> Offer:
    """The offer for a batch's cards as they are known now, with people's words on single cards.

    Raises StoreError when there is no such batch.
    """
    cards = [(tried.scan_id, tried.card) for tried in cards_of_batch(store, lookup, batch_id)]
    offer = make_offer(cards, rules, currency)
    words = store.offer_words(batch_id)
    if not words:
        return offer
    lines = (_by_hand(line, words.get(line.scan_id), currency) for line in offer.lines)
    return Offer(tuple(lines), currency)


def _by_hand(line: OfferLine, word: OfferWord | None, currency: str) -> OfferLine:
    """The line with a person's word on it; amounts in another currency can't be added up."""
    if word is None:
        return line
    if word.kind == SKIP:
        line = replace(line, cash_minor=0, credit_minor=0)
        return replace(line, status=Status.NOT_BOUGHT, rule=BY_HAND, why="Taken out by hand.")
    if word.currency != currency:
        return line
    return replace(
        line,
        status=Status.OFFERED,
        rule=BY_HAND,
        why="Set by hand.",
        cash_minor=word.cash_minor,
        credit_minor=word.credit_minor,
    )
