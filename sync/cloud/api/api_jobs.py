"""What the API's answers are made of beforehand, by the clock: see `sync/cloud/jobs.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from scanner.catalog.cards import CardsReader
from scanner.catalog.library import Library
from scanner.catalog.manifest import CARDS
from sync.cloud.api.card_search import KnownCard, known_cards, learn_scanned_cards, take_cards
from sync.cloud.api.collections import value_collections
from sync.cloud.api.trends import make_trends
from sync.cloud.jobs import JobContext


def learn_cards(context: JobContext) -> str:
    """Learn of the cards of the packs in the cloud's folder, and of those that devices named."""
    learnt = 0
    for game, file in _packs(context.store.data_dir):
        known = known_cards(context.store, game)
        with closing(CardsReader(file, game)) as reader:
            new = [card for card in _cards(reader, game) if card not in known]
        learnt += take_cards(context.store, new)
    learnt += learn_scanned_cards(context.store)
    return f"{learnt} cards new or changed" if learnt else ""


def find_movers(context: JobContext) -> str:
    """Find the prices that moved within a day, a week and a month."""
    return f"{make_trends(context.store, context.now)} prices moved"


def add_collections_up(context: JobContext) -> str:
    """Add up what each device's cards are worth."""
    written = value_collections(context.store, context.config.http.currency, context.now)
    return f"{written} values of collections"


def _packs(data_dir: Path) -> Iterator[tuple[str, Path]]:
    library = Library(data_dir)
    for game in library.games():
        version = library.current(game)
        if version:
            yield game, library.path(f"{game}@{version}") / CARDS


def _cards(reader: CardsReader, game: str) -> Iterator[KnownCard]:
    cards, _ = reader.counts()
    for each in reader.printings(range(cards)):
        yield KnownCard(game, each.card_id, each.name, each.set, each.number, each.variant)
