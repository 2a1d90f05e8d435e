"""The other sources, each in the shape that its description gives, with cards of our own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from sync.cloud.sources.cardmarket import Cardmarket
from sync.cloud.sources.ebay import Ebay
from sync.cloud.sources.errors import (
    SourceDownError,
    SourceShapeError,
    SourceTooLargeError,
)
from sync.cloud.sources.pokemontcg import PokemonTcg
from sync.cloud.sources.records import Kind, Link, Page, PriceSource, Want, Why
from sync.cloud.sources.scryfall import Scryfall
from sync.cloud.sources.tcgplayer import TcgplayerApi
from tests.sync.sources.cards import card, shelf
from tests.sync.sources.conftest import Client
from tests.sync.sources.pages import pages_of, prices_of, reasons
from tests.sync.sources.test_keyed_sources import IDS
from tests.sync.sources.web import Behaviour, Web, raw, told

MAGIC = [
    card("m-1", "Fogbinder", "12", set_name="Glass Reef", set_code="glr", game="magic",
         finishes="normal|foil"),
    card("m-2", "Kelp // Tide", "13a", set_name="Glass Reef", set_code="glr", game="magic"),
    card("m-3", "Sluice", "99", set_name="Glass Reef", set_code="glr", game="magic",
         finishes="normal"),
    card("m-4", "Nebel", "12", set_name="Glass Reef", set_code="glr", game="magic", language="de"),
]  # fmt: skip


# Scryfall


def magic_card(their_id: str, name: str, number: str, **more: Any) -> dict[str, Any]:
    prices = {"usd": None, "usd_foil": None, "usd_etched": None, "eur": None, "tix": "0.02"}
    return {
        "object": "card", "id": their_id, "name": name, "lang": "en", "set": "glr",
        "set_name": "Glass Reef", "collector_number": number, "tcgplayer_id": 5000,
        **more, "prices": {**prices, **more.get("prices", {})},
    }  # fmt: skip


def scryfall(web: Web, client: Client, body: Behaviour) -> list[Page]:
    web.routes["/bulk-data"] = told(
        {"object": "list", "data": [
            {"type": "rulings", "download_uri": f"{web.url}/no"},
            {"type": "default_cards", "updated_at": "2026-05-01T21:05:30.1+00:00",
             "download_uri": f"{web.url}/default-cards.json"},
        ]}
    )  # fmt: skip
    web.routes["/default-cards.json"] = body
    want = Want("magic", shelf(cards=MAGIC, game="magic"))
    return pages_of(Scryfall(client()), want)


BULK = [
    magic_card("a", "Fogbinder", "12", prices={"usd": "1.50", "usd_foil": "9.00", "eur": "1.20"},
               cardmarket_id=777),
    magic_card("b", "Kelp // Tide", "13a", prices={"usd": "0.25"}),
    magic_card("c", "Sluice", "99", prices={"usd": "2.00", "usd_foil": "20.00"}),
    magic_card("d", "Fogbinder", "12", lang="ja", prices={"usd": "70.00"}),
    magic_card("e", "Stranger", "1", set="zzz", set_name="Elsewhere", prices={"usd": "5"}),
    magic_card("f", "Other", "2", set="zzz", set_name="Elsewhere", prices={"usd": "5"}),
    {"object": "card", "name": "of another kind"},
]  # fmt: skip
LINES = "[\n" + ",\n".join(json.dumps(entry) for entry in BULK) + "\n]"


@pytest.mark.parametrize(
    "body",
    [
        raw(LINES.encode()),
        raw(gzip.compress(LINES.encode()), Content_Encoding="gzip"),
        raw(gzip.compress(LINES.encode()), Content_Type="application/gzip"),
        raw(json.dumps(BULK, indent=3).encode()),
        raw("\n".join(map(json.dumps, BULK)).encode()),
    ],
    ids=["lines", "encoded", "zipped", "indented", "one a line"],
)
def test_scryfall_is_read_entry_by_entry(web: Web, client: Client, body: Behaviour) -> None:
    pages = scryfall(web, client, body)
    assert prices_of(pages)["m-1", "normal", "EUR"] == 120
    assert prices_of(pages)["m-2", "normal", "USD"] == 25
    assert ("m-3", "foil", "USD") not in prices_of(pages)
    assert reasons(pages)["c"] is Why.FINISH
    assert reasons(pages)["Elsewhere"] is Why.NO_SET
    ids = {(link.kind, link.their_id) for page in pages for link in page.links
           if link.card_id == "m-1"}  # fmt: skip
    assert ids >= {(Kind.SCRYFALL, "a"), (Kind.CARDMARKET, "777"), (Kind.TCGPLAYER, "5000")}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (raw(LINES[:-200].encode()), (SourceDownError, SourceShapeError)),
        (raw(b"[" + b'{"a": "' + b"x" * 2_000_000 + b'"}]'), SourceTooLargeError),
        (raw(gzip.compress(b'[{"a": "' + b"x" * 1_500_000 + b'"}]')), SourceShapeError),
        (raw(b"[]"), SourceShapeError),
        (raw(b"<html>"), SourceShapeError),
        (raw(b'{"object": "error"}'), SourceShapeError),
        (raw(b"[1, 2, 3]"), SourceShapeError),
        (raw(b'[{"id": "a"}, \xff]'), SourceShapeError),
    ],
)
def test_a_bulk_file_that_is_broken_is_told(
    web: Web, client: Client, body: Behaviour, error: Any
) -> None:
    with pytest.raises(error):
        scryfall(web, client, body)


# Cardmarket


def guide(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"version": 1, "createdAt": "2026-05-02T02:49:02+0200"}
    return {**head, **more, "priceGuides": list(entries)}


def guide_entry(their_id: Any, trend: Any, shiny: Any = 0, word: str = "holo") -> dict[str, Any]:
    return {
        "idProduct": their_id, "idCategory": 51, "avg": 1.0, "low": 0.1, "trend": trend,
        "avg1": 1, "avg7": 1, "avg30": 1, f"avg-{word}": 1, f"trend-{word}": shiny,
    }  # fmt: skip


KNOWN = [
    Link("pokemon", Kind.CARDMARKET, "501", "th-1"),
    Link("pokemon", Kind.CARDMARKET, "504", "th-4"),
    Link("pokemon", Kind.CARDMARKET, "507", "th-7"),
]


def cardmarket(web: Web, client: Client, body: Behaviour) -> list[Page]:
    web.routes["/productCatalog/priceGuide/price_guide_6.json"] = body
    web.routes["/productCatalog/productList/products_singles_6.json"] = told(
        {"version": 1, "products": [
            {"idProduct": 600, "name": "Mire Hound"}, {"idProduct": 601, "name": "Nobody"}]}
    )  # fmt: skip
    return pages_of(Cardmarket(client()), Want("pokemon", shelf(*KNOWN)))


def test_cardmarket_prices_what_ids_are_known_of(web: Web, client: Client) -> None:
    entries = [
        guide_entry(501, 8.4, 5.0), guide_entry(504, 0.07, 0.3), guide_entry(507, 3.0),
        guide_entry(600, 9.0), guide_entry(601, 9.0), {"trend": 3},
    ]  # fmt: skip
    pages = cardmarket(web, client, told(guide(*entries)))
    assert prices_of(pages) == {
        ("th-1", "holo", "EUR"): 840, ("th-1", "reverse", "EUR"): 500,
        ("th-4", "normal", "EUR"): 7, ("th-4", "reverse", "EUR"): 30,
    }  # fmt: skip
    # th-7's finishes nobody has told; 600 bears the name of a card of ours, 601 does not.
    assert reasons(pages) == {"507": Why.FINISH, "600": Why.NOT_KNOWN, "": Why.BROKEN}
    assert f"{pages[0].prices[0].as_of:%d %H:%M}" == "02 00:49"


def test_cardmarkets_foil_columns_are_magics(web: Web, client: Client) -> None:
    web.routes["/productCatalog/priceGuide/price_guide_1.json"] = told(
        guide(guide_entry(777, 1.1, 7.7, "foil"))
    )
    link = Link("magic", Kind.CARDMARKET, "777", "m-1")
    want = Want("magic", shelf(link, cards=MAGIC, game="magic"))
    assert prices_of(pages_of(Cardmarket(client()), want)) == {
        ("m-1", "normal", "EUR"): 110, ("m-1", "foil", "EUR"): 770,
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        told({"createdAt": "x", "prices": []}),
        told(guide()),
        told(guide({"idProduct": 501})),
        raw(json.dumps(guide(guide_entry(501, 1))).encode()[:-30]),
        raw(b'"priceGuides" [}'),
        raw(b"{" + b" " * 100_000 + b"}"),
    ],
)
def test_a_guide_of_another_shape_is_told(web: Web, client: Client, body: Behaviour) -> None:
    with pytest.raises((SourceShapeError, SourceDownError)):
        cardmarket(web, client, body)


# pokemontcg.io


def pokemon(web: Web, client: Client, *cards: Any, key: str = "") -> list[Page]:
    web.routes["/sets"] = told(
        {"data": [
            {"id": "th1", "name": "Tin Harbour", "ptcgoCode": "TH"},
            {"id": "cc9", "name": "Copper Coast"}, {"id": 'x" OR set.id:y', "name": "Odd"}]}
    )  # fmt: skip
    web.routes["/cards"] = told({"data": list(cards), "page": 1, "pageSize": 250})
    return pages_of(PokemonTcg(client(), key), Want("pokemon", shelf()))


def pokemon_card(their_id: str, name: str, number: str, **blocks: Any) -> dict[str, Any]:
    return {"id": their_id, "name": name, "number": number,
            "set": {"id": "th1", "name": "Tin Harbour", "ptcgoCode": "TH"}, **blocks}  # fmt: skip


def test_pokemontcg_prices_in_both_currencies(web: Web, client: Client) -> None:
    usd = {"updatedAt": "2026/05/01", "prices": {
        "holofoil": {"low": 1, "market": 4.5}, "reverseHolofoil": {"market": 2},
        "1stEditionHolofoil": {"market": 90}, "galaxy": {"market": 1}}}  # fmt: skip
    eur = {"updatedAt": "2026/05/01", "prices": {"trendPrice": 3.3, "reverseHoloTrend": 1.1,
                                                 "averageSellPrice": 9}}  # fmt: skip
    wrong = {"prices": {"normal": {"market": -1}}}
    pages = pokemon(
        web, client,
        pokemon_card("th1-1", "Brasswing", "1", tcgplayer=usd, cardmarket=eur),
        pokemon_card("th1-4", "Glimmer Newt", "4", tcgplayer=wrong),
        pokemon_card("th1-5", "No Such", "5", tcgplayer=usd),
        pokemon_card("th1-6", "", "6"), 7,
        key="kept-to-ourselves",
    )  # fmt: skip
    assert prices_of(pages) == {
        ("th-1", "holo", "USD"): 450, ("th-1", "reverse", "USD"): 200,
        ("th-1", "holo", "EUR"): 330, ("th-1", "reverse", "EUR"): 110,
    }  # fmt: skip
    found = reasons(pages)
    assert (found["th1-4"], found["th1-6"]) == (Why.WRONG, Why.BROKEN)
    assert found["Copper Coast"] is Why.NO_SET
    assert web.requests[0][2]["X-Api-Key"] == "kept-to-ourselves"
    assert web.query()["q"] == "set.id:th1"
    assert sum(path == "/cards" for path in web.paths()) == 1


def test_a_reverse_holo_price_is_not_that_of_a_holo(web: Web, client: Client) -> None:
    eur = {"prices": {"trendPrice": 3.3, "reverseHoloTrend": 1.1}}
    newt = [card("th-4", "Glimmer Newt", "4/60", finishes="normal|holo", set_code="TH1")]
    web.routes["/sets"] = told({"data": [{"id": "th1", "name": "Tin Harbour"}]})
    found = pokemon_card("th1-4", "Glimmer Newt", "4", cardmarket=eur)
    web.routes["/cards"] = told({"data": [found]})
    pages = pages_of(PokemonTcg(client()), Want("pokemon", shelf(cards=newt)))
    assert prices_of(pages) == {("th-4", "normal", "EUR"): 330}
    assert reasons(pages)["th1-4"] is Why.FINISH


def test_pokemontcg_goes_on_to_the_next_page(web: Web, client: Client) -> None:
    many = [pokemon_card(f"th1-{n}", "Nobody", str(n)) for n in range(250)]
    web.routes["/sets"] = told({"data": [{"id": "th1", "name": "Tin Harbour"}]})
    web.routes["/cards"] = [told({"data": many}), told({"data": []})]
    pages_of(PokemonTcg(client()), Want("pokemon", shelf()))
    assert [web.query(at)["page"] for at in (1, 2)] == ["1", "2"]


# All of them

MAKERS: list[Callable[..., PriceSource]] = [
    Scryfall, Cardmarket, PokemonTcg,
    lambda client: TcgplayerApi(client, "a", "b"), lambda client: Ebay(client, "a", "b"),
]  # fmt: skip
RUBBISH = [
    told({}), told({"data": 3}), told({"data": [{"type": 5}, None, []]}), told([1]), raw(b"null"),
    raw(b"{}" * 3), told({"access_token": [1]}), told({"results": [], "data": {}}),
]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS, ids=["scryfall", "cardmarket", "pokemon", "tcg", "ebay"])
@pytest.mark.parametrize("behaviour", RUBBISH)
def test_rubbish_is_the_right_error_and_never_another(
    web: Web, client: Client, make: Callable[..., PriceSource], behaviour: Behaviour
) -> None:
    web.routes["*"] = behaviour
    with pytest.raises(SourceShapeError):
        pages_of(make(client()), Want("pokemon", shelf(*IDS), ["th-1"]))
    with pytest.raises(SourceShapeError):
        make(client()).check()
