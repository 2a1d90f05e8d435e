"""Prices as an answer tells them in another currency: beside the source's own word, never for it.

Everything in one answer is converted by the newest rate of each pair of currencies, so that what
moves in it is the price and not the currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection
from typing_extensions import TypedDict

from scanner.prices import Money
from scanner.tables import utc_now
from sync.cloud.config_api import HttpSettings
from sync.cloud.rates import Rate, convert_by, newest_rates


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


@dataclass(frozen=True, slots=True)
class Conversion:
    """Into `currency`, by the newest rate of each other one; those before `oldest` are too old."""

    currency: str
    rates: Mapping[str, Rate]
    oldest: date

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
            return f"No rate between {currency} and {self.currency} is known."
        if rate.day < self.oldest:
            return (
                f"The newest rate between {currency} and {self.currency} is of {rate.day}: too old."
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


def conversion_to(
    connection: Connection, currency: str, settings: HttpSettings
) -> Conversion | None:
    """What converts into a currency today; None where none is asked for."""
    if not currency:
        return None
    today = utc_now().date()
    rates = newest_rates(connection, currency, today)
    return Conversion(currency, rates, today - timedelta(days=settings.rate_days))
