"""The condition language: what holds for a card, what stays open, and what is refused and how."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.card_facts import CardFacts, PriceRange, columns_of
from scanner.conditions import EVERY_CARD, read_condition, write_condition
from scanner.conditions_fields import FIELDS
from scanner.conditions_judge import fields_asked, judge, open_questions
from scanner.conditions_words import describe
from scanner.errors import ConditionError
from scanner.prices import Money, read_money

CARD = CardFacts(
    decision="accepted",
    confidence_percent=98.5,
    card_id="LF1-007",
    game="lanternfall",
    set="LF1",
    set_name="First Lantern",
    number="LF1-007/120",
    name="Élan the Bright",
    variant="",
    rarity="Rare",
    types=("Creature", "Elf"),
    colours=("White", "Blue"),
    finish="foil",
    language="en",
    condition="NM",
    price=PriceRange(250, 250, "EUR"),
    copies_seen=3,
    lists=frozenset({"Want list"}),
    more={"artist": "N. Ames"},
)
STRANGER = CardFacts()


def asks(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


HOLDS = [
    asks("game", "is", "Lanternfall"),
    asks("set", "is", "lf1"),
    asks("set", "one_of", ["LF9", "first lantern"]),
    asks("set", "none_of", ["LF2", "LF3"]),
    asks("name", "contains", "elan"),
    asks("name", "begins_with", "É"),
    asks("name", "letters", "A-F"),
    asks("name", "letters", "El – En"),
    asks("variant", "is", ""),
    asks("rarity", "one_of", ["Rare", "Fabled"]),
    asks("type", "is", "elf"),
    asks("colour", "is", "blue"),
    asks("colours", "at_least", 2),
    asks("price", "at_least", "2.50 EUR"),
    asks("price", "between", ["1 EUR", "2.5 EUR"]),
    asks("finish", "is_not", "normal"),
    asks("condition", "is", "nm"),
    asks("decision", "is", "accepted"),
    asks("confidence", "above", 98),
    asks("copies_seen", "is", 3),
    asks("list", "is", "want list"),
    asks("alert", "is_not", "Big find"),
    asks("alerts", "is", 0),
    asks("fact:artist", "contains", "ames"),
    asks("price", "known"),
]


@pytest.mark.parametrize("condition", HOLDS, ids=str)
def test_a_condition_holds_and_its_opposite_does_not(condition: dict[str, Any]) -> None:
    read = read_condition(condition)
    assert judge(read, CARD) is True
    assert judge(read_condition({"not": condition}), CARD) is False
    assert read_condition(json.loads(json.dumps(write_condition(read)))) == read
    assert describe(read)
    assert fields_asked(read) == {condition["field"]}


def test_every_field_can_be_asked_about() -> None:
    asked = {condition["field"] for condition in HOLDS} | {"number", "language", "batch", "bin"}
    assert asked - {"fact:artist"} == set(FIELDS)


@pytest.mark.parametrize(
    "condition",
    [
        asks("price", "below", "1 EUR"),
        asks("price", "at_least", "1 EUR"),
        asks("finish", "is", "normal"),
        asks("finish", "is_not", "foil"),
        asks("set", "is", "LF1"),
        asks("copies_seen", "below", 4),
        asks("fact:artist", "is", "N. Ames"),
    ],
    ids=str,
)
def test_what_nobody_knows_is_neither_so_nor_not_so(condition: dict[str, Any]) -> None:
    assert judge(read_condition(condition), STRANGER) is None
    assert judge(read_condition({"not": condition}), STRANGER) is None
    assert open_questions(read_condition(condition), STRANGER)
    unknown = read_condition(asks(condition["field"], "unknown"))
    assert judge(unknown, STRANGER) is True
    assert open_questions(unknown, STRANGER) == ()


def test_and_or_are_settled_by_what_is_known() -> None:
    cheap = asks("price", "below", "1 EUR")
    unsure = asks("decision", "is", "unknown")
    accepted = asks("decision", "is", "accepted")
    assert judge(read_condition({"any": [cheap, unsure]}), STRANGER) is True
    assert judge(read_condition({"all": [cheap, accepted]}), STRANGER) is False
    both = read_condition({"all": [cheap, unsure, asks("finish", "is", "foil")]})
    assert judge(both, STRANGER) is None
    assert open_questions(both, STRANGER) == ("price", "finish")
    assert judge(EVERY_CARD, STRANGER) is True


def test_a_price_between_two_amounts_answers_what_both_agree_on() -> None:
    unsure = CardFacts(price=PriceRange(20, 1200, "EUR"))

    def answer(op: str, value: Any) -> bool | None:
        return judge(read_condition(asks("price", op, value)), unsure)

    assert answer("below", "20 EUR") is True
    assert answer("at_least", "0.20 EUR") is True
    assert answer("at_least", "1 EUR") is None
    assert answer("above", "12 EUR") is False
    assert answer("between", ["0.20 EUR", "12 EUR"]) is True
    assert answer("between", ["0.30 EUR", "12 EUR"]) is None
    assert answer("between", ["13 EUR", "15 EUR"]) is False
    assert answer("below", "20 USD") is None


@pytest.mark.parametrize(
    ("name", "letters", "inside"),
    [
        ("Zebra", "S-Z", True),
        ("zebra", "s", False),
        ("“Quoted” Fox", "P-R", True),
        ("Śnieg", "S-T", True),
        ("7th Sea", "0-9", True),
        ("7th Sea", "A-Z", False),
        ("Smith", "Sa-Sm", True),
        ("Snow", "Sa-Sm", False),
        ("黒龍", "A-Z", False),
        ("", "A-Z", False),
    ],
)
def test_names_are_filed_as_a_clerk_files_them(name: str, letters: str, inside: bool) -> None:
    assert judge(read_condition(asks("name", "letters", letters)), CardFacts(name=name)) is inside


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (asks("price", "at_least", "2,5 eur"), "price is 2.50 EUR or more"),
        (
            {"all": [asks("finish", "is", "foil"), {"any": [HOLDS[0], HOLDS[1]]}]},
            "finish is foil and (game is Lanternfall or set is lf1)",
        ),
        ({"not": asks("price", "at_least", "1 EUR")}, "price is less than 1.00 EUR"),
        ({"not": asks("name", "letters", "A-F")}, "not (name begins with A to F)"),
        (asks("list", "is", "Want list"), "it is on the list “Want list”"),
        (asks("confidence", "at_least", 95), "confidence is 95% or more"),
        (asks("variant", "is", ""), "variant is empty"),
        (asks("set", "one_of", list("ABCDEFGH")), "set is one of A, B, C, D, E, F and 2 more"),
        ({"all": []}, "every card"),
    ],
)
def test_a_condition_reads_as_plain_english(condition: dict[str, Any], words: str) -> None:
    assert describe(read_condition(condition)) == words


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (7, 'write {"field"'),
        ([], 'write {"field"'),
        ({}, "field: this is missing; add it"),
        (asks("prize", "is", "x"), "there is no field 'prize'; ask about one of game, set"),
        (asks("price", "is", "1 EUR"), "price can't be compared with 'is'; use one of at_least"),
        (asks("price", "roughly", "1 EUR"), "there is no such comparison; use one of is, is_not"),
        (asks("price", "below", "1"), "write it with its currency, such as 2.50 EUR"),
        (asks("price", "below", 1), "write it with its currency"),
        (asks("price", "below", "1.234 EUR"), "is no amount"),
        (asks("price", "between", ["5 EUR", "1 EUR"]), "needs the smaller value first"),
        (asks("price", "between", ["1 EUR", "5 USD"]), "the same currency"),
        (asks("price", "between", ["1 EUR"]), "needs two values"),
        (asks("finish", "is", "unknown"), "use the comparison 'unknown'"),
        (asks("finish", "is", "sparkly"), "it is one of normal, holo, reverse, foil"),
        (asks("finish", "unknown", "x"), "takes no value"),
        (asks("name", "letters", "F-A"), "is no range of letters; write it like A-F"),
        (asks("name", "is", "A\nB"), "letters in one line"),
        (asks("name", "is"), "needs one value"),
        (asks("set", "one_of", "LF1"), "needs a list of values"),
        (asks("set", "is", 7), "a text in quotes"),
        (asks("copies_seen", "below", "four"), "a number, such as 4"),
        (asks("confidence", "below", float("nan")), "a number, such as 4"),
        (asks("copies_seen", "is", 10**400), "a number, such as 4"),
        (asks("fact:", "is", "x"), "there is no field"),
        ({"any": []}, "any: "),
        ({"all": [HOLDS[0], asks("prize", "is", "x")]}, "all, no. 2: there is no field"),
        ({"not": {"any": [asks("price", "below", "1")]}}, "not, any, no. 1: '1' is no amount"),
        (HOLDS[0] | {"colour": "x"}, "colour: nobody knows this key"),
    ],
    ids=str,
)
def test_a_wrong_condition_is_refused_with_its_place(condition: object, sentence: str) -> None:
    with pytest.raises(ConditionError) as refused:
        read_condition(condition)
    assert sentence in str(refused.value)
    assert "pydantic" not in str(refused.value)


def test_a_bottomless_condition_is_refused() -> None:
    deep: dict[str, Any] = HOLDS[0]
    for _ in range(3000):
        deep = {"not": deep}
    with pytest.raises(ConditionError, match="nested"):
        read_condition(deep)
    with pytest.raises(ConditionError, match="too long"):
        read_condition({"all": [HOLDS[0]] * 10_000})


def test_money_is_read_as_people_write_it() -> None:
    assert read_money(" 2.5 eur ") == Money(250, "EUR")
    assert read_money("EUR 3") == Money(300, "EUR")
    assert read_money("1200 JPY") == Money(1200, "JPY")
    for wrong in ("", "3", "-3 EUR", "3 EURO", "1,000.00 EUR", "12.5 JPY", "٣ EUR"):
        with pytest.raises(ValueError, match=r"write"):
            read_money(wrong)


def test_the_columns_of_different_games_fill_the_same_fields() -> None:
    magic = columns_of({"colors": "White|Blue", "type_line": "Creature", "rarity": "", "cmc": "3"})
    assert magic == {"colours": ("White", "Blue"), "types": ("Creature",), "more": {"cmc": "3"}}
    assert columns_of({"faction": "", "set_name": "Alpha"}) == {
        "colours": (),
        "set_name": "Alpha",
        "more": {},
    }
