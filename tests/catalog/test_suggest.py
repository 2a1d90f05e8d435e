"""Typing a card's name: what is suggested, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.card_facts import folded
from scanner.catalog.cards import Card, CardsReader, write_cards
from scanner.catalog.library import Library
from scanner.catalog.references import References
from scanner.catalog.suggest import Suggester
from scanner.records import Printing
from tests.catalog.shelf import MODEL, RUNTIME, Shelf, paint_card

CARDS = [
    ("Ember Drake", "Dawn", "001/120", ""),
    ("Ember Drake", "Dawn", "001/120", "foil"),
    ("Ember Drake", "Second Tide", "041/090", ""),
    ("Émbertail", "Dawn", "007/120", ""),
    ("Old Ember", "Dawn", "012/120", ""),
    ("ガーディアン", "曙", "003/080", ""),
    ("Back", "Dawn", "", "back"),
    ('Quote "the" Raven* (AND)', "Dawn", "100/120", ""),
]


@pytest.fixture
def suggester(tmp_path: Path) -> Suggester:
    cards = [Card(Printing(f"c{place}", "demo", *words), {}) for place, words in enumerate(CARDS)]
    pictures = [(place, f"{place:064x}") for place in range(len(CARDS))]
    write_cards(tmp_path / "cards.db", cards, pictures, [])
    return Suggester(CardsReader(tmp_path / "cards.db", "demo"))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", []),
        ("  ", []),
        ("e", ["c0", "c1", "c2", "c3"]),
        ("EMBER", ["c0", "c1", "c2", "c3", "c4"]),
        ("embert", ["c3"]),
        ("émb", ["c0", "c1", "c2", "c3", "c4"]),
        ("drake", ["c0", "c1", "c2"]),
        ("ember drake tide", ["c2"]),
        ("ember 41", []),
        ("ember 041", ["c2"]),
        ("ember 012/120", ["c4"]),
        ("ガーディ", ["c5"]),
        ("back", []),
        ('quote "the', ["c7"]),
        ("raven* (", ["c7"]),
        ("zzz", []),
    ],
)
def test_what_is_typed_finds(suggester: Suggester, typed: str, found: list[str]) -> None:
    assert [printing.card_id for printing in suggester.suggest(typed, 10)] == found
    assert len(suggester.suggest(typed, 2)) <= 2


def test_two_people_type_alike() -> None:
    assert folded("  ÉMBER   Drake ") == folded("ember drake")


def test_the_references_follow_the_library(tmp_path: Path) -> None:
    named: list[str] = []
    references = References(tmp_path / "data", lambda: named)
    assert references.suggest("card", 5) == []
    assert references.games() == []
    library = Library(tmp_path / "data")
    for version in ("1", "2"):
        shelf = Shelf(tmp_path / f"shelf{version}")
        shelf.add("a.png", f"c{version}", paint_card(1))
        shelf.build(tmp_path / f"pack{version}", version=version)
        library.install(tmp_path / f"pack{version}")
    library.use("demo@1", model_id=MODEL, runtime=RUNTIME)
    references = References(tmp_path / "data", lambda: named)
    assert [printing.card_id for printing in references.suggest("card", 5)] == ["c1"]
    assert (references.games(), references.sets("demo")) == (["demo"], ["Dawn"])
    found = references.picture("demo", "c1")
    assert found is not None
    path = references.picture_file(*found)
    assert path is not None
    assert path.read_bytes().startswith(b"\xff\xd8")
    assert references.printing("demo", "c2") is None
    named.append("demo@2")  # recognition has taken up another pack
    references = References(tmp_path / "data", lambda: named)
    assert [printing.card_id for printing in references.suggest("card", 5)] == ["c2"]
    assert references.game_of("c2") == "demo"
    named[:] = ["demo@gone"]
    references = References(tmp_path / "data", lambda: named)
    assert references.suggest("card", 5) == []
