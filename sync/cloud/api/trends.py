"""Which prices moved most within a day, a week and a month: made anew now and then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from scanner.tables import utc_now
from sync.cloud.store import CloudStore
from sync.cloud.tables import PRICE, PRICE_CHANGE, PRICE_KEYS, hold, insert_for
from sync.cloud.tables_api import CARD, PRICE_TREND

DAYS = (1, 7, 30)


def make_trends(store: CloudStore, now: datetime | None = None) -> int:
    """Make them anew from the prices of now and of then; how many prices moved."""
    now = now or utc_now()
    made = 0
    with store.log.write() as session:
        connection = session.connection()
        hold(connection, "price_trend")
        for days in DAYS:
            connection.execute(delete(PRICE_TREND).where(PRICE_TREND.c.days == days))
            made += _make(connection, days, now)
    return made


def _make(connection: Connection, days: int, now: datetime) -> int:
    then = now - timedelta(days=days)
    change, price = PRICE_CHANGE.c, PRICE.c
    of_price = [change[name] == price[name] for name in ("game", *PRICE_KEYS)]
    before = (
        select(change.amount_minor)
        .where(*of_price, change.as_of <= then)
        .order_by(change.as_of.desc(), change.id.desc())
        .limit(1)
        .correlate(PRICE)
        .scalar_subquery()
    )
    moved = select(
        *(price[name] for name in ("game", "card_id", "finish", "condition", "currency", "source")),
        before.label("before_minor"), price.amount_minor, price.as_of,
    ).subquery()  # fmt: skip
    share = moved.c.amount_minor * 1.0 / moved.c.before_minor - 1.0
    rows = select(moved, share.label("change")).where(
        moved.c.before_minor > 0, moved.c.before_minor != moved.c.amount_minor
    )
    found = [
        {**row, "days": days, "made_in": int(now.timestamp() * 1000)}
        for row in connection.execute(rows.order_by(moved.c.as_of)).mappings()
    ]
    unique = {tuple(row[name] for name in ("game", *PRICE_KEYS)): row for row in found}
    if unique:
        connection.execute(insert_for(connection, PRICE_TREND), list(unique.values()))
    return len(unique)


def trending(
    connection: Connection,
    *,
    days: int,
    currency: str,
    falling: bool,
    game: str = "",
    at_least_minor: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """The prices that moved most, with what the cloud knows of the card; "" is any currency."""
    trend = PRICE_TREND.c
    wanted: list[ColumnElement[bool]] = [trend.days == days]
    if currency:
        wanted.append(trend.currency == currency)
    wanted.append(trend.change < 0 if falling else trend.change > 0)
    if game:
        wanted.append(trend.game == game)
    if at_least_minor:
        wanted.append(
            or_(trend.amount_minor >= at_least_minor, trend.before_minor >= at_least_minor)
        )
    card = and_(CARD.c.game == trend.game, CARD.c.card_id == trend.card_id)
    columns = [column for column in trend if column.name not in ("days", "made_in")]
    query = (
        select(*columns, CARD.c.name, CARD.c.set_name, CARD.c.number)
        .select_from(PRICE_TREND.outerjoin(CARD, card))
        .where(*wanted)
        .order_by(trend.change if falling else trend.change.desc(), trend.game, trend.card_id)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
