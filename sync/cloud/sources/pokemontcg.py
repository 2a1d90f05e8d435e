"""pokemontcg.io v2: Pokémon prices in USD and EUR, set by set; with a key it may be asked more.

`/sets` names the sets, `/cards?q=set.id:ID` has a set's cards with TCGplayer's and Cardmarket's
prices of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from scanner.export.tcgplayer_words import is_product_line
from sync.cloud.sources.amounts import read_time
from sync.cloud.sources.asking import Manners, Request
from sync.cloud.sources.errors import SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import DAILY_S, DayPlan, Kind, Page, Product, Want, Why
from sync.cloud.sources.shelf import Entry, Shelf
from sync.cloud.sources.shine import Shine, base_and_shiny, finish_of, read_shine, reverse_of

BASE_URL = "https://api.pokemontcg.io/v2"
MANNERS = Manners(Rate(28, 60.0, burst=2), per_day=950)
PER_DAY_WITH_KEY = 19_000
_PAGE = 250
_MOST_PAGES = 20
_WORDS = {
    "normal": "Normal",
    "holofoil": "Holofoil",
    "reverseHolofoil": "Reverse Holofoil",
    "1stEditionHolofoil": "1st Edition Holofoil",
    "1stEditionNormal": "1st Edition Normal",
    "1stEdition": "1st Edition",
    "unlimitedHolofoil": "Unlimited Holofoil",
    "unlimited": "Unlimited",
}


class PokemonTcg:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "pokemontcg.io"
    label = "pokemontcg.io"
    currencies: tuple[str, ...] = ("USD", "EUR")
    per_hour = 0
    every_s = DAILY_S

    def __init__(self, client: SourceClient, key: str = "", per_day: int = MANNERS.per_day) -> None:
        """Ask through this client, with a key or without."""
        self._client = client
        self._headers = {"X-Api-Key": key} if key else {}
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Pokémon alone."""
        return is_product_line("pokemon", game)

    def collect(self, want: Want) -> Iterator[Page]:
        """One page for each page of a set of ours."""
        others, is_known = PageMaker(want.shelf), False
        for entry in self._data("sets", {"pageSize": _PAGE, "page": 1}):
            is_known |= bool(entry.get("id") and entry.get("name"))
            set_id, name = text_of(entry.get("id")), text_of(entry.get("name"))
            names = tuple(filter(None, (name, set_id, text_of(entry.get("ptcgoCode")))))
            if not set_id.replace(".", "").isalnum() or not name:
                others.broken(Kind.SET, entry)
            elif want.shelf.sets_named(*names):
                yield from self._set(want.shelf, set_id)
            else:
                others.leave_out(Product(Kind.SET, name, name, names), Why.NO_SET)
        if not is_known:
            raise SourceShapeError("pokemontcg.io names no set: its format has changed.")
        yield others.done()

    def check(self) -> str:
        """Ask for one set."""
        if not any(entry.get("id") for entry in self._data("sets", {"pageSize": 1, "page": 1})):
            raise SourceShapeError("pokemontcg.io names no set: its format has changed.")
        return f"it answers, {'with' if self._headers else 'without'} a key"

    def requests_a_day(self, plan: DayPlan) -> int:
        """About one for each set."""
        return sum(1 + 2 * sets for sets in plan.sets.values())

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _set(self, shelf: Shelf, set_id: str) -> Iterator[Page]:
        for page in range(1, _MOST_PAGES + 1):
            params: dict[str, str | int] = {
                "q": f"set.id:{set_id}",
                "pageSize": _PAGE,
                "page": page,
            }
            cards = self._data("cards", params)
            maker = PageMaker(shelf)
            for card in cards:
                self._add(maker, shelf, card)
            yield maker.done()
            if len(cards) < _PAGE:
                return

    def _data(self, path: str, params: Mapping[str, str | int]) -> list[dict[str, Any]]:
        data = self._client.json(Request(path, params, self._headers)).get("data")
        if not isinstance(data, list):
            raise SourceShapeError("pokemontcg.io sent no list of data: its format has changed.")
        return [entry for entry in data if isinstance(entry, dict)]

    def _add(self, maker: PageMaker, shelf: Shelf, card: Mapping[str, Any]) -> None:
        product = _product(card)
        if product is None:
            maker.broken(Kind.POKEMONTCG, card)
            return
        now = self._client.clock.now()
        prices, at = _prices(card.get("tcgplayer"), now)
        for word, amounts in prices.items():
            shine = read_shine(_WORDS.get(word, ""))
            if shine is None or not isinstance(amounts, dict):
                maker.leave_out(product, Why.FINISH, word)
                continue
            self._add_usd(maker, shelf, product, shine, amounts.get("market"), at)
        prices, at = _prices(card.get("cardmarket"), now)
        if prices:
            found = shelf.find(product)
            if isinstance(found, Why):
                maker.leave_out(product, found)
            else:
                self._add_eur(maker, found, product, prices, at)

    def _add_usd(
        self, maker: PageMaker, shelf: Shelf, product: Product, shine: Shine, amount: object,
        at: datetime,
    ) -> None:  # fmt: skip
        if amount is None:
            return
        found = shelf.find(product, shine.edition)
        if isinstance(found, Why):
            maker.leave_out(product, found, shine.edition)
            return
        finish = finish_of(shine.word, found.finishes)
        if finish is None:
            maker.leave_out(product, Why.FINISH, shine.word)
            return
        maker.add(product, found, finish.value, "USD", amount, self.name, at)
        maker.learn(found, {Kind.POKEMONTCG: product.their_id})

    def _add_eur(
        self, maker: PageMaker, found: Entry, product: Product, prices: Mapping[str, Any],
        at: datetime,
    ) -> None:  # fmt: skip
        base, _ = base_and_shiny(found.finishes)
        for key, finish in (("trendPrice", base), ("reverseHoloTrend", reverse_of(found.finishes))):
            if not prices.get(key):
                continue
            if finish is None:
                maker.leave_out(product, Why.FINISH, key)
            else:
                maker.add(product, found, finish.value, "EUR", prices[key], self.name, at)


def _prices(block: object, now: datetime) -> tuple[Mapping[str, Any], datetime]:
    if not isinstance(block, dict) or not isinstance(block.get("prices"), dict):
        return {}, now
    return block["prices"], read_time(block.get("updatedAt"), now)


def _product(card: Mapping[str, Any]) -> Product | None:
    their_id, name = text_of(card.get("id")), text_of(card.get("name"))
    number, of = text_of(card.get("number")), card.get("set")
    if not (their_id and name and number and isinstance(of, dict)):
        return None
    sets = tuple(filter(None, (text_of(of.get(key)) for key in ("name", "id", "ptcgoCode"))))
    return Product(Kind.POKEMONTCG, their_id, name, sets, number)
