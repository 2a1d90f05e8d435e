"""Relics of glass and paper: lanterns, crystals, flasks, hourglasses, books."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_paint import Canvas, Place, Points, Ramp, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette


def metal_of(palette: Palette) -> Ramp:
    """The metal of a picture: between its accent and its body colour."""
    return (
        mix(palette.near, palette.accent, 0.2),
        mix(palette.accent, palette.body[1], 0.35),
        palette.light,
    )


def halo(canvas: Canvas, palette: Palette, at: Place, y: float = 0.0) -> None:
    """A soft light behind an object, at height `y` of its place."""
    ((cx, cy),) = at([[0, y]])
    canvas.glow(cx, cy, at.scale * 1.0, palette.light, 0.5)


def band(x: float, y: float, outer: float, inner: float, squash: float = 1.0) -> list[Points]:
    """A ring as two half bands."""
    halves = []
    for start in (0.0, np.pi):
        t = np.linspace(start, start + np.pi + 0.03, 40)
        way = np.column_stack([np.cos(t), squash * np.sin(t)])
        halves.append(np.vstack([way * outer, way[::-1] * inner]) + (x, y))
    return halves


def lantern(canvas: Canvas, palette: Palette, at: Place) -> None:
    """The game's own lamp, lit."""
    s, metal = at.scale, metal_of(palette)
    wide = float(canvas.rng.uniform(0.34, 0.55))
    halo(canvas, palette, at, 0.1)
    halo(canvas, palette, at, 0.1)
    glass = curve(
        [
            [-wide * 0.8, -0.35],
            [wide * 0.8, -0.35],
            [wide, 0.2],
            [wide * 0.75, 0.6],
            [-wide * 0.75, 0.6],
            [-wide, 0.2],
        ],
        True,
    )
    canvas.shape(at(glass), palette.light, palette.accent, opacity=0.9)
    flame = curve(
        [[0, -0.26], [0.14, 0.12], [0.1, 0.4], [0, 0.48], [-0.1, 0.4], [-0.14, 0.12]], True
    )
    canvas.shape(at(flame), palette.light, palette.body[1])
    for bar in np.linspace(-1, 1, int(canvas.rng.integers(3, 6))):
        canvas.solid(
            at(
                limb(
                    [
                        [bar * wide * 0.8, -0.36],
                        [bar * wide * 1.02, 0.2],
                        [bar * wide * 0.75, 0.62],
                    ],
                    [0.025, 0.025, 0.025],
                )
            ),
            metal,
            bevel=s * 0.03,
        )
    for y, w, h in ((-0.42, wide, 0.07), (0.66, wide * 0.95, 0.09)):
        canvas.solid(
            at([[-w, y - h], [w, y - h], [w * 1.08, y + h], [-w * 1.08, y + h]]),
            metal,
            bevel=s * 0.07,
            texture=0.2,
            rim=palette.light,
        )
    canvas.solid(
        at(curve([[-wide * 0.8, -0.5], [-0.12, -0.82], [0.12, -0.82], [wide * 0.8, -0.5]])),
        metal,
        bevel=s * 0.12,
        rim=palette.light,
    )
    for half in band(0, -0.95, 0.2, 0.14):
        canvas.solid(at(half), metal, bevel=s * 0.03)


def shard(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A cut crystal with smaller ones around it."""
    rng = canvas.rng
    halo(canvas, palette, at)
    for x, y, size in [
        (rng.uniform(-0.8, 0.8), rng.uniform(-0.3, 0.8), rng.uniform(0.15, 0.4)) for _ in range(5)
    ] + [(0.0, 0.0, 1.0)]:
        wide, shoulder, foot = (
            size * rng.uniform(0.3, 0.45),
            size * rng.uniform(0.4, 0.65),
            size * rng.uniform(0.3, 0.6),
        )
        lean = rng.normal(0, 0.14) if size < 1 else rng.normal(0, 0.06)
        turned = at.there(x, y, turn=lean)
        inner = rng.uniform(-0.35, 0.2) * wide
        top, low = [inner * 0.4, -size], [inner * 0.4, size * 0.95]
        left, right = [[-wide, -shoulder], [-wide, foot]], [[wide, -shoulder], [wide, foot]]
        ridge = [[inner, -shoulder * 0.8], [inner, foot * 0.9]]
        tones = (0.85, 0.5, 0.25, 0.05)
        faces = (
            [top, left[0], ridge[0]], [top, ridge[0], right[0]],
            [left[0], left[1], ridge[1], ridge[0]], [ridge[0], ridge[1], right[1], right[0]],
            [left[1], low, ridge[1]], [ridge[1], low, right[1]],
        )  # fmt: skip
        for face, tone in zip(
            faces, (tones[0], tones[2], tones[1], tones[3], tones[2], tones[3]), strict=True
        ):
            ink = mix(mix(palette.accent, palette.body[1], 0.3), palette.light, tone)
            canvas.shape(turned(face), ink, mix(ink, palette.near, 0.35), opacity=0.96)


def flask(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A bottle with something alive in it."""
    rng, s = canvas.rng, at.scale
    halo(canvas, palette, at, 0.2)
    wide, low = rng.uniform(0.4, 0.62), rng.uniform(0.1, 0.35)
    outline = curve(
        [
            [-0.13, -0.75],
            [-0.13, -0.3],
            [-wide, low],
            [-wide * 0.85, 0.75],
            [0, 0.86],
            [wide * 0.85, 0.75],
            [wide, low],
            [0.13, -0.3],
            [0.13, -0.75],
        ]
    )
    canvas.shape(at(outline), mix(palette.light, palette.sky[2], 0.5), opacity=0.35)
    drink = curve(
        [
            [-wide * 0.86, low],
            [-wide * 0.3, low - 0.05],
            [wide * 0.3, low + 0.05],
            [wide * 0.86, low],
            [wide * 0.74, 0.7],
            [0, 0.79],
            [-wide * 0.74, 0.7],
        ],
        True,
    )
    canvas.solid(
        at(drink), (palette.body[1], palette.accent, palette.light), bevel=s * 0.35, texture=0.4
    )
    for _ in range(14):
        x, y, size = rng.uniform(-0.5, 0.5) * wide, rng.uniform(-0.6, 0.7), rng.uniform(0.01, 0.05)
        canvas.shape(at(blob(x if y > low else x * 0.2, y, size, size)), palette.light, opacity=0.7)
    edge = np.vstack([outline, (outline * 0.93 + (0, 0.02))[::-1]])
    canvas.shape(at(edge), palette.light, opacity=0.6)
    canvas.shape(
        at(
            curve(
                [[-wide * 0.7, low + 0.1], [-wide * 0.5, low - 0.1], [-wide * 0.6, low + 0.35]],
                True,
            )
        ),
        palette.light,
        opacity=0.7,
    )
    canvas.solid(
        at([[-0.17, -0.78], [0.17, -0.78], [0.14, -1.0], [-0.14, -1.0]]),
        palette.body,
        bevel=s * 0.1,
        texture=0.5,
    )


def hourglass(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Sand that glows as it runs."""
    s, metal = at.scale, metal_of(palette)
    at = Place(at.x, at.y, s, at.flip, float(canvas.rng.uniform(-0.35, 0.35)))
    halo(canvas, palette, at)
    share = float(canvas.rng.uniform(0.2, 0.8))
    glass = curve(
        [
            [-0.46, -0.72],
            [-0.44, -0.4],
            [-0.05, -0.04],
            [-0.05, 0.04],
            [-0.44, 0.4],
            [-0.46, 0.72],
            [0.46, 0.72],
            [0.44, 0.4],
            [0.05, 0.04],
            [0.05, -0.04],
            [0.44, -0.4],
            [0.46, -0.72],
        ],
        True,
    )
    canvas.shape(at(glass), mix(palette.light, palette.sky[2], 0.4), opacity=0.35)
    sand = (palette.body[0], palette.accent, palette.light)
    top = -0.05 - 0.55 * share
    wide = 0.42 * min(1.0, (-top) / 0.4)
    canvas.solid(
        at([[-wide, top], [wide, top], [0.04, -0.02], [-0.04, -0.02]]),
        sand,
        bevel=s * 0.2,
        texture=0.5,
    )
    heap = 0.7 - 0.5 * (1 - share)
    canvas.solid(
        at([[-0.42, 0.7], [-0.36, 0.62], [0, heap - 0.1], [0.36, 0.62], [0.42, 0.7]]),
        sand,
        bevel=s * 0.2,
        texture=0.5,
    )
    canvas.shape(at(limb([[0, -0.02], [0, heap]], [0.014, 0.01], 1)), palette.light)
    canvas.shape(
        at(limb([[-0.34, -0.6], [-0.3, -0.35], [-0.12, -0.15]], [0.03, 0.03, 0.005])),
        palette.light,
        opacity=0.6,
    )
    for x in (-0.56, 0.56):
        canvas.solid(
            at(limb([[x, -0.78], [x * 0.9, 0], [x, 0.78]], [0.05, 0.035, 0.05])),
            metal,
            bevel=s * 0.05,
            rim=palette.light,
        )
    for y in (-0.82, 0.82):
        canvas.solid(
            at([[-0.66, y - 0.09], [0.66, y - 0.09], [0.66, y + 0.09], [-0.66, y + 0.09]]),
            metal,
            bevel=s * 0.08,
            texture=0.25,
            rim=palette.light,
        )


def book(canvas: Canvas, palette: Palette, at: Place) -> None:
    """An open book with signs that rise from it."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    halo(canvas, palette, at, -0.2)
    canvas.solid(
        at([[-1.0, 0.1], [0, 0.3], [1.0, 0.1], [1.0, 0.7], [0, 0.9], [-1.0, 0.7]]),
        palette.body,
        bevel=s * 0.08,
        texture=0.3,
    )
    paper = mix(palette.light, palette.sky[2], 0.12)
    for side in (-1, 1):
        page = np.vstack(
            [
                curve([[0, 0.26], [side * 0.4, 0.06], [side * 0.94, 0.04]]),
                curve([[side * 0.94, 0.6], [side * 0.4, 0.62], [0, 0.82]]),
            ]
        )
        canvas.shape(at(page), paper, mix(paper, palette.body[1], 0.35))
        for row in range(7):
            y = 0.16 + 0.075 * row
            canvas.shape(
                at(
                    limb(
                        [
                            [side * 0.12, y + 0.1],
                            [side * 0.42, y - 0.02],
                            [side * rng.uniform(0.6, 0.86), y - 0.03],
                        ],
                        [0.009, 0.01, 0.008],
                    )
                ),
                palette.near,
                opacity=0.6,
            )
    for _ in range(7):
        x, y, size = rng.uniform(-0.75, 0.75), rng.uniform(-0.95, -0.02), rng.uniform(0.06, 0.15)
        knots = rng.uniform(-1, 1, (int(rng.integers(3, 6)), 2)) * size + (x, y)
        ((cx, cy),) = at([[x, y]])
        canvas.glow(cx, cy, s * 0.14, palette.accent, 0.7)
        canvas.shape(at(limb(knots, [0.02, 0.02], 5)), palette.light)
    canvas.solid(at(limb([[0, 0.26], [0, 0.9]], [0.03, 0.03], 1)), metal, bevel=s * 0.03)
