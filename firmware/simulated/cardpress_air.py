"""What hangs in the air and frames a picture: motes, leaves, snow, rain, flocks, branches."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_paint import Canvas, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette


def paint_air(canvas: Canvas, palette: Palette) -> None:
    """One kind of small thing in the air, of chance; often none."""
    rng = canvas.rng
    kind = int(rng.integers(7))
    if kind == 0:
        for _ in range(int(rng.integers(15, 45))):
            x, y = rng.uniform(0, canvas.w), rng.uniform(0, canvas.h)
            size = canvas.unit * float(rng.uniform(0.003, 0.012))
            canvas.glow(x, y, size * 2.5, palette.accent, 0.6)
            canvas.shape(blob(x, y, size, size, steps=12), palette.light, opacity=0.9)
    elif kind == 1:
        for _ in range(int(rng.integers(10, 28))):
            x, y, turn = rng.uniform(0, canvas.w), rng.uniform(0, canvas.h), rng.uniform(0, 6)
            size = canvas.unit * float(rng.uniform(0.01, 0.03))
            tone = mix(palette.accent, palette.body[1], float(rng.random()))
            canvas.shape(
                blob(x, y, size, size * 0.42, turn, steps=14), tone, mix(tone, palette.near, 0.4)
            )
    elif kind == 2:
        for _ in range(int(rng.integers(50, 110))):
            x, y = rng.uniform(0, canvas.w), rng.uniform(0, canvas.h)
            size = canvas.unit * float(rng.uniform(0.002, 0.009))
            canvas.shape(blob(x, y, size, size, steps=10), palette.light, opacity=0.75)
    elif kind == 3:
        lean = float(rng.uniform(-0.3, 0.3))
        for _ in range(int(rng.integers(40, 90))):
            x, y = rng.uniform(0, canvas.w), rng.uniform(-0.1, 1) * canvas.h
            long = canvas.unit * float(rng.uniform(0.05, 0.13))
            canvas.shape(
                limb([[x, y], [x + lean * long, y + long]], [0.4, 0.8], 1),
                palette.light,
                opacity=0.35,
            )
    elif kind == 4:
        cx, cy = rng.uniform(0.15, 0.85) * canvas.w, rng.uniform(0.1, 0.35) * canvas.h
        for _ in range(int(rng.integers(4, 13))):
            x, y = cx + rng.normal(0, canvas.unit * 0.14), cy + rng.normal(0, canvas.unit * 0.06)
            size = canvas.unit * float(rng.uniform(0.012, 0.028))
            gull = curve(
                [
                    [x - size, y - size * 0.5],
                    [x - size * 0.4, y - size * 0.4],
                    [x, y],
                    [x + size * 0.4, y - size * 0.4],
                    [x + size, y - size * 0.5],
                ]
            )
            canvas.shape(limb(gull, [0.3, 1.1, 0.3], 1), palette.near, opacity=0.8)


def paint_fringe(canvas: Canvas, palette: Palette, ground: str) -> None:
    """Dark shapes close to the eye at the rims: grass, rocks, branches, vines; often none."""
    rng = canvas.rng
    kind = int(rng.integers(6))
    ink = mix(palette.near, palette.sky[0], 0.15)
    if kind == 0 and ground not in ("void", "isles"):
        for _ in range(70):
            x = rng.uniform(-0.02, 1.02) * canvas.w
            tall = canvas.unit * rng.uniform(0.05, 0.16) * (0.5 + abs(x / canvas.w - 0.5) * 1.6)
            bend = rng.normal(0, 0.35) * tall
            canvas.shape(
                np.array(
                    [[x - 2, canvas.h + 1], [x + bend, canvas.h - tall], [x + 2, canvas.h + 1]]
                ),
                ink,
            )
    elif kind == 1 and ground not in ("void", "isles"):
        for side in (0.0, 1.0):
            size = canvas.unit * rng.uniform(0.12, 0.3)
            rock = blob(side * canvas.w, canvas.h, size * 1.3, size, steps=7) + rng.normal(
                0, size * 0.1, (7, 2)
            )
            canvas.solid(
                rock,
                (palette.near, mix(ink, palette.mid, 0.4), palette.mid),
                bevel=size * 0.4,
                texture=0.5,
            )
    elif kind == 2:
        from_right = float(rng.integers(2))
        way = 1 - 2 * from_right
        start = np.array([from_right * canvas.w, canvas.h * rng.uniform(0.02, 0.16)])
        for _ in range(2):
            arc = canvas.unit * np.array(
                [[0, 0], [0.2 * way, 0.03], [0.42 * way, 0.02], [0.6 * way, 0.1]]
            )
            twig = start + arc * rng.uniform(0.6, 1.1) + (0, canvas.unit * rng.uniform(-0.06, 0.06))
            canvas.shape(limb(twig, [3.5, 2.4, 1.5, 0.4]), ink)
            for k, spot in enumerate(curve(twig)[5::4]):
                turn = (0.9 if k % 2 else -0.5) * way
                size = canvas.unit * rng.uniform(0.03, 0.05)
                stem = (
                    spot
                    + np.array([np.cos(turn) * way, np.sin(abs(turn)) * np.sign(turn * way)]) * size
                )
                tone = mix(ink, palette.body[1], float(rng.uniform(0.25, 0.65)))
                spin = float(np.arctan2(stem[1] - spot[1], stem[0] - spot[0]))
                leaf = blob(stem[0], stem[1], size, size * 0.38, spin, 14)
                canvas.shape(leaf, tone, mix(tone, ink, 0.6))
