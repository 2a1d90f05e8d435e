"""The decision: wrong is worse than unknown, and the clerk is told why."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pytest

from scanner.calibration import Calibration, shipped_calibration
from scanner.decide import Evidence, Limits, decide, decide_without_card
from scanner.quality import Quality
from scanner.records import Decision, Printing, View
from scanner.verify import Comparison

GOOD = partial(Quality, sharpness=0.5, glare=0.0, brightness=120.0, contrast=50.0)
BLURRED = partial(Quality, sharpness=0.001, glare=0.4, brightness=120.0, contrast=50.0)


def seen(card_id: str, score: float, matched: float = 0.9, *, twin: bool = False) -> Evidence:
    printing = Printing(card_id, "drawn", f"Name {card_id}", "S1", card_id)
    return Evidence(printing, "drawn@1", 0.9, Comparison(score, matched), twin)


def test_one_clear_match_is_accepted() -> None:
    verdict = decide([seen("A", 0.93), seen("B", 0.5)], GOOD)
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.printing is not None
    assert verdict.printing.card_id == "A"


def test_a_reprint_with_the_same_picture_goes_to_review_and_names_both() -> None:
    verdict = decide([seen("A", 0.93), seen("B", 0.92, twin=True), seen("C", 0.5)], GOOD)
    assert verdict.decision is Decision.REVIEW
    assert "Name A" in verdict.reasons[0]
    assert "Name B" in verdict.reasons[0]


def test_a_twin_far_behind_in_score_still_stops_acceptance() -> None:
    verdict = decide([seen("A", 0.93), seen("B", 0.8, twin=True)], GOOD)
    assert verdict.decision is Decision.REVIEW


def test_two_cards_that_fit_almost_equally_go_to_review() -> None:
    verdict = decide([seen("A", 0.9), seen("B", 0.85)], GOOD)
    assert verdict.decision is Decision.REVIEW
    assert "may also be Name B" in verdict.reasons[0]


def test_another_row_of_the_same_printing_is_no_rival() -> None:
    assert decide([seen("A", 0.9), seen("A", 0.89)], GOOD).decision is Decision.ACCEPTED


@pytest.mark.parametrize(("score", "matched"), [(0.5, 0.9), (0.9, 0.1), (0.0, 0.0)])
def test_a_poor_match_is_unknown_and_names_no_card(score: float, matched: float) -> None:
    verdict = decide([seen("A", score, matched), seen("B", 0.2)], GOOD)
    assert verdict.decision is Decision.UNKNOWN
    assert verdict.printing is None
    assert verdict.candidates[0].printing.card_id == "A"


def test_a_poor_match_on_a_poor_picture_says_what_is_wrong_with_the_picture() -> None:
    reasons = " ".join(decide([seen("A", 0.3)], BLURRED).reasons)
    assert "blurred" in reasons
    assert "glare" in reasons


def test_a_back_is_named_as_a_back_unless_a_front_is_recognised() -> None:
    back = decide([seen("A", 0.65), seen("B", 0.6)], GOOD, View.BACK)
    assert back.decision is Decision.UNKNOWN
    assert "back" in back.reasons[0]
    front = decide([seen("A", 0.95), seen("B", 0.4)], GOOD, View.BACK)
    assert front.decision is Decision.ACCEPTED


def test_the_catalogs_own_picture_of_a_back_is_named_and_never_accepted() -> None:
    back = Printing("BACK", "drawn", "The back", variant="back")
    item = Evidence(back, "drawn@1", 0.99, Comparison(0.98, 1.0))
    verdict = decide([item, seen("A", 0.4)], GOOD)
    assert verdict.is_back
    poor = Evidence(back, "drawn@1", 0.3, Comparison(0.4, 0.1))
    assert not decide([poor, seen("A", 0.3)], GOOD).is_back
    assert verdict.decision is Decision.UNKNOWN
    assert verdict.printing is None
    assert "back" in verdict.reasons[0]


def test_an_empty_catalog_accepts_nothing() -> None:
    assert decide([], GOOD).decision is Decision.UNKNOWN


def test_each_view_without_a_single_front_has_an_answer_of_its_own() -> None:
    answers = {decide_without_card(v).reasons for v in (View.NOTHING, View.SEVERAL, View.BACK)}
    assert len(answers) == 3
    for view in (View.NOTHING, View.SEVERAL, View.BACK):
        assert decide_without_card(view).decision is Decision.UNKNOWN


def found(card_id: str, score: float, matched: float, similarity: float) -> Evidence:
    printing = Printing(card_id, "drawn", f"Name {card_id}", "S1", card_id)
    return Evidence(printing, "drawn@1", similarity, Comparison(score, matched))


HALF_SURE = [found("A", 0.76, 0.5, 0.55), found("B", 0.6, 0.3, 0.45)]


def test_the_shops_error_rate_says_what_passes() -> None:
    loose, usual = Limits(error_rate=0.05), Limits(error_rate=0.001)
    assert decide(HALF_SURE, GOOD, limits=loose).decision is Decision.ACCEPTED
    assert decide(HALF_SURE, GOOD, limits=usual).decision is Decision.REVIEW


def test_an_answer_tells_how_probable_it_is_and_what_was_asked_for() -> None:
    sure = decide([found("A", 0.95, 0.95, 0.95), found("B", 0.5, 0.2, 0.3)], GOOD)
    assert 0.99 < sure.accept_from < sure.probability < 1
    assert sure.printing_certain
    unsure = decide(HALF_SURE, GOOD)
    assert 0.5 < unsure.probability < unsure.accept_from
    poor = decide([found("A", 0.5, 0.1, 0.3), found("B", 0.49, 0.1, 0.3)], GOOD)
    assert poor.probability < 0.1
    assert not poor.printing_certain


def test_twins_share_the_probability_and_looking_again_does_not_help() -> None:
    verdict = decide([seen("A", 0.93), seen("B", 0.92, twin=True), seen("C", 0.5)], GOOD)
    assert verdict.probability < 0.51
    assert not verdict.printing_certain
    assert verdict.accept_from == math.inf
    assert verdict.reasons[0].startswith("printing uncertain")


def test_a_strict_shop_sees_the_printings_that_the_answer_was_told_apart_from() -> None:
    sibling = replace(found("B", 0.93, 0.9, 0.94), told_apart=True)
    evidence = [found("A", 0.95, 0.95, 0.95), sibling, found("C", 0.5, 0.2, 0.3)]
    assert decide(evidence, GOOD).decision is Decision.ACCEPTED
    strict = decide(evidence, GOOD, limits=Limits(error_rate=0.00001))
    assert strict.decision is Decision.REVIEW
    assert strict.reasons == ("printing uncertain: it may also be Name B (S1 B)",)


def test_review_says_what_is_wrong_with_the_picture() -> None:
    reasons = decide(HALF_SURE, BLURRED).reasons
    assert reasons[0] == "only part of the picture matches"
    assert "the picture is blurred" in reasons
    assert "glare hides part of the card" in reasons


def test_however_probable_too_little_of_a_picture_is_not_accepted() -> None:
    certain = Calibration(20.0, shipped_calibration().signs, 1.0, 1.0, ((0.001, 0.5),))
    little = [found("A", 0.67, 0.6, 0.9), found("B", 0.3, 0.1, 0.1)]
    verdict = decide(little, GOOD, calibration=certain)
    assert verdict.decision is Decision.REVIEW
    assert verdict.accept_from == math.inf
    level = [found("A", 0.9, 0.9, 0.9), found("B", 0.85, 0.8, 0.1)]
    assert decide(level, GOOD, calibration=certain).decision is Decision.REVIEW


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_unknown_and_never_a_crash(nonsense: float) -> None:
    broken = [found("A", 0.9, 0.9, nonsense), found("B", nonsense, 0.9, 0.9),
              found("C", 0.9, nonsense, 0.9)]  # fmt: skip
    verdict = decide(broken, GOOD)
    assert verdict.decision is Decision.UNKNOWN
    assert verdict.candidates == ()
    assert verdict.reasons == ("the picture can't be compared with the catalog",)
    sound = [*broken, found("D", 0.95, 0.95, 0.95)]
    assert decide(sound, GOOD).printing == sound[-1].printing
