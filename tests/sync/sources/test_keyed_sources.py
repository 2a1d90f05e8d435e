"""The sources that want the shop's own keys, with cards of our own."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from sync.cloud.sources.ebay import Ebay, finish_in
from sync.cloud.sources.errors import (
    SourceBlockedError,
    SourceShapeError,
)
from sync.cloud.sources.records import Kind, Link, Page, Want, Why
from sync.cloud.sources.tcgplayer import TcgplayerApi
from tests.sync.sources.cards import card, price, results, shelf
from tests.sync.sources.conftest import Client
from tests.sync.sources.pages import pages_of, prices_of, reasons
from tests.sync.sources.web import Behaviour, Web, status, told

# TCGplayer's API

IDS = [Link("pokemon", Kind.TCGPLAYER, "1", "th-1"), Link("pokemon", Kind.TCGPLAYER, "9", "th-9"),
       Link("pokemon", Kind.TCGPLAYER, "9", "th-9u")]  # fmt: skip


def tcgplayer(web: Web, client: Client, *cards: str) -> list[Page]:
    web.routes.setdefault("/token", told({"access_token": "t0k", "expires_in": 1209599}))
    source = TcgplayerApi(client(), "public", "private")
    return pages_of(source, Want("pokemon", shelf(*IDS), list(cards) or None))


def test_tcgplayer_gives_market_prices_and_what_is_asked(web: Web, client: Client) -> None:
    web.routes["*"] = told(results(price(1, 5, "Holofoil", low=3), price(444, 1)))
    pages = tcgplayer(web, client, "th-1", "th-4")
    found = {(p.source, p.amount_minor, p.is_asking) for page in pages for p in page.prices}
    assert found == {("tcgplayer", 500, False), ("tcgplayer (asking)", 300, True)}
    assert web.paths() == ["/token", "/pricing/product/1"]
    assert "client_secret=private" in web.requests[0][3]
    assert web.requests[1][2]["Authorization"] == "Bearer t0k"
    assert reasons(pages) == {"444": Why.BROKEN}


def test_tcgplayer_tells_editions_of_one_product_apart(web: Web, client: Client) -> None:
    both = [price(9, 50, "1st Edition"), price(9, 5, "Unlimited")]
    web.routes["*"] = told(results(*both))
    pages = tcgplayer(web, client, "th-9", "th-9u")
    assert prices_of(pages)["th-9", "normal", "USD"] in (5000, 100)
    market = {p.card.card_id: p.amount_minor for page in pages for p in page.prices
              if not p.is_asking}  # fmt: skip
    assert market == {"th-9": 5000, "th-9u": 500}


def test_a_token_that_is_not_taken_any_more_is_renewed_once(web: Web, client: Client) -> None:
    tokens = [told({"access_token": name, "expires_in": 900}) for name in ("old", "new")]
    web.routes["/token"] = tokens

    def guarded(handler: BaseHTTPRequestHandler) -> None:
        is_new = handler.headers["Authorization"] == "Bearer new"
        (told(results(price(1, 5, "Holofoil"))) if is_new else status(401))(handler)

    web.routes["*"] = guarded
    assert prices_of(tcgplayer(web, client, "th-1"))
    assert web.paths().count("/token") == 2


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (status(401), SourceBlockedError),
        (told({"error": "invalid_client"}), SourceShapeError),
        (told({"access_token": "a\nb", "expires_in": 1}), SourceShapeError),
    ],
)
def test_wrong_keys_are_told(
    web: Web, client: Client, token: Behaviour, error: type[Exception]
) -> None:
    web.routes["/token"] = token
    with pytest.raises(error):
        tcgplayer(web, client, "th-1")


# eBay


def listing(title: str, value: Any = "3.00", currency: str = "USD") -> dict[str, Any]:
    return {"itemId": "v1|1|0", "title": title, "price": {"value": value, "currency": currency}}


def ebay(web: Web, client: Client, card_id: str, *listings: Any) -> list[Page]:
    web.routes["/identity/v1/oauth2/token"] = told({"access_token": "t", "expires_in": 7200})
    web.routes["*"] = told({"total": len(listings), "itemSummaries": list(listings)})
    return pages_of(Ebay(client(), "id", "secret"), Want("pokemon", shelf(), [card_id]))


def test_ebay_asks_for_what_is_surely_the_card(web: Web, client: Client) -> None:
    pages = ebay(
        web, client, "th-4",
        listing("Glimmer Newt 004/060 Tin Harbour non holo NM", "1.00"),
        listing("GLIMMER NEWT 4/60 Pokemon common nonholo", "2.00"),
        listing("Glimmer Newt - 4/60 - Non-Holo", "9.00"),
        listing("Glimmer Newt 4/60 Reverse Holo", "5.00"),
        listing("Glimmer Newt 4/60"),
        listing("PSA 10 Glimmer Newt 4/60 nonholo", "900"),
        listing("4x Lot Glimmer Newt 4/60 nonholo", "90"),
        listing("Glimmer Newt nonholo", "90"),
        listing("Newt 4/60 nonholo", "90"),
        listing("Glimmer Newt 4/60 nonholo", "1.50", "GBP"),
        listing("Glimmer Newt 4/60 nonholo", "-1"),
        {"title": "Glimmer Newt 4/60 nonholo"},
    )  # fmt: skip
    (asked,) = [p for page in pages for p in page.prices]
    assert (asked.finish, asked.amount_minor, asked.is_asking) == ("normal", 200, True)
    assert asked.source == "ebay (asking)"
    assert pages[0].left_out[0].why is Why.FEW
    assert web.requests[0][2]["Authorization"].startswith("Basic ")


def test_ebay_never_takes_another_variant_or_set(web: Web, client: Client) -> None:
    titles = ["Ferrule 7/60 Stamped nonholo"] * 4
    assert prices_of(ebay(web, client, "th-7", *map(listing, titles))) == {}
    titles = ["Brasswing 1/60 holo"] * 4  # two sets have a Brasswing 1/60
    assert prices_of(ebay(web, client, "th-1", *map(listing, titles))) == {}


@pytest.mark.parametrize(
    ("title", "language", "finish"),
    [
        ("Glimmer Newt 4/60 nonholo", "", "normal"),
        ("Glimmer Newt 4/60 rev holo", "", "reverse"),
        ("Glimmer Newt 4/60 nonholo Japanese", "", None),
        ("Glimmer Newt 4/60 nonholo Japanese", "ja", "normal"),
        ("Glimmer Newt 4/60 nonholo", "ja", None),
        ("Glimmer Newt 4/60 1st Edition nonholo", "", None),
        ("Glimmer Newt 4/60 foil", "", None),
        ("4/60 nonholo", "", None),
        ("", "", None),
    ],
)
def test_a_listings_title_is_read_with_care(title: str, language: str, finish: str | None) -> None:
    newt = card("n", "Glimmer Newt", "004/060", finishes="normal|reverse", language=language)
    entry = shelf(cards=[newt]).card("n")
    assert entry is not None
    assert finish_in(title, entry, []) == finish


def test_a_name_without_latin_letters_is_a_name_too() -> None:
    entry = shelf(cards=[card("n", "イモリ", "4/60", finishes="normal")]).card("n")
    assert entry is not None
    assert finish_in("Newt 4/60", entry, []) is None
    assert finish_in("イモリ 4/60", entry, []) == "normal"
    nameless = shelf(cards=[card("n", "!?", "4/60", finishes="normal")]).card("n")
    assert nameless is not None
    assert finish_in("Newt 4/60", nameless, []) is None


def test_ebay_without_listings_has_no_price(web: Web, client: Client) -> None:
    pages = ebay(web, client, "th-4")
    assert prices_of(pages) == {}
    web.routes["*"] = told({"warnings": []})
    with pytest.raises(SourceShapeError):
        pages_of(Ebay(client(), "id", "secret"), Want("pokemon", shelf(), ["th-4"]))
