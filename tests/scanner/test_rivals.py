"""Among printings of one artwork the one that the crop sides with takes the lead."""

from __future__ import annotations

from functools import partial

import numpy as np

from scanner.decide import Evidence
from scanner.records import Printing
from scanner.rivals import Rivals
from scanner.verify import Comparison
from tests.scanner.drawn_printings import FIRST, SECOND, photographed, printed, reference

THIRD = printed("XY-7 55/61")


def evidence(card_id: str, score: float) -> Evidence:
    return Evidence(Printing(card_id, "drawn", card_id), "drawn@1", 0.9, Comparison(score, 0.9))


def settled(crop: np.ndarray, cards: list[np.ndarray], scores: list[float]) -> tuple[Evidence, ...]:
    items = [evidence(f"card-{place}", score) for place, score in enumerate(scores)]
    return Rivals().settle(
        lambda: crop, items, lambda place: place, lambda place: reference(cards[place])
    )


def names(items: tuple[Evidence, ...]) -> list[str]:
    return [item.printing.card_id for item in items]


def test_the_printing_that_the_crop_sides_with_takes_the_lead() -> None:
    found = settled(photographed(SECOND), [FIRST, SECOND], [0.95, 0.94])
    assert names(found) == ["card-1", "card-0"]
    assert found[1].told_apart
    assert not found[0].twin_of_best


def test_the_leader_is_told_apart_from_each_of_the_others() -> None:
    found = settled(photographed(THIRD), [FIRST, SECOND, THIRD], [0.95, 0.94, 0.93])
    assert names(found)[0] == "card-2"
    assert all(item.told_apart for item in found[1:])


def test_a_reprint_with_the_same_picture_stays_a_twin() -> None:
    found = settled(photographed(FIRST), [FIRST, FIRST], [0.95, 0.95])
    assert found[1].twin_of_best
    assert not found[1].told_apart


def test_a_third_printing_that_is_the_same_as_the_winner_is_its_twin() -> None:
    found = settled(photographed(SECOND), [FIRST, SECOND, SECOND], [0.95, 0.94, 0.94])
    marks = {item.printing.card_id: item.twin_of_best for item in found[1:]}
    assert not marks["card-0"]
    assert sorted(marks.values()) == [False, True]


def test_where_the_number_is_hidden_both_stay_open() -> None:
    hidden = photographed(FIRST)
    hidden[480:640, 190:] = 255
    found = settled(hidden, [FIRST, SECOND], [0.95, 0.94])
    assert found[1].twin_of_best


def test_a_candidate_far_behind_is_not_even_read() -> None:
    def never(place: int) -> np.ndarray:
        raise AssertionError(place)

    items = [evidence("card-0", 0.95), evidence("card-1", 0.6)]
    found = Rivals().settle(lambda: photographed(FIRST), items, lambda place: place, never)
    assert found == tuple(items)


def test_references_are_read_once_for_a_whole_stack() -> None:
    read: list[int] = []

    def opened(place: int) -> np.ndarray:
        read.append(place)
        return reference([FIRST, SECOND][place])

    rivals = Rivals()
    items = [evidence("card-0", 0.95), evidence("card-1", 0.94)]
    for seed in range(3):
        rivals.settle(partial(photographed, FIRST, seed), items, lambda place: place, opened)
    assert read == [0, 1]
