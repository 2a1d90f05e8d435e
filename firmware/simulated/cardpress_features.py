"""Things that stand in several lands: towers, crystals, floating islands."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_paint import (
    Canvas,
    Colour,
    blob,
    curve,
    limb,
    mix,
    shaded,
)
from firmware.simulated.cardpress_palette import Palette


def tower(
    canvas: Canvas, tint: Colour, light: Colour, x: float, top: float, wide: float, foot: float
) -> None:
    """A tower with a roof of chance and lit windows."""
    rng = canvas.rng
    half = wide / 2
    body = np.array(
        [[x - half, top], [x + half, top], [x + half * 1.1, foot], [x - half * 1.1, foot]]
    )
    canvas.shape(body, mix(tint, light, 0.10), tint)
    right = body.copy()
    right[0, 0], right[3, 0] = x + half * 0.25, x + half * 0.25
    canvas.shape(right, mix(tint, light, 0.02), mix(tint, light, -0.06))
    roof = int(rng.integers(4))
    peak = wide * rng.uniform(0.8, 2.0)
    if roof == 0:
        canvas.shape(
            np.array([[x - half * 1.3, top], [x, top - peak], [x + half * 1.3, top]]),
            mix(tint, light, 0.2),
            tint,
        )
    elif roof == 1:
        canvas.solid(
            blob(x, top, half * 1.15, half * 1.3), shaded(mix(tint, light, 0.2)), bevel=half
        )
        canvas.shape(limb([[x, top - half], [x, top - peak]], [1.6, 0.4], 3), tint)
    elif roof == 2:
        teeth = [
            np.array(
                [
                    [x + k * half * 0.5 - half * 0.17, top - half * 0.4],
                    [x + k * half * 0.5 + half * 0.17, top - half * 0.4],
                    [x + k * half * 0.5 + half * 0.17, top + 1],
                    [x + k * half * 0.5 - half * 0.17, top + 1],
                ]
            )
            for k in (-2, -1, 0, 1, 2)
        ]
        canvas.shape(teeth, mix(tint, light, 0.10))
    for _ in range(int(rng.integers(1, 7))):
        left, up = x + rng.uniform(-0.55, 0.35) * wide / 1.4, rng.uniform(top + wide * 0.2, foot)
        pane = max(1.6, wide * 0.07)
        canvas.shape(
            np.array(
                [
                    [left, up],
                    [left + pane, up],
                    [left + pane, up + pane * 1.8],
                    [left, up + pane * 1.8],
                ]
            ),
            light,
            opacity=0.9,
        )


def crystal(
    canvas: Canvas, palette: Palette, x: float, foot: float, tall: float, lean: float
) -> None:
    """A faceted crystal that glows from inside."""
    wide = tall * float(canvas.rng.uniform(0.12, 0.2))
    axis = np.array([np.sin(lean), -np.cos(lean)])
    side = np.array([axis[1], -axis[0]]) * -wide
    base, shoulder, tip = (
        np.array([x, foot]),
        np.array([x, foot]) + axis * tall * 0.72,
        np.array([x, foot]) + axis * tall,
    )
    middle = base + axis * tall * 0.5
    canvas.glow(float(middle[0]), float(middle[1]), tall * 0.5, palette.accent, 0.35)
    faces = (
        (
            np.array([base - side, shoulder - side, tip, shoulder - side * 0.2, base - side * 0.2]),
            0.75,
        ),
        (
            np.array(
                [
                    base - side * 0.2,
                    shoulder - side * 0.2,
                    tip,
                    shoulder + side * 0.5,
                    base + side * 0.5,
                ]
            ),
            0.35,
        ),
        (
            np.array([base + side * 0.5, shoulder + side * 0.5, tip, shoulder + side, base + side]),
            0.0,
        ),
    )
    for face, share in faces:
        tone = mix(mix(palette.accent, palette.near, 0.35), palette.light, share)
        canvas.shape(face, tone, mix(tone, palette.near, 0.45), opacity=0.93)


def isle(canvas: Canvas, palette: Palette, x: float, y: float, size: float) -> None:
    """A floating island: a tapering rock with a meadow, trees or a tower on it."""
    rng = canvas.rng
    t = np.linspace(0, 1, 12)
    below = np.column_stack(
        [
            x - size + 2 * size * t,
            y + size * 1.3 * np.sin(np.pi * t) ** 1.3 * rng.uniform(0.5, 1.0, 12),
        ]
    )
    rock = np.vstack(
        [
            below,
            curve(
                [
                    [x + size, y],
                    [x + size * 0.3, y - size * 0.12],
                    [x - size * 0.4, y - size * 0.1],
                    [x - size, y],
                ]
            ),
        ]
    )
    stone = mix(palette.mid, palette.far, 0.4)
    canvas.solid(rock, shaded(stone), bevel=size * 0.4, texture=0.35, rim=palette.light)
    turf = curve(
        [
            [x - size * 1.03, y + 2],
            [x - size * 0.4, y - size * 0.17],
            [x + size * 0.3, y - size * 0.2],
            [x + size * 1.03, y + 2],
            [x + size * 0.4, y + size * 0.14],
            [x - size * 0.3, y + size * 0.1],
        ],
        closed=True,
    )
    canvas.solid(
        turf, shaded(mix(palette.body[1], palette.far, 0.35)), bevel=size * 0.15, texture=0.2
    )
    if rng.random() < 0.5:
        tower(
            canvas,
            palette.mid,
            palette.light,
            x + size * rng.uniform(-0.4, 0.4),
            y - size * rng.uniform(0.7, 1.2),
            size * 0.28,
            y - size * 0.05,
        )
    for _ in range(int(rng.integers(1, 5))):
        left, high = x + size * rng.uniform(-0.7, 0.7), size * rng.uniform(0.2, 0.45)
        canvas.solid(
            blob(left, y - high * 0.8 - size * 0.1, high * 0.42, high * 0.5),
            shaded(mix(palette.body[1], palette.near, 0.3)),
            bevel=high * 0.4,
            texture=0.3,
        )
