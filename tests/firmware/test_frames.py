"""Several frames of one card: what they say together."""

from __future__ import annotations

import math
from dataclasses import replace

from firmware.frames import combine, is_enough
from scanner.records import Candidate, Decision, Identification, Printing, View
from scanner.retry import TWO_PRINTINGS

NEEDED = 0.99


def frame(
    card: str,
    chance: float,
    decision: Decision = Decision.REVIEW,
    *,
    certain: bool = True,
    accept_from: float = NEEDED,
) -> Identification:
    printing = Printing(card, "g", card)
    return Identification(
        decision, ("only part of the picture matches",), View.CARD, printing,
        (Candidate(printing, 0.8),), probability=chance, printing_certain=certain,
        accept_from=accept_from,
    )  # fmt: skip


def unknown() -> Identification:
    return Identification(
        Decision.UNKNOWN, ("no card of the catalog matches the picture",), View.CARD,
        None, (Candidate(Printing("z", "g", "z"), 0.4),), probability=0.01,
    )  # fmt: skip


def test_two_agreeing_frames_that_are_nearly_sure_are_accepted_together() -> None:
    both = combine(frame("a", 0.97), frame("a", 0.96))
    assert both.decision is Decision.ACCEPTED
    assert both.probability > NEEDED
    assert "several frames agree" in both.reasons[0]
    assert is_enough(both)


def test_two_agreeing_frames_that_are_unsure_stay_in_review_but_surer() -> None:
    both = combine(frame("a", 0.8), frame("a", 0.7))
    assert both.decision is Decision.REVIEW
    assert 0.8 < both.probability < NEEDED
    assert not is_enough(both)


def test_a_third_frame_may_bring_what_two_could_not() -> None:
    two = combine(frame("a", 0.93), frame("a", 0.93))
    assert two.decision is Decision.REVIEW
    assert combine(two, frame("a", 0.93)).decision is Decision.ACCEPTED


def test_the_second_frame_counts_for_less_than_an_independent_one() -> None:
    independent = 0.9 * 0.9 / (0.9 * 0.9 + 0.1 * 0.1)
    assert 0.9 < combine(frame("a", 0.9), frame("a", 0.9)).probability < independent


def test_a_frame_that_speaks_against_does_not_add() -> None:
    assert combine(frame("a", 0.9), frame("a", 0.2)).probability < 0.9 + 1e-9


def test_frames_that_name_different_printings_are_never_accepted_whatever_comes_after() -> None:
    apart = combine(frame("a", 0.97), frame("b", 0.97, Decision.ACCEPTED))
    assert apart.decision is Decision.REVIEW
    assert apart.reasons[-1] == TWO_PRINTINGS
    again = combine(apart, frame("b", 0.999, Decision.ACCEPTED))
    assert again.decision is Decision.REVIEW
    assert again.reasons.count(TWO_PRINTINGS) == 1
    assert combine(again, frame("b", 0.999)).decision is Decision.REVIEW


def test_printings_that_look_the_same_are_not_told_apart_by_looking_twice() -> None:
    twin = frame("a", 0.5, certain=False, accept_from=math.inf)
    assert combine(twin, twin).decision is Decision.REVIEW
    unsure_of_printing = frame("a", 0.98, certain=False)
    assert combine(unsure_of_printing, unsure_of_printing).decision is Decision.REVIEW


def test_what_was_held_back_for_its_price_stays_in_review() -> None:
    dear = frame("a", 0.98, accept_from=math.inf)
    assert combine(dear, frame("a", 0.98)).decision is Decision.REVIEW
    assert combine(frame("a", 0.98), dear).decision is Decision.REVIEW


def test_a_frame_that_shows_nothing_takes_nothing_from_the_other() -> None:
    sure = frame("a", 0.999, Decision.ACCEPTED)
    assert combine(unknown(), sure) == sure
    assert combine(sure, unknown()) == sure
    assert combine(unknown(), unknown()).decision is Decision.UNKNOWN


def test_certainty_stays_a_number_however_many_frames_agree() -> None:
    answer = frame("a", 1.0, Decision.ACCEPTED)
    for _ in range(50):
        answer = combine(answer, frame("a", 1.0))
    assert 0.999 < answer.probability <= 1.0


def test_the_same_id_in_another_game_is_another_card() -> None:
    other = frame("a", 0.97)
    elsewhere = replace(other, printing=Printing("a", "h", "a"))
    assert combine(other, elsewhere).decision is Decision.REVIEW
    assert combine(other, elsewhere).reasons[-1] == TWO_PRINTINGS
