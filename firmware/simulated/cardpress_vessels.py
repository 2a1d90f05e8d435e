"""Vessels: tall ships, airships and balloons."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_paint import (
    Canvas,
    Place,
    blob,
    curve,
    limb,
    mix,
    shaded,
)
from firmware.simulated.cardpress_palette import Palette


def ship(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A tall ship under sail, on water or on cloud."""
    rng, s = canvas.rng, at.scale
    wood = (palette.near, mix(palette.body[0], palette.body[1], 0.45), palette.body[2])
    cloth = (
        mix(palette.body[1], palette.near, 0.3),
        mix(palette.light, palette.accent, 0.2),
        palette.light,
    )
    masts = int(rng.integers(1, 4))
    for x in np.linspace(-0.45, 0.4, masts) if masts > 1 else (0.0,):
        tall = rng.uniform(1.15, 1.5) - 0.25 * abs(x)
        canvas.solid(at(limb([[x, 0.4], [x, 0.45 - tall]], [0.03, 0.018], 1)), wood, bevel=s * 0.03)
        rows = int(rng.integers(2, 4))
        for row in range(rows):
            low, high = 0.28 - (tall - 0.35) * row / rows, 0.3 - (tall - 0.35) * (row + 1) / rows
            wide = (0.36 if masts > 1 else 0.5) * (1 - 0.16 * row)
            puff = rng.uniform(0.08, 0.2)
            sail = np.vstack(
                [
                    curve([[x - wide * 0.85, high], [x, high - 0.02], [x + wide * 0.85, high]]),
                    curve(
                        [
                            [x + wide * 0.85, high],
                            [x + wide + puff, (low + high) / 2],
                            [x + wide, low],
                        ]
                    ),
                    curve([[x + wide, low], [x + 0.05, low - puff * 0.7], [x - wide, low]]),
                    curve(
                        [
                            [x - wide, low],
                            [x - wide + puff, (low + high) / 2],
                            [x - wide * 0.85, high],
                        ]
                    ),
                ]
            )
            canvas.solid(at(sail), cloth, bevel=s * 0.25, texture=0.15, rim=palette.light)
        flag = 0.45 - tall
        canvas.shape(
            at(
                curve(
                    [
                        [x, flag],
                        [x - 0.14, flag - 0.02],
                        [x - 0.3, flag + 0.06],
                        [x - 0.14, flag + 0.1],
                        [x, flag + 0.09],
                    ],
                    True,
                )
            ),
            palette.accent,
        )
    canvas.solid(at(limb([[0.7, 0.34], [1.25, 0.05]], [0.03, 0.012], 1)), wood, bevel=s * 0.03)
    hull = curve(
        [
            [-0.98, 0.1],
            [-0.72, 0.32],
            [0.4, 0.36],
            [0.98, 0.2],
            [0.74, 0.62],
            [0.3, 0.78],
            [-0.5, 0.76],
            [-0.84, 0.5],
        ],
        True,
    )
    canvas.solid(at(hull), wood, bevel=s * 0.2, texture=0.35, rim=palette.light)
    canvas.shape(
        at(limb([[-0.86, 0.4], [0.3, 0.48], [0.84, 0.36]], [0.018, 0.02, 0.015])), palette.accent
    )
    for x in np.linspace(-0.6, 0.55, 6):
        ((cx, cy),) = at([[x, 0.57]])
        canvas.shape(blob(cx, cy, s * 0.03, s * 0.035), palette.light)
        canvas.glow(cx, cy, s * 0.06, palette.accent, 0.7)
    for k in range(3):
        y = 0.74 + 0.08 * k
        foam = curve(
            [
                [-1.2 + 0.1 * k, y + 0.06],
                [-0.6, y - 0.02],
                [0, y + 0.05],
                [0.6, y - 0.03],
                [1.2 - 0.1 * k, y + 0.07],
            ]
        )
        canvas.shape(
            at(limb(foam, [0.01, 0.05, 0.01], 1)),
            mix(palette.light, palette.sky[1], 0.2),
            opacity=0.7,
            soft=s * 0.012,
        )


def airship(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A long envelope with fins and a gondola full of lamps."""
    rng, s = canvas.rng, at.scale
    fat = float(rng.uniform(0.32, 0.5))
    metal = (palette.near, mix(palette.accent, palette.near, 0.25), palette.light)
    for side in (-1, 1):
        canvas.solid(
            at(
                curve(
                    [
                        [-0.8, -0.3 + side * 0.1],
                        [-1.22, -0.3 + side * (fat + 0.14)],
                        [-1.2, -0.3 + side * 0.1],
                    ],
                    True,
                )
            ),
            metal,
            bevel=s * 0.08,
            texture=0.2,
            rim=palette.light,
        )
    for x in (-0.35, 0.0, 0.35):
        canvas.shape(at(limb([[x * 1.5, -0.05], [x, 0.42]], [0.008, 0.008], 1)), palette.near)
    hull = curve(
        [
            [1.1, -0.3],
            [0.8, -0.3 - fat * 0.75],
            [0.1, -0.3 - fat],
            [-0.7, -0.3 - fat * 0.55],
            [-1.1, -0.3],
            [-0.7, -0.3 + fat * 0.55],
            [0.1, -0.3 + fat],
            [0.8, -0.3 + fat * 0.75],
        ],
        True,
    )
    canvas.solid(at(hull), palette.body, bevel=s * fat, texture=0.12, rim=palette.light)
    for k in np.linspace(-0.8, 0.8, int(rng.integers(4, 8))):
        reach = fat * np.sqrt(max(0.05, 1 - (k / 1.12) ** 2))
        rib = curve([[k, -0.3 - reach], [k + 0.07, -0.3], [k, -0.3 + reach]])
        canvas.shape(at(limb(rib, [0.008, 0.014, 0.008], 1)), palette.body[0], opacity=0.6)
    canvas.shape(
        at(limb([[-1.0, -0.27], [0, -0.22], [1.05, -0.28]], [0.012, 0.045, 0.01])),
        palette.accent,
        opacity=0.9,
    )
    cabin = curve(
        [[-0.5, 0.38], [0.5, 0.38], [0.62, 0.5], [0.4, 0.68], [-0.36, 0.68], [-0.56, 0.52]], True
    )
    canvas.solid(at(cabin), metal, bevel=s * 0.1, texture=0.25, rim=palette.light)
    for x in np.linspace(-0.36, 0.4, 6):
        canvas.shape(
            at([[x - 0.04, 0.46], [x + 0.04, 0.46], [x + 0.04, 0.55], [x - 0.04, 0.55]]),
            palette.light,
        )
    ((cx, cy),) = at([[0, 0.55]])
    canvas.glow(cx, cy, s * 0.4, palette.accent, 0.4)


def balloon(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Striped balloons with lamp-lit baskets."""
    rng = canvas.rng
    others = [
        (rng.uniform(-1.6, 1.6), rng.uniform(-0.7, 0.7), rng.uniform(0.16, 0.32))
        for _ in range(int(rng.integers(0, 4)))
    ]
    for x, y, size in [*others, (0.0, 0.0, 1.0)]:
        spot = at.there(x, y, size)
        s = spot.scale
        for k in (-0.3, -0.1, 0.1, 0.3):
            canvas.shape(spot(limb([[k, 0.3], [k * 0.5, 0.72]], [0.008, 0.008], 1)), palette.near)
        shell = curve(
            [
                [0, -0.95],
                [0.5, -0.8],
                [0.7, -0.35],
                [0.5, 0.12],
                [0.2, 0.42],
                [-0.2, 0.42],
                [-0.5, 0.12],
                [-0.7, -0.35],
                [-0.5, -0.8],
            ],
            True,
        )
        canvas.solid(spot(shell), palette.body, bevel=s * 0.6, texture=0.1, rim=palette.light)
        stripes = int(rng.integers(2, 5))
        for k in range(-stripes, stripes + 1, 2):
            bend, wide = k / (stripes + 0.6), 0.52 / (stripes + 0.6)
            left, right = bend - wide, bend + wide
            edge = [
                [0.05 * bend, -0.95],
                [0.5 * left, -0.8],
                [0.7 * left, -0.35],
                [0.5 * left, 0.12],
                [0.2 * left, 0.42],
            ]
            back = [
                [0.2 * right, 0.42],
                [0.5 * right, 0.12],
                [0.7 * right, -0.35],
                [0.5 * right, -0.8],
            ]
            tone = (mix(palette.accent, palette.near, 0.5), palette.accent, palette.light)
            canvas.solid(spot(np.vstack([curve(edge), curve(back)])), tone, bevel=s * 0.3)
        canvas.solid(
            spot([[-0.18, 0.7], [0.18, 0.7], [0.14, 0.96], [-0.14, 0.96]]),
            shaded(mix(palette.body[0], palette.accent, 0.3)),
            bevel=s * 0.1,
            texture=0.5,
        )
        canvas.glow(spot.x, spot.y + s * 0.6, s * 0.3, palette.light, 0.8)
