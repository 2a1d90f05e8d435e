"""Price history by month on PostgreSQL, so that an old month is dropped and not deleted row by row.

A price from outside of the months that make sense (a source's nonsense) goes into one last part.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, text

from sync.cloud.tables import PRICE_CHANGE, hold

FIRST_YEAR = 2015
_PREFIX = "price_change_"


def month_of(time: datetime) -> datetime:
    """The beginning of a time's month, in UTC."""
    return time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """The beginning of the month after."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def partition_name(month: datetime) -> str:
    """The table of one month."""
    return f"{_PREFIX}{month:%Y_%m}"


def has_partition(month: datetime, now: datetime) -> bool:
    """Whether a month is one of those that have a table of their own."""
    return month.year >= FIRST_YEAR and month <= next_month(month_of(now))


def make_partitions(connection: Connection, times: Iterable[datetime]) -> list[str]:
    """Make the tables of the months that these times fall into; the names of the new ones.

    On SQLite there are none to make. Rows of such a month that lie in the last part, because its
    table was not there yet, are moved.
    """
    if connection.dialect.name != "postgresql":
        return []
    now = datetime.now(UTC)
    wanted = {month for month in map(month_of, times) if has_partition(month, now)}
    if not wanted or not _missing(connection, wanted):
        return []
    hold(connection, "price_change partitions")
    made = []
    for month in _missing(connection, wanted):
        _make(connection, month)
        made.append(partition_name(month))
    return made


def _missing(connection: Connection, months: Iterable[datetime]) -> list[datetime]:
    there = set(inspect(connection).get_table_names())
    return sorted(month for month in months if partition_name(month) not in there)


def _make(connection: Connection, month: datetime) -> None:
    name = partition_name(month)
    begins, ends = (f"{each:%Y-%m-%d}" for each in (month, next_month(month)))
    for statement in (
        f"CREATE TABLE {name} (LIKE price_change INCLUDING DEFAULTS)",
        (
            f"WITH moved AS (DELETE FROM {_PREFIX}other WHERE as_of >= '{begins}' "
            f"AND as_of < '{ends}' RETURNING *) INSERT INTO {name} SELECT * FROM moved"
        ),
        (
            f"ALTER TABLE {PRICE_CHANGE.name} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{begins}') TO ('{ends}')"
        ),
    ):
        connection.execute(text(statement))
