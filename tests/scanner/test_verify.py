"""Block by block: the right card stands out whatever light, dirt and crooked corners do to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_card
from scanner.quality import measure_quality
from scanner.rectify import rectify, turn_corners
from scanner.verify import compare, cut_blocks, cut_windows

REFERENCES = [cut_blocks(draw_card(number)) for number in range(8)]


def scores(crop: np.ndarray) -> list[float]:
    return [found.score for found in compare(cut_windows(crop), REFERENCES)]


def dimmed(card: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(card, alpha=0.4, beta=30)


def shifted(card: np.ndarray) -> np.ndarray:
    moved = np.float32([[1, 0, 10], [0, 1, -12]])
    return cv2.warpAffine(card, moved, (448, 640), borderMode=cv2.BORDER_REPLICATE)


def blurred(card: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(card, (0, 0), 3)


def half_hidden(card: np.ndarray) -> np.ndarray:
    hidden = card.copy()
    hidden[400:] = 128
    return hidden


@pytest.mark.parametrize("spoil", [dimmed, shifted, blurred, half_hidden])
@pytest.mark.parametrize("number", [0, 5])
def test_the_right_card_leads_clearly(spoil, number: int) -> None:  # type: ignore[no-untyped-def]
    found = scores(spoil(draw_card(number)))
    best = max(other for place, other in enumerate(found) if place != number)
    assert found[number] > 0.8
    assert found[number] - best > 0.2


def test_a_card_that_is_not_among_the_candidates_matches_none() -> None:
    assert max(scores(draw_card(99))) < 0.8


def test_a_plain_crop_matches_nothing() -> None:
    plain = np.full((640, 448, 3), 127, np.uint8)
    assert max(scores(plain)) == pytest.approx(0.0)


def test_no_candidates_give_no_comparisons() -> None:
    assert compare(cut_windows(draw_card(1)), []) == []


def test_rectify_brings_back_the_card_from_its_corners() -> None:
    card = draw_card(7)
    corners = np.float32([[400, 100], [760, 150], [720, 690], [350, 640]])
    matrix = cv2.getPerspectiveTransform(
        np.float32([[0, 0], [448, 0], [448, 640], [0, 640]]), corners
    )
    frame = cv2.warpPerspective(card, matrix, (1200, 800))
    crop = rectify(frame, corners)
    assert crop.shape == (640, 448, 3)
    assert scores(crop)[7] > 0.9
    upside_down = rectify(frame, turn_corners(corners))
    assert np.abs(upside_down[::-1, ::-1].astype(int) - crop).mean() < 3


def test_quality_names_blur_glare_and_darkness_and_leaves_a_good_crop_alone() -> None:
    card = draw_card(2)
    assert measure_quality(card).complaints == ()
    assert "blurred" in measure_quality(cv2.GaussianBlur(card, (0, 0), 12)).complaints[0]
    glare = card.copy()
    glare[100:400] = 255
    assert any("glare" in one for one in measure_quality(glare).complaints)
    assert any(
        "dark" in one for one in measure_quality(cv2.convertScaleAbs(card, alpha=0.1)).complaints
    )
    assert measure_quality(np.full((640, 448, 3), 90, np.uint8)).complaints
