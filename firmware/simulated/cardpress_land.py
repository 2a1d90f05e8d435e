"""Grounds and places, built of layers from far to near with haze between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware.simulated.cardpress_features import crystal, isle, tower
from firmware.simulated.cardpress_paint import (
    Canvas,
    Colour,
    Points,
    blob,
    limb,
    mix,
)
from firmware.simulated.cardpress_palette import Palette


def _profile(canvas: Canvas, level: float, rough: float, jag: float, knots: int) -> Points:
    """A skyline from the left to the right rim, closed below; `level` in heights from the top."""
    rng = canvas.rng
    columns = np.linspace(-0.02, 1.02, 160)
    line = np.zeros_like(columns)
    strength = rough
    for octave in range(5):
        grid = rng.uniform(-1, 1, knots * 2**octave + 2)
        line += strength * np.interp(columns * (len(grid) - 1), np.arange(len(grid)), grid)
        strength *= jag
    rows = (level + line) * canvas.h
    skyline = np.column_stack([columns * canvas.w, rows])
    return np.vstack(
        [skyline, [[canvas.w * 1.02, canvas.h * 1.1], [-0.02 * canvas.w, canvas.h * 1.1]]]
    )


def haze(canvas: Canvas, level: float, deep: float, tint: Colour, strength: float) -> None:
    """A band of mist, thickest at `level` (in heights from the top)."""
    band = np.exp(-(((canvas.y / canvas.h - level) / deep) ** 2)) * strength
    canvas.lay(tint, np.clip(band * (1 + 0.5 * canvas.grain), 0, 1).astype(np.float32))


def _layers(palette: Palette, count: int) -> list[Colour]:
    stops = (palette.far, palette.mid, palette.near)
    where = np.linspace(0, 2, count)
    return [
        mix(stops[min(int(w), 1)], stops[min(int(w), 1) + 1], float(w - min(int(w), 1)))
        for w in where
    ]


def _peaks(canvas: Canvas, palette: Palette) -> None:
    for index, tint in enumerate(_layers(palette, 4)):
        level = 0.42 + 0.17 * index + float(canvas.rng.uniform(-0.04, 0.04))
        outline = _profile(canvas, level, 0.16 - 0.02 * index, 0.5, 3)
        lit = (mix(tint, palette.near, 0.5), tint, mix(tint, palette.light, 0.55))
        canvas.solid(outline, lit, bevel=canvas.unit * 0.10, texture=0.3, light=(-0.9, -0.5))
        haze(canvas, level + 0.16, 0.08, palette.sky[2], 0.35 - 0.08 * index)


def _hills(canvas: Canvas, palette: Palette) -> None:
    for index, tint in enumerate(_layers(palette, 4)):
        level = 0.52 + 0.14 * index
        outline = _profile(canvas, level, 0.10, 0.24, 2)
        canvas.shape(outline, mix(tint, palette.light, 0.22), mix(tint, palette.near, 0.5))
        haze(canvas, level + 0.13, 0.06, palette.sky[2], 0.3 - 0.07 * index)


def _dunes(canvas: Canvas, palette: Palette) -> None:
    sand = mix(palette.sky[1], palette.far, 0.4)
    for index in range(4):
        level = 0.55 + 0.13 * index
        outline = _profile(canvas, level, 0.08, 0.15, 2)
        tint = mix(sand, palette.near, 0.16 * index)
        canvas.solid(
            outline,
            (mix(tint, palette.near, 0.7), tint, mix(tint, palette.light, 0.6)),
            bevel=canvas.unit * 0.22,
            texture=0.08,
            light=(-1.2, -0.3),
        )


def _sea(canvas: Canvas, palette: Palette) -> None:
    level = float(canvas.rng.uniform(0.5, 0.66))
    top = int(level * canvas.h)
    if canvas.rng.random() < 0.5:
        canvas.shape(_profile(canvas, level - 0.02, 0.06, 0.5, 3), palette.far, palette.mid)
    depth = np.clip((canvas.y - top) / (canvas.h - top), 0, 1)
    water = palette.sky[1] + (palette.near - palette.sky[1]) * depth[..., None]
    ripples = np.sin(
        np.clip(canvas.y - top, 0, None) ** 0.7 * 3.2
        + canvas.noise(canvas.unit * 0.12, 3, 5.0) * 3.0
    )
    water = water + ripples[..., None] * 0.05
    mirror = canvas.picture[np.clip(2 * top - np.arange(canvas.h), 0, canvas.h - 1)]
    water = water * 0.55 + mirror * 0.45
    glint = np.clip(ripples - 0.72, 0, 1) * np.exp(-depth * 2)
    water = water + glint[..., None] * palette.light * 1.4
    canvas.lay(np.asarray(water, np.float32), (canvas.y >= top).astype(np.float32))


def _forest(canvas: Canvas, palette: Palette) -> None:
    rng = canvas.rng
    for index, tint in enumerate(_layers(palette, 4)):
        level = 0.5 + 0.15 * index
        canvas.shape(
            _profile(canvas, level + 0.1, 0.04, 0.4, 3), tint, mix(tint, palette.near, 0.6)
        )
        count, tall = 26 - index * 5, (0.16 + 0.1 * index) * canvas.h
        trees = []
        conifers = rng.random() < 0.6
        for x in np.linspace(-0.03, 1.03, count) + rng.normal(0, 0.018, count):
            high, foot = tall * rng.uniform(0.6, 1.15), (level + 0.13) * canvas.h
            left = x * canvas.w
            if conifers:
                tiers = np.linspace(0, 1, 6)
                right = np.array(
                    [
                        [left + high * (0.05 + 0.19 * t), foot - high * (1 - t)]
                        for t in tiers
                        for _ in (0,)
                    ]
                )
                notch = right - np.column_stack([0.5 * (right[:, 0] - left), np.zeros(6)])
                side = np.column_stack([right, notch]).reshape(-1, 2)
                flip = side * (-1, 1) + (2 * left, 0)
                trees.append(np.vstack([side, flip[::-1]]))
            else:
                trees.append(blob(left, foot - high * 0.62, high * 0.26, high * 0.38))
                trees.append(
                    limb([[left, foot], [left, foot - high * 0.6]], [high * 0.035, high * 0.02], 3)
                )
        canvas.shape(trees, mix(tint, palette.light, 0.10), tint)
        haze(canvas, level + 0.14, 0.07, palette.sky[2], 0.36 - 0.1 * index)


def _city(canvas: Canvas, palette: Palette) -> None:
    rng = canvas.rng
    for index, tint in enumerate(_layers(palette, 3)):
        level = 0.62 + 0.12 * index
        x = -0.05 * canvas.w
        while x < canvas.w:
            wide = canvas.unit * rng.uniform(0.05, 0.13)
            top = (level - rng.uniform(0.05, 0.42 - 0.08 * index)) * canvas.h
            tower(canvas, tint, palette.light, x + wide / 2, top, wide, canvas.h * 1.02)
            x += wide * rng.uniform(0.9, 1.5)
        haze(canvas, level + 0.1, 0.10, palette.sky[2], 0.34 - 0.1 * index)


def _cavern(canvas: Canvas, palette: Palette) -> None:
    canvas.gradient([palette.near, mix(palette.mid, palette.accent, 0.25), palette.near], 0.15)
    canvas.glow(canvas.w * 0.5, canvas.h * 0.55, canvas.unit * 0.55, palette.sky[2], 0.6)
    for index, tint in enumerate(_layers(palette, 3)):
        for up in (True, False):
            outline = _profile(canvas, 0.72 + 0.1 * index, 0.16, 0.6, 4)
            if up:
                outline = outline * (1, -1) + (0, canvas.h)
            canvas.solid(
                outline,
                (palette.near, tint, mix(tint, palette.sky[2], 0.4)),
                bevel=canvas.unit * 0.07,
                texture=0.4,
            )
    for _ in range(int(canvas.rng.integers(5, 11))):
        x = float(canvas.rng.uniform(0.03, 0.97)) * canvas.w
        crystal(
            canvas,
            palette,
            x,
            canvas.h * float(canvas.rng.uniform(0.84, 1.02)),
            canvas.unit * float(canvas.rng.uniform(0.12, 0.4)),
            float(canvas.rng.normal(0, 0.35)),
        )


def _isles(canvas: Canvas, palette: Palette) -> None:
    rng = canvas.rng
    haze(canvas, 0.85, 0.3, palette.sky[2], 0.6)
    spots = sorted(
        (
            (rng.uniform(0.08, 0.92), rng.uniform(0.3, 0.8), rng.uniform(0.07, 0.2))
            for _ in range(6)
        ),
        key=lambda s: s[2],
    )
    for x, y, size in spots:
        isle(canvas, palette, x * canvas.w, y * canvas.h, size * canvas.unit * 1.2)


def _meadow(canvas: Canvas, palette: Palette) -> None:
    _hills(canvas, palette)
    rng = canvas.rng
    for _ in range(260):
        x, depth = rng.uniform(-0.02, 1.02) * canvas.w, rng.random()
        y = (0.8 + 0.24 * depth) * canvas.h
        tall = canvas.unit * (0.03 + 0.07 * depth) * rng.uniform(0.6, 1.3)
        bend = rng.normal(0, 0.3) * tall
        tint = mix(
            mix(palette.near, palette.body[1], 0.45), palette.light, float(rng.uniform(0, 0.25))
        )
        canvas.shape(np.array([[x - 1.2, y], [x + bend, y - tall], [x + 1.2, y]]), tint)
        if rng.random() < 0.14:
            canvas.shape(blob(x + bend, y - tall, 2.6, 2.6, steps=10), palette.accent)


def _underwater(canvas: Canvas, palette: Palette) -> None:
    canvas.gradient([mix(palette.light, palette.sky[2], 0.7), palette.sky[1], palette.near], 0.08)
    x = canvas.w * float(canvas.rng.uniform(0.2, 0.8))
    angle = np.arctan2(canvas.x - x, canvas.y + canvas.h * 0.3)
    beams = (
        np.clip(np.sin(angle * 24 + canvas.grain * 0.8), 0, 1)
        * np.exp(-canvas.y / canvas.h * 2.2)
        * 0.35
    )
    canvas.picture += beams[..., None] * palette.light
    for index, tint in enumerate(_layers(palette, 3)):
        canvas.shape(_profile(canvas, 0.78 + 0.08 * index, 0.07, 0.5, 4), tint, palette.near)
        for _ in range(6):
            foot = float(canvas.rng.uniform(0, 1)) * canvas.w
            tall = canvas.h * float(canvas.rng.uniform(0.1, 0.34))
            sway = canvas.rng.normal(0, 0.16, 4) * tall
            weed = [[foot + s, canvas.h * 1.0 - tall * k / 3] for k, s in enumerate(sway)]
            canvas.shape(
                limb(weed, [canvas.unit * 0.014, canvas.unit * 0.011, 0.5]),
                mix(tint, palette.body[1], 0.5),
            )
    for _ in range(24):
        bubble = float(canvas.rng.uniform(1, 5))
        canvas.shape(
            blob(
                canvas.rng.uniform(0, canvas.w),
                canvas.rng.uniform(0, canvas.h),
                bubble,
                bubble,
                steps=14,
            ),
            palette.light,
            opacity=0.25,
        )


def _void(canvas: Canvas, palette: Palette) -> None:
    haze(canvas, 1.0, 0.3, palette.near, 0.8)


_KINDS: dict[str, Callable[[Canvas, Palette], None]] = {
    "peaks": _peaks, "hills": _hills, "dunes": _dunes, "sea": _sea, "forest": _forest,
    "city": _city, "cavern": _cavern, "isles": _isles, "meadow": _meadow,
    "underwater": _underwater, "void": _void,
}  # fmt: skip
GROUNDS = tuple(_KINDS)


def paint_ground(canvas: Canvas, palette: Palette, kind: str) -> None:
    """Lay a ground of one of `GROUNDS` over the sky."""
    _KINDS[kind](canvas, palette)
