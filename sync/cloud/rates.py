"""What prices are worth in another currency: only where somebody asks, and never unmarked.

Rates are rows with a day and a source; a shop brings them in from a CSV file. A converted price
carries the rate, its day and its source, and what the price was before.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from sqlalchemy import or_, select

from scanner.errors import CounterscanError
from scanner.prices import Money, minor_per_unit
from sync.cloud.store import CloudStore
from sync.cloud.tables import upsert
from sync.cloud.tables_sources import CURRENCY_RATE

COLUMNS = ("day", "base", "quote", "rate", "source")
_MOST = Decimal(1_000_000)


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
    found = [
        rate for rate in rates
        if rate.day <= on and {rate.base, rate.quote} == {money.currency, currency}
    ]  # fmt: skip
    if not found or money.currency == currency:
        return None
    newest = max(found, key=lambda rate: (rate.day, rate.base == money.currency, rate.source))
    factor = newest.rate if newest.base == money.currency else 1 / newest.rate
    units = Decimal(money.amount_minor) / minor_per_unit(money.currency) * factor
    minor = (units * minor_per_unit(currency)).quantize(Decimal(1), ROUND_HALF_UP)
    return Converted(Money(int(minor), currency), money, newest.rate, newest.day, newest.source)


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
    if rows:
        with store.log.write() as session:
            upsert(session.connection(), CURRENCY_RATE, list(rows.values()))


def rates_between(store: CloudStore, one: str, other: str) -> list[Rate]:
    """The rates between two currencies, the newest first."""
    c = CURRENCY_RATE.c
    pairs = or_((c.base == one) & (c.quote == other), (c.base == other) & (c.quote == one))
    query = select(CURRENCY_RATE).where(pairs).order_by(c.day.desc())
    with store.log.read() as session:
        return [
            Rate(row["day"], row["base"], row["quote"], Decimal(row["rate"]), row["source"])
            for row in session.connection().execute(query).mappings()
        ]


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
    if not rate.is_finite() or not 0 < rate < _MOST:
        raise ValueError("its rate must be a number above 0")
    return Rate(date.fromisoformat(row["day"].strip()), base, quote, rate, source)
