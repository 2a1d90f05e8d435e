"""Figures and faces: pilgrims, golems, masks, tree elders; and life of the sea."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_beasts import eye, ground_shadow
from firmware.simulated.cardpress_paint import Canvas, Place, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette


def pilgrim(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A hooded wanderer with a lantern on a staff."""
    rng, s = canvas.rng, at.scale
    ground_shadow(canvas, palette, at, 0.98, 0.6)
    lean = float(rng.uniform(-0.08, 0.08))
    wood = (palette.near, mix(palette.mid, palette.near, 0.2), palette.light)
    top = np.array([0.55 + lean, -0.8])
    canvas.solid(
        at(
            limb(
                [[0.46, 1.0], [0.5, 0.0], top, top + (0.14, -0.1), top + (0.24, 0.0)],
                [0.025, 0.025, 0.025, 0.02, 0.015],
            )
        ),
        wood,
        bevel=s * 0.025,
    )
    wide = float(rng.uniform(0.42, 0.6))
    cloak = curve(
        [
            [0, -0.86],
            [0.24, -0.6],
            [0.34, -0.2],
            [wide, 0.6],
            [wide + 0.08, 1.0],
            [0, 0.94],
            [-wide - 0.12, 1.0],
            [-wide, 0.5],
            [-0.34, -0.2],
            [-0.24, -0.6],
        ],
        True,
    )
    canvas.solid(at(cloak + (lean, 0)), palette.body, bevel=s * 0.4, texture=0.2, rim=palette.light)
    for x in rng.uniform(-0.8, 0.8, 5):
        fold = [[lean + x * 0.25, -0.3], [lean + x * 0.4, 0.3], [lean + x * wide, 0.93]]
        canvas.shape(
            at(limb(fold, [0.004, 0.025, 0.03])), palette.body[0], opacity=0.55, soft=s * 0.012
        )
    hem = curve([[-wide - 0.1, 0.9], [0, 0.86], [wide + 0.06, 0.9]])
    canvas.shape(at(limb(hem + (lean, 0.02), [0.03, 0.03], 1)), palette.accent, opacity=0.9)
    hood = curve(
        [
            [0, -0.98],
            [0.22, -0.82],
            [0.25, -0.52],
            [0.1, -0.36],
            [-0.14, -0.36],
            [-0.25, -0.54],
            [-0.2, -0.82],
        ],
        True,
    )
    canvas.solid(
        at(hood + (lean, 0)), palette.body, bevel=s * 0.16, texture=0.15, rim=palette.light
    )
    canvas.shape(at(blob(lean + 0.02, -0.6, 0.14, 0.2)), palette.near, soft=s * 0.02)
    for x in (-0.04, 0.09):
        eye(canvas, palette, at, lean + x, -0.63, 0.022)
    arm = [[lean + 0.2, -0.2], [0.4, 0.0], [0.5, -0.12]]
    canvas.solid(at(limb(arm, [0.15, 0.13, 0.07])), palette.body, bevel=s * 0.12, rim=palette.light)
    ((cx, cy),) = at([top + (0.24, 0.16)])
    canvas.glow(cx, cy, s * 0.55, palette.accent, 0.8)
    canvas.solid(
        at(blob(top[0] + 0.24, top[1] + 0.16, 0.09, 0.12, steps=6)),
        (palette.accent, palette.light, palette.light),
        bevel=s * 0.08,
    )
    canvas.glow(cx, cy, s * 0.16, palette.light, 0.9)


def golem(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A giant put together from cut stones, fire in its joints."""
    rng, s = canvas.rng, at.scale
    ground_shadow(canvas, palette, at, 0.98, 0.9)
    ((cx, cy),) = at([[0, -0.05]])
    canvas.glow(cx, cy, s * 0.6, palette.accent, 0.7)

    def stone(x: float, y: float, wide: float, tall: float) -> None:
        corners = np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]])
        rough = np.repeat(corners, 2, 0) * rng.uniform(0.72, 1.05, (8, 2)) + (x, y)
        canvas.solid(at(rough), palette.body, bevel=s * 0.09, texture=0.4, rim=palette.light)

    bulk = float(rng.uniform(0.8, 1.15))
    for side in (-1, 1):
        stone(side * 0.26, 0.56, 0.15, 0.16)
        stone(side * 0.3, 0.86, 0.2, 0.14)
    stone(0, 0.3, 0.26 * bulk, 0.16)
    for side in (-1, 1):
        stone(side * 0.74 * bulk, 0.12, 0.14, 0.22)
        stone(side * 0.8 * bulk, 0.5, 0.2, 0.2)
        stone(side * 0.6 * bulk, -0.3, 0.25, 0.2)
    stone(0, -0.12, 0.44 * bulk, 0.32)
    core = blob(0, -0.12, 0.13, 0.13, steps=int(rng.integers(3, 9)))
    canvas.shape(at(core), palette.accent, palette.light)
    canvas.glow(cx, cy, s * 0.25, palette.accent, 0.9)
    stone(0.02, -0.62, 0.22, 0.2)
    for x in (-0.08, 0.1):
        eye(canvas, palette, at, x, -0.62, 0.035)
    for _ in range(5):
        start = rng.uniform(-0.35, 0.35, 2) * (1, 0.8)
        crack = start + np.cumsum(rng.normal(0, 0.07, (4, 2)), 0)
        canvas.shape(at(limb(crack, [0.012, 0.008, 0.002])), palette.accent, opacity=0.9)


def mask(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A carved face that fills the picture, crowned with horns or rays."""
    rng, s = canvas.rng, at.scale
    wide, long = rng.uniform(0.5, 0.68), rng.uniform(0.75, 0.98)
    gold = (palette.near, mix(palette.accent, palette.body[1], 0.35), palette.light)
    if rng.random() < 0.5:
        for side in (-1, 1):
            horn = [
                [side * wide * 0.6, -0.5],
                [side * (wide + 0.3), -0.7],
                [side * (wide + 0.25), -1.15],
                [side * (wide - 0.1), -1.25],
            ]
            canvas.solid(
                at(limb(horn, [0.16, 0.12, 0.07, 0.01])),
                gold,
                bevel=s * 0.12,
                texture=0.3,
                rim=palette.light,
            )
    else:
        rays = int(rng.integers(7, 14))
        for turn in np.linspace(-2.9, -0.24, rays):
            way = np.array([np.cos(turn), np.sin(turn)])
            edge = np.array([-way[1], way[0]]) * 0.08
            length = rng.uniform(0.95, 1.3)
            canvas.solid(
                at([way * 0.45 - edge, way * length, way * 0.45 + edge]),
                gold,
                bevel=s * 0.05,
                rim=palette.light,
            )
    face = curve(
        [
            [0, -long * 0.85],
            [wide * 0.8, -long * 0.62],
            [wide, 0],
            [wide * 0.6, long * 0.65],
            [0, long],
            [-wide * 0.6, long * 0.65],
            [-wide, 0],
            [-wide * 0.8, -long * 0.62],
        ],
        True,
    )
    canvas.solid(at(face), palette.body, bevel=s * 0.35, texture=0.2, rim=palette.light)
    stripes = int(rng.integers(2, 5))
    slant, height = rng.uniform(-0.16, 0.2), rng.uniform(0.07, 0.16)
    for side in (-1, 1):
        for k in range(stripes):
            y = 0.16 + 0.15 * k
            cheek = [
                [side * wide * 0.9, y - 0.1],
                [side * wide * 0.5, y],
                [side * wide * 0.34, y + 0.1],
            ]
            canvas.shape(at(limb(cheek, [0.012, 0.035, 0.008])), palette.accent)
        slit = curve(
            [
                [side * 0.1, -0.12],
                [side * 0.26, -0.12 - height - slant * 0.3],
                [side * 0.44, -0.14 - slant],
                [side * 0.26, -0.06 + height * 0.3],
            ],
            True,
        )
        canvas.shape(at(slit), palette.near)
        eye(canvas, palette, at, side * 0.26, -0.13, 0.055)
        brow = [
            [side * 0.06, -0.24],
            [side * 0.28, -0.34 - height * 0.5],
            [side * 0.5, -0.26 - slant],
        ]
        canvas.solid(at(limb(brow, [0.04, 0.05, 0.01])), gold, bevel=s * 0.04)
    canvas.solid(
        at(limb([[0, -0.3], [0, 0.1], [0, 0.22]], [0.03, 0.06, 0.09])),
        palette.body,
        bevel=s * 0.07,
        rim=palette.light,
    )
    smile = rng.uniform(-0.12, 0.14)
    mouth = curve(
        [
            [-0.24, 0.42 - smile],
            [0, 0.44 + smile * 0.3],
            [0.24, 0.42 - smile],
            [0, 0.52 + abs(smile)],
        ],
        True,
    )
    canvas.shape(at(mouth), palette.near)
    gem = blob(0, -long * 0.56, 0.1, 0.12, steps=int(rng.choice([4, 6, 30])))
    canvas.solid(at(gem), (palette.near, palette.accent, palette.light), bevel=s * 0.08)


def treant(canvas: Canvas, palette: Palette, at: Place) -> None:
    """An old tree with a face and lights in its crown."""
    rng, s = canvas.rng, at.scale
    ground_shadow(canvas, palette, at, 1.0, 0.8)
    bark = (palette.near, mix(palette.body[1], palette.near, 0.35), palette.body[2])
    for side in (-1, 1):
        for reach in (0.35, 0.7):
            canvas.solid(
                at(
                    limb(
                        [[0, 0.6], [side * reach * 0.6, 0.9], [side * reach, 1.06]],
                        [0.16, 0.08, 0.01],
                    )
                ),
                bark,
                bevel=s * 0.1,
                texture=0.4,
            )
    tips = []
    for turn in np.linspace(-2.75, -0.4, 6):
        way = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0.75, 1.05)
        start = np.array([0.0, -0.1])
        knee = start + way * 0.5 + rng.normal(0, 0.07, 2)
        tips.append(start + way)
        canvas.solid(
            at(limb([start, knee, start + way], [0.12, 0.07, 0.02])),
            bark,
            bevel=s * 0.08,
            texture=0.4,
        )
    leaf = (
        mix(palette.body[0], palette.near, 0.2),
        mix(palette.body[1], palette.accent, 0.3),
        palette.light,
    )
    for tip in tips:
        for _ in range(3):
            spot = tip + rng.normal(0, 0.12, 2)
            size = rng.uniform(0.16, 0.28)
            canvas.solid(
                at(blob(spot[0], spot[1], size, size * 0.8)), leaf, bevel=s * 0.2, texture=0.45
            )
    canvas.solid(
        at(limb([[0, 1.0], [0.03, 0.4], [0, -0.2]], [0.3, 0.22, 0.2])),
        bark,
        bevel=s * 0.2,
        texture=0.5,
        rim=palette.light,
    )
    for x in (-0.1, 0.1):
        eye(canvas, palette, at, x, 0.12, 0.045)
    canvas.shape(at(curve([[-0.12, 0.36], [0, 0.3], [0.12, 0.36], [0, 0.46]], True)), palette.near)
    for _ in range(9):
        x, y = rng.uniform(-0.9, 0.9), rng.uniform(-1.0, -0.2)
        ((cx, cy),) = at([[x, y]])
        canvas.glow(cx, cy, s * 0.06, palette.accent, 1.0)
