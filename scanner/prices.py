"""What a printing is worth, as far as this device has been told; `sync` alone writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scanner.records import Printing

# Currencies without cents; all others have two decimals.
_WHOLE_UNITS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
_AMOUNT = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of a currency (ISO 4217, `EUR`)."""

    amount_minor: int
    currency: str

    def __str__(self) -> str:
        """As a clerk reads it: `12.40 EUR`, `1200 JPY`."""
        if self.currency in _WHOLE_UNITS:
            return f"{self.amount_minor} {self.currency}"
        sign = "-" if self.amount_minor < 0 else ""
        whole, cents = divmod(abs(self.amount_minor), 100)
        return f"{sign}{whole}.{cents:02d} {self.currency}"


def minor_per_unit(currency: str) -> int:
    """How many minor units one unit of a currency has: 100, or 1 where there are no cents."""
    return 1 if currency in _WHOLE_UNITS else 100


class PriceBook(Protocol):
    """Knows prices. Asked between two cards, so it must not wait for any network."""

    def price(self, printing: Printing) -> Money | None:
        """The last known price, however old; None when there is none."""
        ...


def widest_gap(
    book: PriceBook, leader: Printing, others: Iterable[Printing], currency: str
) -> Money | None:
    """The largest difference between the leader's price and another's, both in `currency`.

    None when the leader or all others have no such price: nothing can be said then.
    """
    mine = book.price(leader)
    if mine is None or mine.currency != currency:
        return None
    gaps = [
        abs(theirs.amount_minor - mine.amount_minor)
        for theirs in map(book.price, others)
        if theirs is not None and theirs.currency == currency
    ]
    return Money(max(gaps), currency) if gaps else None


def read_money(text: str) -> Money:
    """Read an amount as a person writes it: `2.50 EUR`, `2,50 EUR`, `EUR 3`, `1200 JPY`.

    Raises ValueError, which says how to write it.
    """
    advice = f"{text!r} is no amount: write it with its currency, such as 2.50 EUR"
    words = text.strip().upper().split()
    if len(words) != 2:
        raise ValueError(advice)
    number, currency = words if words[1].isalpha() else words[::-1]
    found = _AMOUNT.fullmatch(number)
    if found is None or not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ValueError(advice)
    whole, cents = found[1], found[2] or ""
    if currency in _WHOLE_UNITS:
        if cents:
            raise ValueError(f"{text!r}: {currency} has no cents; write {whole} {currency}")
        return Money(int(whole), currency)
    return Money(int(whole) * 100 + int(cents.ljust(2, "0") or 0), currency)
