"""Scryfall's bulk file: prices of all Magic cards in USD and EUR, once a day, without a key.

`/bulk-data` names the file, which is read entry by entry from the disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO

from scanner.export.tcgplayer_words import is_product_line
from scanner.records import Finish
from sync.cloud.sources.amounts import read_time
from sync.cloud.sources.asking import Answer, Manners, Request
from sync.cloud.sources.decode import JsonList
from sync.cloud.sources.errors import SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import DAILY_S, DayPlan, Kind, Page, Product, Want, Why
from sync.cloud.sources.shelf import Shelf

BASE_URL = "https://api.scryfall.com"
MANNERS = Manners(
    Rate(8, 1.0), per_day=100, hosts=("scryfall.com", "scryfall.io"),
    largest_bytes=1_500_000_000, largest_plain_bytes=4_000_000_000, whole_s=3600.0,
)  # fmt: skip
PRICES_PER_PAGE = 20_000
_FILE = "default_cards"
_PRICES = (
    ("usd", "USD", Finish.NORMAL),
    ("usd_foil", "USD", Finish.FOIL),
    ("eur", "EUR", Finish.NORMAL),
    ("eur_foil", "EUR", Finish.FOIL),
)


class Scryfall:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "scryfall"
    label = "Scryfall"
    currencies: tuple[str, ...] = ("USD", "EUR")
    per_hour = 0
    every_s = DAILY_S

    def __init__(self, client: SourceClient, per_day: int = MANNERS.per_day) -> None:
        """Ask through this client."""
        self._client = client
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Magic alone."""
        return is_product_line("magic", game)

    def collect(self, want: Want) -> Iterator[Page]:
        """Pages of many sets each; the file is remembered with the last."""
        listed = self._client.ask(Request("bulk-data"))
        address, as_of = self._newest(listed)
        scope = f"{want.game} {want.shelf.key}"
        made = replace(listed, scope=scope).stamped(f"{as_of.isoformat()} {address}")
        if self._client.is_known(made):
            return
        with tempfile.TemporaryFile() as file:
            self._client.fetch(Request(address), file)
            yield from self._pages(want.shelf, made, file, as_of)

    def check(self) -> str:
        """Ask which file is the newest."""
        listed = self._client.ask(Request("bulk-data"))
        return f"prices of {self._newest(listed)[1]:%Y-%m-%d %H:%M} UTC"

    def requests_a_day(self, plan: DayPlan) -> int:
        """Two: the list of files, and the file."""
        return 2 * len(plan.sets)

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _newest(self, listed: Answer) -> tuple[str, datetime]:
        data = listed.data.get("data")
        for entry in data if isinstance(data, list) else ():
            if isinstance(entry, dict) and entry.get("type") == _FILE:
                address = text_of(entry.get("download_uri"))
                if address:
                    return address, read_time(entry.get("updated_at"), self._client.clock.now())
        raise SourceShapeError(f"Scryfall names no file {_FILE}: its format has changed.")

    def _pages(
        self, shelf: Shelf, answer: Answer, file: BinaryIO, as_of: datetime
    ) -> Iterator[Page]:
        maker, read = PageMaker(shelf), 0
        strange: set[str] = set()
        for entry in JsonList(self._client.unfold(file), self.label):
            if "id" in entry and "prices" in entry:
                read += 1
            _add(maker, shelf, entry, self.name, as_of, strange)
            if len(maker) >= PRICES_PER_PAGE:
                yield maker.done()
                maker = PageMaker(shelf)
        if not read:
            raise SourceShapeError("Scryfall's file has no prices: its format has changed.")
        yield maker.done([answer])


def _add(
    maker: PageMaker,
    shelf: Shelf,
    entry: Mapping[str, Any],
    source: str,
    as_of: datetime,
    strange: set[str],
) -> None:
    product, prices = _product(entry), entry.get("prices")
    if product is None or not isinstance(prices, dict):
        maker.broken(Kind.SCRYFALL, entry)
        return
    if not any(prices.get(key) for key, _, _ in _PRICES):
        return
    found = shelf.find(product)
    if isinstance(found, Why):
        if found is not Why.NO_SET:
            maker.leave_out(product, found)
        elif product.sets[0] not in strange:  # once for each set that is not ours
            strange.add(product.sets[0])
            maker.leave_out(Product(Kind.SET, product.sets[0], "", product.sets), found)
        return
    for key, currency, finish in _PRICES:
        if prices.get(key) is None:
            continue
        if finish in found.finishes:
            maker.add(product, found, finish.value, currency, prices[key], source, as_of)
        else:
            maker.leave_out(product, Why.FINISH, finish.value)
    maker.learn(found, {Kind.SCRYFALL: product.their_id, **product.ids})


def _product(entry: Mapping[str, Any]) -> Product | None:
    their_id, name = text_of(entry.get("id")), text_of(entry.get("name"))
    number, code = text_of(entry.get("collector_number")), text_of(entry.get("set"))
    if not (their_id and name and number and code):
        return None
    ids = {Kind.TCGPLAYER: text_of(entry.get("tcgplayer_id")),
           Kind.CARDMARKET: text_of(entry.get("cardmarket_id"))}  # fmt: skip
    language = text_of(entry.get("lang"))
    sets = (text_of(entry.get("set_name")), code)
    return Product(Kind.SCRYFALL, their_id, name, sets, number, language, ids)
