"""Creatures with wings and shells: birds, owls, moths, beetles, spiders."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_beasts import darker, eye
from firmware.simulated.cardpress_paint import Canvas, Place, Ramp, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette


def _wing(
    canvas: Canvas,
    palette: Palette,
    at: Place,
    root: tuple[float, float],
    spread: tuple[float, float],
    length: float,
    ramp: Ramp,
) -> None:
    """A fan of feathers; `spread` are the angles of its first and last feather in radians."""
    s, count = at.scale, 9
    for k in range(count):
        share = k / (count - 1)
        turn = spread[0] + (spread[1] - spread[0]) * share
        reach = length * (1 - 0.5 * share**1.3)
        way = np.array([np.cos(turn), np.sin(turn)])
        bend = np.array([-way[1], way[0]]) * 0.12 * reach * np.sign(spread[1] - spread[0])
        start = np.array(root) + way * 0.05
        tone = (ramp[0], mix(ramp[1], palette.accent, 0.35 if k % 2 else 0.1), ramp[2])
        feather = limb(
            [start, start + way * reach * 0.6 + bend, start + way * reach + bend * 0.4],
            [0.05, 0.085, 0.02],
            6,
        )
        canvas.solid(at(feather), tone, bevel=s * 0.06, rim=palette.light if k == 0 else None)
    for k in range(6):
        share = k / 5
        turn = spread[0] + (spread[1] - spread[0]) * share * 0.9
        reach = length * 0.45 * (1 - 0.3 * share)
        way = np.array([np.cos(turn), np.sin(turn)])
        canvas.solid(
            at(limb([np.array(root), np.array(root) + way * reach], [0.1, 0.05], 4)),
            ramp,
            bevel=s * 0.06,
        )


def bird(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A bird of prey or a crane in flight."""
    rng, s = canvas.rng, at.scale
    up = float(rng.uniform(-0.5, 0.5))
    _wing(
        canvas,
        palette,
        at,
        (0.16, -0.06),
        (-1.0 - up * 0.4, -2.3),
        0.95,
        darker(palette.body, palette, 0.45),
    )
    for k in np.linspace(-0.25, 0.3, 5):
        canvas.solid(
            at(limb([[-0.35, 0.08], [-0.85, 0.16 + k]], [0.07, 0.05])), palette.body, bevel=s * 0.05
        )
    body = [[-0.45, 0.08], [-0.1, 0.1], [0.3, -0.02], [0.52, -0.14]]
    canvas.solid(
        at(limb(body, [0.08, 0.2, 0.17, 0.1])),
        palette.body,
        bevel=s * 0.16,
        texture=0.2,
        rim=palette.light,
    )
    long = float(rng.uniform(0.14, 0.4))
    beak = np.array([[0.66, -0.24], [0.72 + long, -0.13 + long * 0.2], [0.66, -0.1]])
    canvas.solid(at(beak), (palette.near, palette.accent, palette.light), bevel=s * 0.05)
    canvas.solid(at(blob(0.6, -0.18, 0.14, 0.125)), palette.body, bevel=s * 0.12, rim=palette.light)
    eye(canvas, palette, at, 0.64, -0.21, 0.03)
    _wing(canvas, palette, at, (0.05, -0.02), (-1.5 + up * 0.5, -2.9 + up), 1.15, palette.body)


def owl(canvas: Canvas, palette: Palette, at: Place) -> None:
    """An owl that looks straight out of the picture, on a branch."""
    rng, s = canvas.rng, at.scale
    branch = [[-1.6, 0.86], [-0.4, 0.8], [0.5, 0.84], [1.6, 0.7]]
    wood = (palette.near, mix(palette.mid, palette.near, 0.3), mix(palette.mid, palette.light, 0.5))
    canvas.solid(at(limb(branch, [0.09, 0.08, 0.07, 0.04])), wood, bevel=s * 0.07, texture=0.4)
    for k in (-0.14, 0.0, 0.14):
        canvas.solid(
            at(limb([[k, 0.7], [k, 1.1]], [0.1, 0.05])),
            darker(palette.body, palette),
            bevel=s * 0.07,
        )
    body = curve(
        [
            [0, -0.62],
            [0.46, -0.42],
            [0.56, 0.2],
            [0.34, 0.74],
            [0, 0.84],
            [-0.34, 0.74],
            [-0.56, 0.2],
            [-0.46, -0.42],
        ],
        True,
    )
    canvas.solid(at(body), palette.body, bevel=s * 0.4, texture=0.2, rim=palette.light)
    for row in range(6):
        for x in np.linspace(-0.26, 0.26, 4 + row % 2):
            scale = curve(
                [
                    [x - 0.06, 0.05 + row * 0.11],
                    [x, 0.14 + row * 0.11],
                    [x + 0.06, 0.05 + row * 0.11],
                ]
            )
            canvas.shape(at(limb(scale, [0.012, 0.016, 0.012], 1)), palette.body[0], opacity=0.8)
    for side in (-1, 1):
        wing = curve(
            [
                [side * 0.42, -0.3],
                [side * 0.62, 0.1],
                [side * 0.5, 0.68],
                [side * 0.3, 0.82],
                [side * 0.34, 0.2],
            ],
            True,
        )
        canvas.solid(
            at(wing),
            darker(palette.body, palette, 0.25),
            bevel=s * 0.14,
            texture=0.3,
            rim=palette.light,
        )
        tuft = np.array(
            [[side * 0.12, -0.58], [side * rng.uniform(0.42, 0.55), -0.98], [side * 0.44, -0.42]]
        )
        canvas.solid(at(tuft), palette.body, bevel=s * 0.08, rim=palette.light)
        canvas.solid(
            at(blob(side * 0.22, -0.3, 0.25, 0.25)),
            (palette.body[1], palette.body[2], palette.light),
            bevel=s * 0.1,
            texture=0.15,
        )
        for spoke in np.linspace(0, 2 * np.pi, 18, endpoint=False):
            a = np.array([side * 0.22, -0.3])
            way = np.array([np.cos(spoke), np.sin(spoke)])
            canvas.shape(
                at(limb([a + way * 0.14, a + way * 0.24], [0.006, 0.008], 1)),
                palette.body[1],
                opacity=0.6,
            )
        ((cx, cy),) = at([[side * 0.22, -0.3]])
        canvas.glow(cx, cy, s * 0.2, palette.accent, 0.5)
        canvas.solid(
            at(blob(side * 0.22, -0.3, 0.13, 0.13)),
            (palette.near, palette.accent, palette.light),
            bevel=s * 0.12,
        )
        canvas.shape(at(blob(side * 0.22, -0.3, 0.065, 0.075)), palette.near)
        canvas.shape(at(blob(side * 0.22 - 0.035, -0.335, 0.024, 0.024)), palette.light)
    canvas.solid(
        at([[-0.07, -0.24], [0.07, -0.24], [0, -0.04]]),
        (palette.near, palette.accent, palette.light),
        bevel=s * 0.06,
    )
