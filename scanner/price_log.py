"""The prices in the device's log, read; and the decider that a shop's settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from scanner.config import Settings
from scanner.decide import Decider, Limits
from scanner.prices import Money, PriceBook
from scanner.records import Finish, Printing
from scanner.set_limit import NO_LIMIT, LimitedDecider, SetLimit
from scanner.store_reads import StoreReads
from scanner.tables import Price

_NEWEST_LOOKED_AT = 64


class LoggedPrices:
    """The last prices that this device was told, in one currency. Usable from several threads."""

    def __init__(self, store: StoreReads, currency: str) -> None:
        """Read from an open log; rows in other currencies are passed over."""
        self._store = store
        self._currency = currency

    def price(self, printing: Printing) -> Money | None:
        """The newest price of the printing: of the normal finish and near mint where there is one.

        Raises StoreError when the log can't be read.
        """
        rows = [
            row
            for row in self._store.prices_of(printing.game, printing.card_id, _NEWEST_LOOKED_AT)
            if row.currency == self._currency
        ]
        if not rows:
            return None
        best = min(rows, key=_preference)  # of equals the first: the newest
        return Money(best.amount_minor, best.currency)


def _preference(row: Price) -> tuple[bool, bool]:
    return row.finish != Finish.NORMAL, row.condition not in ("NM", "")


def decider_of(
    settings: Settings,
    prices: PriceBook | None = None,
    limit: Callable[[], SetLimit] = lambda: NO_LIMIT,
) -> Decider:
    """The decider with the shop's limits, and the batch's. Raises ModelError when the calibration
    is missing."""
    decision = settings.decision
    gap = Money(decision.price_gap, decision.currency)
    return LimitedDecider(limit, Limits(decision.error_rate, gap), prices)
