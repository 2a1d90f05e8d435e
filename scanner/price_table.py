"""The last known prices of many printings at once, for lists and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from scanner.prices import Money
from scanner.records import Finish

Key = tuple[str, str]
"""Game and card_id: a printing."""

_IDS_PER_QUERY = 400
_NEWEST = """
    SELECT game, card_id, finish, condition, currency, amount_minor, max(id) FROM price_known
    WHERE game = :game AND currency = :currency AND card_id IN ({})
    GROUP BY card_id, finish, condition
"""


@dataclass(frozen=True, slots=True)
class Priced:
    """What one finish in one condition is worth; `condition` "" where the source names none."""

    finish: str
    condition: str
    money: Money


Prices = Mapping[Key, Sequence[Priced]]


def read_prices(session: Session, keys: Iterable[Key], currency: str) -> dict[Key, list[Priced]]:
    """The newest price of each finish and condition of these printings, in one currency."""
    by_game: dict[str, list[str]] = {}
    for game, card_id in dict.fromkeys(keys):
        by_game.setdefault(game, []).append(card_id)
    found: dict[Key, list[Priced]] = {}
    for game, card_ids in by_game.items():
        for start in range(0, len(card_ids), _IDS_PER_QUERY):
            part = card_ids[start : start + _IDS_PER_QUERY]
            names = {f"id{place}": card_id for place, card_id in enumerate(part)}
            query = text(_NEWEST.format(",".join(f":{name}" for name in names)))
            values = {"game": game, "currency": currency, **names}
            for row in session.connection().execute(query, values):
                priced = Priced(row.finish, row.condition, Money(row.amount_minor, row.currency))
                found.setdefault((row.game, row.card_id), []).append(priced)
    return found


def price_of(prices: Prices, key: Key, finish: str, condition: str = "") -> Money | None:
    """The price that fits finish and condition best, near mint and normal for want of a better.

    A finish that nobody has proven counts as normal: never more than the card may bring.
    """
    wanted = Finish.NORMAL.value if finish == Finish.UNKNOWN else finish
    candidates = prices.get(key, ())
    if not candidates:
        return None

    def misses(priced: Priced) -> tuple[bool, bool, bool]:
        return (
            priced.finish != wanted,
            priced.condition != (condition or "NM"),
            priced.condition not in ("NM", ""),
        )

    return min(candidates, key=misses).money
