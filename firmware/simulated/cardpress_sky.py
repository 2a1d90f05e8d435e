"""Skies: suns, moons, ringed worlds, stars, auroras, clouds, rays and storms."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from firmware.simulated.cardpress_paint import Canvas, Colour, blob, mix, shaded
from firmware.simulated.cardpress_palette import Palette


def _disc(canvas: Canvas, palette: Palette, size: float, x: float, y: float) -> None:
    canvas.glow(x, y, size * 2.6, palette.light, 0.55)
    canvas.shape(
        blob(x, y, size, size, steps=72), palette.light, mix(palette.light, palette.sky[2], 0.35)
    )
    canvas.glow(x, y, size * 0.9, palette.light, 0.3)


def _spot(canvas: Canvas) -> tuple[float, float]:
    rng = canvas.rng
    return float(rng.uniform(0.14, 0.86)) * canvas.w, float(rng.uniform(0.14, 0.45)) * canvas.h


def _sun(canvas: Canvas, palette: Palette) -> None:
    x, y = _spot(canvas)
    _disc(canvas, palette, canvas.unit * float(canvas.rng.uniform(0.09, 0.24)), x, y)


def _moon(canvas: Canvas, palette: Palette) -> None:
    _stars(canvas, palette)
    x, y = _spot(canvas)
    size = canvas.unit * float(canvas.rng.uniform(0.12, 0.26))
    _disc(canvas, palette, size, x, y)
    for _ in range(7):
        turn, far = canvas.rng.uniform(0, 6.28), canvas.rng.uniform(0, 0.68) * size
        crater = size * float(canvas.rng.uniform(0.07, 0.2))
        spot = blob(x + far * np.cos(turn), y + far * np.sin(turn), crater, crater * 0.92)
        canvas.shape(spot, mix(palette.light, palette.far, 0.45), soft=1.2, opacity=0.5)


def _crescent(canvas: Canvas, palette: Palette) -> None:
    _stars(canvas, palette)
    x, y = _spot(canvas)
    size = canvas.unit * float(canvas.rng.uniform(0.11, 0.2))
    canvas.glow(x, y, size * 2.2, palette.light, 0.45)
    turn = float(canvas.rng.uniform(-0.9, 0.9)) + (0 if canvas.rng.random() < 0.5 else np.pi)
    t = np.linspace(-1.9, 1.9, 50) + turn
    outer = np.column_stack([x + size * np.cos(t), y + size * np.sin(t)])
    bite = 0.55 * size
    inner_x, inner_y = x - bite * np.cos(turn), y - bite * np.sin(turn)
    reach = np.hypot(outer[0, 0] - inner_x, outer[0, 1] - inner_y)
    start = np.arctan2(outer[-1, 1] - inner_y, outer[-1, 0] - inner_x)
    sweep = (start - turn + np.pi) % (2 * np.pi) - np.pi
    s = np.linspace(sweep, -sweep, 50) + turn
    inner = np.column_stack([inner_x + reach * np.cos(s), inner_y + reach * np.sin(s)])
    canvas.shape(np.vstack([outer, inner]), palette.light)


def _ringed(canvas: Canvas, palette: Palette) -> None:
    _stars(canvas, palette)
    x, y = _spot(canvas)
    size = canvas.unit * float(canvas.rng.uniform(0.16, 0.3))
    tilt = float(canvas.rng.uniform(-0.6, 0.6))
    canvas.glow(x, y, size * 1.7, palette.accent, 0.35)
    body = shaded(mix(palette.accent, palette.sky[2], 0.5))
    canvas.solid(blob(x, y, size, size, steps=72), body, bevel=size * 0.95, texture=0.25)
    t = np.linspace(0.12, np.pi - 0.12, 60)
    for wide, opacity in ((2.0, 0.75), (1.72, 0.5), (1.5, 0.65)):
        outer = np.column_stack([size * wide * np.cos(t), size * wide * 0.25 * np.sin(t)])
        inner = outer * 0.93
        ring = np.vstack([outer, inner[::-1]])
        spin = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        canvas.shape(ring @ spin + (x, y), palette.light, opacity=opacity)


def _stars(canvas: Canvas, palette: Palette) -> None:
    rng = canvas.rng
    count = int(rng.integers(50, 160))
    sky = np.zeros((canvas.h, canvas.w), np.float32)
    columns = rng.integers(1, canvas.w - 1, count)
    rows = (rng.random(count) ** 1.4 * canvas.h * 0.8).astype(int)
    sky[rows, columns] = rng.uniform(0.3, 1.6, count)
    light = cv2.GaussianBlur(sky, (0, 0), 0.7) * 3
    canvas.picture += light[..., None] * palette.light
    for _ in range(int(rng.integers(2, 7))):
        x, y = rng.uniform(0, canvas.w), rng.uniform(0, canvas.h * 0.5)
        long = rng.uniform(3, 9)
        for dx, dy in ((long, 0.8), (0.8, long)):
            spark = np.array([[x - dx, y], [x, y - dy], [x + dx, y], [x, y + dy]])
            canvas.shape(spark, palette.light, opacity=0.85)


def _aurora(canvas: Canvas, palette: Palette) -> None:
    _stars(canvas, palette)
    rng = canvas.rng
    columns = np.arange(canvas.w, dtype=np.float32)
    for tint in (palette.accent, palette.body[2], palette.light):
        base = canvas.h * float(rng.uniform(0.25, 0.6))
        line = base + canvas.h * 0.12 * np.sin(
            columns / canvas.w * rng.uniform(4, 9) + rng.uniform(0, 6)
        )
        line += canvas.h * 0.05 * np.sin(columns / canvas.w * rng.uniform(12, 24))
        tall = canvas.h * rng.uniform(0.2, 0.42)
        up = (line[None, :] - canvas.y) / tall
        curtain = np.exp(-np.clip(up, 0, None) * 2.4) * np.exp(np.clip(up, None, 0) * 26)
        folds = 0.62 + 0.38 * np.sin(columns * rng.uniform(0.07, 0.2) + 4 * canvas.grain[40, :])
        light = (curtain * folds[None, :] * 0.7).astype(np.float32)
        canvas.picture += light[..., None] * tint * (1 - 0.6 * np.clip(canvas.picture, 0, 1))


def _clouds(canvas: Canvas, palette: Palette) -> None:
    if canvas.rng.random() < 0.6:
        _sun(canvas, palette)
    for strength in (0.55, 0.75):
        field = canvas.noise(canvas.unit * 0.34, 5, stretch=2.2)
        lit = np.roll(field, (4, 3), (0, 1)) - field
        cover = (
            np.clip(field * 1.7 - 0.05, 0, 1) * np.clip(1.15 - canvas.y / canvas.h, 0, 1) * strength
        )
        tone = mix(palette.sky[2], palette.light, 0.5) - np.clip(lit, -0.2, 0.2)[..., None] * 1.6
        canvas.lay(np.asarray(tone, np.float32), cover)


def _rays(canvas: Canvas, palette: Palette) -> None:
    x, y = _spot(canvas)
    angle = np.arctan2(canvas.y - y, canvas.x - x)
    count = int(canvas.rng.integers(7, 19))
    beams = np.clip(np.sin(angle * count + canvas.rng.uniform(0, 6)) * 3, 0, 1)
    beams *= np.exp(-np.hypot(canvas.x - x, canvas.y - y) / canvas.unit * 0.9) * 0.45
    canvas.picture += beams[..., None] * palette.light * (1 - 0.5 * np.clip(canvas.picture, 0, 1))
    _disc(canvas, palette, canvas.unit * 0.1, x, y)


def _nebula(canvas: Canvas, palette: Palette) -> None:
    for tint in (palette.accent, palette.body[1], palette.sky[2]):
        field = canvas.noise(canvas.unit * 0.5, 5)
        ridge = np.exp(-((field / 0.28) ** 2)) * 0.5
        canvas.picture += ridge[..., None] * tint * 0.8
    _stars(canvas, palette)
    _stars(canvas, palette)


def _eclipse(canvas: Canvas, palette: Palette) -> None:
    x, y = _spot(canvas)
    size = canvas.unit * float(canvas.rng.uniform(0.12, 0.22))
    angle = np.arctan2(canvas.y - y, canvas.x - x)
    far = np.hypot(canvas.y - y, canvas.x - x) / size
    flare = np.exp(-np.clip(far - 1, 0, None) * (2.0 + np.sin(angle * 7 + canvas.grain * 4)))
    canvas.picture += flare[..., None] * palette.light * 0.9
    canvas.shape(blob(x, y, size, size, steps=72), mix(palette.sky[0], palette.near, 0.7))


def _storm(canvas: Canvas, palette: Palette) -> None:
    field = canvas.noise(canvas.unit * 0.3, 5, stretch=1.8)
    dark = mix(palette.sky[0], palette.near, 0.5)
    canvas.lay(dark, np.clip(0.55 + field - canvas.y / canvas.h * 0.9, 0, 0.9).astype(np.float32))
    for _ in range(int(canvas.rng.integers(1, 4))):
        bolt(canvas, palette.light, canvas.rng.uniform(0.1, 0.9) * canvas.w, 0.0, canvas.h * 0.72)


def bolt(canvas: Canvas, tint: Colour, x: float, top: float, bottom: float) -> None:
    """A forked lightning from `top` to `bottom`."""
    steps = 14
    rows = np.linspace(top, bottom, steps)
    columns = x + np.cumsum(canvas.rng.normal(0, canvas.unit * 0.035, steps))
    canvas.glow(float(columns[steps // 2]), float(rows[steps // 2]), canvas.unit * 0.3, tint, 0.4)
    thick = np.linspace(2.4, 0.5, steps)[:, None]
    line = np.column_stack([columns, rows])
    canvas.shape(np.vstack([line + thick * (1, 0), (line - thick * (1, 0))[::-1]]), tint)
    for start in canvas.rng.integers(3, steps - 3, 3):
        tail = min(5, steps - start)
        fork = line[start : start + tail] + np.cumsum(
            canvas.rng.normal(0, canvas.unit * 0.03, (tail, 2)) * (1.4, 0.3), axis=0
        )
        fork[0] = line[start]
        thin = np.linspace(1.3, 0.3, tail)[:, None]
        canvas.shape(
            np.vstack([fork + thick[:tail] * 0 + thin * (1, 0), (fork - thin * (1, 0))[::-1]]), tint
        )


_KINDS: dict[str, Callable[[Canvas, Palette], None]] = {
    "sun": _sun, "moon": _moon, "crescent": _crescent, "ringed": _ringed, "stars": _stars,
    "aurora": _aurora, "clouds": _clouds, "rays": _rays, "nebula": _nebula, "eclipse": _eclipse,
    "storm": _storm,
}  # fmt: skip
SKIES = tuple(_KINDS)


def paint_sky(canvas: Canvas, palette: Palette, kind: str) -> None:
    """Fill the canvas with a sky of one of `SKIES`."""
    canvas.gradient(palette.sky, wobble=0.05)
    _KINDS[kind](canvas, palette)
