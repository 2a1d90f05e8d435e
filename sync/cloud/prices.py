"""The cloud's prices: told by sources, given to devices as one snapshot and one delta for each set.

A snapshot is made anew when the delta has grown large, or is so old that the times of the prices
that did not change are worth telling again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from scanner.price_feed import Kind, PriceTold
from sync.cloud.bulk import insert_many
from sync.cloud.partitions import make_partitions
from sync.cloud.store import CloudStore
from sync.cloud.tables import (
    PRICE,
    PRICE_CHANGE,
    PRICE_FEED,
    PRICE_KEYS,
    hold,
    insert_new,
)
from sync.protocol import PriceDelta, PriceGroup, PriceSnapshot, price_topic
from sync.wire import fits, pack

log = logging.getLogger(__name__)

_CHANGE_COLUMNS = ("game", *PRICE_KEYS, "amount_minor", "as_of")
_PRICE_COLUMNS = ("game", "set_name", *PRICE_KEYS, "amount_minor", "as_of", "changed_in")

LARGEST_DELTA_SHARE = 0.1
SNAPSHOT_LIVES_MS = 20 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Publication:
    """A retained message to be published, and the feed's state once the broker has it."""

    topic: str
    payload: bytes
    feed: Mapping[str, Any]
    prices: int
    is_snapshot: bool


def tell_prices(
    store: CloudStore, game: str, set_name: str, prices: Iterable[PriceTold], now_ms: int
) -> int:
    """Take in what a source says of one set; how many prices it changed.

    Of several of one kind the latest by `as_of` is what stands; of one time, the last.
    """
    feed = {"game": game, "set_name": set_name}
    with store.log.write() as session:
        connection = session.connection()
        hold(connection, "prices", game, set_name)
        of_feed = (PRICE.c.game == game, PRICE.c.set_name == set_name)
        known = {tuple(row[:5]): (row[5], row[6], row[7]) for row in connection.execute(
            select(*(PRICE.c[key] for key in PRICE_KEYS), PRICE.c.amount_minor, PRICE.c.as_of,
                   PRICE.c.changed_in).where(*of_feed))}  # fmt: skip
        last = connection.execute(
            select(PRICE_FEED.c.told).where(
                PRICE_FEED.c.game == game, PRICE_FEED.c.set_name == set_name
            )
        ).scalar()
        version = max(now_ms, (last or 0) + 1)
        rows: dict[Kind, tuple[Any, ...]] = {}
        changes: list[tuple[Any, ...]] = []
        times: set[datetime] = set()
        for price in sorted(prices, key=lambda price: price.as_of):
            before = known.get(price.kind)
            has_changed = before is None or before[0] != price.amount_minor
            if before is not None and _is_old(price.as_of, before[1], has_changed):
                continue
            row = (*price.kind, price.amount_minor, price.as_of)
            changed_in = version if before is None or has_changed else before[2]
            rows[price.kind] = (game, set_name, *row, changed_in)
            known[price.kind] = (price.amount_minor, price.as_of, changed_in)
            if has_changed:
                changes.append((game, *row))
                times.add(price.as_of)
        if rows:
            insert_many(connection, PRICE, _PRICE_COLUMNS, list(rows.values()), "replace")
            new = {**feed, "told": version, "snapshot": 0, "published": 0}
            insert_new(connection, PRICE_FEED, [new])
            connection.execute(_of_feed(feed).values(told=version))
        if changes:
            make_partitions(connection, times)
            insert_many(connection, PRICE_CHANGE, _CHANGE_COLUMNS, changes)
    return len(changes)


def _is_old(as_of: datetime, known: datetime, has_changed: bool) -> bool:
    """Whether a price says nothing new; a source may correct itself at one and the same time."""
    return as_of < known or (as_of == known and not has_changed)


def due_publications(store: CloudStore, now_ms: int) -> list[Publication]:
    """What devices have not been told yet, one message for each set with news."""
    with store.log.read() as session:
        feeds = session.connection().execute(
            select(PRICE_FEED).where(PRICE_FEED.c.told > PRICE_FEED.c.published)
        )
        due = [dict(row) for row in feeds.mappings()]
    found = (_publication(store, feed, now_ms) for feed in due)
    return [publication for publication in found if publication is not None]


def note_published(store: CloudStore, publication: Publication) -> None:
    """The broker keeps it."""
    feed = publication.feed
    with store.log.write() as session:
        session.connection().execute(
            _of_feed(feed).values(snapshot=feed["snapshot"], published=feed["published"])
        )


def _of_feed(feed: Mapping[str, Any]) -> Any:
    return update(PRICE_FEED).where(
        PRICE_FEED.c.game == feed["game"], PRICE_FEED.c.set_name == feed["set_name"]
    )


def _publication(store: CloudStore, feed: Mapping[str, Any], now_ms: int) -> Publication | None:
    game, set_name, told = feed["game"], feed["set_name"], feed["told"]
    of_feed = (PRICE.c.game == game, PRICE.c.set_name == set_name)
    changed = (*of_feed, PRICE.c.changed_in > feed["snapshot"])
    with store.log.read() as session:
        connection = session.connection()
        all_of_them = connection.execute(select(func.count()).where(*of_feed)).scalar_one()
        new = connection.execute(select(func.count()).where(*changed)).scalar_one()
        is_snapshot = (
            not feed["snapshot"]
            or new > all_of_them * LARGEST_DELTA_SHARE
            or now_ms - feed["snapshot"] > SNAPSHOT_LIVES_MS
        )
        wanted = of_feed if is_snapshot else changed
        columns = (*(PRICE.c[key] for key in PRICE_KEYS), PRICE.c.amount_minor, PRICE.c.as_of)
        rows = connection.execute(select(*columns).where(*wanted).order_by(*columns[:5])).all()
    groups = _grouped(rows)
    after = {**feed, "published": told}
    if is_snapshot:
        message = PriceSnapshot(game=game, set=set_name, version=told, groups=groups)
        topic = price_topic(game, set_name, "snapshot")
        after["snapshot"] = told
    else:
        message = PriceDelta(
            game=game, set=set_name, version=told, groups=groups, base=feed["snapshot"]
        )
        topic = price_topic(game, set_name, "delta")
    payload = pack(message)
    if not fits(payload):
        log.error("the prices of %s / %s are too many for one message", game, set_name)
        return None
    return Publication(topic, payload, after, len(rows), is_snapshot)


def _grouped(rows: Sequence[Any]) -> list[PriceGroup]:
    groups: dict[tuple[str, str, str, str, datetime], tuple[list[str], list[int]]] = {}
    for card_id, finish, condition, currency, source, amount_minor, as_of in rows:
        key = (source, currency, finish, condition, as_of)
        cards, amounts = groups.setdefault(key, ([], []))
        cards.append(card_id)
        amounts.append(amount_minor)
    return [
        PriceGroup(
            source=source, currency=currency, finish=finish, condition=condition, as_of=as_of,
            cards=cards, amounts=amounts,
        )
        for (source, currency, finish, condition, as_of), (cards, amounts) in groups.items()
    ]  # fmt: skip


def now_ms() -> int:
    """Wall time in milliseconds: versions grow also where the database was begun anew."""
    return time.time_ns() // 1_000_000
