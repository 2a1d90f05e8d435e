"""Sleeves, toploaders, slabs and pockets around the cards of the training scenes."""

from __future__ import annotations

import cv2
import numpy as np

from models.train.scenes_surface import Rng, _colour

# Sleeves are mostly black, blue, red, green, purple or white (BGR).
_SLEEVES = np.array([
    (24, 24, 24), (30, 28, 26), (140, 70, 30), (35, 30, 150), (50, 110, 40), (120, 40, 90),
    (235, 235, 235),
], np.float64)  # fmt: skip


def pick_holder(rng: Rng, width: int) -> tuple[str, np.ndarray]:
    """A kind of holder and its margins left, top, right, bottom in pixels."""
    kind = rng.choice(
        ["none", "sleeve", "toploader", "slab", "pocket"], p=[0.42, 0.36, 0.14, 0.02, 0.06]
    )
    low, high = {
        "none": ((0, 0, 0, 0), (0, 0, 0, 0)),
        "sleeve": ((0.008, 0.008, 0.008, 0.008), (0.05, 0.08, 0.05, 0.05)),
        "toploader": ((0.04, 0.06, 0.04, 0.04), (0.11, 0.2, 0.11, 0.1)),
        "slab": ((0.12, 0.4, 0.12, 0.12), (0.2, 0.55, 0.2, 0.2)),
        "pocket": ((0.02, 0.02, 0.02, 0.02), (0.12, 0.12, 0.12, 0.12)),
    }[kind]
    return str(kind), rng.uniform(low, np.maximum(high, low)) * width


def draw_holder(
    rng: Rng, kind: str, rgb: np.ndarray, alpha: np.ndarray, card: tuple[int, int, int, int]
) -> None:
    """Draw the holder's plastic; `card` is the left, top, width and height of the card in it."""
    left, top, width, height = card
    body = (slice(2, -2), slice(2, -2))
    if kind == "sleeve":
        opaque = rng.random() < 0.55
        plain = _SLEEVES[rng.integers(len(_SLEEVES))] * rng.uniform(0.5, 1.5)
        tone = plain if rng.random() < 0.5 else _colour(rng)
        rgb[body] = np.clip(tone, 0, 255) if opaque else rng.uniform(90, 250)
        alpha[body] = 1.0 if opaque else rng.uniform(0.08, 0.6)
    else:
        rgb[body] = rng.uniform(120, 250) if rng.random() < 0.85 else rng.uniform(0, 50)
        alpha[body] = rng.uniform(0.08, 0.75)
    if kind == "slab":
        label = _colour(rng, 120, 255)
        rgb[4 : max(5, int(top * 0.7)), 6:-6] = label
        alpha[4 : max(5, int(top * 0.7)), 6:-6] = 1
    # bright or dark rims where the plastic ends
    shade, power = rng.uniform(0, 255), rng.uniform(0.2, 1)
    thick = max(1, round(width * rng.uniform(0.002, 0.016)))
    low, high, whole = slice(2, 2 + thick), slice(-2 - thick, -2), slice(2, -2)
    for line in ((low, whole), (high, whole), (whole, low), (whole, high)):
        rgb[line], alpha[line] = shade, np.maximum(alpha[line], power)
    if kind in {"toploader", "slab"} and rng.random() < 0.3:  # a sleeve within it
        gaps = [round(gap) for gap in rng.uniform(0.008, 0.045, 4) * width]
        rows = slice(max(2, top - gaps[0]), top + height + gaps[1])
        columns = slice(max(2, left - gaps[2]), left + width + gaps[3])
        tone = _colour(rng) if rng.random() < 0.4 else rng.uniform(90, 250)
        power = 1.0 if rng.random() < 0.4 else rng.uniform(0.05, 0.6)
        rgb[rows, columns] = rgb[rows, columns] * (1 - power) + tone * power
        alpha[rows, columns] = np.maximum(alpha[rows, columns], power)
    if kind in {"toploader", "slab", "pocket"} and rng.random() < 0.6:
        gap = max(1, int(min(left, top) * rng.uniform(0.2, 0.7)))
        box = np.array([left - gap, top - gap, left + width + gap, top + height + gap])
        for x in (box[0], min(box[2], rgb.shape[1] - 1)):
            rgb[2:-2, x], alpha[2:-2, x] = shade, power
        y = min(box[3], rgb.shape[0] - 1)
        rgb[y, 2:-2], alpha[y, 2:-2] = shade, power


def draw_reflection(rng: Rng, rgb: np.ndarray) -> None:
    """Haze and slanted bands of light on the plastic, in place."""
    haze = rng.uniform(0, 0.2)
    rgb += (255 - rgb) * haze
    height, width = rgb.shape[:2]
    for _ in range(int(rng.integers(0, 3))):
        light = np.zeros((height, width), np.float32)
        x, lean, wide = rng.uniform(-0.3, 1.2), rng.uniform(-0.6, 0.6), rng.uniform(0.04, 0.4)
        band = np.array([[x, 0], [x + wide, 0], [x + wide + lean, 1], [x + lean, 1]])
        cv2.fillPoly(light, [(band * [width, height]).astype(np.int32)], 1.0)
        light = cv2.blur(light, (max(1, width // 12),) * 2)
        rgb += (255 - rgb) * (light * rng.uniform(0.1, 0.8))[..., None]
