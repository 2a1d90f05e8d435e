"""Prices as an answer tells them in another currency: beside the source's own word, never for it.

What holds now, and what is compared with it, is converted by the newest rate of each pair of
currencies; what was worth something on a past day by the rate of that day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select
from typing_extensions import TypedDict

from scanner.prices import Money
from scanner.tables import utc_now
from sync.cloud.config_api import HttpSettings
from sync.cloud.rates import DailyRates, Rate, convert_by, daily_rates, newest_rates
from sync.cloud.tables_sources import CURRENCY_RATE

_CHANGED_IN = select(func.max(CURRENCY_RATE.c.changed_in))
_MOST_KEPT = 100


class Terms(TypedDict):
    """By what is converted: one `rate_base` is `rate` of `rate_quote`, of that day and source.

    Where it can't be, `problem` says why, and amounts and rate are null: never a guess.
    """

    currency: str
    rate: str | None
    rate_base: str | None
    rate_quote: str | None
    rate_day: date | None
    rate_source: str | None
    problem: str


class Converted(Terms):
    """A price in the currency that was asked for."""

    amount_minor: int | None


class ConvertedSeries(TypedDict):
    """A series in the currency that was asked for, each amount by the rate of its own day.

    `rate_of` tells for each amount by which of `rates` it is converted, from 0.
    """

    currency: str
    amounts_minor: list[int | None]
    rate_of: list[int]
    rates: list[Terms]


@dataclass(frozen=True, slots=True)
class Conversion:
    """Into `currency`, by one rate of each other one; those before `oldest` are too old.

    `until` says up to when rates were looked for, where that is not now.
    """

    currency: str
    rates: Mapping[str, Rate]
    oldest: date
    until: str = ""

    def amount(self, amount_minor: int, currency: str) -> int | None:
        """An amount in the currency asked for; None where it can't be converted."""
        if currency == self.currency:
            return amount_minor
        if self.problem(currency):
            return None
        rate = self.rates[currency]
        return convert_by(Money(amount_minor, currency), self.currency, rate).money.amount_minor

    def problem(self, currency: str) -> str:
        """Why amounts in a currency can't be converted; "" where they can."""
        rate = self.rates.get(currency)
        if rate is None:
            return f"No rate between {currency} and {self.currency} is known{self.until}."
        if rate.day < self.oldest:
            return (
                f"The newest rate between {currency} and {self.currency}{self.until} is of "
                f"{rate.day}: too old."
            )
        return ""

    def terms(self, currency: str) -> Terms:
        """By what amounts in a currency are converted."""
        problem, rate = self.problem(currency), self.rates.get(currency)
        if problem or rate is None:
            return {
                "currency": self.currency, "rate": None, "rate_base": None, "rate_quote": None,
                "rate_day": None, "rate_source": None, "problem": problem,
            }  # fmt: skip
        return {
            "currency": self.currency, "rate": f"{rate.rate:f}", "rate_base": rate.base,
            "rate_quote": rate.quote, "rate_day": rate.day, "rate_source": rate.source,
            "problem": "",
        }  # fmt: skip

    def beside(self, told: Mapping[str, Any], *names: str) -> dict[str, Any]:
        """What was told, and `converted` beside it: these amounts of it; null where it is in the
        currency asked for already."""
        currency = told["currency"]
        if currency == self.currency:
            return {**told, "converted": None}
        amounts: dict[str, Any] = {}
        for name in names:
            value = told[name]
            amounts[name] = (
                [self.amount(each, currency) for each in value]
                if isinstance(value, list)
                else self.amount(value, currency)
            )
        return {**told, "converted": {**amounts, **self.terms(currency)}}

    def currencies(self) -> Sequence[str]:
        """The currencies that amounts can be converted from, this one first."""
        return [self.currency, *(name for name in sorted(self.rates) if not self.problem(name))]


@dataclass(frozen=True, slots=True)
class ConversionByDay:
    """Into `currency`, by the last rate of each other one that was known on a day.

    One that was more than `rate_days` old on that day is too old for it.
    """

    currency: str
    rates: DailyRates
    rate_days: int
    today: date
    _of_day: dict[date, Conversion] = field(default_factory=dict)

    def on(self, day: date) -> Conversion:
        """What converts amounts of a day; of one to come, those of today."""
        day = min(day, self.today)
        found = self._of_day.get(day)
        if found is None:
            oldest = day - timedelta(days=self.rate_days)
            found = Conversion(self.currency, self.rates.on(day), oldest, " up to that day")
            self._of_day[day] = found
        return found

    def series(
        self, currency: str, times: Iterable[datetime], amounts_minor: Iterable[int]
    ) -> ConvertedSeries | None:
        """Amounts by the rate of their own days; None where they are in this currency already."""
        if currency == self.currency:
            return None
        amounts: list[int | None] = []
        rate_of: list[int] = []
        rates: list[Terms] = []
        place_of: dict[tuple[str | None, ...], int] = {}
        place_on: dict[date, int] = {}
        for time, amount_minor in zip(times, amounts_minor, strict=True):
            day = time.date()
            by = self.on(day)
            amounts.append(by.amount(amount_minor, currency))
            if day not in place_on:
                terms = by.terms(currency)
                what = (terms["rate_base"], f"{terms['rate_day']}", terms["problem"])
                if what not in place_of:
                    place_of[what] = len(rates)
                    rates.append(terms)
                place_on[day] = place_of[what]
            rate_of.append(place_on[day])
        return {
            "currency": self.currency, "amounts_minor": amounts, "rate_of": rate_of,
            "rates": rates,
        }  # fmt: skip


@dataclass(slots=True)
class Converter:
    """Converts what is asked to be, as the settings say. Usable from several threads.

    The newest rates are kept until there are others: a shop may have decades of them.
    """

    settings: HttpSettings
    _newest: dict[str, tuple[tuple[date, int], Mapping[str, Rate]]] = field(default_factory=dict)

    def now(self, connection: Connection, currency: str) -> Conversion | None:
        """What converts into a currency today; None where none is asked for."""
        if not currency:
            return None
        today = utc_now().date()
        # Asked first: rates that come meanwhile are read once more, and never missed.
        state = (today, connection.execute(_CHANGED_IN).scalar() or 0)
        kept = self._newest.get(currency)
        if kept is None or kept[0] != state:
            if len(self._newest) >= _MOST_KEPT:
                self._newest.clear()
            kept = self._newest[currency] = (state, newest_rates(connection, currency, today))
        return Conversion(currency, kept[1], today - timedelta(days=self.settings.rate_days))

    def by_day(
        self, connection: Connection, currency: str, others: Collection[str], begins: date
    ) -> ConversionByDay | None:
        """What converts amounts of the days since `begins`; None where no currency is asked for.

        `others` are the currencies that are to be converted.
        """
        if not currency:
            return None
        today = utc_now().date()
        rates = daily_rates(connection, currency, others, begins, today)
        return ConversionByDay(currency, rates, self.settings.rate_days, today)
