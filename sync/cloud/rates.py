"""What prices are worth in another currency: only where somebody asks, and never unmarked.

Rates are rows with a day and a source; a shop brings them in from a CSV file. A converted price
carries the rate, its day and its source, and what the price was before.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union_all

from scanner.errors import CounterscanError
from scanner.prices import Money, minor_per_unit
from scanner.tables import utc_now
from sync.cloud.store import CloudStore
from sync.cloud.tables import hold, upsert
from sync.cloud.tables_sources import CURRENCY_RATE

COLUMNS = ("day", "base", "quote", "rate", "source")
_COLUMNS = tuple(CURRENCY_RATE.c[name] for name in COLUMNS)
_MOST = Decimal(1_000_000)
_LEAST = 1 / _MOST


class RateError(CounterscanError, ValueError):
    """A file of rates can't be read, or no rate is known."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` is `rate` of `quote`, on this day, says the source."""

    day: date
    base: str
    quote: str
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount that nobody has asked or paid: worked out of another one."""

    money: Money
    was: Money
    rate: Decimal
    rate_day: date
    rate_source: str

    def __str__(self) -> str:
        """As a person reads it: `9.20 EUR (converted from 10.00 USD, …)`."""
        return (
            f"{self.money} (converted from {self.was} at {self.rate} of {self.rate_day}, "
            f"{self.rate_source})"
        )


def convert(money: Money, currency: str, rates: Iterable[Rate], on: date) -> Converted | None:
    """The amount in another currency by the newest rate not after `on`; None where there is none.

    A rate serves both ways; none is put together from two. Pure.
    """
    rate = newest_rate(rates, money.currency, currency, on)
    return None if rate is None else convert_by(money, currency, rate)


def newest_rate(rates: Iterable[Rate], currency: str, other: str, on: date) -> Rate | None:
    """The newest rate between two currencies not after `on`; None where there is none."""
    found = [
        rate for rate in rates if rate.day <= on and {rate.base, rate.quote} == {currency, other}
    ]
    return max(found, key=lambda rate: _rank(rate, currency), default=None)


def _rank(rate: Rate, currency: str) -> tuple[date, bool, str]:
    """The larger one converts amounts in `currency`."""
    return rate.day, rate.base == currency, rate.source


def convert_by(money: Money, currency: str, rate: Rate) -> Converted:
    """The amount by one rate, which is between the two currencies."""
    factor = rate.rate if rate.base == money.currency else 1 / rate.rate
    units = Decimal(money.amount_minor) / minor_per_unit(money.currency) * factor
    minor = (units * minor_per_unit(currency)).quantize(Decimal(1), ROUND_HALF_UP)
    return Converted(Money(int(minor), currency), money, rate.rate, rate.day, rate.source)


def read_rates(file: Path) -> list[Rate]:
    """Rates from a CSV file. Raises RateError, which names the line; then none of it counts."""
    found = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise RateError(f"{file}: the column {sorted(missing)[0]} is missing.")
            for row in reader:
                try:
                    found.append(_rate(row))
                except (ValueError, InvalidOperation, AttributeError) as error:
                    said = str(error) if type(error) is ValueError else "its rate is no number"
                    raise RateError(f"{file}, line {reader.line_num}: {said}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RateError(f"{file}: it can't be read: {error}.") from None
    return found


def put_rates(store: CloudStore, rates: Iterable[Rate]) -> None:
    """Add rates; one of the same day and source is replaced."""
    rows = {
        (rate.base, rate.quote, rate.day, rate.source): {
            "base": rate.base, "quote": rate.quote, "day": rate.day, "source": rate.source,
            "rate": str(rate.rate),
        }
        for rate in rates
    }  # fmt: skip
    if not rows:
        return
    now_ms = int(utc_now().timestamp() * 1000)
    with store.log.write() as session:
        connection = session.connection()
        hold(connection, "currency rates")
        last = connection.execute(select(func.max(CURRENCY_RATE.c.changed_in))).scalar() or 0
        news = {"changed_in": max(now_ms, last + 1)}
        upsert(connection, CURRENCY_RATE, [{**row, **news} for row in rows.values()])


def rates_between(store: CloudStore, one: str, other: str) -> list[Rate]:
    """The rates between two currencies, the newest first."""
    c = CURRENCY_RATE.c
    pairs = or_((c.base == one) & (c.quote == other), (c.base == other) & (c.quote == one))
    query = select(*_COLUMNS).where(pairs).order_by(c.day.desc())
    with store.log.read() as session:
        return [_read(row) for row in session.connection().execute(query)]


def newest_rates(connection: Connection, currency: str, on: date) -> dict[str, Rate]:
    """The newest rate not after `on` between a currency and each other one, by the other one."""
    c = CURRENCY_RATE.c
    found = _rates_since(connection, or_(c.base == currency, c.quote == currency), on, on)
    return _by_other(found, currency).on(on)


@dataclass(frozen=True, slots=True)
class DailyRates:
    """The rates between one currency and others, by the other one: one a day, oldest first."""

    rates: Mapping[str, Sequence[Rate]]
    days: Mapping[str, Sequence[date]]

    def on(self, day: date) -> dict[str, Rate]:
        """The newest rate of each other currency that is not after a day."""
        places = {other: bisect_right(days, day) for other, days in self.days.items()}
        return {other: self.rates[other][at - 1] for other, at in places.items() if at}


def daily_rates(
    connection: Connection, currency: str, others: Collection[str], begins: date, ends: date
) -> DailyRates:
    """The rates between a currency and others of each of these days, both included, and the last
    one before them."""
    c, wanted = CURRENCY_RATE.c, sorted({*others} - {currency})
    if not wanted:
        return DailyRates({}, {})
    pairs = or_(
        and_(c.base == currency, c.quote.in_(wanted)), and_(c.base.in_(wanted), c.quote == currency)
    )
    return _by_other(_rates_since(connection, pairs, begins, ends), currency)


def _rates_since(
    connection: Connection, pairs: ColumnElement[bool], begins: date, ends: date
) -> list[Rate]:
    """The rates of these days, and of the last day before them on which there is one, by pair."""
    c = CURRENCY_RATE.c
    last = (
        select(c.base, c.quote, func.max(c.day).label("day"))
        .where(pairs, c.day < begins)
        .group_by(c.base, c.quote)
        .subquery()
    )
    before = select(*_COLUMNS).join(
        last, and_(*(c[name] == last.c[name] for name in ("base", "quote", "day")))
    )
    within = select(*_COLUMNS).where(pairs, c.day >= begins, c.day <= ends)
    return [_read(row) for row in connection.execute(union_all(before, within))]


def _by_other(rates: Iterable[Rate], currency: str) -> DailyRates:
    of_day: dict[str, dict[date, list[Rate]]] = {}
    for rate in rates:
        other = rate.quote if rate.base == currency else rate.base
        of_day.setdefault(other, {}).setdefault(rate.day, []).append(rate)
    days = {other: sorted(found) for other, found in of_day.items()}
    chosen = {
        other: [max(of_day[other][day], key=lambda rate: _rank(rate, other)) for day in found]
        for other, found in days.items()
    }
    return DailyRates(chosen, days)


def _read(row: Any) -> Rate:
    return Rate(row.day, row.base, row.quote, Decimal(row.rate), row.source)


def _rate(row: dict[str, str]) -> Rate:
    base, quote = row["base"].strip().upper(), row["quote"].strip().upper()
    for currency in (base, quote):
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise ValueError(f"{currency[:20]!r} is no currency, such as EUR")
    if base == quote:
        raise ValueError("base and quote are the same currency")
    if not (source := row["source"].strip()):
        raise ValueError("it names no source")
    rate = Decimal(row["rate"].strip())
    if not rate.is_finite() or not _LEAST < rate < _MOST:
        raise ValueError("its rate must be a number above 0, and none that no currency has")
    return Rate(date.fromisoformat(row["day"].strip()), base, quote, rate, source)
