"""Life of the deep: whales, anglers and drifters."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

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


def whale(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A whale that swims through sky or sea."""
    rng, s = canvas.rng, at.scale
    arch = float(rng.uniform(-0.2, 0.3))
    fluke = np.array([-1.12, -0.3 - arch])
    for side in (-1, 1):
        fin = curve(
            [
                fluke + (0.08, 0),
                fluke + (-0.12, side * 0.3 - 0.06),
                fluke + (-0.36, side * 0.42 - 0.1),
                fluke + (-0.16, side * 0.08),
            ],
            True,
        )
        canvas.solid(at(fin), palette.body, bevel=s * 0.08, rim=palette.light)
    far = curve([[0.2, 0.3], [0.1, 0.66], [-0.15, 0.8], [0.0, 0.4]], True)
    canvas.solid(at(far), darker(palette.body, palette), bevel=s * 0.08)
    body = curve(
        [
            [1.0, 0.02],
            [0.72, -0.3],
            [0.1, -0.42],
            [-0.5, -0.28 - arch * 0.5],
            [-1.15, -0.34 - arch],
            [-1.12, -0.22 - arch],
            [-0.5, 0.1],
            [0.1, 0.38],
            [0.7, 0.34],
        ],
        True,
    )
    canvas.solid(at(body), palette.body, bevel=s * 0.36, texture=0.16, rim=palette.light)
    belly = curve(
        [[0.98, 0.08], [0.6, 0.12], [0.1, 0.16], [-0.35, 0.12], [0.1, 0.36], [0.68, 0.33]], True
    )
    canvas.shape(at(belly), palette.body[2], opacity=0.75, soft=s * 0.02)
    for k in range(6):
        groove = [
            [0.92 - 0.04 * k, 0.12 + 0.035 * k],
            [0.4, 0.18 + 0.035 * k],
            [-0.1, 0.18 + 0.025 * k],
        ]
        canvas.shape(at(limb(groove, [0.003, 0.008, 0.002])), palette.body[1], opacity=0.7)
    for _ in range(12):
        x, y = rng.uniform(-0.5, 0.8), rng.uniform(-0.32, -0.05)
        ((cx, cy),) = at([[x, y]])
        canvas.glow(cx, cy, s * 0.03, palette.accent, 0.9)
    near = curve([[0.42, 0.24], [0.3, 0.62], [0.02, 0.86], [0.16, 0.34]], True)
    canvas.solid(at(near), palette.body, bevel=s * 0.1, rim=palette.light)
    eye(canvas, palette, at, 0.7, 0.0, 0.032)


def fish(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A deep-sea angler with teeth and a lure."""
    rng, s = canvas.rng, at.scale
    fins = (palette.body[0], mix(palette.accent, palette.body[1], 0.4), palette.light)
    for shape in (
        [[-0.55, 0], [-1.1, -0.42], [-0.95, 0.0], [-1.1, 0.45]],
        [[-0.3, -0.45], [-0.15, -0.85], [0.3, -0.5], [0.0, -0.4]],
        [[-0.2, 0.45], [-0.25, 0.8], [0.2, 0.5]],
    ):
        canvas.solid(at(curve(shape, True)), fins, bevel=s * 0.12, texture=0.4, rim=palette.light)
    body = curve(
        [
            [0.75, -0.22],
            [0.4, -0.5],
            [-0.1, -0.5],
            [-0.62, -0.08],
            [-0.62, 0.1],
            [-0.1, 0.5],
            [0.4, 0.52],
            [0.72, 0.34],
            [0.5, 0.06],
        ],
        True,
    )
    canvas.solid(at(body), palette.body, bevel=s * 0.38, texture=0.25, rim=palette.light)
    maw = curve(
        [[0.76, -0.2], [0.5, -0.04], [0.38, 0.06], [0.5, 0.2], [0.74, 0.34], [0.6, 0.08]], True
    )
    canvas.shape(at(maw), palette.near)
    for k in range(6):
        x = 0.44 + 0.055 * k
        canvas.shape(
            at([[x, 0.0 - 0.03 * k], [x + 0.05, -0.03 - 0.03 * k], [x + 0.03, 0.1 - 0.02 * k]]),
            palette.light,
        )
        canvas.shape(
            at([[x, 0.14 + 0.03 * k], [x + 0.05, 0.16 + 0.03 * k], [x + 0.03, 0.04 + 0.02 * k]]),
            palette.light,
        )
    stalk = np.array([[0.3, -0.48], [0.5, -0.9], [0.85, -0.85], [0.95, -0.6]])
    canvas.shape(at(limb(stalk, [0.03, 0.018, 0.012])), palette.body[1])
    ((cx, cy),) = at([stalk[-1]])
    canvas.glow(cx, cy, s * 0.5, palette.accent, 0.8)
    canvas.shape(at(blob(stalk[-1, 0], stalk[-1, 1], 0.08, 0.08)), palette.light)
    eye(canvas, palette, at, 0.36, -0.2, float(rng.uniform(0.05, 0.09)))


def jelly(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A glowing drifter with long threads."""
    rng, s = canvas.rng, at.scale
    ((cx, cy),) = at([[0, -0.35]])
    canvas.glow(cx, cy, s * 0.8, palette.accent, 0.6)
    for _ in range(int(rng.integers(9, 16))):
        x = rng.uniform(-0.5, 0.5)
        sway = rng.uniform(0, 6)
        rows = np.linspace(-0.2, rng.uniform(0.6, 1.25), 6)
        thread = np.column_stack([x * (1 + 0.3 * rows) + 0.1 * np.sin(rows * 5 + sway), rows])
        tone = mix(palette.body[2], palette.accent, float(rng.random()))
        canvas.shape(at(limb(thread, [0.022, 0.016, 0.003], 6)), tone, opacity=0.75)
    for _ in range(4):
        rows = np.linspace(-0.2, 0.75, 7)
        frill = np.column_stack(
            [rng.uniform(-0.2, 0.2) + 0.09 * np.sin(rows * 9 + rng.uniform(0, 6)), rows]
        )
        canvas.solid(
            at(limb(frill, [0.09, 0.1, 0.07, 0.02], 6)),
            (palette.body[0], palette.body[1], palette.light),
            bevel=s * 0.06,
            texture=0.4,
        )
    tall = rng.uniform(0.55, 0.85)
    bell = curve(
        [
            [-0.72, -0.16],
            [-0.66, -0.16 - tall * 0.55],
            [-0.3, -0.16 - tall],
            [0.3, -0.16 - tall],
            [0.66, -0.16 - tall * 0.55],
            [0.72, -0.16],
            [0.5, -0.08],
            [0.25, -0.14],
            [0, -0.06],
            [-0.25, -0.14],
            [-0.5, -0.08],
        ],
        True,
    )
    canvas.solid(
        at(bell),
        (palette.body[0], mix(palette.body[1], palette.accent, 0.3), palette.light),
        bevel=s * 0.5,
        texture=0.12,
        rim=palette.light,
    )
    for k in np.linspace(-0.5, 0.5, 7):
        rib = [[k * 0.5, -0.16 - tall * 0.92], [k * 1.15, -0.16 - tall * 0.5], [k * 1.3, -0.16]]
        canvas.shape(at(limb(rib, [0.006, 0.014, 0.006])), palette.light, opacity=0.5)
    canvas.glow(cx, cy - s * 0.1, s * 0.3, palette.light, 0.5)
