"""The outline follows the picture, unless the paper's plain edges say otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.outline import settle_outline
from scanner.records import Located, Trust, View
from scanner.verify import Comparison

PARTLY = Comparison(0.88, 0.7)
PICTURE = np.array([[100, 100], [300, 100], [300, 380], [100, 380]], np.float32)


def located(off_px: float, trust: float, turned: int = 0, askew_px: float = 0) -> Located:
    corners = PICTURE.copy()
    corners[2:, 1] += off_px
    corners[2, 0] += askew_px
    sure: Trust = (trust, trust, trust, trust)
    return Located(View.CARD, (np.roll(corners, turned, axis=0),), corner_trust=(sure,))


@pytest.mark.parametrize("turned", [0, 2])
def test_another_layout_keeps_the_papers_edges(turned: int) -> None:
    shown = settle_outline(PICTURE, PARTLY, located(30, 0.7, turned))
    assert shown[2, 1] == 410
    assert np.array_equal(shown[:2], PICTURE[:2])


@pytest.mark.parametrize(("off_px", "trust"), [(8, 0.9), (30, 0.4), (0, 0.9)])
def test_a_recognised_picture_knows_its_corners_better(off_px: float, trust: float) -> None:
    assert settle_outline(PICTURE, PARTLY, located(off_px, trust)) is PICTURE


def test_without_a_look_at_the_edges_the_picture_counts() -> None:
    assert settle_outline(PICTURE, PARTLY, Located(View.CARD, (PICTURE + 30,))) is PICTURE


def test_a_picture_that_fits_wholly_is_believed() -> None:
    for fits in (Comparison(0.95, 0.7), Comparison(0.88, 0.9)):
        assert settle_outline(PICTURE, fits, located(30, 0.9)) is PICTURE


def test_edges_that_are_more_askew_were_read_wrong() -> None:
    assert settle_outline(PICTURE, PARTLY, located(30, 0.9, askew_px=40)) is PICTURE
