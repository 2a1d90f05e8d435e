"""What a printing is worth, given what is known of the card: one price, a range, or nothing. Pure.

A card whose finish nobody knows is worth anything between its finishes' prices. Where one of them
has no price, nobody can say: it is never taken for normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from scanner.card_facts import PriceRange
from scanner.finishes import ALL_FINISHES
from scanner.records import Finish
from scanner.tables import Price


def price_range(
    rows: Iterable[Price],
    currency: str,
    *,
    finish: str | None = None,
    condition: str | None = None,
    exists_in: Set[Finish] = ALL_FINISHES,
) -> PriceRange | None:
    """The price of a card, or between which prices it lies; None where that can't be said.

    `rows` are a printing's, the newest first. `exists_in` are the finishes that the catalog knows;
    where it says nothing, those that have a price. A source that gives no price for the condition
    is asked for near mint.
    """
    by_finish: dict[str, list[Price]] = {}
    for row in rows:
        if row.currency == currency:
            by_finish.setdefault(row.finish, []).append(row)
    if finish is not None:
        wanted = {finish}
    elif exists_in != ALL_FINISHES:
        wanted = {each.value for each in exists_in}
    else:
        wanted = set(by_finish)
    for bought_as in dict.fromkeys((condition, "NM", "")):
        amounts = [_amount(by_finish.get(each, []), bought_as) for each in wanted]
        known = [amount for amount in amounts if amount is not None]
        if known and len(known) == len(amounts):
            return PriceRange(min(known), max(known), currency, bought_as or "")
    return None


def _amount(rows: list[Price], condition: str | None) -> int | None:
    return next((row.amount_minor for row in rows if row.condition == condition), None)
