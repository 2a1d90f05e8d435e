"""Creatures on legs and coils: stags, wolves, cats, tortoises, serpents, drakes, hydras.

Every subject is drawn in a box of about -1…1, looking to the right, and placed by `at`.
"""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_features import tower
from firmware.simulated.cardpress_paint import Canvas, Place, Ramp, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette


def darker(ramp: Ramp, palette: Palette, share: float = 0.45) -> Ramp:
    """The same material further back, in shadow."""
    shadow, base, light = (mix(tone, palette.near, share) for tone in ramp)
    return shadow, base, light


def eye(canvas: Canvas, palette: Palette, at: Place, x: float, y: float, size: float) -> None:
    """A glowing eye."""
    ((cx, cy),) = at([[x, y]])
    r = size * at.scale
    canvas.shape(blob(cx, cy, r * 1.25, r), palette.near)
    canvas.shape(blob(cx, cy, r * 0.85, r * 0.8), palette.accent)
    canvas.shape(blob(cx - r * 0.2, cy - r * 0.25, r * 0.3, r * 0.3), palette.light)
    canvas.glow(cx, cy, r * 2.4, palette.accent, 0.6)


def ground_shadow(canvas: Canvas, palette: Palette, at: Place, y: float, wide: float) -> None:
    """A soft dark pool where a creature stands."""
    ((cx, cy),) = at([[0, y]])
    canvas.shape(
        blob(cx, cy, wide * at.scale, 0.10 * at.scale),
        palette.near,
        soft=at.scale * 0.05,
        opacity=0.6,
    )


def _legs(
    canvas: Canvas, palette: Palette, at: Place, ramp: Ramp, thick: float, gait: float
) -> None:
    hind = np.array([[-0.55, 0.0], [-0.68, 0.36], [-0.5, 0.6], [-0.56, 0.95]])
    fore = np.array([[0.46, 0.05], [0.52, 0.45], [0.46, 0.7], [0.5, 0.95]])
    swing = np.array([[0, 0], [0.06, 0], [0.14, 0], [0.24, -0.02]]) * gait
    for leg, far, sign in ((hind, True, 1), (fore, True, -1), (hind, False, -1), (fore, False, 1)):
        shape = leg + swing * sign + ((0.13, -0.03) if far else (0, 0))
        widths = np.array([0.17, 0.09, 0.052, 0.05]) * thick
        canvas.solid(
            at(limb(shape, list(widths))), darker(ramp, palette) if far else ramp,
            bevel=at.scale * 0.07, rim=None if far else palette.light,
        )  # fmt: skip


def _antlers(canvas: Canvas, palette: Palette, at: Place, root: tuple[float, float]) -> None:
    rng = canvas.rng
    bone = (
        mix(palette.light, palette.near, 0.55),
        mix(palette.light, palette.body[1], 0.25),
        palette.light,
    )
    size = float(rng.uniform(0.75, 1.2))
    for side, ramp in ((0.22, darker(bone, palette, 0.3)), (-0.1, bone)):
        beam = (
            np.array(
                [[0, 0], [-0.14 + side, -0.2], [-0.1 + side * 2, -0.48], [0.06 + side * 2, -0.66]]
            )
            * size
        )
        canvas.solid(
            at(limb(beam + root, [0.032, 0.026, 0.02, 0.006])), ramp, bevel=at.scale * 0.03
        )
        line = curve(beam, steps=8)
        for k in (6, 12, 18):
            tine = line[k] + np.array([[0, 0], [0.12, -0.06], [0.15, -0.2]]) * size * rng.uniform(
                0.7, 1.2
            )
            canvas.solid(at(limb(tine + root, [0.022, 0.016, 0.004])), ramp, bevel=at.scale * 0.02)


def quadruped(canvas: Canvas, palette: Palette, at: Place, breed: str) -> None:
    """A stag, wolf or cat, standing or at a walk."""
    rng = canvas.rng
    ramp, rim = palette.body, palette.light
    gait = float(rng.uniform(-0.6, 0.9))
    ground_shadow(canvas, palette, at, 0.94, 0.8)
    s = at.scale
    tails = {
        "stag": ([[-0.68, -0.14], [-0.8, -0.12], [-0.86, 0.0]], [0.05, 0.06, 0.01]),
        "wolf": (
            [[-0.64, -0.12], [-0.9, -0.02], [-1.08, 0.28], [-1.1, 0.46]],
            [0.06, 0.12, 0.12, 0.01],
        ),
        "cat": (
            [[-0.66, -0.1], [-0.98, 0.02], [-1.08, -0.32], [-0.9, -0.55]],
            [0.06, 0.05, 0.05, 0.035],
        ),
    }
    tail, widths = tails[breed]
    canvas.solid(at(limb(tail, widths)), darker(ramp, palette, 0.2), bevel=s * 0.08, rim=rim)
    _legs(canvas, palette, at, ramp, {"stag": 0.85, "wolf": 1.0, "cat": 1.15}[breed], gait)
    body = curve(
        [[-0.74, -0.06], [-0.52, -0.3], [0.0, -0.25], [0.42, -0.34], [0.66, -0.12], [0.56, 0.2],
         [0.1, 0.2], [-0.34, 0.12], [-0.64, 0.2]], True,
    )  # fmt: skip
    canvas.solid(at(body), ramp, bevel=s * 0.26, texture=0.2, rim=rim)
    howl = breed == "wolf" and rng.random() < 0.5
    tilt = -0.9 if howl else float(rng.uniform(-0.25, 0.2))
    tall = {"stag": 0.42, "wolf": 0.22, "cat": 0.16}[breed]
    crown = np.array([0.74 if breed != "stag" else 0.7, -0.28 - tall])
    neck = [[0.42, -0.08], [0.6, -0.26], list(crown)]
    canvas.solid(
        at(limb(neck, [0.26, 0.2 if breed != "stag" else 0.15, 0.13])),
        ramp,
        bevel=s * 0.18,
        texture=0.15,
        rim=rim,
    )
    if breed == "wolf":
        for k in range(7):
            root = np.array([0.36 + 0.05 * k, -0.3 - 0.03 * k])
            tuft = np.array([root, root + (0.1, 0.02), root + (-0.14, -0.08 - 0.02 * (k % 3))])
            canvas.solid(at(tuft), ramp, bevel=s * 0.05, rim=rim)
    head = at.there(crown[0], crown[1], turn=tilt)
    if breed == "stag":
        _antlers(canvas, palette, head, (-0.02, -0.08))
    long = {"stag": 0.36, "wolf": 0.36, "cat": 0.22}[breed]
    for side in (0.05, -0.08):
        high = {"stag": 0.1, "wolf": 0.2, "cat": 0.14}[breed]
        ear = np.array(
            [
                [side - 0.07, -0.08],
                [side - (0.16 if breed == "stag" else 0.04), -0.1 - high],
                [side + 0.07, -0.1],
            ]
        )
        canvas.solid(
            head(ear), darker(ramp, palette, 0.25) if side > 0 else ramp, bevel=s * 0.04, rim=rim
        )
    skull = curve(
        [[-0.13, 0.02], [-0.06, -0.13], [0.1, -0.13], [0.2, -0.05], [long, 0.0],
         [long + 0.02, 0.08], [0.16, 0.13], [-0.02, 0.14]], True,
    )  # fmt: skip
    canvas.solid(head(skull), ramp, bevel=s * 0.11, rim=rim)
    canvas.shape(head(blob(long, 0.02, 0.035, 0.03)), palette.near)
    eye(canvas, palette, head, 0.09, -0.02, 0.032)
    if breed == "cat":
        for _ in range(16):
            x, y = rng.uniform(-0.6, 0.5), rng.uniform(-0.22, 0.1)
            canvas.shape(at(blob(x, y, 0.05, 0.03, steps=12)), ramp[0], opacity=0.55, soft=0.6)


def tortoise(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A giant that carries a village."""
    rng, s = canvas.rng, at.scale
    ground_shadow(canvas, palette, at, 0.62, 0.95)
    skin = palette.body
    for x in (-0.55, -0.25, 0.3, 0.58):
        canvas.solid(
            at(limb([[x, 0.2], [x + 0.04, 0.62]], [0.15, 0.13])), skin, bevel=s * 0.1, texture=0.25
        )
    canvas.solid(
        at(limb([[0.6, 0.2], [0.95, 0.05], [1.1, -0.05]], [0.13, 0.1, 0.15])),
        skin,
        bevel=s * 0.12,
        texture=0.2,
        rim=palette.light,
    )
    eye(canvas, palette, at, 1.12, -0.09, 0.03)
    t = np.linspace(np.pi, 2 * np.pi, 40)
    dome = np.column_stack([0.85 * np.cos(t), 0.28 + 0.68 * np.sin(t)])
    canvas.solid(
        at(np.vstack([dome, [[0.9, 0.36], [-0.9, 0.36]]])),
        (palette.near, mix(palette.accent, palette.mid, 0.55), palette.light),
        bevel=s * 0.5,
        texture=0.2,
        rim=palette.light,
    )
    for row, count in ((0.18, 5), (-0.06, 4), (-0.25, 3)):
        wide = 0.78 * np.sqrt(max(0.05, 1 - ((0.28 - row) / 0.68) ** 2))
        for x in np.linspace(-wide, wide, count):
            plate = blob(x * 0.86, row, wide / count * 0.8, 0.11, steps=6)
            canvas.solid(
                at(plate),
                (palette.near, mix(palette.body[1], palette.mid, 0.3), palette.body[2]),
                bevel=s * 0.05,
                texture=0.25,
            )
    for x in rng.uniform(-0.45, 0.4, 4):
        ((px, py),) = at([[x, -0.32 + 0.2 * abs(x)]])
        tower(
            canvas,
            mix(palette.mid, palette.near, 0.3),
            palette.light,
            float(px),
            float(py - s * rng.uniform(0.15, 0.45)),
            s * 0.13,
            float(py),
        )
    for x in rng.uniform(-0.6, 0.6, 4):
        canvas.solid(
            at(blob(x, -0.36 + 0.25 * abs(x), 0.1, 0.12)),
            (palette.near, mix(palette.body[1], palette.near, 0.2), palette.body[2]),
            bevel=s * 0.1,
            texture=0.3,
        )
