"""TCGplayer's own API with the shop's keys: market prices by the hour, and what sellers ask.

`POST /token` gives a bearer token, `/pricing/product/ID,ID,…` prices. The ids are those that packs,
TCGCSV and Scryfall have told.
"""

from __future__ import annotations

from collections.abc import Iterator

from sync.cloud.sources.asking import Manners
from sync.cloud.sources.errors import SourceMissingError
from sync.cloud.sources.http import SourceClient
from sync.cloud.sources.limit import Rate
from sync.cloud.sources.pages import PageMaker, text_of
from sync.cloud.sources.records import ASKING, DAILY_S, DayPlan, Kind, Page, Product, Want, Why
from sync.cloud.sources.shelf import Entry
from sync.cloud.sources.tcgcsv import add_prices, results_of
from sync.cloud.sources.token import Token, ask_with

BASE_URL = "https://api.tcgplayer.com"
MANNERS = Manners(Rate(200, 60.0, burst=2), per_day=20_000)
_IDS_PER_REQUEST = 100


class TcgplayerApi:
    """See `sync.cloud.sources.records.PriceSource`."""

    name = "tcgplayer"
    label = "TCGplayer API"
    currencies: tuple[str, ...] = ("USD",)
    per_hour = 1000
    every_s = DAILY_S

    def __init__(
        self, client: SourceClient, public_key: str, private_key: str,
        per_day: int = MANNERS.per_day,
    ) -> None:  # fmt: skip
        """Ask through this client, with the shop's keys."""
        self._client = client
        form = {"grant_type": "client_credentials", "client_id": public_key,
                "client_secret": private_key}  # fmt: skip
        self._token = Token(client, "token", form)
        self.per_day = per_day

    def serves(self, game: str) -> bool:
        """Every game: what counts is that a product's id is known."""
        return bool(game)

    def collect(self, want: Want) -> Iterator[Page]:
        """One page for each hundred products."""
        ids = want.shelf.ids(Kind.TCGPLAYER)
        wanted = ids if want.cards is None else {
            card_id: ids[card_id] for card_id in want.cards if card_id in ids
        }  # fmt: skip
        products = sorted(their_id for their_id in set(wanted.values()) if their_id.isdecimal())
        for start in range(0, len(products), _IDS_PER_REQUEST):
            yield self._page(want, products[start : start + _IDS_PER_REQUEST])

    def check(self) -> str:
        """Ask for a token, which proves the keys."""
        self._token.header()
        return "it takes the shop's keys"

    def requests_a_day(self, plan: DayPlan) -> int:
        """One for each hundred printings: those scanned most by the hour, a set's once a day."""
        return 1 + 24 * -(-plan.top // _IDS_PER_REQUEST) + 3 * sum(plan.sets.values())

    def close(self) -> None:
        """See `PriceSource`."""
        self._client.close()

    def _page(self, want: Want, ids: list[str]) -> Page:
        maker = PageMaker(want.shelf)
        found: dict[tuple[str, str], Entry | Why] = {}
        try:
            data = ask_with(self._client, self._token, f"pricing/product/{','.join(ids)}")
        except SourceMissingError:
            return Page()  # none of them has a price
        now = self._client.clock.now()
        for entry in results_of(data, self.label):
            their_id = text_of(entry.get("productId"))
            if their_id not in ids:
                maker.broken(Kind.TCGPLAYER, entry)
                continue
            product = Product(Kind.TCGPLAYER, their_id, "")
            add_prices(maker, want.shelf, product, entry, self.name, now, found)
            add_prices(
                maker, want.shelf, product, entry, self.name + ASKING, now, found, "lowPrice"
            )
        return maker.done()
