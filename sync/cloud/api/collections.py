"""What each device's scanned cards amount to, day by day.

A card counts from the day on which it was scanned until it is removed from the stock, as what it is
known to be today; cards that were scanned for an offer do not count: the cloud is not told what was
bought. It is priced as on
the device (`scanner/price_range.py`), with that day's last prices; where the finish is not known,
with the lowest price that it may have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select, text, tuple_

from scanner.price_range import price_range
from scanner.price_sources import USUAL_ORDER, Priced
from scanner.prices import Money
from scanner.records import Finish
from scanner.tables import utc_now
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE_CHANGE, PRICE_KEYS, upsert
from sync.cloud.tables_api import COLLECTION_VALUE

FIRST_DAYS = 30
"""How far back a device's collection is worked out the first time."""

_AT_ONCE = 300
_DAY = timedelta(days=1)
_CARDS = text("""
    SELECT a.game, a.card_id, a.finish, a.condition, date(scan.created_at) AS day, count(*) AS cards
    FROM present_answer AS a
    JOIN scan ON scan.device = a.device AND scan.log = a.log AND scan.id = a.scan_id
    LEFT JOIN batch
        ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
    WHERE a.device = :device AND a.decision = 'accepted' AND a.card_id <> ''
        AND coalesce(batch.mode, '') <> 'offer'
    GROUP BY a.game, a.card_id, a.finish, a.condition, date(scan.created_at)
""")

_GONE = text("""
    SELECT a.game, a.card_id, a.finish, a.condition, date(edit.created_at) AS day,
        -count(*) AS cards
    FROM stock_edit AS edit
    JOIN present_answer AS a
        ON a.device = edit.device AND a.log = edit.log AND a.scan_id = edit.scan_id
    JOIN scan ON scan.device = a.device AND scan.log = a.log AND scan.id = a.scan_id
    LEFT JOIN batch
        ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
    WHERE edit.device = :device AND edit.removed <> '' AND a.decision = 'accepted'
        AND a.card_id <> '' AND coalesce(batch.mode, '') <> 'offer'
        AND edit.id = (
            SELECT max(last.id) FROM stock_edit AS last
            WHERE last.device = edit.device AND last.log = edit.log AND last.scan_id = edit.scan_id
                AND last.removed IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM stock_change AS back
                WHERE back.device = last.device AND back.log = last.log
                    AND back.undoes = last.change_id
            )
        )
    GROUP BY a.game, a.card_id, a.finish, a.condition, date(edit.created_at)
""")

Card = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pile:
    """Cards of one kind that came on one day; a negative number of them went."""

    card: Card
    finish: str
    condition: str
    day: date
    cards: int


@dataclass(slots=True)
class Value:
    """What a collection amounts to on one day; `priced` cards of `cards` have a price."""

    cards: int = 0
    priced: int = 0
    amount_minor: int = 0


def value_collections(store: CloudStore, currency: str, now: datetime | None = None) -> int:
    """Work out what is not known yet, and today anew; how many values were written."""
    now = now or utc_now()
    written = 0
    for device in _devices(store):
        with store.log.read() as session:
            connection = session.connection()
            begins = _first_day(connection, device, currency, now.date())
            values = worth_by_day(connection, device, currency, begins, now.date())
        rows = [
            {
                "device": device, "day": f"{day}", "currency": currency, "cards": value.cards,
                "priced": value.priced, "amount_minor": value.amount_minor, "made_at": now,
            }
            for day, value in values.items()
        ]  # fmt: skip
        with store.log.write() as session:
            upsert(session.connection(), COLLECTION_VALUE, rows)
        written += len(rows)
    return written


def worth_by_day(
    connection: Connection, device: str, currency: str, begins: date, ends: date
) -> dict[date, Value]:
    """What a device's cards were worth at the end of each of these days, both included."""
    piles: dict[Card, list[Pile]] = defaultdict(list)
    for query in (_CARDS, _GONE):
        for row in connection.execute(query, {"device": device}):
            card = (row.game, row.card_id)
            day = date.fromisoformat(str(row.day))
            piles[card].append(Pile(card, row.finish, row.condition, day, row.cards))
    days = [begins + _DAY * at for at in range((ends - begins).days + 1)]
    values = {day: Value() for day in days}
    cards = iter(sorted(piles))
    while part := list(islice(cards, _AT_ONCE)):
        told = _prices_since(connection, part, currency, begins)
        for card in part:
            _add(values, piles[card], told.get(card, ()))
    return values


def _add(values: Mapping[date, Value], piles: Iterable[Pile], told: Sequence[Any]) -> None:
    """Add one card's piles to each day, by the prices that were told until its end."""
    piles, place, known = list(piles), 0, []
    chosen: list[Priced] = []
    for day, value in values.items():
        end = datetime.combine(day + _DAY, time.min, UTC)
        before = place
        while place < len(told) and told[place].as_of < end:
            known.append(_priced(told[place]))
            place += 1
        if place != before:
            chosen = USUAL_ORDER.chosen(known)
        for pile in piles:
            if pile.day > day:
                continue
            value.cards += pile.cards
            finish = None if pile.finish in ("", Finish.UNKNOWN.value) else pile.finish
            worth = price_range(chosen, finish=finish, condition=pile.condition)
            if worth is not None:
                value.priced += pile.cards
                value.amount_minor += pile.cards * worth.low_minor


def _priced(row: Any) -> Priced:
    money = Money(row.amount_minor, row.currency)
    return Priced(row.finish, row.condition, money, row.source, f"{row.as_of}", row.id)


def _prices_since(
    connection: Connection, cards: Sequence[Card], currency: str, begins: date
) -> dict[Card, list[Any]]:
    """The prices of cards in the order of time: what stood when `begins` began, and each change."""
    change = PRICE_CHANGE.c
    since = datetime.combine(begins, time.min, UTC)
    of_these = (tuple_(change.game, change.card_id).in_(cards), change.currency == currency)
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
        .where(*of_these, change.as_of < since)
        .subquery()
    )
    standing = select(last.c.id).where(last.c.place == 1)
    query = select(PRICE_CHANGE).where(*of_these, (change.as_of >= since) | change.id.in_(standing))
    found: dict[Card, list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(change.as_of, change.id)):
        found[row.game, row.card_id].append(row)
    return found


def _devices(store: CloudStore) -> list[str]:
    with store.log.read() as session:
        found = session.connection().execute(text("SELECT DISTINCT device FROM scan"))
        return sorted(found.scalars())


def _first_day(connection: Connection, device: str, currency: str, today: date) -> date:
    """The last day that was worked out, which had not ended then; else some weeks ago."""
    last = connection.execute(
        select(func.max(COLLECTION_VALUE.c.day)).where(
            COLLECTION_VALUE.c.device == device, COLLECTION_VALUE.c.currency == currency
        )
    ).scalar()
    earliest = today - _DAY * (FIRST_DAYS - 1)
    return earliest if last is None else max(earliest, min(today, date.fromisoformat(last)))


def values_of(
    connection: Connection, currency: str, since: date, device: str = ""
) -> Iterator[dict[str, Any]]:
    """What was worked out, by device and day."""
    wanted = [COLLECTION_VALUE.c.currency == currency, COLLECTION_VALUE.c.day >= f"{since}"]
    if device:
        wanted.append(COLLECTION_VALUE.c.device == device)
    query = select(COLLECTION_VALUE).where(*wanted)
    rows = connection.execute(query.order_by(COLLECTION_VALUE.c.device, COLLECTION_VALUE.c.day))
    return (dict(row) for row in rows.mappings())
