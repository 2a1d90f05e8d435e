"""The weekly clean-up: old price changes become one a day, what nobody needs any more goes.

A change of the last 90 days stays as it came. Of older ones each day keeps its last, of those older
than two years each week: a chart of so long a time shows no more. The price in force is in `price`
and is never touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select

from sync.cloud.jobs import JobContext
from sync.cloud.partitions import make_partitions, month_of, next_month
from sync.cloud.tables import PRICE_CHANGE, PRICE_KEYS, REFUSED_MESSAGE
from sync.cloud.tables_audit import API_AUDIT
from sync.cloud.tables_jobs import JOB_RUN
from sync.cloud.tables_sources import SOURCE_RUN

DAILY_AFTER = timedelta(days=90)
WEEKLY_AFTER = timedelta(days=730)
REFUSED_FOR = timedelta(days=90)
RUNS_FOR = timedelta(days=90)
AUDIT_FOR = timedelta(days=730)


def make_next_partitions(context: JobContext) -> str:
    """Make this month's and the next month's price table, before the first price needs them."""
    this = month_of(context.now)
    with context.store.log.write() as session:
        made = make_partitions(session.connection(), [this, next_month(this)])
    return f"made {', '.join(made)}" if made else ""


def clean_up(context: JobContext) -> str:
    """Do it; says how many rows went."""
    changes = roll_up(context)
    with context.store.log.write() as session:
        connection = session.connection()
        refused = connection.execute(
            delete(REFUSED_MESSAGE).where(REFUSED_MESSAGE.c.created_at < context.now - REFUSED_FOR)
        ).rowcount
        runs = connection.execute(
            delete(JOB_RUN).where(JOB_RUN.c.began_at < context.now - RUNS_FOR)
        ).rowcount
        runs += connection.execute(
            delete(SOURCE_RUN).where(SOURCE_RUN.c.started_at < context.now - RUNS_FOR)
        ).rowcount
        audited = connection.execute(
            delete(API_AUDIT).where(API_AUDIT.c.at < context.now - AUDIT_FOR)
        ).rowcount
    return (
        f"{changes} old price changes rolled up, {refused} notes on refused messages, {runs} "
        f"on jobs and {audited} rows of the audit log removed"
    )


def roll_up(context: JobContext) -> int:
    """Thin old price changes out, a month's worth in each transaction; how many went."""
    with context.store.log.read() as session:
        first = session.connection().execute(select(func.min(PRICE_CHANGE.c.as_of))).scalar()
    if first is None:
        return 0
    gone = 0
    month, end = month_of(first), context.now - DAILY_AFTER
    while month < end and not context.stopping():
        until = min(next_month(month), end)
        span = "week" if until < context.now - WEEKLY_AFTER else "day"
        with context.store.log.write() as session:
            gone += _thin_out(session.connection(), month, until, span)
        month = next_month(month)
    return gone


def _thin_out(connection: Connection, begins: datetime, ends: datetime, span: str) -> int:
    """Leave the last change of each price in each day or week of this time; how many went."""
    within = (PRICE_CHANGE.c.as_of >= begins, PRICE_CHANGE.c.as_of < ends)
    one_price = (PRICE_CHANGE.c.game, *(PRICE_CHANGE.c[key] for key in PRICE_KEYS))
    from_the_last = func.row_number().over(
        partition_by=(*one_price, _begin_of(connection, span)),
        order_by=(PRICE_CHANGE.c.as_of.desc(), PRICE_CHANGE.c.id.desc()),
    )
    ranked = select(PRICE_CHANGE.c.id, from_the_last.label("rank")).where(*within).subquery()
    superseded = select(ranked.c.id).where(ranked.c.rank > 1)
    return connection.execute(
        delete(PRICE_CHANGE).where(*within, PRICE_CHANGE.c.id.in_(superseded))
    ).rowcount


def _begin_of(connection: Connection, span: str) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return func.date_trunc(span, PRICE_CHANGE.c.as_of)
    return func.strftime("%Y-%m-%d" if span == "day" else "%Y-%W", PRICE_CHANGE.c.as_of)
