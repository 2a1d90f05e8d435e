"""TCGCSV: TCGplayer's market prices of all games, once a day, without a key.

`/tcgplayer/categories`, `/tcgplayer/{category}/groups`, then of each group that is a set of ours
`/{group}/products` and `/{group}/prices`; `/last-updated.txt` says whether there is anything new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scanner.export.tcgplayer_words import is_product_line
from sync.cloud.sources.amounts import read_time
from sync.cloud.sources.asking import Answer, Manners, Request
from sync.cloud.sources.errors import SourceMissingError, SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import DAILY_S, DayPlan, Kind, Page, Product, Want, Why
from sync.cloud.sources.shelf import Entry, Shelf
from sync.cloud.sources.shine import finish_of, read_shine

BASE_URL = "https://tcgcsv.com"
MANNERS = Manners(Rate(300, 60.0, burst=2), per_day=9000)
_CATEGORIES = {"magic": 1, "pokemon": 3, "onepiece": 68}
_LAST_UPDATED = "last-updated.txt"


class Tcgcsv:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "tcgcsv"
    label = "TCGCSV"
    currencies: tuple[str, ...] = ("USD",)
    per_hour = 0
    every_s = DAILY_S

    def __init__(self, client: SourceClient, per_day: int = MANNERS.per_day) -> None:
        """Ask through this client."""
        self._client = client
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Every game, as far as TCGplayer has a category of its name."""
        return bool(game)

    def collect(self, want: Want) -> Iterator[Page]:
        """One page for each set of ours."""
        updated = self._client.text(Request(_LAST_UPDATED, scope=f"{want.game} {want.shelf.key}"))
        if updated.unchanged:
            return
        stamp = updated.body.decode("ascii", "replace").strip()
        made = updated.stamped(stamp)
        if self._client.is_known(made):
            return
        as_of = read_time(stamp, self._client.clock.now())
        category = self._category(want.game)
        groups = self._results(f"tcgplayer/{category}/groups")
        others = PageMaker(want.shelf)
        count = Counter(name for group in groups for name in want.shelf.sets_named(*_names(group)))
        for group in groups:
            names, number = _names(group), text_of(group.get("groupId"))
            if not number.isdecimal() or not names:
                others.broken(Kind.SET, group)
            elif want.shelf.sets_named(*names):
                # "Not changed" says of which set, and so is of no use where several make up one.
                is_whole = all(count[name] == 1 for name in want.shelf.sets_named(*names))
                path = f"tcgplayer/{category}/{number}"
                yield self._group(want, path, names, as_of, is_whole=is_whole)
            else:
                others.leave_out(Product(Kind.SET, names[0], names[0], names), Why.NO_SET)
        yield others.done([updated, made])

    def check(self) -> str:
        """Ask when the prices were last made."""
        stamp = self._client.text(Request(_LAST_UPDATED)).body.decode("ascii", "replace").strip()
        return f"prices of {stamp[:40]}"

    def requests_a_day(self, plan: DayPlan) -> int:
        """Two for each set, and three for each game."""
        return sum(3 + 2 * sets for sets in plan.sets.values())

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _category(self, game: str) -> int:
        known = [number for line, number in _CATEGORIES.items() if is_product_line(line, game)]
        if known:
            return known[0]
        for category in self._results("tcgplayer/categories"):
            names = (text_of(category.get("name")), text_of(category.get("displayName")))
            number = category.get("categoryId")
            if isinstance(number, int) and any(is_product_line(name, game) for name in names):
                return number
        raise SourceMissingError(f"TCGCSV has no game called {game}; its prices are of others.")

    def _results(self, path: str) -> list[dict[str, Any]]:
        return results_of(self._client.json(Request(path)), "TCGCSV")

    def _group(
        self, want: Want, path: str, names: tuple[str, ...], as_of: datetime, *, is_whole: bool
    ) -> Page:
        scope = f"{want.game} {want.shelf.key}" if is_whole else ""
        try:
            prices = self._client.ask(Request(f"{path}/prices", scope=scope))
            if prices.unchanged:
                sets = want.shelf.sets_named(*names)
                return Page(confirmed_sets=sets, confirmed_at=as_of)
            products = self._results(f"{path}/products")
        except SourceMissingError:
            return Page()  # a group that was announced and is not filled yet
        return _page(want, names, products, prices, as_of, self.name)


def _names(group: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, map(text_of, (group.get("name"), group.get("abbreviation")))))


def _page(
    want: Want,
    names: tuple[str, ...],
    products: list[dict[str, Any]],
    prices: Answer,
    as_of: datetime,
    source: str,
) -> Page:
    maker = PageMaker(want.shelf)
    language = "ja" if is_product_line("pokemonjapan", want.game) else ""
    known: dict[str, Product] = {}
    for entry in products:
        product = read_product(entry, names)
        if product is None:
            maker.broken(Kind.TCGPLAYER, entry)
        elif product.number:  # boosters and boxes have none
            known[product.their_id] = replace(product, language=language)
    found: dict[tuple[str, str], Entry | Why] = {}
    for entry in results_of(prices.data, "TCGCSV"):
        of = known.get(text_of(entry.get("productId")))
        if of is not None:
            add_prices(maker, want.shelf, of, entry, source, as_of, found)
        elif not text_of(entry.get("productId")):
            maker.broken(Kind.TCGPLAYER, entry)
    return maker.done([prices])


def read_product(entry: Mapping[str, Any], sets: tuple[str, ...]) -> Product | None:
    """A product of TCGplayer's catalog; None where it is not as described."""
    their_id, name = text_of(entry.get("productId")), text_of(entry.get("name"))
    more = entry.get("extendedData", [])
    if not their_id.isdecimal() or not name or not isinstance(more, list):
        return None
    numbers = [text_of(each.get("value")) for each in more
               if isinstance(each, dict) and each.get("name") == "Number"]  # fmt: skip
    return Product(Kind.TCGPLAYER, their_id, name, sets, numbers[0] if numbers else "")


def add_prices(
    maker: PageMaker,
    shelf: Shelf,
    product: Product,
    entry: Mapping[str, Any],
    source: str,
    as_of: datetime,
    found: dict[tuple[str, str], Entry | Why],
    amount: str = "marketPrice",
) -> None:
    """Add the market price of one product in one finish; `found` remembers what it is."""
    if amount not in entry:
        maker.leave_out(product, Why.BROKEN, f"no {amount}")
        return
    if entry[amount] is None:
        return
    shine = read_shine(text_of(entry.get("subTypeName")))
    if shine is None:
        maker.leave_out(product, Why.FINISH, text_of(entry.get("subTypeName")))
        return
    key = (product.their_id, shine.edition)
    if key not in found:
        found[key] = shelf.find(product, shine.edition)
    match = found[key]
    if isinstance(match, Why):
        maker.leave_out(product, match, shine.edition)
        return
    finish = finish_of(shine.word, match.finishes)
    if finish is None:
        maker.leave_out(product, Why.FINISH, text_of(entry.get("subTypeName")))
        return
    maker.add(product, match, finish.value, "USD", entry[amount], source, as_of)
    maker.learn(match, {Kind.TCGPLAYER: product.their_id})


def results_of(data: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """The entries of TCGplayer's envelope. Raises SourceShapeError."""
    results = data.get("results")
    if not isinstance(results, list):
        raise SourceShapeError(f"{source} sent no list of results: its format has changed.")
    return [entry for entry in results if isinstance(entry, dict)]
