"""The back that all cards of Lanternfall share: a lantern over dark water, in a ring of rays."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_frame import cut_box
from firmware.simulated.cardpress_paint import (
    Canvas,
    Points,
    blob,
    colour,
    curve,
    limb,
    mix,
    shaded,
)
from firmware.simulated.cardpress_text import glowing
from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Picture


def _ring(x: float, y: float, radius: float, thick: float) -> list[Points]:
    """A closed band as two half rings, since shapes have no holes."""
    halves = []
    for start in (0.0, np.pi):
        t = np.linspace(start, start + np.pi + 0.02, 60)
        way = np.column_stack([np.cos(t), np.sin(t)])
        halves.append(np.vstack([way * radius, way[::-1] * (radius - thick)]) + (x, y))
    return halves


def press_back() -> Picture:
    """The back `(640, 448, 3) uint8`; it reads the same way up as the face."""
    canvas = Canvas(CROP_WIDTH_PX, CROP_HEIGHT_PX, np.random.default_rng(5))
    night, deep = colour("0c1230"), colour("1d2c66")
    gold, pale, glow = colour("c8963c"), colour("ffe9b0"), colour("ffb84a")
    x, y = canvas.w / 2, canvas.h / 2 - 6
    canvas.gradient([night, deep, night], 0.08)
    angle = np.arctan2(canvas.y - y, canvas.x - x)
    far = np.hypot(canvas.y - y, canvas.x - x)
    rays = np.clip(np.sin(angle * 24) * 4, 0, 1) * np.exp(-far / 210) * 0.35
    canvas.picture += rays[..., None] * glow
    swirl = np.sin(far / 13 + 3 * canvas.grain) * np.exp(-(((far - 250) / 120) ** 2))
    canvas.picture += np.clip(swirl, 0, 1)[..., None] * colour("3a54b0") * 0.3
    canvas.glow(x, y, 120, glow, 0.7)
    for radius, thick in ((176, 8), (160, 3), (132, 2)):
        canvas.solid(_ring(x, y, radius, thick), shaded(gold), bevel=3, texture=0.1)
    for k in range(12):
        turn = k * np.pi / 6
        spot = (x + 168 * np.cos(turn - np.pi / 2), y + 168 * np.sin(turn - np.pi / 2))
        canvas.solid(blob(spot[0], spot[1], 9, 9), shaded(mix(gold, pale, 0.4)), bevel=7)
    _lantern(canvas, x, y)
    for inset, tint in ((0, night), (10, gold), (13, night), (20, gold)):
        inner = cut_box(
            inset, inset, canvas.w - 2 * inset, canvas.h - 2 * inset, 18 if inset else 0
        )
        wide = 10 if inset == 0 else 2
        inside = cut_box(
            inset + wide,
            inset + wide,
            canvas.w - 2 * (inset + wide),
            canvas.h - 2 * (inset + wide),
            18,
        )
        band = np.vstack([inner, inner[:1], inside[:1], inside[::-1]])
        canvas.shape(band, tint)
    picture = canvas.finish(pale, bloom=0.4, vignette=0.3)
    white = (214, 240, 255)
    glowing(
        picture,
        "LANTERNFALL",
        (CROP_WIDTH_PX // 2, 92),
        46,
        white,
        (30, 12, 6),
        weight=820,
        align="center",
    )
    glowing(
        picture,
        "KEEP  THE  LIGHT",
        (CROP_WIDTH_PX // 2, 578),
        22,
        white,
        (30, 12, 6),
        weight=560,
        align="center",
    )
    return picture


def _lantern(canvas: Canvas, x: float, y: float) -> None:
    gold, pale, glow = colour("d0a050"), colour("fff0c0"), colour("ff9a2a")
    metal = shaded(gold)
    canvas.glow(x, y + 8, 70, pale, 0.9)
    glass = curve(
        [
            [x - 44, y - 40],
            [x + 44, y - 40],
            [x + 58, y + 20],
            [x + 44, y + 64],
            [x - 44, y + 64],
            [x - 58, y + 20],
        ],
        True,
    )
    canvas.shape(glass, mix(pale, glow, 0.35), mix(pale, glow, 0.8), opacity=0.85)
    flame = curve(
        [
            [x, y - 34],
            [x + 18, y + 6],
            [x + 14, y + 36],
            [x, y + 46],
            [x - 14, y + 36],
            [x - 18, y + 6],
        ],
        True,
    )
    canvas.shape(flame, colour("ffffff"), glow)
    canvas.glow(x, y + 14, 34, pale, 0.6)
    for bar in (-44, 0, 44):
        canvas.solid(
            limb([[x + bar, y - 42], [x + bar * 1.3, y + 14], [x + bar, y + 66]], [3, 3, 3]),
            metal,
            bevel=3,
        )
    canvas.solid(cut_box(x - 56, y - 54, 112, 16, 5), metal, bevel=7)
    canvas.solid(cut_box(x - 62, y + 62, 124, 20, 6), metal, bevel=8)
    canvas.solid(
        np.array([[x - 48, y - 54], [x - 14, y - 86], [x + 14, y - 86], [x + 48, y - 54]]),
        metal,
        bevel=12,
    )
    t = np.linspace(0, np.pi, 12)
    hoop = np.column_stack([x + 24 * np.cos(t), y - 88 - 30 * np.sin(t)])
    canvas.solid(limb(hoop, [3.5, 3.5], 4), metal, bevel=3)
