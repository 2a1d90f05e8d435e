"""One card or several: what the net says against the corners it found."""

import numpy as np
import pytest

from scanner.locate_peaks import Quad
from scanner.records import View
from scanner.views import settle_view


def quad(width_px: float, strength: float, left_px: float = 0.0) -> Quad:
    height_px = width_px * 1.4
    corners = [(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)]
    moved = np.array(corners, np.float32) + np.array([left_px, 0], np.float32)
    return Quad(moved, strength)


def test_a_second_card_of_the_same_size_is_another_card() -> None:
    quads = [quad(200, 0.9), quad(195, 0.8, 300)]
    assert settle_view(View.SEVERAL, 0.95, quads) is View.SEVERAL
    assert settle_view(View.CARD, 0.39, quads) is View.SEVERAL


@pytest.mark.parametrize("other", [quad(110, 0.6, 300), quad(200, 0.2, 300)])
def test_a_zone_of_another_size_or_without_sharp_corners_is_no_card(other: Quad) -> None:
    assert settle_view(View.SEVERAL, 0.8, [quad(200, 0.9), other]) is View.CARD


def test_the_net_alone_is_believed_only_when_it_is_sure() -> None:
    assert settle_view(View.SEVERAL, 0.7, [quad(200, 0.9)]) is View.CARD
    assert settle_view(View.SEVERAL, 0.97, [quad(200, 0.9)]) is View.SEVERAL
    assert settle_view(View.SEVERAL, 0.7, []) is View.SEVERAL


def test_nothing_stays_nothing_and_a_back_stays_a_back() -> None:
    assert settle_view(View.NOTHING, 0.4, [quad(200, 0.9), quad(200, 0.9, 300)]) is View.NOTHING
    assert settle_view(View.BACK, 0.1, [quad(200, 0.9), quad(200, 0.9, 300)]) is View.BACK
