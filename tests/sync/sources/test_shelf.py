from __future__ import annotations

import pytest

from scanner.finishes import ALL_FINISHES
from scanner.records import Finish
from sync.cloud.sources.records import Kind, Link, Product, Why
from sync.cloud.sources.shelf import Shelf
from sync.cloud.sources.shine import base_and_shiny, finish_of, read_shine, reverse_of
from tests.sync.sources.cards import CARDS, card, shelf


def asked(
    name: str, number: str = "", *sets: str, their_id: str = "1", kind: Kind = Kind.TCGPLAYER,
    language: str = "", ids: dict[Kind, str] | None = None,
) -> Product:  # fmt: skip
    return Product(kind, their_id, name, sets or ("Tin Harbour",), number, language, ids or {})


def found(product: Product, on: Shelf | None = None, edition: str = "") -> str:
    match = (on or shelf()).find(product, edition)
    return match.name if isinstance(match, Why) else match.printing.card_id


@pytest.mark.parametrize(
    ("product", "card_id"),
    [
        (asked("Brasswing", "1/60"), "th-1"),
        (asked("Brasswing", "001/060"), "th-1"),
        (asked("Brasswing - 1/60", "1/60"), "th-1"),
        (asked("BRASSWING", "1", "TH1: Tin Harbour"), "th-1"),
        (asked("Brasswing", "1/60", "Salt Dunes"), "sd-1"),
        (asked("Brasswing", "1/60", "SD2"), "sd-1"),
        (asked("Glimmer Newt", "TH1-004"), "th-4"),
        (asked("Ferrule", "7/60"), "th-7"),
        (asked("Ferrule (Stamped)", "7/60"), "th-7p"),
        (asked("Mire Hound", their_id="9011"), "th-11"),
        (asked("anything", "11", their_id="9011"), "th-11"),
    ],
)
def test_what_is_surely_ours_is_found(product: Product, card_id: str) -> None:
    assert found(product) == card_id


@pytest.mark.parametrize(
    ("product", "why"),
    [
        (asked("Brasswing"), "NO_NUMBER"),
        (asked("Brasswing", "1/60", "Copper Coast"), "NO_SET"),
        (asked("Brasswing", "44/60"), "NO_CARD"),
        (asked("Brasswing", "4/60"), "NAME"),
        (asked("Brasswing (Parallel)", "1/60"), "NAME"),
        (asked("Ferrule (Cosmos)", "7/60"), "NAME"),
        (asked("Mire Hound", "12/60", their_id="9011"), "CONTRADICTS"),
        (asked("", "", "", their_id="no such"), "NO_NUMBER"),
    ],
)
def test_what_is_not_surely_ours_is_left_out_with_the_reason(product: Product, why: str) -> None:
    assert found(product) == why


def test_a_parallel_never_takes_the_base_cards_price() -> None:
    """Both bear one number; only the name's suffix tells them apart."""
    base = card("op-1", "Tarn", "QX08-001", set_name="QX08", game="onepiece")
    parallel = card("op-1p", "Tarn", "QX08-001", "p1", set_name="QX08", game="onepiece")
    on = shelf(cards=[base, parallel], game="onepiece")
    assert found(asked("Tarn (001)", "QX08-001", "QX08"), on) == "op-1"
    assert found(asked("Tarn (001) (Parallel)", "QX08-001", "QX08"), on) == "NAME"
    named = shelf(
        Link("onepiece", Kind.TCGPLAYER, "2", "op-1p", is_by_hand=True),
        cards=[base, parallel], game="onepiece",
    )  # fmt: skip
    assert found(asked("Tarn (001) (Parallel)", "QX08-001", "QX08", their_id="2"), named) == "op-1p"


def test_two_printings_that_nothing_tells_apart_are_not_chosen_between() -> None:
    twins = [card("a", "Twin", "3"), card("b", "Twin", "3")]
    assert found(asked("Twin", "3"), shelf(cards=twins)) == "SEVERAL"
    same_id = [card("a", "Twin", "3", scryfall_id="s"), card("b", "Other", "4", scryfall_id="s")]
    on = shelf(cards=same_id)
    assert found(asked("Twin", "3", kind=Kind.SCRYFALL, their_id="s"), on) == "SEVERAL"


def test_a_number_may_be_a_sign_alone() -> None:
    on = shelf(cards=[card("a", "Riddle", "!/60"), card("b", "Riddle", "?/60")])
    assert found(asked("Riddle", "!"), on) == "a"
    assert found(asked("Riddle", "?/60"), on) == "b"


def test_an_edition_has_a_price_of_its_own() -> None:
    lantern = asked("Old Lantern", "9/60")
    assert found(lantern, edition="1st Edition") == "th-9"
    assert found(lantern, edition="Unlimited") == "th-9u"
    assert found(lantern) == "th-9u"
    assert found(asked("Brasswing", "1/60"), edition="1st Edition") == "EDITION"
    assert found(asked("Brasswing", "1/60"), edition="Unlimited") == "th-1"


def test_another_language_is_another_printing() -> None:
    on = shelf(cards=[card("ja", "Newt", "3", language="ja")])
    assert found(asked("Newt", "3", language="en"), on) == "LANGUAGE"
    assert found(asked("Newt", "3", language="ja"), on) == "ja"
    assert found(asked("Newt", "3"), on) == "LANGUAGE", "a source that names none means English"
    both = [card("ja", "Newt", "3", language="Japanese"), card("en", "Newt", "3", language="EN")]
    assert found(asked("Newt", "3"), shelf(cards=both)) == "en"
    assert found(asked("Newt", "3", language="ja"), shelf(cards=both)) == "ja"
    by_id = shelf(cards=[card("ja", "Newt", "3", language="ja", tcgplayer_id="7")])
    assert found(asked("Newt", "3", their_id="7"), by_id) == "ja", "an id is a word on its own"


def test_a_person_may_name_their_set() -> None:
    copper = asked("Brasswing", "1/60", "Copper Coast")
    link = Link("pokemon", Kind.SET, "Copper Coast", "Salt Dunes", is_by_hand=True)
    assert found(copper, shelf(link)) == "sd-1"


def test_ids_told_by_one_source_serve_another() -> None:
    on = shelf(Link("pokemon", Kind.CARDMARKET, "55", "th-4"))
    assert found(Product(Kind.CARDMARKET, "55", ""), on) == "th-4"
    assert on.ids(Kind.CARDMARKET) == {"th-4": "55"}
    assert on.ids_of("th-11", Kind.TCGPLAYER) == "9011"


def test_backs_of_cards_have_no_price() -> None:
    assert len(shelf(cards=[*CARDS, card("back", "Back", "1/60", "back")])) == len(CARDS)


@pytest.mark.parametrize(
    ("sub_type", "finishes", "finish"),
    [
        ("Normal", ALL_FINISHES, Finish.NORMAL),
        ("Holofoil", ALL_FINISHES, Finish.HOLO),
        ("Holofoil", frozenset({Finish.NORMAL, Finish.FOIL}), Finish.FOIL),
        ("Foil", ALL_FINISHES, Finish.FOIL),
        ("Foil", frozenset({Finish.HOLO}), Finish.HOLO),
        ("Reverse Holofoil", ALL_FINISHES, Finish.REVERSE),
        ("1st Edition Holofoil", ALL_FINISHES, Finish.HOLO),
        ("1st Edition", frozenset({Finish.HOLO}), Finish.HOLO),
        ("Holofoil", frozenset({Finish.NORMAL}), None),
        ("Normal", frozenset({Finish.FOIL}), None),
        ("1st Edition", frozenset({Finish.HOLO, Finish.REVERSE}), None),
        ("1st Edition", frozenset({Finish.NORMAL, Finish.HOLO}), Finish.NORMAL),
    ],
)
def test_a_word_is_the_finish_that_the_printing_has(
    sub_type: str, finishes: frozenset[Finish], finish: Finish | None
) -> None:
    shine = read_shine(sub_type)
    assert shine is not None
    assert finish_of(shine.word, finishes) == finish


@pytest.mark.parametrize("sub_type", ["", "Galaxy Shimmer", "Holofoil - Klingon", "1st"])
def test_a_new_word_is_no_finish(sub_type: str) -> None:
    assert read_shine(sub_type) is None


def test_plain_and_shiny_columns() -> None:
    normal, holo, reverse = Finish.NORMAL, Finish.HOLO, Finish.REVERSE
    assert base_and_shiny(frozenset({normal, reverse})) == (normal, reverse)
    assert base_and_shiny(frozenset({holo, reverse})) == (holo, reverse)
    assert base_and_shiny(frozenset({holo})) == (holo, None)
    assert base_and_shiny(frozenset({normal, holo, reverse})) == (normal, None)
    assert base_and_shiny(ALL_FINISHES) == (None, None)


def test_a_column_of_reverse_holos_is_of_no_other_finish() -> None:
    normal, holo, reverse = Finish.NORMAL, Finish.HOLO, Finish.REVERSE
    for kinds in ({normal, reverse}, {holo, reverse}, {normal, holo, reverse}):
        assert reverse_of(frozenset(kinds)) is reverse
    for kinds in ({normal, holo}, {holo}, {normal}, {reverse}, ALL_FINISHES):
        assert reverse_of(frozenset(kinds)) is None
