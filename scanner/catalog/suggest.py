"""Type-ahead over a whole catalog: printings for words of which the last is being typed.

Names that begin with what was typed come first, found by bisection, for that is what most people
type and it costs nothing however many names begin so. Only where those are too few is the
full-text index asked, which finds words anywhere in name, set and number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from scanner.card_facts import folded
from scanner.catalog.cards import CardsReader
from scanner.records import BACK_VARIANT, Printing

_MOST_RANKED = 300
_BEYOND_ALL = "\U0010ffff"


class Suggester:
    """Suggests printings of one pack. Reads all names once; then safe to share among threads."""

    def __init__(self, cards: CardsReader) -> None:
        """Raises PackDamagedError when the pack can't be read."""
        self._cards = cards
        pairs = sorted((folded(name), card) for card, name in cards.names())
        self._names = [name for name, _ in pairs]
        self._card_of = [card for _, card in pairs]

    def suggest(self, typed: str, limit: int) -> list[Printing]:
        """Printings for what was typed so far, likeliest first; none for nothing typed."""
        words = folded(typed)
        if not words:
            return []
        first = bisect_left(self._names, words)
        last = bisect_left(self._names, words + _BEYOND_ALL)
        begun = self._card_of[first : min(last, first + limit)]
        found = self._cards.printings(begun)
        if len(found) < limit and len(words) > 1:
            anywhere = self._cards.matching(typed, _MOST_RANKED)
            known = {printing.card_id for printing in found}
            rest = [printing for printing in anywhere if printing.card_id not in known]
            found += sorted(rest, key=lambda printing: _rank(printing, words.split()))
        return [printing for printing in found if printing.variant != BACK_VARIANT][:limit]


def _rank(printing: Printing, words: Sequence[str]) -> tuple[bool, int, int, str]:
    """Printings whose number was typed whole, then those that hold the words whole in their name,
    then the shorter names, of which more was typed."""
    number = folded(printing.number)
    begins = {number, number.partition("/")[0], number.partition("/")[0].lstrip("0")}
    name = folded(printing.name).split()
    missing = sum(word not in name for word in words)
    return not begins & set(words), missing, len(printing.name), printing.card_id
