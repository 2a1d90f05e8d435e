"""Cards that reach beyond the frame, and nets that answer with nonsense."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from scanner.locate import Locator
from scanner.locate_cut import complete_card, reaches_beyond
from scanner.locate_net import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, STRIDE_PX, CornerNet
from scanner.records import View
from tests.scanner.drawn_scene import card_corners

SIZE = (1280, 720)
FRAME = np.full((720, 1280, 3), 90, np.uint8)
MAPS = (2, INPUT_HEIGHT_PX // STRIDE_PX, INPUT_WIDTH_PX // STRIDE_PX)


class FakeNet:
    """Answers every frame with the same maps and chances."""

    def __init__(self, maps: np.ndarray, chances: list[float]) -> None:
        self._answer = maps.astype(np.float32), np.array(chances, np.float32)

    def run(self, _canvas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._answer


def locator(maps: np.ndarray, chances: list[float]) -> Locator:
    return Locator(cast("CornerNet", FakeNet(maps, chances)))


def peaks(*cells: tuple[int, int, int]) -> np.ndarray:
    """Corner maps that peak at these cells: map, row, column."""
    maps = np.full(MAPS, -8.0)
    for kind, row, column in cells:
        maps[kind, row, column] = 8.0
    return maps


@pytest.mark.parametrize("turned_deg", [20, 50, 110, 200, 290])
def test_one_corner_outside_is_found_from_the_other_three(turned_deg: float) -> None:
    quad = card_corners((640, 400), 420, turned_deg)
    outside = int(np.argmax(quad[:, 0]))
    quad[:, 0] += SIZE[0] - 10 - np.sort(quad[:, 0])[2]
    shown = [corner for corner in range(4) if corner != outside]
    first = [quad[corner] for corner in shown if corner % 2 == 0]
    second = [quad[corner] for corner in shown if corner % 2 == 1]
    found = complete_card(first, second, SIZE)
    assert found is not None
    gaps = [np.abs(np.roll(found, turn, axis=0) - quad).max() for turn in (0, 2)]
    assert min(gaps) < 1, "the first edge is a short one"
    assert reaches_beyond(found, SIZE)


@pytest.mark.parametrize("turned_deg", [0, 5, 90, 180, 270])
def test_two_corners_outside_are_found_from_the_edge_in_view(turned_deg: float) -> None:
    quad = card_corners((0, 400), 520, turned_deg)
    inside = np.argsort(quad[:, 0])[2:]
    first = [quad[corner] for corner in inside if corner % 2 == 0]
    second = [quad[corner] for corner in inside if corner % 2 == 1]
    found = complete_card(first, second, SIZE)
    assert found is not None
    gaps = [np.abs(np.roll(found, turn, axis=0) - quad).max() for turn in (0, 2)]
    assert min(gaps) < 20


def test_corners_that_could_be_whole_in_view_make_no_cut_card() -> None:
    quad = card_corners((640, 360), 200, 10)
    assert complete_card([quad[0], quad[2]], [quad[1]], SIZE) is None
    assert complete_card([quad[0]], [quad[1]], SIZE) is None
    assert complete_card([quad[0]], [], SIZE) is None
    assert not reaches_beyond(quad, SIZE)


def test_a_card_cut_by_the_rim_is_told_as_cut() -> None:
    # A short edge across the frame's lower part; the rest of the card is below it.
    located = locator(peaks((0, 25, 28), (1, 25, 44)), [0.05, 0.9, 0.03, 0.02]).locate(FRAME)
    assert located.view is View.CARD
    assert located.cut
    assert reaches_beyond(located.corners_px[0], SIZE)


def test_a_whole_card_is_not_told_as_cut() -> None:
    whole = peaks((0, 8, 28), (1, 8, 44), (0, 30, 44), (1, 30, 28))
    located = locator(whole, [0.05, 0.9, 0.03, 0.02]).locate(FRAME)
    assert located.view is View.CARD
    assert not located.cut


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf])
def test_a_net_that_answers_with_no_numbers_saw_nothing(nonsense: float) -> None:
    maps = peaks((0, 8, 28), (1, 8, 44), (0, 30, 44), (1, 30, 28))
    maps[1, 8, 44] = nonsense
    assert locator(maps, [0.0, 1.0, 0.0, 0.0]).locate(FRAME).view is View.NOTHING
    maps[1, 8, 44] = 8.0
    assert locator(maps, [0.0, nonsense, 0.0, 0.0]).locate(FRAME).view is View.NOTHING


def test_random_answers_never_crash() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        maps = rng.normal(0, rng.choice([0.1, 3, 40]), MAPS)
        chances = rng.dirichlet(np.ones(4)).tolist()
        located = locator(maps, chances).locate(FRAME)
        for corners in located.corners_px:
            assert np.isfinite(corners).all()
