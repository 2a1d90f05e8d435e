"""A game of our own: its printings, and how the sources would write them. No real card is here."""

from __future__ import annotations

from typing import Any

from scanner.catalog.cards import Card
from scanner.records import Printing
from sync.cloud.sources.records import Link
from sync.cloud.sources.shelf import Shelf


def card(
    card_id: str, name: str, number: str, variant: str = "", set_name: str = "Tin Harbour",
    game: str = "pokemon", **facts: str,
) -> Card:  # fmt: skip
    return Card(Printing(card_id, game, name, set_name, number, variant), facts)


CARDS = [
    card("th-1", "Brasswing", "1/60", finishes="holo|reverse", set_code="TH1"),
    card("th-4", "Glimmer Newt", "004/060", finishes="normal|reverse", set_code="TH1"),
    card("th-7", "Ferrule", "7/60", set_code="TH1"),
    card("th-7p", "Ferrule", "7/60", "Stamped", set_code="TH1"),
    card("th-9", "Old Lantern", "9/60", "1st Edition", finishes="normal", set_code="TH1"),
    card("th-9u", "Old Lantern", "9/60", "Unlimited", finishes="normal", set_code="TH1"),
    card("th-11", "Mire Hound", "11/60", finishes="normal", set_code="TH1", tcgplayer_id="9011"),
    card("sd-1", "Brasswing", "1/60", set_name="Salt Dunes", finishes="normal", set_code="SD2"),
]


def shelf(*links: Link, cards: list[Card] | None = None, game: str = "pokemon") -> Shelf:
    return Shelf(game, CARDS if cards is None else cards, links, "shelf 1")


def product(their_id: int, name: str, number: str = "") -> dict[str, Any]:
    more = [{"name": "Rarity", "displayName": "Rarity", "value": "Common"}]
    if number:
        more.append({"name": "Number", "displayName": "Number", "value": number})
    return {
        "productId": their_id, "name": name, "cleanName": name, "categoryId": 3, "groupId": 77,
        "imageUrl": "", "extendedData": more,
    }  # fmt: skip


def price(their_id: int, market: Any, shine: str = "Normal", low: Any = 1.0) -> dict[str, Any]:
    return {
        "productId": their_id, "lowPrice": low, "midPrice": 2.0, "highPrice": 99.0,
        "marketPrice": market, "directLowPrice": None, "subTypeName": shine,
    }  # fmt: skip


def results(*entries: Any) -> dict[str, Any]:
    return {"success": True, "errors": [], "results": list(entries)}
