"""Everything known about a card: prices by finish and condition, and the catalog's columns."""

from __future__ import annotations

from scanner.card_facts import PriceRange
from scanner.card_lookup import CardLookup
from scanner.offers import offer_for, read_offer_rules
from scanner.records import Finish
from tests.sorting.shop import Facts, Shop, answer


def look_up(
    shop: Shop, card_id: str, finish: Finish = Finish.UNKNOWN, condition: str = ""
) -> object:
    lookup = CardLookup(shop.feed, Facts(), "EUR")
    return lookup.of_answer(answer(card_id, finish=finish), condition=condition).price


def test_an_unknown_finish_is_worth_what_its_finishes_are(shop: Shop) -> None:
    shop.price("A-1", 20)
    assert look_up(shop, "A-1") is None, "the catalog knows of a foil, whose price nobody knows"
    assert look_up(shop, "A-1", Finish.NORMAL) == PriceRange(20, 20, "EUR", "NM")
    assert look_up(shop, "A-1", Finish.FOIL) is None
    shop.price("A-1", 1200, "foil")
    assert look_up(shop, "A-1") == PriceRange(20, 1200, "EUR", "NM")
    shop.price("A-2", 7)
    assert look_up(shop, "A-2") == PriceRange(7, 7, "EUR", "NM"), "it exists in one finish only"
    shop.price("B-1", 7), shop.price("B-1", 9, "holo")
    assert look_up(shop, "B-1") == PriceRange(7, 9, "EUR", "NM"), (
        "what the source sells is what exists"
    )
    assert look_up(shop, "C-1") is None


def test_the_newest_price_of_the_condition_counts_else_near_mint(shop: Shop) -> None:
    shop.price("A-2", 100), shop.price("A-2", 60, condition="LP"), shop.price("A-2", 120)
    assert look_up(shop, "A-2") == PriceRange(120, 120, "EUR", "NM")
    assert look_up(shop, "A-2", condition="LP") == PriceRange(60, 60, "EUR", "LP")
    assert look_up(shop, "A-2", condition="DMG") == PriceRange(120, 120, "EUR", "NM")
    lookup = CardLookup(shop.feed, Facts(), "USD")
    assert lookup.of_answer(answer("A-2")).price is None


def test_a_persons_word_counts_before_the_catalogs(shop: Shop) -> None:
    router = shop.router()
    shop.begin(router)
    shop.pass_card(router, answer("A-1"))
    lookup = CardLookup(shop.feed, Facts(), "EUR")
    assert lookup.of_present(shop.feed.present_answers([1])[1]).rarity == "Rare"
    shop.web.add_correction(1, answer("B-1").printing, "foil", language="de", condition="LP")
    card = lookup.of_present(shop.feed.present_answers([1])[1])
    assert (card.set, card.set_name, card.finish) == ("B", "Second Dawn", "foil")
    assert (card.language, card.condition, card.colours) == ("de", "LP", ())
    assert lookup.of_answer(answer("B-1")).language == "ja"
    shop.web.add_correction(1, None)
    nobody = lookup.of_present(shop.feed.present_answers([1])[1])
    assert (nobody.name, nobody.price, nobody.card_id) == (None, None, "")


def test_an_offer_says_whose_price_it_goes_by_and_how_old_it_is(shop: Shop) -> None:
    shop.price("A-2", 1000, source="somebody"), shop.price("A-2", 800, source="scryfall")
    shop.price("A-2", 5000, source="ebay")
    card = CardLookup(shop.feed, Facts(), "EUR").of_answer(answer("A-2"), condition="NM")
    assert card.price is not None
    assert (card.price.low_minor, card.price.source) == (800, "scryfall")
    rules = read_offer_rules({"rules": [{"name": "All", "cash_percent": 50}]})
    line = offer_for(1, card, rules, "EUR")
    assert line.why == f"50% of 8.00 EUR (scryfall, {card.price.as_of[:10]})."
    assert line.cash_minor == 400


def test_a_source_that_knows_no_finishes_prices_them_all(shop: Shop) -> None:
    shop.price("A-1", 20, "unknown")
    assert look_up(shop, "A-1") == PriceRange(20, 20, "EUR", "NM")
    assert look_up(shop, "A-1", Finish.FOIL) == PriceRange(20, 20, "EUR", "NM")
    shop.price("A-1", 900, "foil")
    assert look_up(shop, "A-1") == PriceRange(20, 900, "EUR", "NM")
