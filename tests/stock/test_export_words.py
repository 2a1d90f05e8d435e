"""Each file holds the columns and the words that the other end writes and reads itself."""

from __future__ import annotations

import csv
import io

import pytest

from scanner.card_words import CONDITIONS
from scanner.export.format import Item, Row
from scanner.export.formats import format_of
from scanner.export.tcgplayer_skus import SkuTable
from scanner.inventory import Line

HEADERS = {
    "manabox": "Name,Set code,Set name,Collector number,Foil,Rarity,Quantity,ManaBox ID,"
    "Scryfall ID,Purchase price,Misprint,Altered,Condition,Language,Purchase price currency",
    "moxfield": "Count,Tradelist Count,Name,Edition,Condition,Language,Foil,Tags,Last Modified,"
    "Collector Number,Alter,Proxy,Purchase Price",
    "deckbox": "Count,Tradelist Count,Name,Edition,Edition Code,Card Number,Condition,Language,"
    "Foil,Signed,Artist Proof,Altered Art,Misprint,Promo,Textless,Printing Id,Printing Note,Tags,"
    "My Price",
    "cardmarket": "idArticle;idProduct;English Name;Local Name;Exp.;Exp. Name;Language;Condition;"
    "isFoil;isSigned;isPlayset;isAltered;Comments;Amount;Price",
    "crystalcommerce": "Product Name,Add Qty,Condition,Category,OLDPRICE,OLDSKU,Language",
}
WORDS = {
    "manabox": ["near_mint", "excellent", "good", "played", "poor"],
    "moxfield": ["Near Mint", "Good (Lightly Played)", "Played", "Heavily Played", "Damaged"],
    "deckbox": ["Near Mint", "Good (Lightly Played)", "Played", "Heavily Played", "Poor"],
    "cardmarket": ["NM", "EX", "GD", "PL", "PO"],
    "crystalcommerce": ["NM-Mint", "Light Play", "Moderate Play", "Heavy Play", "Damaged"],
}
TONGUES = {
    "manabox": {"en": "en", "ja": "ja", "zh-Hans": "zh_CN", "zh-Hant": "zh_TW"},
    "moxfield": {"en": "English", "zh-Hans": "Chinese", "zh-Hant": "Traditional Chinese"},
    "deckbox": {"de": "German", "zh-Hans": "Chinese", "zh-Hant": "Traditional Chinese"},
    "cardmarket": {"en": "1", "fr": "2", "de": "3", "es": "4", "it": "5", "zh-Hans": "6",
                   "ja": "7", "pt": "8", "ru": "9", "ko": "10", "zh-Hant": "11"},
    "crystalcommerce": {"en": "English", "ja": "Japanese"},
}  # fmt: skip
FOILS = {
    "manabox": ("Foil", "normal", "foil"),
    "moxfield": ("Foil", "", "foil"),
    "deckbox": ("Foil", "", "foil"),
    "cardmarket": ("isFoil", "", "1"),
}
PRICES = {
    "manabox": ("Purchase price", {"EUR": "12.40", "USD": "12.40"}),
    "moxfield": ("Purchase Price", {"EUR": "12.40", "USD": "12.40"}),
    "deckbox": ("My Price", {"EUR": "", "USD": "$12.40"}),
    "cardmarket": ("Price", {"EUR": "12.40", "GBP": "12.40", "USD": ""}),
}
FACTS = {"set_name": "Test, the Set", "cardmarket_id": "7"}


def cells(
    name: str,
    condition: str = "NM",
    language: str = "en",
    finish: str = "normal",
    currency: str = "EUR",
) -> dict[str, str]:
    """The one line of a file about one card, by the names of its header."""
    line = Line(1, "magic", "c", "Name", "tst", "1", "", finish, language, condition, 1, 1240,
                "exact", "", "", "", "", FACTS)  # fmt: skip
    target = format_of(name, SkuTable(()))
    row = target.row(Item(line, (), currency))
    assert isinstance(row, Row), row
    text = target.write([(row, 1)]).decode()
    [found] = csv.DictReader(io.StringIO(text), delimiter=";" if name == "cardmarket" else ",")
    return found


@pytest.mark.parametrize("name", HEADERS)
def test_the_header_is_the_formats_own(name: str) -> None:
    separator = ";" if name == "cardmarket" else ","
    assert separator.join(cells(name)) == HEADERS[name]


@pytest.mark.parametrize("name", WORDS)
def test_conditions_are_told_in_the_formats_words(name: str) -> None:
    assert [cells(name, condition)["Condition"] for condition in CONDITIONS] == WORDS[name]


@pytest.mark.parametrize("name", TONGUES)
def test_languages_are_told_in_the_formats_words(name: str) -> None:
    for language, word in TONGUES[name].items():
        assert cells(name, language=language)["Language"] == word


@pytest.mark.parametrize("name", FOILS)
def test_foils_are_told_in_the_formats_words(name: str) -> None:
    column, normal, foil = FOILS[name]
    assert cells(name)[column] == normal
    assert cells(name, finish="foil")[column] == foil


@pytest.mark.parametrize("name", PRICES)
def test_a_price_is_written_only_in_a_currency_that_the_other_end_counts_in(name: str) -> None:
    column, amounts = PRICES[name]
    for currency, amount in amounts.items():
        assert cells(name, currency=currency)[column] == amount
