"""Two printings of one artwork are told apart where they differ, and only there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_card
from scanner.decide import Evidence, decide
from scanner.printing import tell_apart
from scanner.quality import measure_quality
from scanner.records import Decision, Printing
from scanner.rivals import settle
from scanner.verify import Comparison

NUMBER_BOX = np.s_[500:620, 210:430]


def grey(card: np.ndarray) -> np.ndarray:
    small = cv2.resize(card, (224, 320), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)


def printed(text: str) -> np.ndarray:
    """Card 3 with a set code and a number of its own in a light box."""
    card = draw_card(3)
    card[NUMBER_BOX] = 230
    for line, part in enumerate(text.split()):
        place = (220, 550 + 55 * line)
        cv2.putText(card, part, place, cv2.FONT_HERSHEY_DUPLEX, 1.9, (10, 10, 10), 5, cv2.LINE_AA)
    return card


FIRST, SECOND = printed("SET-A 12/90"), printed("KLM-B 87/34")


def photographed(card: np.ndarray, seed: int = 0) -> np.ndarray:
    """The card a little askew, darker on one side, softer, with noise."""
    rng = np.random.default_rng(seed)
    corners = np.float32([[0, 0], [448, 0], [448, 640], [0, 640]])
    moved = corners + rng.normal(0, 4, (4, 2)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    askew = cv2.warpPerspective(card, matrix, (448, 640), borderMode=cv2.BORDER_REPLICATE)
    light = np.linspace(0.6, 1.1, 448)[None, :, None]
    soft = cv2.GaussianBlur(askew, (0, 0), 1.2) * light + rng.normal(0, 4, askew.shape)
    return np.clip(soft, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_the_printed_number_decides_between_two_reprints(seed: int) -> None:
    for shown, sign in ((FIRST, 1), (SECOND, -1)):
        lead = tell_apart(grey(photographed(shown, seed)), grey(FIRST), grey(SECOND))
        assert lead is not None
        assert lead.certain
        assert np.sign(lead.lead) == sign


def test_identical_pictures_are_never_certain() -> None:
    lead = tell_apart(grey(photographed(FIRST)), grey(FIRST), grey(FIRST))
    assert lead is not None
    assert not lead.certain


def test_glare_over_the_number_leaves_it_open() -> None:
    hidden = photographed(FIRST)
    hidden[480:640, 190:] = 255
    lead = tell_apart(grey(hidden), grey(FIRST), grey(SECOND))
    assert lead is not None
    assert not lead.certain


def test_cards_of_different_artworks_are_none_of_its_business() -> None:
    assert tell_apart(grey(FIRST), grey(FIRST), grey(draw_card(8))) is None


def evidence(card_id: str, score: float) -> Evidence:
    printing = Printing(card_id, "drawn", card_id)
    return Evidence(printing, "drawn@1", 0.9, Comparison(score, 0.9))


def decided(crop: np.ndarray, references: list[np.ndarray], scores: list[float]) -> tuple:
    items = [evidence(f"card-{place}", score) for place, score in enumerate(scores)]
    settled = settle(crop, items, lambda place: grey(references[place]))
    return decide(settled, measure_quality(crop)), settled


def test_the_printing_that_the_crop_sides_with_takes_the_lead_and_is_accepted() -> None:
    verdict, _ = decided(photographed(SECOND), [FIRST, SECOND], [0.95, 0.94])
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.printing is not None
    assert verdict.printing.card_id == "card-1"


def test_a_reprint_with_the_same_picture_goes_to_review() -> None:
    verdict, _ = decided(photographed(FIRST), [FIRST, FIRST], [0.95, 0.95])
    assert verdict.decision is Decision.REVIEW
    assert "look the same" in verdict.reasons[0]


def test_a_third_printing_that_is_the_same_as_the_winner_still_stops_it() -> None:
    verdict, _ = decided(photographed(SECOND), [FIRST, SECOND, SECOND], [0.95, 0.94, 0.94])
    assert verdict.decision is Decision.REVIEW


def test_a_candidate_far_behind_is_not_even_read() -> None:
    def never(place: int) -> np.ndarray:
        raise AssertionError(place)

    items = [evidence("card-0", 0.95), evidence("card-1", 0.6)]
    assert settle(photographed(FIRST), items, never) == tuple(items)
