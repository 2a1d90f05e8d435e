"""What a printing is worth, given what is known of the card: one price, a range, or nothing. Pure.

A card whose finish nobody knows is worth anything between its finishes' prices. Where one of them
has no price, nobody can say: it is never taken for normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from scanner.card_facts import PriceRange
from scanner.finishes import ALL_FINISHES
from scanner.price_sources import Priced
from scanner.records import Finish


def price_range(
    prices: Iterable[Priced],
    *,
    finish: str | None = None,
    condition: str | None = None,
    exists_in: Set[Finish] = ALL_FINISHES,
) -> PriceRange | None:
    """The price of a card, or between which prices it lies; None where that can't be said.

    `prices` are a printing's, in one currency, one for each finish and condition. `exists_in` are
    the finishes that the catalog knows; where it says nothing, those that have a price. A source
    that gives no price for the condition is asked for near mint; one that knows no finishes
    ("unknown") prices them all.
    """
    by_finish: dict[str, dict[str, Priced]] = {}
    for each in prices:
        by_finish.setdefault(each.finish, {})[each.condition] = each
    any_finish = by_finish.get(Finish.UNKNOWN.value, {})
    if finish is not None:
        wanted = {finish}
    elif exists_in != ALL_FINISHES:
        wanted = {each.value for each in exists_in}
    else:
        wanted = set(by_finish) - {Finish.UNKNOWN.value} or set(by_finish)
    for bought_as in dict.fromkeys((condition or "NM", "NM", "")):
        found = [
            by_finish.get(name, {}).get(bought_as) or any_finish.get(bought_as) for name in wanted
        ]
        known = [each for each in found if each is not None]
        if known and len(known) == len(found):
            return _between(known, bought_as)
    return None


def _between(known: list[Priced], condition: str) -> PriceRange:
    amounts = [each.money.amount_minor for each in known]
    sources = " and ".join(sorted({each.source for each in known}))
    oldest = min(each.as_of for each in known)
    currency = known[0].money.currency
    return PriceRange(min(amounts), max(amounts), currency, condition, sources, oldest)
