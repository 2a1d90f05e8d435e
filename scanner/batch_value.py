"""What the accepted cards of a batch are worth, by the same rule as the stock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from scanner.inventory_rows import read_edited
from scanner.inventory_value import worth
from scanner.price_sources import SourceOrder
from scanner.price_table import read_prices
from scanner.records import Decision

_EDITED = text("""
    SELECT DISTINCT edit.scan_id FROM stock_edit AS edit
    JOIN scan ON scan.id = edit.scan_id WHERE scan.batch_id = :batch_id
""")
_UNTOUCHED = text("""
    SELECT game, card_id, finish, condition, count(*) FROM present_answer AS answer
    WHERE batch_id = :batch_id AND decision = 'accepted' AND card_id != ''
        AND NOT EXISTS (SELECT 1 FROM stock_edit AS edit WHERE edit.scan_id = answer.scan_id)
    GROUP BY game, card_id, finish, condition
""")
_NEVER_WAS = "mistake"


@dataclass(frozen=True, slots=True)
class BatchValue:
    """In minor units; `unpriced` counts the accepted cards that no price is known for."""

    amount_minor: int
    unpriced: int


def read_value(session: Session, batch_id: int, currency: str, order: SourceOrder) -> BatchValue:
    """Add up what the accepted cards are worth by now, as bulk edits of the stock left them.

    A card that was scanned by mistake is none of the batch; one that was sold still is.
    """
    connection, values = session.connection(), {"batch_id": batch_id}
    cards: Counter[tuple[str, str, str, str]] = Counter()
    for game, card_id, finish, condition, copies in connection.execute(_UNTOUCHED, values):
        cards[game, card_id, finish, condition] += copies
    edited = [int(row[0]) for row in connection.execute(_EDITED, values)]
    for decision, game, card_id, now in read_edited(session, sorted(edited)):
        if decision == Decision.ACCEPTED and card_id and now.removed != _NEVER_WAS:
            cards[game, card_id, now.finish or "", now.condition or ""] += 1
    prices = read_prices(
        session, {(game, card_id) for game, card_id, _, _ in cards}, currency, order
    )
    amount, unpriced = 0, 0
    for (game, card_id, finish, condition), copies in cards.items():
        found = worth(prices.get((game, card_id), ()), finish, condition)
        amount += found.amount_minor * copies if found else 0
        unpriced += 0 if found else copies
    return BatchValue(amount, unpriced)
