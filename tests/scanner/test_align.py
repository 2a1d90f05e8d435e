"""A crop that was cut at the wrong corners is laid on its reference by its features."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.align import Aligner
from scanner.bench_cards import draw_card, draw_frame
from scanner.locate import Locator
from scanner.pipeline import Recognizer
from scanner.records import Decision, Located, View
from scanner.rectify import from_crop
from scanner.shrink import Levels


def reference(number: int) -> np.ndarray:
    small = cv2.resize(draw_card(number), (224, 320), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)


def cut_wrong(number: int) -> tuple[np.ndarray, np.ndarray]:
    """The card with a border that its reference does not have; where its own corners then are."""
    corners = np.float32([[0, 0], [448, 0], [448, 640], [0, 640]])
    inside = np.float32([[36, 50], [420, 44], [410, 590], [40, 600]])
    matrix = cv2.getPerspectiveTransform(corners, inside)
    crop = cv2.warpPerspective(draw_card(number), matrix, (448, 640), borderValue=(200, 180, 190))
    return crop, inside


def test_the_true_corners_are_found_within_one_percent_of_the_crops_height() -> None:
    crop, inside = cut_wrong(5)
    found = Aligner().align(crop, [reference(9), reference(5), reference(2)])
    assert found is not None
    assert np.abs(found[0] - inside).max() < 6.4
    assert found[1] > 30


def test_a_card_of_the_same_layout_fits_far_less() -> None:
    crop, _ = cut_wrong(5)
    right = Aligner().align(crop, [reference(5)])
    assert right is not None
    for other in (1, 2, 3, 9):
        wrong = Aligner().align(crop, [reference(other)])
        assert wrong is None or wrong[1] < right[1] / 3


@pytest.mark.parametrize("crop", [np.zeros((640, 448, 3), np.uint8), cut_wrong(1)[0][:, ::-1]])
def test_a_plain_or_mirrored_crop_fits_nothing(crop: np.ndarray) -> None:
    assert Aligner().align(np.ascontiguousarray(crop), [reference(1)]) is None


def test_points_of_the_crop_are_given_in_the_frame() -> None:
    corners = np.float32([[100, 50], [500, 60], [480, 640], [90, 600]])
    crop = np.float32([[0, 0], [448, 0], [448, 640], [0, 640]]) - 0.5
    assert np.abs(from_crop(corners, crop) - corners).max() < 0.01


class WrongCorners(Locator):
    """A locator that takes something a tenth of the card's width outside for its edge."""

    def exact(self, frame: np.ndarray, located: Located) -> Located:
        return located

    def glance(self, levels: Levels) -> Located:
        found = super().glance(levels)
        corners = found.corners_px[0]
        middle = corners.mean(axis=0)
        outside = (middle + (corners - middle) * np.float32([1.22, 1.14])).astype(np.float32)
        return Located(View.CARD, (outside,), found.confidence)


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_card_located_far_too_large_is_still_named_and_its_corners_mended(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, upside_down: bool
) -> None:
    monkeypatch.setattr(recognizer, "_locator", WrongCorners.load())
    frame, corners = draw_frame(21, 0)
    if upside_down:
        frame = np.ascontiguousarray(frame[::-1, ::-1])
        corners = np.array([1535, 863], np.float32) - corners
    answer = recognizer.identify(frame)
    assert answer.decision is Decision.ACCEPTED
    assert answer.printing is not None
    assert answer.printing.card_id == "B-000021"
    assert answer.corners_px is not None
    width = np.linalg.norm(corners[1] - corners[0])
    assert np.abs(answer.corners_px - corners).max() < 0.03 * width
