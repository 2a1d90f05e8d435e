"""A clerk's hand over the table: palm, thumb and four fingers with soft round shading."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware.simulated.scene_lens import Points
from scanner.records import Picture

_STEP = 3
"""The hand is drawn at a third of the frame's size; it is out of focus anyway."""

# Fingers in millimetres from the middle of the knuckles, finger tips towards -y:
# (knuckle x, knuckle y, length, width, spread in degrees).
_FINGERS = (
    (-30.0, 4.0, 62.0, 17.0, -9.0),
    (-10.5, -2.0, 72.0, 18.0, -3.0),
    (10.0, -1.0, 68.0, 17.5, 3.0),
    (28.5, 6.0, 54.0, 15.5, 10.0),
)

_SKIN_BGR = ((128, 162, 218), (150, 182, 232), (88, 122, 178), (58, 84, 132), (38, 54, 88))


@dataclass(frozen=True, slots=True)
class Hand:
    """How far a hand covers the card (`cover`, 0 … 1) and how it looks.

    `from_deg` is the side it comes from (90 = from below), `skin` a row of the skin tones,
    `curl` shortens the fingers, `spread` fans them out.
    """

    cover: float = 0.0
    from_deg: float = 90.0
    skin: int = 0
    curl: float = 0.1
    spread: float = 1.0
    left_handed: bool = False


def _capsule(mask: NDArray[np.uint8], points: Points, widths: NDArray[np.float64]) -> None:
    """A limb: round discs and the quads between them."""
    for (a, wide_a), (b, wide_b) in zip(
        zip(points[:-1], widths[:-1], strict=True),
        zip(points[1:], widths[1:], strict=True),
        strict=True,
    ):
        along = (b - a) / (np.linalg.norm(b - a) + 1e-6)
        side = np.array([-along[1], along[0]])
        quad = np.array(
            [a + side * wide_a, b + side * wide_b, b - side * wide_b, a - side * wide_a]
        )
        cv2.fillConvexPoly(mask, np.round(quad * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    for point, wide in zip(points, widths, strict=True):
        center = (round(float(point[0]) * 16), round(float(point[1]) * 16))
        cv2.circle(mask, center, max(1, round(float(wide) * 16)), 255, -1, cv2.LINE_AA, 4)


def _limbs(hand: Hand) -> list[tuple[Points, NDArray[np.float64]]]:
    """Each limb as points and half widths in millimetres, hand upright."""
    limbs: list[tuple[Points, NDArray[np.float64]]] = []
    forearm = np.array([[0.0, 420.0], [0.0, 150.0], [0.0, 105.0]])
    limbs.append((forearm, np.array([42.0, 34.0, 30.0])))
    limbs.extend(
        (np.array([[x * 0.8, 98.0], [x, 12.0]]), np.array([17.0, 13.5]))
        for x in (-22.0, -4.0, 12.0, 24.0)
    )
    for x, y, length, width, spread in _FINGERS:
        turn = np.deg2rad(spread * hand.spread)
        reach = length * (1 - 0.45 * hand.curl)
        steps = np.array([0.0, 0.45, 0.75, 1.0])
        line = np.column_stack([x + np.sin(turn) * steps * reach, y - np.cos(turn) * steps * reach])
        limbs.append((line, width / 2 * np.array([1.04, 1.0, 0.92, 0.74])))
    thumb = np.array([[-22.0, 84.0], [-50.0, 48.0], [-60.0, 16.0], [-59.0, 0.0]])
    limbs.append((thumb, np.array([17.0, 12.0, 10.0, 8.0])))
    return limbs


def lay_hand(frame: Picture, hand: Hand, center_px: Points, px_per_mm: float) -> None:
    """Draw the hand over a card at `center_px` in place; `cover` 0 draws nothing.

    At `cover` 1 the palm lies on the card; at small values the finger tips touch its rim.
    """
    if hand.cover <= 0:
        return
    height, width = frame.shape[:2]
    small = (width // _STEP, height // _STEP)
    turn = np.deg2rad(hand.from_deg - 90)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # The finger tips lie 72 mm before the knuckles; the palm's middle 50 mm behind them.
    knuckles_mm = 72 + 44 - hand.cover * (116 + 50)
    mirror = np.array([-1.0 if hand.left_handed else 1.0, 1.0])

    def place(points: Points) -> Points:
        moved = (points * mirror + (0.0, knuckles_mm)) @ spin.T
        return np.asarray((moved * px_per_mm + center_px) / _STEP, np.float64)

    scale = px_per_mm / _STEP
    mask = np.zeros((small[1], small[0]), np.uint8)
    relief = np.zeros((small[1], small[0]), np.float32)
    for points, widths in _limbs(hand):
        limb = np.zeros_like(mask)
        _capsule(limb, place(points), widths * scale)
        depth = cv2.distanceTransform((limb > 127).astype(np.uint8), cv2.DIST_L2, 3)
        relief = np.maximum(relief, np.sqrt(np.clip(depth / (9 * scale), 0, 1)))
        mask = np.maximum(mask, limb)
    relief = cv2.GaussianBlur(relief, (0, 0), 2.4 * scale)
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3) * scale
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3) * scale
    shade = np.clip(0.66 + 0.34 * relief - 0.22 * slope_x - 0.3 * slope_y, 0.25, 1.25)
    tone = np.array(_SKIN_BGR[hand.skin % len(_SKIN_BGR)], np.float32)
    skin = shade[..., None] * tone + np.array([6, 4, 26], np.float32) * (1 - relief[..., None])
    for points, _ in _limbs(hand)[5:]:
        line = place(points)
        tip = line[-1] * 0.8 + line[-2] * 0.2
        ahead = float(np.rad2deg(np.arctan2(*(line[-1] - line[-2])[::-1])))
        nail = np.zeros_like(mask)
        axes = (round(5.4 * scale * 16), round(4.0 * scale * 16))
        cv2.ellipse(
            nail,
            (round(tip[0] * 16), round(tip[1] * 16)),
            axes,
            ahead,
            0,
            360,
            255,
            -1,
            cv2.LINE_AA,
            4,
        )
        gloss = (nail.astype(np.float32) / 255 * 0.5)[..., None]
        skin = skin * (1 - gloss) + (tone * 1.06 + 14) * gloss

    gloom = cv2.GaussianBlur(mask, (0, 0), 5 * scale)
    shift = np.array([[1, 0, 5 * scale], [0, 1, 7 * scale]], np.float64)
    gloom = cv2.warpAffine(gloom, shift, small)
    dark = cv2.resize((255 - gloom * 0.55).astype(np.uint8), (width, height))
    frame[...] = cv2.multiply(frame, cv2.merge([dark, dark, dark]), scale=1 / 255)
    cover = cv2.GaussianBlur(cv2.resize(mask, (width, height)), (0, 0), 1.5)
    share = cover.astype(np.float32) / 255
    picture = cv2.resize(np.clip(skin, 0, 255).astype(np.uint8), (width, height))
    frame[...] = cv2.blendLinear(picture, frame, share, 1 - share)
