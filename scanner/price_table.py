"""The last known prices of many printings at once, by the shop's order of sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Row, text
from sqlmodel import Session

from scanner.inventory_value import Told
from scanner.price_sources import Priced, SourceOrder
from scanner.prices import Money
from scanner.records import Finish
from scanner.store_open import in_parts

Key = tuple[str, str]
"""Game and card_id: a printing."""

_COLUMNS = "card_id, finish, condition, currency, amount_minor, source, as_of, {} AS id"
_OF_THESE = "FROM price_known WHERE game = :game AND currency = :currency AND card_id IN ({})"
_NEWEST = (
    f"SELECT {_COLUMNS.format('max(id)')} {_OF_THESE}"
    " GROUP BY card_id, finish, condition, source ORDER BY id"
)
_EVERY = f"SELECT {_COLUMNS.format('id')}, substr(created_at, 1, 10) AS day {_OF_THESE} ORDER BY id"

Prices = Mapping[Key, Sequence[Priced]]


def read_prices(
    session: Session, keys: Iterable[Key], currency: str, order: SourceOrder
) -> dict[Key, list[Priced]]:
    """The price of each finish and condition of these printings that counts, in one currency."""
    found: dict[Key, list[Priced]] = defaultdict(list)
    for key, row in _read(session, _NEWEST, keys, currency):
        found[key].append(_priced(row))
    return {key: order.chosen(prices) for key, prices in found.items()}


def read_history(session: Session, keys: Iterable[Key], currency: str) -> dict[Key, list[Told]]:
    """Every price that this device was told of these printings in a currency, oldest first."""
    found: dict[Key, list[Told]] = defaultdict(list)
    for key, row in _read(session, _EVERY, keys, currency):
        found[key].append(Told(str(row.day), _priced(row)))
    return dict(found)


def _read(
    session: Session, query: str, keys: Iterable[Key], currency: str
) -> Iterator[tuple[Key, Row[tuple[object, ...]]]]:
    by_game: dict[str, list[str]] = defaultdict(list)
    for game, card_id in dict.fromkeys(keys):
        by_game[game].append(card_id)
    for game, card_ids in by_game.items():
        for part in in_parts(card_ids):
            names = {f"id{place}": card_id for place, card_id in enumerate(part)}
            values = {"game": game, "currency": currency, **names}
            statement = text(query.format(",".join(f":{name}" for name in names)))
            for row in session.connection().execute(statement, values):
                yield (game, row.card_id), row


def _priced(row: Row[tuple[object, ...]]) -> Priced:
    money = Money(int(row.amount_minor), row.currency)
    as_of = str(row.as_of)[:19]
    return Priced(row.finish, row.condition, money, row.source, as_of, int(row.id))


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
