"""Relics of metal: swords, crowns, keys, compasses, shields."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_paint import (
    Canvas,
    Place,
    blob,
    curve,
    limb,
    mix,
)
from firmware.simulated.cardpress_palette import Palette
from firmware.simulated.cardpress_things import band, halo, metal_of


def sword(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A blade, point down, with a hilt of chance."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    at = Place(at.x, at.y, s, at.flip, float(rng.uniform(-0.7, 0.7)))
    halo(canvas, palette, at)
    steel = (
        mix(palette.near, palette.far, 0.5),
        mix(palette.far, palette.light, 0.55),
        palette.light,
    )
    wide, curl = rng.uniform(0.08, 0.16), rng.uniform(-0.25, 0.25) if rng.random() < 0.5 else 0.0
    blade = curve([[0, -0.35], [curl * 0.4, 0.2], [curl, 0.95]], steps=14)
    left, right = blade - (wide, 0), blade + (wide, 0)
    taper = np.linspace(1, 0.75, len(blade) - 4)
    left[: len(taper), 0] = blade[: len(taper), 0] - wide * taper
    tip = blade[-1] + (0, 0.16)
    canvas.solid(
        at(np.vstack([left, [tip], right[::-1]])),
        steel,
        bevel=s * wide,
        texture=0.1,
        rim=palette.light,
    )
    for k in range(4):
        canvas.shape(
            at(blob(blade[8 + 4 * k][0], blade[8 + 4 * k][1], 0.02, 0.045)), palette.accent
        )
    guard = [
        [-0.42, -0.42 + rng.uniform(-0.14, 0.14)],
        [0, -0.36],
        [0.42, -0.42 + rng.uniform(-0.14, 0.14)],
    ]
    canvas.solid(at(limb(guard, [0.03, 0.07, 0.03])), metal, bevel=s * 0.06, rim=palette.light)
    canvas.solid(
        at(limb([[0, -0.4], [0, -0.78]], [0.06, 0.05])), palette.body, bevel=s * 0.05, texture=0.5
    )
    canvas.solid(
        at(blob(0, -0.85, 0.1, 0.1, steps=int(rng.choice([4, 6, 24])))),
        metal,
        bevel=s * 0.08,
        rim=palette.light,
    )


def crown(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A crown of points and stones."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    halo(canvas, palette, at)
    count, tall = int(rng.integers(5, 10)), rng.uniform(0.4, 0.8)
    for k in range(count):
        x = -0.75 + 1.5 * k / (count - 1)
        y = 0.3 - 0.16 * (1 - (x / 0.75) ** 2)
        peak = tall * (1.0 if k % 2 == 0 else rng.uniform(0.5, 0.8))
        half = 0.8 / count
        canvas.solid(
            at([[x - half, y], [x * 1.12, y - peak], [x + half, y]]),
            metal,
            bevel=s * 0.06,
            texture=0.2,
            rim=palette.light,
        )
        canvas.solid(
            at(blob(x * 1.12, y - peak, 0.06, 0.06)),
            (palette.near, palette.body[1], palette.light),
            bevel=s * 0.05,
        )
    top, low = (
        curve([[-0.84, 0.22], [0, 0.12], [0.84, 0.22]]),
        curve([[-0.78, 0.56], [0, 0.7], [0.78, 0.56]]),
    )
    canvas.solid(
        at(np.vstack([top, low[::-1]])), metal, bevel=s * 0.12, texture=0.2, rim=palette.light
    )
    for k in range(5):
        x = -0.56 + 0.28 * k
        y = 0.42 - 0.08 * (1 - (x / 0.7) ** 2) + 0.1
        gem = blob(x, y - 0.05, 0.08, 0.1, steps=int(rng.choice([4, 6, 24])))
        canvas.solid(at(gem), (palette.near, palette.body[1], palette.light), bevel=s * 0.07)


def key(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A key to a door nobody has found."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    at = Place(at.x, at.y, s, at.flip, float(rng.uniform(-0.9, 0.9)))
    halo(canvas, palette, at)
    canvas.solid(
        at(limb([[0, -0.2], [0, 0.95]], [0.07, 0.06])), metal, bevel=s * 0.06, rim=palette.light
    )
    lobes = int(rng.integers(1, 5))
    for k in range(lobes):
        turn = 2 * np.pi * k / lobes - np.pi / 2
        reach = 0.0 if lobes == 1 else 0.22
        for half in band(
            reach * np.cos(turn),
            -0.55 + reach * np.sin(turn),
            0.36 - 0.05 * lobes,
            0.24 - 0.05 * lobes,
        ):
            canvas.solid(at(half), metal, bevel=s * 0.06, rim=palette.light)
    canvas.solid(
        at(blob(0, -0.55, 0.1, 0.1)), (palette.near, palette.body[1], palette.light), bevel=s * 0.08
    )
    for y in rng.choice([0.5, 0.62, 0.74, 0.86], 3, replace=False):
        long = rng.uniform(0.15, 0.36)
        canvas.solid(
            at([[0.02, y - 0.05], [long, y - 0.05], [long, y + 0.05], [0.02, y + 0.05]]),
            metal,
            bevel=s * 0.04,
        )
    for y in (-0.14, 0.04):
        canvas.solid(
            at([[-0.13, y - 0.04], [0.13, y - 0.04], [0.13, y + 0.04], [-0.13, y + 0.04]]),
            metal,
            bevel=s * 0.04,
        )


def compass(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A brass dial of rings and needles."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    halo(canvas, palette, at)
    canvas.solid(at(blob(0, 0, 0.86, 0.86, steps=72)), metal, bevel=s * 0.1, rim=palette.light)
    canvas.solid(
        at(blob(0, 0, 0.74, 0.74, steps=72)),
        (palette.near, mix(palette.body[1], palette.near, 0.4), palette.body[2]),
        bevel=s * 0.6,
        texture=0.15,
    )
    points, half = int(rng.choice([4, 6, 8])), rng.uniform(0.06, 0.12)
    for k in range(points * 2):
        turn = np.pi * k / points
        long = 0.66 if k % 2 == 0 else 0.36
        way, side = (
            np.array([np.cos(turn), np.sin(turn)]),
            np.array([-np.sin(turn), np.cos(turn)]) * half,
        )
        canvas.shape(at([way * long, side + way * 0.1, (0, 0)]), palette.light)
        canvas.shape(
            at([way * long, -side + way * 0.1, (0, 0)]), mix(palette.accent, palette.near, 0.3)
        )
    for k in range(36):
        turn = np.pi * k / 18
        way = np.array([np.cos(turn), np.sin(turn)])
        canvas.shape(at(limb([way * 0.68, way * 0.73], [0.008, 0.008], 1)), palette.light)
    turn = rng.uniform(0, 6.28)
    way, side = (
        np.array([np.cos(turn), np.sin(turn)]),
        np.array([-np.sin(turn), np.cos(turn)]) * 0.05,
    )
    canvas.shape(at([way * 0.62, side, -way * 0.5, -side]), palette.body[1])
    for half_ring in band(0, 0, 1.05, 0.98, float(rng.uniform(0.25, 1.0))):
        canvas.solid(at(half_ring), metal, bevel=s * 0.03)
    canvas.solid(at(blob(0, 0, 0.09, 0.09)), metal, bevel=s * 0.08)


def shield(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A shield with arms of chance."""
    rng, s, metal = canvas.rng, at.scale, metal_of(palette)
    halo(canvas, palette, at)
    if rng.random() < 0.4:
        outline = blob(0, 0, 0.85, 0.85, steps=60)
    else:
        dip = rng.uniform(-0.15, 0.15)
        outline = curve(
            [
                [0, -0.85 + dip],
                [0.5, -0.82],
                [0.78, -0.75],
                [0.74, 0.05],
                [0.42, 0.62],
                [0, 0.98],
                [-0.42, 0.62],
                [-0.74, 0.05],
                [-0.78, -0.75],
                [-0.5, -0.82],
            ],
            True,
        )
    canvas.solid(at(outline), metal, bevel=s * 0.12, texture=0.15, rim=palette.light)
    field = outline * 0.84
    canvas.solid(at(field), palette.body, bevel=s * 0.6, texture=0.2)
    charge = int(rng.integers(4))
    if charge == 0:
        t = np.arange(16) * np.pi / 8
        star = (
            np.column_stack([np.cos(t), np.sin(t)])
            * np.where(np.arange(16) % 2, 0.24, 0.58)[:, None]
        )
        canvas.solid(at(star), metal, bevel=s * 0.08, rim=palette.light)
    elif charge == 1:
        for y in (-0.3, 0.02, 0.34):
            canvas.solid(
                at(
                    [
                        [-0.5 + 0.4 * abs(y), y + 0.12],
                        [0, y - 0.16],
                        [0.5 - 0.4 * abs(y), y + 0.12],
                        [0.5 - 0.4 * abs(y), y + 0.24],
                        [0, y],
                        [-0.5 + 0.4 * abs(y), y + 0.24],
                    ]
                ),
                metal,
                bevel=s * 0.05,
            )
    elif charge == 2:
        canvas.solid(
            at(
                curve(
                    [
                        [0, -0.6],
                        [0.3, -0.05],
                        [0.34, 0.3],
                        [0, 0.55],
                        [-0.34, 0.3],
                        [-0.22, -0.05],
                        [-0.08, -0.1],
                    ],
                    True,
                )
            ),
            metal,
            bevel=s * 0.12,
            rim=palette.light,
        )
    else:
        for half in band(0, 0, 0.48, 0.36):
            canvas.solid(at(half), metal, bevel=s * 0.05)
        canvas.solid(at(blob(0, 0, 0.2, 0.2)), metal, bevel=s * 0.16, rim=palette.light)
    for k in range(0, len(outline), max(1, len(outline) // 12)):
        x, y = outline[k] * 0.92
        canvas.solid(at(blob(x, y, 0.035, 0.035)), metal, bevel=s * 0.03)
