"""Moths, beetles and spiders, seen from above."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_beasts import darker, eye
from firmware.simulated.cardpress_paint import (
    Canvas,
    Place,
    blob,
    curve,
    limb,
    mix,
)
from firmware.simulated.cardpress_palette import Palette


def moth(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A great moth with eyes on its wings."""
    rng, s = canvas.rng, at.scale
    high, wide, low = rng.uniform(0.45, 0.85), rng.uniform(0.85, 1.15), rng.uniform(0.5, 0.9)
    tail = rng.uniform(0.0, 0.45)
    spots = int(rng.integers(1, 4))
    for side in (-1, 1):
        lower = curve(
            [
                [side * 0.06, 0.05],
                [side * wide * 0.6, 0.1],
                [side * wide * 0.75, low * 0.7],
                [side * 0.5, low + tail],
                [side * 0.3, low * 0.75],
                [side * 0.1, 0.4],
            ],
            True,
        )
        tone = (palette.body[0], mix(palette.body[1], palette.accent, 0.4), palette.body[2])
        canvas.solid(at(lower), tone, bevel=s * 0.25, texture=0.3, rim=palette.light)
        upper = curve(
            [
                [side * 0.05, -0.1],
                [side * 0.45, -high * 0.8],
                [side * wide, -high],
                [side * wide * 1.02, -high * 0.55],
                [side * wide * 0.75, 0.1],
                [side * 0.3, 0.18],
            ],
            True,
        )
        canvas.solid(at(upper), palette.body, bevel=s * 0.3, texture=0.3, rim=palette.light)
        inner = upper * 0.74 + np.array([side * 0.12, -0.08])
        canvas.shape(
            at(inner),
            mix(palette.body[2], palette.accent, 0.3),
            palette.body[1],
            opacity=0.55,
            soft=s * 0.015,
        )
        for k in range(7):
            end = upper[int(len(upper) * (0.2 + 0.55 * k / 6))]
            canvas.shape(
                at(limb([[side * 0.08, 0.0], end * 0.95], [0.012, 0.004], 2)),
                palette.body[0],
                opacity=0.6,
            )
        for k in range(spots):
            spot = np.array([side * wide * (0.68 - 0.05 * k), -high * 0.5 + 0.5 * k * low])
            for size, ink in (
                (0.16, palette.near),
                (0.12, palette.accent),
                (0.065, palette.near),
                (0.03, palette.light),
            ):
                canvas.shape(
                    at(blob(spot[0], spot[1], size * (1 - 0.2 * k), size * (1 - 0.2 * k))), ink
                )
        feeler = [[side * 0.04, -0.3], [side * 0.2, -0.62], [side * 0.42, -0.72]]
        canvas.shape(at(limb(feeler, [0.016, 0.03, 0.004])), palette.body[2])
    canvas.solid(
        at(limb([[0, -0.34], [0, -0.1], [0, 0.3], [0, 0.6]], [0.08, 0.13, 0.11, 0.02])),
        palette.body,
        bevel=s * 0.1,
        texture=0.3,
        rim=palette.light,
    )
    for side in (-1, 1):
        eye(canvas, palette, at, side * 0.05, -0.33, 0.028)


def beetle(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A beetle seen from above, its wing cases like lacquer."""
    rng, s = canvas.rng, at.scale
    dark = darker(palette.body, palette, 0.5)
    for side in (-1, 1):
        for k, y in enumerate((-0.25, 0.05, 0.35)):
            leg = [
                [side * 0.3, y],
                [side * 0.72, y - 0.2 + 0.16 * k],
                [side * 0.86, y + 0.12 + 0.2 * k],
            ]
            canvas.solid(
                at(limb(leg, [0.055, 0.045, 0.012])), dark, bevel=s * 0.05, rim=palette.light
            )
    horn = float(rng.uniform(0.2, 0.6))
    for side in (-1, 1):
        jaw = [
            [side * 0.1, -0.72],
            [side * 0.28, -0.85 - horn * 0.3],
            [side * 0.08, -0.9 - horn * 0.6],
        ]
        canvas.solid(at(limb(jaw, [0.06, 0.05, 0.008])), dark, bevel=s * 0.05, rim=palette.light)
    canvas.solid(at(blob(0, -0.66, 0.22, 0.17)), dark, bevel=s * 0.15, rim=palette.light)
    canvas.solid(
        at(blob(0, -0.42, 0.4, 0.24)),
        (palette.near, mix(palette.body[1], palette.near, 0.2), palette.body[2]),
        bevel=s * 0.22,
        rim=palette.light,
    )
    marks = int(rng.integers(1, 5))
    for side in (-1, 1):
        case = curve(
            [
                [side * 0.015, -0.28],
                [side * 0.4, -0.24],
                [side * 0.52, 0.15],
                [side * 0.36, 0.68],
                [side * 0.015, 0.86],
            ],
            True,
        )
        canvas.solid(
            at(case),
            (palette.near, palette.body[1], palette.light),
            bevel=s * 0.34,
            texture=0.06,
            rim=palette.accent,
        )
        for k in range(marks):
            y = -0.1 + 0.7 * k / max(1, marks)
            canvas.shape(at(blob(side * 0.24, y, 0.09, 0.07)), palette.accent, opacity=0.9)
        gloss = curve(
            [[side * 0.14, -0.16], [side * 0.22, -0.1], [side * 0.2, 0.3], [side * 0.13, 0.2]], True
        )
        canvas.shape(at(gloss), palette.light, opacity=0.35, soft=s * 0.02)
        eye(canvas, palette, at, side * 0.13, -0.74, 0.035)


def spider(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A spider in its web of light."""
    rng, s = canvas.rng, at.scale
    count = int(rng.integers(9, 15))
    spokes = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(0, 1)
    ways = np.column_stack([np.cos(spokes), np.sin(spokes)])
    thread = mix(palette.light, palette.sky[2], 0.3)
    for way in ways:
        canvas.shape(at(limb([(0, 0), way * 1.7], [0.006, 0.006], 1)), thread, opacity=0.7)
    for ring in np.linspace(0.25, 1.55, 9):
        knots = ways * ring * rng.uniform(0.93, 1.07, (count, 1))
        sag = (knots + np.roll(knots, -1, 0)) / 2 * 0.92
        line = np.stack([knots, sag], 1).reshape(-1, 2)
        outline = curve(line, True, 4)
        for first, second in zip(outline[::4], np.roll(outline, -4, 0)[::4], strict=True):
            canvas.shape(at(limb([first, second], [0.005, 0.005], 1)), thread, opacity=0.6)
    dark = darker(palette.body, palette, 0.25)
    for side in (-1, 1):
        for k in range(4):
            turn = -0.9 + 0.62 * k
            knee = np.array([side * 0.55 * np.cos(turn * 0.8), 0.6 * np.sin(turn) - 0.15])
            foot = np.array([side * (0.85 + 0.06 * k), 1.0 * np.sin(turn) + 0.05])
            canvas.solid(
                at(limb([[side * 0.1, -0.05 + 0.06 * k], knee, foot], [0.05, 0.045, 0.01])),
                dark,
                bevel=s * 0.05,
                rim=palette.light,
            )
    canvas.solid(
        at(blob(0, 0.38, 0.32, 0.4)), palette.body, bevel=s * 0.3, texture=0.2, rim=palette.light
    )
    for y, size in ((0.2, 0.1), (0.4, 0.12), (0.58, 0.07)):
        canvas.shape(at([[0, y - size], [size, y], [0, y + size], [-size, y]]), palette.accent)
    canvas.solid(at(blob(0, -0.1, 0.2, 0.2)), palette.body, bevel=s * 0.18, rim=palette.light)
    for x, y, size in (
        (-0.09, -0.2, 0.035),
        (0.09, -0.2, 0.035),
        (-0.04, -0.26, 0.022),
        (0.04, -0.26, 0.022),
    ):
        eye(canvas, palette, at, x, y, size)
