"""Cardmarket's public price guide: EUR, once a day, without a key.

It knows its own product ids and no collector numbers. So a price counts where the id is known: from
the pack's column `cardmarket_id`, from Scryfall, or from the shop. `products_singles` names what is
left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from scanner.export.tcgplayer_words import is_product_line
from scanner.records import Finish
from sync.cloud.sources.amounts import read_time
from sync.cloud.sources.asking import Manners, Request
from sync.cloud.sources.decode import JsonList
from sync.cloud.sources.errors import SourceError, SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import DAILY_S, DayPlan, Kind, Page, Product, Want, Why
from sync.cloud.sources.shelf import Shelf
from sync.cloud.sources.shine import base_and_shiny

BASE_URL = "https://downloads.s3.cardmarket.com"
MANNERS = Manners(Rate(10, 60.0, burst=2), per_day=100, largest_bytes=200_000_000,
                  largest_plain_bytes=500_000_000)  # fmt: skip
_GAMES = {"magic": 1, "pokemon": 6, "onepiece": 18}
_FOIL = ("trend-foil", "avg-foil")
_HOLO = ("trend-holo", "avg-holo")
_BASE = ("trend", "avg")


class Cardmarket:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "cardmarket"
    label = "Cardmarket"
    currencies: tuple[str, ...] = ("EUR",)
    per_hour = 0
    every_s = DAILY_S

    def __init__(self, client: SourceClient, per_day: int = MANNERS.per_day) -> None:
        """Ask through this client."""
        self._client = client
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Magic, Pokémon and One Piece."""
        return _number(game) is not None

    def collect(self, want: Want) -> Iterator[Page]:
        """One page: the guide, and what of our own sets could not be matched."""
        number = _number(want.game)
        scope = f"{want.game} {want.shelf.key}"
        guide = Request(f"productCatalog/priceGuide/price_guide_{number}.json", scope=scope)
        with tempfile.TemporaryFile() as file:
            answer = self._client.fetch(guide, file)
            if answer.unchanged:
                return
            entries = JsonList(self._client.unfold(file), self.label, "priceGuides")
            said = entries.head.get("createdAt")
            as_of = read_time(said, answer.said_at or self._client.clock.now())
            maker, read, names = PageMaker(want.shelf), 0, self._names(number)
            for entry in entries:
                read += "idProduct" in entry and "trend" in entry
                _add(maker, want.shelf, entry, names, as_of)
            if not read:
                raise SourceShapeError("Cardmarket's guide has no prices: its format has changed.")
            yield maker.done([answer])

    def check(self) -> str:
        """Ask for the smallest guide there is, One Piece's."""
        answer = self._client.ask(Request("productCatalog/priceGuide/price_guide_18.json"))
        if not isinstance(answer.data.get("priceGuides"), list):
            raise SourceShapeError("Cardmarket's guide has no prices: its format has changed.")
        return f"prices of {text_of(answer.data.get('createdAt'))[:40] or 'an unknown time'}"

    def requests_a_day(self, plan: DayPlan) -> int:
        """Two files for each game."""
        return 2 * len(plan.sets)

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _names(self, number: int | None) -> dict[str, str]:
        """What the products are called, for the list of what is left out; it may be missing."""
        path = f"productCatalog/productList/products_singles_{number}.json"
        try:
            with tempfile.TemporaryFile() as file:
                self._client.fetch(Request(path), file)
                products = JsonList(self._client.unfold(file), self.label, "products")
                return {text_of(entry.get("idProduct")): text_of(entry.get("name"))
                        for entry in products}  # fmt: skip
        except SourceError as error:
            if not isinstance(error, SourceShapeError) and error.counts:
                raise
            return {}


def _number(game: str) -> int | None:
    return next((n for line, n in _GAMES.items() if is_product_line(line, game)), None)


def _add(
    maker: PageMaker, shelf: Shelf, entry: Mapping[str, Any], names: Mapping[str, str],
    as_of: datetime,
) -> None:  # fmt: skip
    their_id = text_of(entry.get("idProduct"))
    if not their_id:
        maker.broken(Kind.CARDMARKET, entry)
        return
    product = Product(Kind.CARDMARKET, their_id, names.get(their_id, ""))
    found = shelf.find(product)
    if isinstance(found, Why):
        found = Why.NOT_KNOWN if found is Why.NO_NUMBER else found
        if found is not Why.NOT_KNOWN or shelf.has_name(product.name):
            maker.leave_out(product, found)
        return
    has_foil = any(key in entry for key in _FOIL)
    base, shiny = (Finish.NORMAL, Finish.FOIL) if has_foil else base_and_shiny(found.finishes)
    for keys, finish in ((_BASE, base), (_FOIL if has_foil else _HOLO, shiny)):
        amount = next((entry[key] for key in keys if entry.get(key)), None)
        if amount is None:
            continue
        if finish is None or finish not in found.finishes:
            maker.leave_out(product, Why.FINISH, keys[0])
        else:
            maker.add(product, found, finish.value, "EUR", amount, "cardmarket", as_of)
