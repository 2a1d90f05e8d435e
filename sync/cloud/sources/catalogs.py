"""The printings that the cloud wants prices of: those of the packs in its folder, and those seen.

A shop that copies its packs into the cloud's data folder (`counterscan --data CLOUD_FOLDER catalog
install`) gets prices of every card; without them, of the cards that its devices have named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scanner.catalog.cards import Card, CardsReader
from scanner.catalog.library import Library
from scanner.catalog.manifest import CARDS
from sync.cloud.sources.book import Book
from sync.cloud.sources.shelf import Shelf


class Catalogs:
    """Makes shelves. Reads the packs anew each time: they may have been replaced."""

    def __init__(self, data_dir: Path, book: Book) -> None:
        """Name the folder of the packs; nothing is read yet."""
        self._library = Library(data_dir)
        self._book = book

    def games(self) -> list[str]:
        """The games that there are printings of. Raises PackError."""
        packs = {game for game in self._library.games() if self._library.current(game)}
        return sorted(packs | set(self._book.seen_games()))

    def shelf(self, game: str) -> Shelf:
        """A game's printings, ready for matching. Raises PackError."""
        version = self._library.current(game) or ""
        cards = {card.printing.card_id: card for card in self._of_pack(game, version)}
        for printing in self._book.seen_printings(game):
            cards.setdefault(printing.card_id, Card(printing, {}))
        links = self._book.links(game)
        digest = hashlib.sha256(f"{game}@{version} {len(cards)}".encode())
        for link in sorted(links, key=lambda link: (link.kind, link.their_id)):
            if link.is_by_hand:
                digest.update(f"\0{link.kind}\0{link.their_id}\0{link.card_id}".encode())
        return Shelf(game, cards.values(), links, digest.hexdigest()[:16])

    def _of_pack(self, game: str, version: str) -> Iterator[Card]:
        if version:
            path = self._library.path(f"{game}@{version}") / CARDS
            with closing(CardsReader(path, game)) as reader:
                yield from reader.all_cards()
