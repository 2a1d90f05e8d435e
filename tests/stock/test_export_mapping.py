"""What of the stock a format has a row for, and why it has none for the rest."""

from __future__ import annotations

import pytest

from scanner.batches import BatchPlan
from scanner.export.desk import ExportDesk
from scanner.export.tcgplayer_words import read_kind, set_forms
from scanner.inventory import EVERYTHING
from scanner.inventory_log import Edit
from scanner.records import Printing
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, GOLEM, HERON, Shelf
from tests.stock.skus import deltas, reasons, sku_file, write

BASE = Printing("izo", "onepiece", "Izo", "OP08", "OP08-002")


PARALLEL = Printing("izo_p1", "onepiece", "Izo", "OP08", "OP08-002", "Parallel")


NOT_THERE = (
    "Your TCGplayer file does not have this card: export your whole catalog there, then import "
    "the file here."
)


def test_nothing_unknown_is_ever_exported_as_something_usual(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    shelf.scan(FOX, "unknown")
    shelf.batch("no condition", BatchPlan(language="en"))
    shelf.scan(FOX)
    shelf.batch("no language", BatchPlan(condition="NM"))
    shelf.scan(FOX)
    for name in ("tcgplayer", "cardmarket", "shopify", "crystalcommerce"):
        plan = desk.preview(name, EVERYTHING).plan
        assert plan.rows == ()
    assert sorted(reasons(desk)) == [
        "It has no condition: set one in the inventory first.",
        "It has no language: set one in the inventory first.",
        "Its finish is not proven: set it in the inventory first.",
    ]
    stock.edit(Edit(finish="normal", condition="NM", language="en"), wanted=EVERYTHING)
    assert deltas(desk) == {"100000": 3}
    assert desk.preview("csv", EVERYTHING).plan.left_out == ()


def test_each_reason_says_what_is_in_the_way(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(GOLEM)
    shelf.scan(FOX, "reverse")
    shelf.batch("german", BatchPlan(condition="NM", language="de"))
    shelf.scan(FOX)
    assert reasons(desk) == [
        "Your TCGplayer file has no SKU for this card in near mint reverse holo, English.",
        "Your TCGplayer file has no SKU for this card in near mint normal, German.",
        NOT_THERE,
    ]
    assert reasons(desk, "manabox")[0] == "ManaBox takes Magic cards only."
    assert reasons(desk, "shopify")[0] == "It has no price: Shopify would give it away."
    assert "product number" in reasons(desk, "cardmarket")[0]


def test_a_card_without_a_price_waits(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    shelf.scan(FOX)
    assert reasons(desk) == ["No SKU is known yet: import your own TCGplayer file first."]
    desk.learn(sku_file([FOX], "Demo", "First Light", price="0.00"))
    assert "no price" in reasons(desk)[0]
    desk.learn(sku_file([FOX], "Demo", "First Light", price="2.50"))
    assert deltas(desk) == {"100000": 1}


def test_a_parallel_is_never_taken_for_the_base_card(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    for printing in (BASE, PARALLEL):
        shelf.scan(printing)
    base = {"TCGplayer Id": "1", "Product Line": "One Piece Card Game", "Number": "OP08-002",
            "Set Name": "Two Legends (OP08)", "Condition": "Near Mint",
            "TCG Marketplace Price": "1.00"}  # fmt: skip
    desk.learn(write([{**base, "Product Name": "Izo"}]))
    assert reasons(desk) == ["With this number your TCGplayer file has only “Izo”."]
    desk.learn(write([{**base, "TCGplayer Id": "2", "Product Name": "Izo (002) (Parallel)"}]))
    assert deltas(desk) == {"1": 1, "2": 1}


def test_set_and_number_are_the_key_and_the_name_is_not(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    shelf.scan(FOX)
    desk.learn(sku_file([FOX], "Demo", "Another Dawn"))
    assert "in “Another Dawn”, not in First Light" in reasons(desk)[0]
    desk.learn(sku_file([Printing("x", "demo", "Other Fox", "", "042/120")], "Demo", "First Light"))
    assert reasons(desk) == ["With this number your TCGplayer file has only “Other Fox”."]


def test_a_person_says_once_what_tcgplayer_calls_a_set(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    desk.learn(sku_file([FOX, HERON], "Demo", "Another Dawn"))
    shelf.scan(FOX)
    [entry] = desk.preview("tcgplayer", EVERYTHING).plan.left_out
    assert desk.skus().sets_of(entry.line) == ["Another Dawn"]
    page.name_set("demo", "First Light", "Another Dawn")
    assert deltas(desk) == {"100000": 1}
    page.name_set("demo", "First Light", "")
    assert deltas(desk) == {}


def test_two_printings_that_a_format_cannot_tell_apart_are_both_left_out(
    shelf: Shelf, stock: Stock
) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    twins = [Printing(f"t{n}", "magic", "Twin", "tst", "7", variant)
             for n, variant in enumerate(("", "Promo"))]  # fmt: skip
    shelf.catalog({twin: {"set_name": "Test"} for twin in twins})
    for twin in twins:
        shelf.scan(twin)
    assert all("can't tell it from" in reason for reason in reasons(desk, "moxfield"))
    assert len(reasons(desk, "moxfield")) == 2


def test_magic_lists_want_a_set_code_and_a_known_finish(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    card = Printing("a", "magic", "Card", "Some Set", "7")
    shelf.scan(card)
    shelf.scan(card, "holo")
    assert reasons(desk, "deckbox") == [
        "The catalog has no set code for Some Set.",
        "Deckbox knows normal and foil cards, not holo ones.",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Near Mint", ("NM", "", "", "en")),
        ("Near Mint Holofoil", ("NM", "", "Holofoil", "en")),
        ("Lightly Played 1st Edition Holofoil", ("LP", "1st Edition", "Holofoil", "en")),
        ("Damaged Unlimited", ("DMG", "Unlimited", "", "en")),
        ("Heavily Played Reverse Holofoil - German", ("HP", "", "Reverse Holofoil", "de")),
        ("Moderately Played Foil - Chinese (S)", ("MP", "", "Foil", "zh-Hans")),
        ("Unopened", None),
        ("Near Mintish", None),
        ("Near Mint - Klingon", None),
    ],
)
def test_tcgplayers_conditions_are_taken_apart(
    text: str, kind: tuple[str, str, str, str] | None
) -> None:
    found = read_kind(text)
    assert (found and (found.condition, found.edition, found.shine, found.language)) == kind


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Scarlet & Violet", "SV01: Scarlet & Violet"),
        ("sv01", "SV01: Scarlet & Violet"),
        ("-TWO LEGENDS- [OP-08]", "Two Legends"),
        ("OP08", "Two Legends (OP08)"),
    ],
)
def test_sets_are_known_by_code_and_by_name(ours: str, theirs: str) -> None:
    assert set_forms(ours) & set_forms(theirs)
    assert not set_forms(ours) & set_forms("SV02: Paldea Evolved")


def test_first_editions_are_their_own_sku(shelf: Shelf, stock: Stock) -> None:
    desk = ExportDesk(stock, shelf.data_dir)
    first = Printing("f", "pokemon", "Pikachu", "Jungle", "60/64", "1st Edition")
    base = Printing("b", "pokemon", "Pikachu", "Jungle", "60/64")
    shines = ("1st Edition", "Unlimited")
    desk.learn(sku_file([base], "Pokemon", "Jungle", shines))
    shelf.scan(first)
    shelf.scan(base)
    assert deltas(desk) == {"100000": 1, "100001": 1}
