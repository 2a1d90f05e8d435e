"""The upright crop, whole and small, and points on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.bench_cards import draw_frame
from scanner.rectify import from_crop, rectify, rectify_small, turn_corners
from scanner.shrink import Levels


@pytest.mark.parametrize("shrunk_to", [1.0, 0.6, 0.4])
def test_the_small_crop_shows_what_the_whole_one_shows(shrunk_to: float) -> None:
    frame, corners = draw_frame(4, 2)
    frame = cv2.resize(frame, None, fx=shrunk_to, fy=shrunk_to, interpolation=cv2.INTER_AREA)
    corners = ((corners + 0.5) * shrunk_to - 0.5).astype(np.float32)
    whole = cv2.resize(rectify(frame, corners), (224, 320), interpolation=cv2.INTER_AREA)
    small = rectify_small(Levels(frame), corners)
    assert small.shape == (320, 224, 3)
    assert np.abs(whole.astype(int) - small).mean() < 4


def test_a_large_card_is_made_small_without_moire() -> None:
    stripes = np.zeros((2400, 1800, 3), np.uint8)
    stripes[:, ::2] = 255
    corners = np.array([[100, 100], [1701, 100], [1701, 2301], [100, 2301]], np.float32)
    assert rectify_small(Levels(stripes), corners).std() < 12


@pytest.mark.parametrize(
    "corners",
    [
        np.full((4, 2), np.nan, np.float32),
        np.full((4, 2), -5000, np.float32),
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
        np.array([[0, 0], [1e9, 0], [1e9, 1e9], [0, 1e9]], np.float32),
    ],
)
def test_corners_out_of_this_world_still_give_a_crop(corners: np.ndarray) -> None:
    frame = np.full((480, 640, 3), 90, np.uint8)
    assert rectify_small(Levels(frame), corners).shape == (320, 224, 3)
    assert rectify(frame, corners).shape == (640, 448, 3)


def test_half_a_turn_of_the_corners_turns_the_crop() -> None:
    frame, corners = draw_frame(4, 2)
    upright, turned = rectify(frame, corners), rectify(frame, turn_corners(corners))
    assert np.abs(upright.astype(int) - turned[::-1, ::-1]).mean() < 1
    middle = np.array([[223.5, 319.5]], np.float32)
    assert np.abs(from_crop(corners, middle) - from_crop(turn_corners(corners), middle)).max() < 0.1
