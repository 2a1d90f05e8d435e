"""How exactly corners are placed once they are roughly known."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.locate_edges import refine
from tests.scanner.drawn_scene import card_corners, drawn_card, drawn_surface, place

SIZE = (1280, 720)


@pytest.mark.parametrize("turned_deg", [0, 3.3, 17, 45, 101])
def test_corners_a_few_pixels_off_become_exact_to_a_third_of_a_pixel(turned_deg: float) -> None:
    truth = card_corners((640.3, 355.7), 520, turned_deg, skew=0.05)
    frame = place(drawn_surface(*SIZE), drawn_card(), truth)
    rng = np.random.default_rng(3)
    for _ in range(5):
        guess = (truth + rng.uniform(-3, 3, (4, 2))).astype(np.float32)
        corners, found = refine(frame, guess, reach_px=8)
        assert found == 1.0
        assert np.linalg.norm(corners - truth, axis=1).max() < 0.34


def test_an_edge_under_fingers_stays_where_it_was_predicted() -> None:
    truth = card_corners((640, 360), 520, 0)
    frame = place(drawn_surface(*SIZE), drawn_card(), truth)
    left = round(float(truth[0, 0]))
    frame[:, left - 60 : left + 60] = (110, 150, 205)
    corners, found = refine(frame, truth, reach_px=8)
    assert found == 0.75
    assert np.linalg.norm(corners - truth, axis=1).max() < 1


def test_nothing_moves_where_there_is_no_edge() -> None:
    guess = card_corners((640, 360), 400, 10)
    corners, found = refine(np.full((720, 1280, 3), 90, np.uint8), guess, reach_px=8)
    assert found == 0.0
    np.testing.assert_array_equal(corners, guess)


def test_a_card_that_touches_the_frame_is_not_pulled_to_its_rim() -> None:
    truth = card_corners((640, 360), 719, 0)
    frame = place(drawn_surface(*SIZE), drawn_card(), truth)
    corners, _ = refine(frame, truth, reach_px=8)
    assert np.linalg.norm(corners - truth, axis=1).max() < 1.5


def test_a_quad_too_small_to_measure_is_returned_as_it_is() -> None:
    guess = card_corners((100, 100), 12, 0)
    corners, found = refine(drawn_surface(200, 200), guess, reach_px=3)
    assert found == 0.0
    np.testing.assert_array_equal(corners, guess)
