"""What the accepted cards of a batch are worth, by the same rule as the stock."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from scanner.inventory_value import worth
from scanner.price_sources import SourceOrder
from scanner.price_table import read_prices

_CARDS = text("""
    SELECT game, card_id, finish, condition, count(*) FROM present_answer
    WHERE batch_id = :batch_id AND decision = 'accepted' AND card_id != ''
    GROUP BY game, card_id, finish, condition
""")


@dataclass(frozen=True, slots=True)
class BatchValue:
    """In minor units; `unpriced` counts the accepted cards that no price is known for."""

    amount_minor: int
    unpriced: int


def read_value(session: Session, batch_id: int, currency: str, order: SourceOrder) -> BatchValue:
    """Add up what the accepted cards are worth by now."""
    cards = list(session.connection().execute(_CARDS, {"batch_id": batch_id}))
    prices = read_prices(session, {(row[0], row[1]) for row in cards}, currency, order)
    amount, unpriced = 0, 0
    for game, card_id, finish, condition, copies in cards:
        found = worth(prices.get((game, card_id), ()), finish, condition)
        amount += found.amount_minor * copies if found else 0
        unpriced += 0 if found else copies
    return BatchValue(amount, unpriced)
