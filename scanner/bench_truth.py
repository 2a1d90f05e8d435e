"""What is known about the cards of the packs, for benchmarks to compare an answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner.catalog.pack import Pack
from scanner.records import Picture, Printing


@dataclass(frozen=True, slots=True)
class _Place:
    pack: Pack
    card: int
    artwork: str


class Truth:
    """Which printings show the same artwork, by the packs' `artwork` column, and all else the
    packs say about a printing."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Read every printing of the packs."""
        self._places: dict[str, _Place] = {}
        self._by_artwork: dict[str, list[str]] = {}
        for pack in packs:
            for card in range(len(pack)):
                card_id = pack.printing(card).card_id
                artwork = pack.artwork(card) or card_id
                self._places[card_id] = _Place(pack, card, artwork)
                self._by_artwork.setdefault(artwork, []).append(card_id)

    def knows(self, card_id: str) -> bool:
        """Whether the card is in the packs at all."""
        return card_id in self._places

    def same_artwork(self, one: str, other: str) -> bool:
        """Whether two printings show one artwork; a printing does with itself."""
        return one == other or self._artwork(one) == self._artwork(other)

    def printing(self, card_id: str) -> Printing | None:
        """The printing with this card_id, None when the packs don't know it."""
        place = self._places.get(card_id)
        return place.pack.printing(place.card) if place else None

    def facts(self, card_id: str) -> Mapping[str, str]:
        """Every further column of the printing's row; empty when the packs don't know it."""
        place = self._places.get(card_id)
        return place.pack.facts(place.card) if place else {}

    def picture(self, card_id: str) -> Picture | None:
        """The printing's reference, `(320, 224, 3) uint8`, None when the packs don't know it.

        Raises PackDamagedError when its file is missing or changed.
        """
        place = self._places.get(card_id)
        return place.pack.picture(place.card) if place else None

    def siblings(self, card_id: str) -> list[str]:
        """The other printings of the same artwork."""
        return [one for one in self._by_artwork.get(self._artwork(card_id), ()) if one != card_id]

    def _artwork(self, card_id: str) -> str:
        place = self._places.get(card_id)
        return place.artwork if place else card_id
