"""What each device's cards amount to, day by day.

A card counts from the day on which it was scanned until it leaves the stock, as what it is known
to be today (`sync/cloud/stock.py`). It is priced as on the device (`scanner/inventory_value.py`),
by the device's own order of sources, with that day's last prices; where the finish is not known,
with the lowest price that it may have. A card counts in one currency alone: the cloud's own where
it has a price in that, else in the first, by name, of those in which it has one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, tuple_

from scanner.inventory_catalog import LibraryFacts
from scanner.inventory_value import worth
from scanner.price_sources import USUAL_ORDER, Priced, SourceOrder
from scanner.prices import Money
from scanner.tables import utc_now
from sync.cloud.alert_store import source_orders
from sync.cloud.stock import Card, Pile, piles_of
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE_CHANGE, PRICE_KEYS, hold
from sync.cloud.tables_api import COLLECTION_VALUE

DAYS = 30
"""So far back the days are worked out anew each time; those before stay as they were told."""

_AT_ONCE = 300
_DAY = timedelta(days=1)

Amounts = Counter[tuple[str, str]]
"""Numbers by what they count: `cards` without a currency, `priced` and `minor` with one."""


@dataclass(slots=True)
class Value:
    """What a collection amounts to on one day: `cards` in all, and by currency how many have a
    price in it and what they are worth."""

    cards: int = 0
    by_currency: dict[str, tuple[int, int]] = field(default_factory=dict)


def value_collections(store: CloudStore, currency: str, now: datetime | None = None) -> int:
    """Work out the last days of every device's collection; how many days were written."""
    now = now or utc_now()
    written = 0
    begins = now.date() - _DAY * (DAYS - 1)
    with closing(LibraryFacts(store.data_dir)) as catalog:
        for device in _devices(store):
            with store.log.read() as session:
                connection = session.connection()
                piles = list(piles_of(connection, device, catalog.facts_of))
                order = source_orders(connection).get(device, USUAL_ORDER)
                values = worth_by_day(connection, piles, currency, begins, now.date(), order)
            _write(store, device, values, currency, now)
            written += len(values)
    return written


def _write(
    store: CloudStore, device: str, values: Mapping[date, Value], currency: str, now: datetime
) -> None:
    rows = [
        {
            "device": device, "day": f"{day}", "currency": name, "cards": value.cards,
            "priced": priced, "amount_minor": amount, "made_at": now,
        }
        for day, value in values.items()
        for name, (priced, amount) in {currency: (0, 0), **value.by_currency}.items()
    ]  # fmt: skip
    c = COLLECTION_VALUE.c
    with store.log.write() as session:
        connection = session.connection()
        hold(connection, "collection", device)
        connection.execute(
            delete(COLLECTION_VALUE).where(c.device == device, c.day >= f"{min(values)}")
        )
        connection.execute(insert(COLLECTION_VALUE), rows)


def worth_by_day(
    connection: Connection,
    piles: Iterable[Pile],
    currency: str,
    begins: date,
    ends: date,
    order: SourceOrder = USUAL_ORDER,
) -> dict[date, Value]:
    """What these cards were worth at the end of each of these days, both included."""
    of_card: dict[Card, list[Pile]] = defaultdict(list)
    for pile in piles:
        of_card[pile.card].append(pile)
    steps: dict[date, Amounts] = defaultdict(Counter)
    cards = iter(sorted(of_card))
    while part := list(islice(cards, _AT_ONCE)):
        told = _prices_since(connection, part, begins)
        for card in part:
            known = _Known(currency, order)
            _add_steps(steps, of_card[card], told.get(card, ()), known, begins)
    total: Amounts = Counter()
    values = {}
    for at in range((ends - begins).days + 1):
        day = begins + _DAY * at
        total.update(steps.get(day, {}))
        values[day] = Value(
            total["cards", ""],
            {
                name: (priced, total["minor", name])
                for (what, name), priced in sorted(total.items())
                if what == "priced" and priced
            },
        )
    return values


def _add_steps(
    steps: Mapping[date, Amounts],
    piles: Sequence[Pile],
    told: Sequence[Any],
    known: _Known,
    begins: date,
) -> None:
    """Add by how much one card's piles changed the collection on each day; `known` is empty."""
    moves: dict[date, list[tuple[Pile, int]]] = defaultdict(list)
    for pile in piles:
        moves[max(begins, pile.came)].append((pile, pile.cards))
        if pile.left is not None:
            moves[max(begins, pile.left, pile.came)].append((pile, -pile.cards))
    news: dict[date, list[Any]] = defaultdict(list)
    for row in told:
        news[max(begins, row.as_of.date())].append(row)
    standing: Counter[tuple[str, str]] = Counter()
    before: Amounts = Counter()
    for day in sorted({*moves, *news}):
        for pile, cards in moves.get(day, ()):
            standing[pile.finish, pile.condition] += cards
        for row in news.get(day, ()):
            known.add(row)
        now = known.worth_of(standing)
        steps[day].update(now)
        steps[day].subtract(before)
        before = now


class _Known:
    """One card's prices as they stand on a day, in all currencies."""

    def __init__(self, currency: str, order: SourceOrder) -> None:
        """`currency` is asked first; of several sources the first in the device's order."""
        self._first = currency
        self._order = order
        self._newest: dict[str, dict[tuple[str, str, str], Priced]] = defaultdict(dict)

    def add(self, row: Any) -> None:
        """A source has said something."""
        price = Priced(
            row.finish, row.condition, Money(row.amount_minor, row.currency), row.source,
            f"{row.as_of}", row.id,
        )  # fmt: skip
        kinds = self._newest[row.currency]
        kind = (price.finish, price.source, price.condition)
        kinds.pop(kind, None)  # what was said last stands last
        kinds[kind] = price

    def worth_of(self, standing: Mapping[tuple[str, str], int]) -> Amounts:
        """How many of these cards there are, and what they are worth in which currency."""
        found: Amounts = Counter()
        names = sorted(self._newest, key=lambda name: (name != self._first, name))
        chosen = [(name, self._order.chosen(self._newest[name].values())) for name in names]
        for (finish, condition), cards in standing.items():
            found["cards", ""] += cards
            for name, prices in chosen:
                one = worth(prices, finish, condition)
                if one is not None:
                    found["priced", name] += cards
                    found["minor", name] += cards * one.amount_minor
                    break
        return found


def _prices_since(
    connection: Connection, cards: Sequence[Card], begins: date
) -> dict[Card, list[Any]]:
    """The prices of cards in the order of time: what stood when `begins` began, and each change."""
    change = PRICE_CHANGE.c
    since = datetime.combine(begins, time.min, UTC)
    of_these = tuple_(change.game, change.card_id).in_(cards)
    last = (
        select(
            change.id,
            func.row_number()
            .over(
                partition_by=[change.game, *(change[name] for name in PRICE_KEYS)],
                order_by=[change.as_of.desc(), change.id.desc()],
            )
            .label("place"),
        )
        .where(of_these, change.as_of < since)
        .subquery()
    )
    standing = select(last.c.id).where(last.c.place == 1)
    query = select(PRICE_CHANGE).where(of_these, (change.as_of >= since) | change.id.in_(standing))
    found: dict[Card, list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(change.as_of, change.id)):
        found[row.game, row.card_id].append(row)
    return found


def _devices(store: CloudStore) -> list[str]:
    with store.log.read() as session:
        found = session.connection().execute(text("SELECT DISTINCT device FROM scan"))
        return sorted(found.scalars())


def values_of(connection: Connection, since: date, device: str = "") -> Iterator[dict[str, Any]]:
    """What was worked out, by device, day and currency."""
    c = COLLECTION_VALUE.c
    wanted = [c.day >= f"{since}"]
    if device:
        wanted.append(c.device == device)
    query = select(COLLECTION_VALUE).where(*wanted).order_by(c.device, c.day, c.currency)
    return (dict(row) for row in connection.execute(query).mappings())
