"""Whose price counts where several sources know a printing: the shop's order of sources. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scanner.prices import Money

USUAL_SOURCES = ("tcgcsv", "scryfall", "cardmarket", "pokemontcg")
"""The order of a shop that has set none."""

ASKING = " (asking)"
"""Ends the name of a source whose prices are asked and not paid, such as `tcgplayer (asking)`."""

_ASKING = frozenset({"ebay"})
"""What sellers there ask for, which nobody may have paid: counts only where the shop names it."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What one finish in one condition is worth by one source.

    `condition` is "" where the source names none. `as_of` is when the source last said so, to the
    second in UTC; `price_id` the row in the log.
    """

    finish: str
    condition: str
    money: Money
    source: str = ""
    as_of: str = ""
    price_id: int = 0


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """The sources as the shop ranks them, the first before all others.

    A source that is not named comes after those that are; among such the one that spoke last
    counts. Asking prices that are not named do not count at all.
    """

    named: tuple[str, ...] = USUAL_SOURCES

    def place(self, source: str) -> int:
        """Where a source stands in the order, from 0; -1 for one that does not count."""
        return _rank(self.named, source)

    def chosen(self, prices: Iterable[Priced]) -> list[Priced]:
        """Of each finish the prices of the first source that has any, one for each condition.

        `prices` are one printing's in one currency, oldest first. A finish is priced by one
        source alone: what two sources call near mint and worn does not compare.
        """
        newest: dict[tuple[str, str, str], Priced] = {}
        for price in prices:
            kind = (price.finish, price.source, price.condition)
            newest.pop(kind, None)  # what was said last stands last
            newest[kind] = price
        ranked = [(rank, p) for p in newest.values() if (rank := _rank(self.named, p.source)) >= 0]
        worst_first = sorted(ranked, key=lambda entry: -entry[0])
        by = {price.finish: price.source for _, price in worst_first}
        return [price for _, price in ranked if by[price.finish] == price.source]


@lru_cache(maxsize=256)
def _rank(named: tuple[str, ...], source: str) -> int:
    """The source's place in the shop's order, from 0; -1 for one that does not count."""
    plain, names = plain_name(source), [plain_name(name) for name in named]
    asked = source.casefold().endswith(ASKING)
    bare = plain_name(source[: -len(ASKING)]) if asked else plain
    for name in (plain, *({bare} & _ASKING)):
        if name in names:
            return names.index(name)
    return -1 if asked or plain in _ASKING else len(names)


USUAL_ORDER = SourceOrder()


def plain_name(source: str) -> str:
    """A source's name as it is compared: `pokemontcg.io` and `Pokemon TCG` are one."""
    bare = source.casefold().removesuffix(".io").removesuffix(".com")
    return "".join(sign for sign in bare if sign.isalnum())
