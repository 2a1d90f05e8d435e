"""Many rows at once are what the same rows one by one would be, on either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select

from scanner.price_feed import PriceTold
from sync.cloud.bulk import insert_many
from sync.cloud.prices import tell_prices
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE, PRICE_CHANGE
from sync.cloud.tables_sources import SOURCE_LINK

AT = datetime(2026, 5, 1, 6, tzinfo=UTC)
NAMES = ("game", "kind", "their_id", "card_id", "is_by_hand")
STRANGE = ("", "\\N", "a\tb", "a\nb", "\\", "'; --", "%s", '"', "é💥", "{x}", ":y", "?")


def links(store: CloudStore) -> dict[str, tuple[str, bool]]:
    c = SOURCE_LINK.c
    with store.log.read() as session:
        rows = session.connection().execute(select(c.their_id, c.card_id, c.is_by_hand))
        return {row.their_id: (row.card_id, row.is_by_hand) for row in rows}


def put(store: CloudStore, rows: list[tuple[Any, ...]], conflict: Any) -> None:
    with store.log.write() as session:
        insert_many(session.connection(), SOURCE_LINK, NAMES, rows, conflict)


@pytest.mark.parametrize("more", [0, 50])
def test_rows_are_kept_letter_by_letter(either_cloud: CloudStore, more: int) -> None:
    words = [*STRANGE, *(f"n{at}" for at in range(more))]
    rows = [("demo", "k", word, word, at % 2 == 0) for at, word in enumerate(words)]
    put(either_cloud, rows, "none")
    assert links(either_cloud) == {word: (word, at % 2 == 0) for at, word in enumerate(words)}


@pytest.mark.parametrize("more", [0, 50])
def test_a_row_that_is_there_stays_or_is_replaced(either_cloud: CloudStore, more: int) -> None:
    others = [("demo", "k", f"n{at}", "same", False) for at in range(more)]
    put(either_cloud, [("demo", "k", "x", "old", True)], "none")
    for _ in range(2):
        put(either_cloud, [("demo", "k", "x", "new", False), *others], "keep")
    assert links(either_cloud)["x"] == ("old", True)
    put(either_cloud, [("demo", "k", "x", "new", False), *others], "replace")
    assert links(either_cloud)["x"] == ("new", False)
    assert len(links(either_cloud)) == 1 + more


@pytest.mark.parametrize("more", [0, 50])
def test_what_postgresql_cant_keep_is_left_out(either_cloud: CloudStore, more: int) -> None:
    rows = [("demo", "k", f"n{at}\0", "a\0b", False) for at in range(1 + more)]
    put(either_cloud, rows, "none")
    assert links(either_cloud)["n0"] == ("ab", False)


def test_nothing_is_no_statement(either_cloud: CloudStore) -> None:
    put(either_cloud, [], "replace")
    assert links(either_cloud) == {}


def told(card: int, amount_minor: int, as_of: datetime = AT) -> PriceTold:
    return PriceTold(f"card-{card}", "normal", "NM", "EUR", amount_minor, "tcgcsv", as_of)


@pytest.mark.parametrize("count", [3, 60])
def test_prices_told_many_at_a_time(either_cloud: CloudStore, count: int) -> None:
    zone = timezone(timedelta(hours=2))
    first = [told(at, 100 + at, AT.astimezone(zone)) for at in range(count)]
    assert tell_prices(either_cloud, "demo", "A", first, 1) == count
    assert tell_prices(either_cloud, "demo", "A", first, 2) == 0
    later = AT + timedelta(days=40)
    twice = [told(at, 100 + at + (at == 1), later) for at in range(count)] + [told(1, 7, later)]
    assert tell_prices(either_cloud, "demo", "A", twice, 3) == 2
    with either_cloud.log.read() as session:
        prices = session.connection().execute(select(PRICE).order_by(PRICE.c.card_id)).all()
        changes = session.connection().execute(select(PRICE_CHANGE)).all()
    assert {row.card_id: row.amount_minor for row in prices} == {
        f"card-{at}": 7 if at == 1 else 100 + at for at in range(count)
    }
    assert {row.as_of for row in prices} == {later}
    assert {row.changed_in for row in prices if row.card_id != "card-1"} == {1}
    assert len(changes) == count + 2
    assert sorted({row.as_of for row in changes}) == [AT, later]
