"""Amounts as sources write them, checked: nothing negative, nothing absurd. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from scanner.prices import minor_per_unit

MOST = Decimal(1_000_000)
"""No single card costs more, in any currency that has cents."""


def read_amount(value: object, currency: str) -> int | None:
    """Minor units of a currency; None where the source says that it has no price.

    Raises ValueError, which says what is wrong.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("it is no number")
    try:
        amount = Decimal(str(value)[:40])
    except InvalidOperation:
        raise ValueError("it is no number") from None
    if not amount.is_finite():
        raise ValueError("it is no number")
    if amount < 0:
        raise ValueError("it is negative")
    per_unit = minor_per_unit(currency)
    if amount > MOST * (100 // per_unit):
        raise ValueError("it is absurdly high")
    return int((amount * per_unit).quantize(Decimal(1), ROUND_HALF_UP)) or None


def read_time(text: object, now: datetime) -> datetime:
    """When a source says that its prices are from; now where it does not say, or says later."""
    if not isinstance(text, str):
        return now
    written = text.strip().replace("/", "-")
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return now
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return min(at, now)
