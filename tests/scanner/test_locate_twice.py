"""A frame that is in doubt is looked at again: by half a turn, or in another exposure."""

from __future__ import annotations

import numpy as np
import pytest

from scanner.locate import Locator
from scanner.records import Picture, View

LAST = np.array([1535, 863], np.float32)
# Cells of the net's corner maps: a card with its short edge on top.
FIRST, SECOND = ((8, 20), (28, 34)), ((8, 34), (28, 20))


class DoubtfulNet:
    """A net that sees a card well in one kind of frame only, and counts its looks."""

    def __init__(
        self, *, upside_down: bool = False, most_mean: float = 256.0, several: float = 0.0
    ):
        self._upside_down, self._most_mean, self._several = upside_down, most_mean, several
        self.looks = 0

    def run(self, canvas: Picture) -> tuple[np.ndarray, np.ndarray]:
        self.looks += 1
        marked = canvas[6:20].mean() > canvas[-20:-6].mean() + 1
        well = marked == self._upside_down and canvas[6:-6, 6:-6].mean() < self._most_mean
        maps = np.zeros((2, 40, 72), np.float32)
        if well or self._most_mean > 255:
            for channel, cells in zip(maps, (FIRST, SECOND), strict=True):
                for row, column in cells:
                    channel[row, column] = 14.0 if well else 6.8
        sure = 0.02 if well else self._several
        return maps, np.array([0.01, 0.97 - sure, sure, 0.02], np.float32)


def frame(grey: int = 120) -> np.ndarray:
    """Plain, a little brighter at the bottom, so that a frame by half a turn can be told."""
    picture = np.full((864, 1536, 3), grey, np.uint8)
    picture[432:] = min(grey + 10, 255)
    return picture


def locate(net: DoubtfulNet, picture: np.ndarray) -> tuple[View, np.ndarray]:
    found = Locator(net).locate(picture)  # type: ignore[arg-type]
    return found.view, found.corners_px[0]


def test_a_sure_look_is_enough() -> None:
    net = DoubtfulNet()
    assert locate(net, frame())[0] is View.CARD
    assert net.looks == 1


def test_blurred_corners_give_way_to_sharper_ones_by_half_a_turn() -> None:
    sure = locate(DoubtfulNet(), frame())[1]
    net = DoubtfulNet(upside_down=True)
    view, corners = locate(net, frame())
    assert view is View.CARD
    assert net.looks == 2
    assert np.abs(LAST - corners.mean(axis=0) - sure.mean(axis=0)).max() < 30


@pytest.mark.parametrize(("several", "view"), [(0.6, View.CARD), (0.96, View.CARD)])
def test_several_by_one_look_alone_is_not_believed(several: float, view: View) -> None:
    net = DoubtfulNet(upside_down=True, several=several)
    assert locate(net, frame())[0] is view
    assert net.looks == 2


@pytest.mark.parametrize("grey", [225, 240])
def test_corners_lost_in_white_are_found_in_another_exposure(grey: int) -> None:
    net = DoubtfulNet(most_mean=140)
    assert locate(net, frame(grey))[0] is View.CARD
    assert net.looks == 2


def test_what_no_exposure_shows_is_nothing() -> None:
    net = DoubtfulNet(most_mean=1)
    found = Locator(net).locate(frame())  # type: ignore[arg-type]
    assert found.view is View.NOTHING
    assert net.looks == 2
