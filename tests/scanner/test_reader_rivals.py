"""What the pictures left open is put in order by reading, and never settled by it alone."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.decide import Evidence, decide
from scanner.quality import Quality
from scanner.reader import Reading
from scanner.reader_rivals import read_among
from scanner.records import Decision, Printing
from scanner.verify import Comparison

FOUND = Comparison(0.9, 0.9)


def candidate(number: str, mark: str = "", variant: str = "") -> Evidence:
    printing = Printing(number + variant, "lanternfall", "Lamp", number[:3], number, variant)
    return Evidence(
        printing, "pack", 0.9, FOUND, twin_of_best=mark == "twin", told_apart=mark == "apart"
    )


def reads(number: str) -> tuple[list[int], object]:
    """A reader that sees this number, and how many printings it was asked about each time."""
    asked: list[int] = []

    def read(printings: Sequence[Printing]) -> Reading:
        asked.append(len(printings))
        return Reading(tuple(0.999 if one.number == number else 0.0 for one in printings))

    return asked, read


def marks(found: Sequence[Evidence]) -> list[tuple[str, bool, bool]]:
    return [(one.printing.card_id, one.twin_of_best, one.told_apart) for one in found]


def test_a_twin_with_another_number_stays_one() -> None:
    _, read = reads("LF1-001/120")
    found = read_among([candidate("LF1-001/120"), candidate("LF2-003/112", "twin")], read)
    assert marks(found) == [("LF1-001/120", False, False), ("LF2-003/112", True, False)]
    assert [one.number_read for one in found] == [True, False]


def test_what_is_read_is_said_and_goes_to_review() -> None:
    _, read = reads("LF2-003/112")
    found = read_among([candidate("LF1-001/120"), candidate("LF2-003/112", "twin")], read)
    verdict = decide(found, lambda: Quality(0.1, 0, 120, 50))
    assert verdict.decision is Decision.REVIEW
    assert verdict.printing == found[0].printing
    assert verdict.reasons[-1].endswith("the number looks like LF2-003/112")


def test_a_twin_that_is_read_takes_the_lead() -> None:
    _, read = reads("LF2-003/112")
    found = read_among([candidate("LF1-001/120"), candidate("LF2-003/112", "twin")], read)
    assert marks(found) == [("LF2-003/112", False, False), ("LF1-001/120", True, False)]


def test_two_that_print_the_same_stay_twins_when_they_take_the_lead() -> None:
    _, read = reads("LF2-003/112")
    found = read_among(
        [
            candidate("LF1-001/120"),
            candidate("LF2-003/112", "twin"),
            candidate("LF2-003/112", "twin", "parallel"),
        ],
        read,
    )
    assert marks(found) == [
        ("LF2-003/112", False, False),
        ("LF1-001/120", True, False),
        ("LF2-003/112parallel", True, False),
    ]


def test_reading_against_the_picture_makes_it_uncertain() -> None:
    _, read = reads("LF3-009/104")
    before = [
        candidate("LF1-001/120"),
        candidate("LF2-003/112", "twin"),
        candidate("LF3-009/104", "apart"),
    ]
    found = read_among(before, read)
    assert marks(found) == [
        ("LF1-001/120", False, False),
        ("LF2-003/112", True, False),
        ("LF3-009/104", True, False),
    ]


def test_nothing_is_read_when_the_pictures_settled_it() -> None:
    asked, read = reads("LF2-003/112")
    before = (candidate("LF1-001/120"), candidate("LF2-003/112", "apart"), candidate("LF3-1/104"))
    assert read_among(before, read) == before
    assert asked == []


def test_an_unreadable_card_changes_nothing() -> None:
    before = (candidate("LF1-001/120"), candidate("LF2-003/112", "twin"))
    assert read_among(before, lambda _: Reading((0.3, 0.3))) == before
    assert read_among(before, lambda _: None) == before
    assert read_among((), lambda _: None) == ()
