"""Two frames of one card, lit from two sides, become one crop without glare."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner.errors import PictureError
from scanner.glare import Frames
from scanner.rectify import rectify

CORNERS = np.array([[100, 60], [548, 60], [548, 700], [100, 700]], np.float32)


def frames() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A card without glare, and under two lamps that mirror at different places."""
    rng = np.random.default_rng(4)
    blocks = rng.integers(30, 170, (19, 17, 3)).astype(np.uint8)
    clean = cv2.resize(blocks, (680, 760), interpolation=cv2.INTER_NEAREST).astype(float)
    y, x = np.mgrid[0:760, 0:680]
    lit = []
    for at, side in ((220, -1), (430, 1)):
        spot = 220 * np.exp(-(((x - at) / 70) ** 2 + ((y - 300) / 90) ** 2))
        shade = 1 + 0.2 * side * (x - 340) / 340
        lit.append(np.clip(clean * shade[..., None] + spot[..., None], 0, 255).astype(np.uint8))
    return clean.astype(np.uint8), lit[0], lit[1]


def test_glare_of_either_light_is_gone() -> None:
    clean, left, right = frames()
    wanted = rectify(clean, CORNERS).astype(float)
    merged = Frames(left, right).cut(CORNERS)
    errors = [
        np.percentile(np.abs(crop - wanted).max(axis=2), 95)
        for crop in (rectify(left, CORNERS), rectify(right, CORNERS), merged)
    ]
    assert min(errors[:2]) > 80
    assert errors[2] < 25


def test_the_merged_crop_has_no_step_where_it_changes_from_one_light_to_the_other() -> None:
    flat = [np.full((760, 680, 3), 120, np.uint8)] * 2
    x = np.linspace(0.7, 1.3, 680)[None, :, None]
    flat = [
        np.asarray(picture * way, np.uint8) for picture, way in zip(flat, (x, 2 - x), strict=True)
    ]
    merged = Frames(flat[0], flat[1]).cut(CORNERS).astype(int)
    assert np.abs(np.diff(merged[..., 1], axis=1)).max() <= 4


def test_one_frame_is_cut_as_ever() -> None:
    _, left, _ = frames()
    single = Frames(left)
    assert np.array_equal(single.cut(CORNERS), rectify(left, CORNERS))
    assert single.pair(CORNERS) is None


def test_what_was_cut_can_be_compared_under_both_lights() -> None:
    _, left, right = frames()
    both = Frames(left, right)
    both.cut(CORNERS)
    pair = both.pair(CORNERS)
    assert pair is not None
    assert pair.left.shape == pair.right.shape == (160, 112, 3)


def test_frames_of_two_sizes_are_refused() -> None:
    _, left, right = frames()
    with pytest.raises(PictureError, match="same"):
        Frames(left, right[:-2])
