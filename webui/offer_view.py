"""The offer for a batch as the page, its print and its JSON twin show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scanner.card_words import CONDITIONS, FINISHES
from scanner.inventory_catalog import LibraryFacts
from scanner.offers import Offer, OfferLine, OfferRules, Status
from scanner.prices import Money
from scanner.records import Finish
from scanner.shop_offers import BY_HAND, offer_of_batch, offer_rules_of
from scanner.sorting.shop_rules import lookup_of
from scanner.store import Store
from scanner.tables import Batch
from scanner.tables_offers import OfferMade
from webui import words
from webui.view import Json

OUTCOMES = {"cash": "Paid in cash", "credit": "Paid in credit", "declined": "Declined"}
_ORDER = {Status.LOOK: 0, Status.OFFERED: 1, Status.NOT_BOUGHT: 2}


class OfferView:
    """Offers over one log. Raises StoreError where it can't be read, ConditionError for rules."""

    def __init__(self, store: Store, facts: LibraryFacts, currency: str) -> None:
        self._store = store
        self._facts = facts
        self.currency = currency

    def rules(self) -> OfferRules:
        """What the shop pays."""
        return offer_rules_of(self._store, self.currency)

    def offer(self, batch_id: int) -> Offer:
        """The offer as it stands now."""
        lookup = lookup_of(self._store, self._facts, self.currency)
        return offer_of_batch(self._store, lookup, batch_id, self.rules(), self.currency)

    def told(self, batch: Batch | None) -> Json:
        """The offer for a batch; one that has ended is told as it was then."""
        if batch is None or batch.id is None:
            return _head(0, "", [], Money(0, self.currency), Money(0, self.currency))
        ended = self._store.ended_offer(batch.id)
        if ended is not None:
            return _of_ended(batch, ended)
        offer = self.offer(batch.id)
        is_open = self._store.open_batch()
        told = _head(batch.id, batch.name, lines_json(offer), offer.cash, offer.credit)
        return told | {
            "is_open": is_open is not None and is_open.id == batch.id,
            "prices_of": (oldest := _oldest_price(offer)),
            "price_age_days": words.age_days(oldest),
        }


def _oldest_price(offer: Offer) -> str:
    """When the oldest price was known that the offer rests on; "" where it rests on none."""
    rests_on = (
        line.card.price for line in offer.lines
        if line.status is Status.OFFERED and line.rule != BY_HAND
    )  # fmt: skip
    return min((price.as_of for price in rests_on if price is not None), default="")


def lines_json(offer: Offer) -> list[Json]:
    """Equal cards in one line each: those put aside first, then the dearest offers."""
    groups: dict[tuple[Any, ...], list[OfferLine]] = {}
    for line in offer.lines:
        card = line.card
        key = (card.copy_key, card.name, card.condition, line.status, line.rule, line.why)
        amounts = (line.cash_minor, line.credit_minor, line.scan_id if not card.card_id else 0)
        groups.setdefault((*key, *amounts), []).append(line)
    ordered = sorted(
        groups.values(),
        key=lambda lines: (_ORDER[lines[0].status], -lines[0].cash_minor, lines[0].card.name or ""),
    )
    return [_line(lines, offer.currency) for lines in ordered]


def lines_in_words(rules: OfferRules) -> list[Json]:
    """The buying rules in plain English, in their order."""
    return [{"name": rule.name, "words": rule.words} for rule in rules.rules]


def _line(lines: list[OfferLine], currency: str) -> Json:
    first, card = lines[0], lines[0].card
    cash = Money(first.cash_minor * len(lines), currency)
    credit = Money(first.credit_minor * len(lines), currency)
    return {
        "scans": [line.scan_id for line in lines],
        "count": len(lines),
        "name": card.name or "Unknown card",
        "set": card.set or "",
        "number": card.number or "",
        "variant": card.variant or "",
        "finish": FINISHES[card.finish or Finish.UNKNOWN.value] if card.card_id else "",
        "condition": CONDITIONS.get(card.condition or "", ""),
        "finish_key": card.finish or "",
        "condition_key": card.condition or "",
        "is_known": bool(card.card_id) and card.decision == "accepted",
        "status": first.status.value,
        "rule": first.rule,
        "why": first.why,
        "cash_minor": cash.amount_minor,
        "credit_minor": credit.amount_minor,
        "cash": str(cash),
        "credit": str(credit),
        "cash_each": str(Money(first.cash_minor, currency)),
        "by_hand": first.rule == BY_HAND,
    }


def _of_ended(batch: Batch, ended: OfferMade) -> Json:
    cash, credit = (
        Money(minor, ended.currency) for minor in (ended.cash_minor, ended.credit_minor)
    )
    told = _head(batch.id or 0, batch.name, ended.lines, cash, credit)
    return told | {"outcome": ended.outcome, "ended_at": ended.created_at.isoformat()}


def _head(batch_id: int, name: str, lines: list[Json], cash: Money, credit: Money) -> Json:
    return {
        "batch": batch_id,
        "name": name,
        "cards": _count(lines, Status),
        "offered": _count(lines, (Status.OFFERED,)),
        "put_aside": _count(lines, (Status.LOOK,)),
        "not_bought": _count(lines, (Status.NOT_BOUGHT,)),
        "currency": cash.currency,
        "cash_minor": cash.amount_minor,
        "credit_minor": credit.amount_minor,
        "cash": str(cash),
        "credit": str(credit),
        "outcome": "",
        "ended_at": "",
        "is_open": False,
        "prices_of": "",
        "price_age_days": None,
        "lines": lines,
    }


def _count(lines: list[Json], of: Iterable[Status]) -> int:
    wanted = {status.value for status in of}
    return sum(int(line["count"]) for line in lines if line["status"] in wanted)
