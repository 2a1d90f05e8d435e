"""A matched card's corners are corrected by where its picture really lies in the crop."""

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_card
from scanner.lay import lay
from scanner.rectify import from_crop, rectify
from scanner.verify import correlate, cut_blocks, cut_windows

ROOM_PX = 60
TRUE = np.array([[60, 60], [508, 60], [508, 700], [60, 700]], np.float32) - 0.5
WRONG_PX = [
    [(3, 2), (-4, 5), (6, -2), (2, 6)],
    [(-8, -8), (-8, -8), (-8, -8), (-8, -8)],
    [(-6, -6), (6, -6), (6, 6), (-6, 6)],
]


def in_a_frame(card: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(card, *(ROOM_PX,) * 4, cv2.BORDER_CONSTANT, value=(30, 40, 30))


@pytest.mark.parametrize("wrong_px", WRONG_PX)
def test_corners_that_are_off_come_back_to_the_card(wrong_px: list[tuple[int, int]]) -> None:
    card = draw_card(3)
    corners = TRUE + np.array(wrong_px, np.float32)
    crop = rectify(in_a_frame(card), corners)
    laid = lay(correlate(cut_windows(crop), cut_blocks(card)))
    assert laid is not None
    better = from_crop(corners, laid)
    # Within 0.7% of the card's width of 448 px.
    assert np.linalg.norm(better - TRUE, axis=1).max() < 3.2


def test_a_lamp_spot_and_a_finger_do_not_move_them() -> None:
    card = draw_card(4)
    frame = in_a_frame(card)
    cv2.circle(frame, (200, 250), 60, (255, 255, 255), -1)
    cv2.rectangle(frame, (380, 500), (568, 640), (120, 150, 200), -1)
    laid = lay(correlate(cut_windows(rectify(frame, TRUE)), cut_blocks(card)))
    assert laid is not None
    assert np.linalg.norm(from_crop(TRUE, laid) - TRUE, axis=1).max() < 3


def test_another_card_moves_nothing() -> None:
    crop = rectify(in_a_frame(draw_card(3)), TRUE)
    assert lay(correlate(cut_windows(crop), cut_blocks(draw_card(6)))) is None


def test_nonsense_correlations_move_nothing() -> None:
    assert lay(np.full((70, 49), np.nan, np.float32)) is None
    assert lay(np.zeros((70, 49), np.float32)) is None
