"""Every format by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.errors import InventoryError
from scanner.export.cardmarket import Cardmarket
from scanner.export.crystalcommerce import CrystalCommerce
from scanner.export.deckbox import DECKBOX
from scanner.export.format import Format
from scanner.export.manabox import MANABOX
from scanner.export.moxfield import MOXFIELD
from scanner.export.plain_csv import PlainCsv
from scanner.export.plain_json import PlainJson
from scanner.export.shopify import Shopify
from scanner.export.tcgplayer import Tcgplayer
from scanner.export.tcgplayer_skus import SkuTable

FORMATS: Mapping[str, Callable[[SkuTable], Format]] = {
    "tcgplayer": Tcgplayer,
    "manabox": lambda _skus: MANABOX,
    "moxfield": lambda _skus: MOXFIELD,
    "deckbox": lambda _skus: DECKBOX,
    "cardmarket": lambda _skus: Cardmarket(),
    "shopify": lambda _skus: Shopify(),
    "crystalcommerce": lambda _skus: CrystalCommerce(),
    "csv": lambda _skus: PlainCsv(),
    "json": lambda _skus: PlainJson(),
}

_NAME_NO_CURRENCY = frozenset({"shopify", "crystalcommerce"})


def format_of(name: str, skus: SkuTable) -> Format:
    """The format of this name. Raises InventoryError, which names those that there are."""
    if name not in FORMATS:
        raise InventoryError(
            f"There is no format {name[:20]!r}: choose one of {', '.join(FORMATS)}."
        )
    return FORMATS[name](skus)


def currency_note(target: Format, currency: str) -> str:
    """What to know of prices whose file has no place for their currency; "" where it has one."""
    if target.name not in _NAME_NO_CURRENCY:
        return ""
    return (
        f"The prices are in {currency}, which this file can't say: {target.label} takes them for "
        "the currency that your shop there counts in."
    )


def every_format() -> list[Format]:
    """All of them, in the order in which they are offered."""
    nothing = SkuTable(())
    return [make(nothing) for make in FORMATS.values()]
