"""eBay's Browse API with the shop's keys: what sellers ask for a printing, never what it sold for.

Listings are words that people wrote, so a listing counts only where its title holds the card's
name, its collector number as printed, and every word of its variant, and no word that makes it
something else: a graded card, a lot, a proxy, another variant with the same number, another finish.
"""

from __future__ import annotations

import base64
import re
import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from scanner.card_facts import folded
from scanner.finishes import ALL_FINISHES
from scanner.prices import minor_per_unit
from scanner.records import Finish
from sync.cloud.sources.amounts import read_amount
from sync.cloud.sources.asking import Manners
from sync.cloud.sources.errors import SourceShapeError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import ASKING, DayPlan, Page, Product, Want, Why
from sync.cloud.sources.records import Kind as IdKind
from sync.cloud.sources.shelf import Entry
from sync.cloud.sources.token import Token, ask_with

BASE_URL = "https://api.ebay.com"
MANNERS = Manners(Rate(5, 1.0), per_day=4500)
FEWEST_LISTINGS = 3
_SCOPE = "https://api.ebay.com/oauth/api_scope"
_CATEGORY = "183454"  # single cards of collectible card games
_OTHER_THINGS = frozenset(
    {
        "psa", "bgs", "cgc", "sgc", "ace", "graded", "slab", "lot", "lots", "bundle", "playset",
        "set", "x2", "x3", "x4", "proxy", "custom", "replica", "fake", "orica", "metal", "gold",
        "choose", "pick", "select", "your", "repack", "pack", "packs", "booster", "box", "code",
        "digital", "online", "sealed", "art", "sleeve", "token", "jumbo", "oversized", "damaged",
        "signed", "altered", "misprint", "error", "empty", "1st", "shadowless",
    }
)  # fmt: skip
_TONGUES = {
    "ja": {"japanese", "japan", "jp", "jpn"}, "de": {"german", "deutsch"},
    "fr": {"french", "francais"}, "it": {"italian", "italiano"}, "es": {"spanish", "espanol"},
    "pt": {"portuguese", "portugues"}, "ko": {"korean", "korea"}, "zh": {"chinese", "china"},
}  # fmt: skip
_SHINES = {
    Finish.REVERSE: ("reverse",),
    Finish.HOLO: ("holo", "holofoil", "holographic"),
    Finish.FOIL: ("foil", "foiled"),
}
_WORD = re.compile(r"\w+(?:[/-]\w+)*")


class Ebay:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "ebay" + ASKING
    label = "eBay Browse"
    per_hour = 180
    every_s = 0

    def __init__(
        self, client: SourceClient, client_id: str, client_secret: str,
        marketplace: str = "EBAY_US", currency: str = "USD", per_day: int = MANNERS.per_day,
    ) -> None:  # fmt: skip
        """Ask through this client, with the shop's keys, what is listed at one marketplace."""
        self._client = client
        keys = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._token = Token(
            client, "identity/v1/oauth2/token",
            {"grant_type": "client_credentials", "scope": _SCOPE},
            {"Authorization": f"Basic {keys}"},
        )  # fmt: skip
        self._marketplace = {"X-EBAY-C-MARKETPLACE-ID": marketplace}
        self._currency = currency
        self.currencies: tuple[str, ...] = (currency,)
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Every game."""
        return bool(game)

    def collect(self, want: Want) -> Iterator[Page]:
        """One page for each printing that is asked for; never a whole game."""
        for card_id in want.cards or ():
            entry = want.shelf.card(card_id)
            if entry is not None:
                yield self._page(want, entry)

    def check(self) -> str:
        """Ask for a token, which proves the keys."""
        self._token.header()
        return "it takes the shop's keys"

    def requests_a_day(self, plan: DayPlan) -> int:
        """One for each printing, as many an hour as a day's limit allows."""
        return 1 + 24 * min(plan.top, self.per_hour)

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _page(self, want: Want, entry: Entry) -> Page:
        printing, maker = entry.printing, PageMaker(want.shelf)
        product = Product(
            IdKind.EBAY, printing.card_id, printing.name, (printing.set,), printing.number
        )
        if not printing.number:
            maker.leave_out(product, Why.NO_NUMBER)
            return maker.done()
        rivals = [each for each in want.shelf.of_number(printing) if each is not entry]
        asked = self._asked(entry, rivals)
        for finish, amounts in asked.items():
            if len(amounts) < FEWEST_LISTINGS:
                maker.leave_out(product, Why.FEW, f"{finish}: {len(amounts)}")
                continue
            middle = statistics.median_low(amounts) / minor_per_unit(self._currency)
            now = self._client.clock.now()
            maker.add(product, entry, finish.value, self._currency, middle, self.name, now)
        return maker.done()

    def _asked(self, entry: Entry, rivals: list[Entry]) -> dict[Finish, list[int]]:
        printing = entry.printing
        params: dict[str, str | int] = {
            "q": f"{printing.name} {printing.number} {printing.variant}".strip()[:100],
            "category_ids": _CATEGORY,
            "filter": (
                "buyingOptions:{FIXED_PRICE},price:[0.01..1000000],"
                f"priceCurrency:{self._currency}"
            ),
            "limit": 50,
        }
        path = "buy/browse/v1/item_summary/search"
        data = ask_with(self._client, self._token, path, params, self._marketplace)
        if "total" not in data and "itemSummaries" not in data:
            raise SourceShapeError("eBay sent no list of items: its format has changed.")
        found: dict[Finish, list[int]] = {}
        items = data.get("itemSummaries", [])
        for item in items if isinstance(items, list) else ():
            if not isinstance(item, dict):
                continue
            finish = finish_in(text_of(item.get("title")), entry, rivals)
            amount = _amount(item, self._currency)
            if finish is not None and amount is not None:
                found.setdefault(finish, []).append(amount)
        return found


def finish_in(title: str, entry: Entry, rivals: list[Entry]) -> Finish | None:
    """In which finish a listing offers this very printing; None where that can't be said. Pure."""
    words = _WORD.findall(folded(title))
    has = set(words) | {part for word in words for part in re.split("[/-]", word)}
    number = folded(entry.printing.number)
    own = _words_of(entry)
    if not own or not own <= has or not _bears(words, number) or has & (_OTHER_THINGS - own):
        return None
    tongues = {code for code, ways in _TONGUES.items() if has & (ways - own)}
    if tongues != {entry.language[:2]} - {"", "en"}:
        return None
    for rival in rivals:
        if _words_of(rival) == own and folded(rival.printing.number) == number:
            return None  # another set's: titles name sets in too many ways
        more = _words_of(rival) - own
        if more and more <= has:
            return None
    return _finish_said(has - own, entry)


def _finish_said(has: set[str], entry: Entry) -> Finish | None:
    """The finish that a title's words name, or the only one that there is."""
    shines = {finish for finish, ways in _SHINES.items() if has & set(ways)}
    if Finish.REVERSE in shines or "rev" in has:
        said = Finish.REVERSE
    elif "nonfoil" in has or "nonholo" in has or "non" in has:
        said = Finish.NORMAL
    elif shines:
        said = next(iter(sorted(shines)))
    else:
        return next(iter(entry.finishes)) if len(entry.finishes) == 1 else None
    if entry.finishes == ALL_FINISHES or said in entry.finishes:
        return said
    alike = {Finish.HOLO, Finish.FOIL} & entry.finishes
    return next(iter(alike)) if said in (Finish.HOLO, Finish.FOIL) and len(alike) == 1 else None


def _words_of(entry: Entry) -> set[str]:
    return set(re.findall(r"\w+", folded(f"{entry.printing.name} {entry.printing.variant}")))


def _bears(words: list[str], number: str) -> bool:
    """Whether the number stands there as printed; a bare `4` proves nothing."""
    if number in words:
        return not number.isdecimal()
    own, slash, of = number.partition("/")
    return bool(slash) and f"{own.lstrip('0')}/{of.lstrip('0')}" in {
        "/".join(part.lstrip("0") for part in word.split("/")) for word in words
    }


def _amount(item: Mapping[str, Any], currency: str) -> int | None:
    price = item.get("price")
    if not isinstance(price, dict) or price.get("currency") != currency:
        return None
    try:
        return read_amount(price.get("value"), currency)
    except ValueError:
        return None
