"""The prices in the device's log, read; and the decider that a shop's settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from scanner.calibration import read_calibration
from scanner.config import Settings
from scanner.decide import Decider, Limits
from scanner.models_library import models_in_use
from scanner.price_table import price_of
from scanner.prices import Money, PriceBook
from scanner.records import Finish, Printing
from scanner.set_limit import NO_LIMIT, LimitedDecider, SetLimit
from scanner.store import Store


class LoggedPrices:
    """The last prices that this device was told, in one currency. Usable from several threads."""

    def __init__(self, store: Store, currency: str) -> None:
        """Read from an open log; rows in other currencies are passed over."""
        self._store = store
        self._currency = currency

    def price(self, printing: Printing) -> Money | None:
        """The printing's price: of the normal finish and near mint where there is one.

        Raises StoreError when the log can't be read.
        """
        key = (printing.game, printing.card_id)
        prices = self._store.prices_of_many([key], self._currency)
        return price_of(prices, key, Finish.NORMAL.value)


def decider_of(
    settings: Settings,
    prices: PriceBook | None = None,
    limit: Callable[[], SetLimit] = lambda: NO_LIMIT,
) -> Decider:
    """The decider with the shop's limits, and the batch's. Raises ModelError when the calibration
    is missing."""
    decision = settings.decision
    gap = Money(decision.price_gap, decision.currency)
    calibration = read_calibration(models_in_use(settings.data_dir))
    return LimitedDecider(limit, Limits(decision.error_rate, gap), prices, calibration)
