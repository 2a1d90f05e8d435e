"""Single buildings and vessels: lighthouses, arches, falls, villages, ships, airships, balloons."""

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_features import tower
from firmware.simulated.cardpress_land import haze, paint_ground
from firmware.simulated.cardpress_paint import Canvas, Place, blob, curve, mix, shaded
from firmware.simulated.cardpress_palette import Palette


def lighthouse(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A lighthouse on its rock, its beam across the sky."""
    rng, s = canvas.rng, at.scale
    paint_ground(canvas, palette, "sea")
    lamp = at([[0, -0.78]])[0]
    for turn in (rng.uniform(-0.35, 0.2), np.pi + rng.uniform(-0.2, 0.35)):
        ends = [
            lamp + 3 * s * np.array([np.cos(turn + d), np.sin(turn + d)]) for d in (-0.09, 0.09)
        ]
        canvas.shape(np.array([lamp, *ends]), palette.light, opacity=0.35, soft=s * 0.03)
    rock = curve([[-1.0, 1.0], [-0.7, 0.72], [-0.3, 0.6], [0.3, 0.58], [0.75, 0.75], [1.1, 1.0]])
    canvas.solid(
        at(np.vstack([rock, [[1.2, 1.4], [-1.1, 1.4]]])),
        shaded(palette.mid),
        bevel=s * 0.2,
        texture=0.5,
        rim=palette.light,
    )
    wall = shaded(mix(palette.light, palette.body[1], 0.15))
    canvas.solid(
        at([[-0.13, -0.62], [0.13, -0.62], [0.24, 0.64], [-0.24, 0.64]]),
        wall,
        bevel=s * 0.2,
        rim=palette.light,
    )
    for k in range(int(rng.integers(2, 5))):
        y = -0.4 + 0.3 * k
        wide = 0.15 + 0.025 * k
        canvas.solid(
            at([[-wide, y], [wide, y], [wide + 0.012, y + 0.13], [-wide - 0.012, y + 0.13]]),
            palette.body,
            bevel=s * 0.15,
        )
    canvas.solid(
        at([[-0.2, -0.62], [0.2, -0.62], [0.2, -0.67], [-0.2, -0.67]]),
        shaded(palette.near),
        bevel=s * 0.03,
    )
    canvas.shape(at([[-0.1, -0.67], [0.1, -0.67], [0.1, -0.88], [-0.1, -0.88]]), palette.light)
    canvas.solid(at([[-0.16, -0.88], [0, -1.1], [0.16, -0.88]]), palette.body, bevel=s * 0.08)
    canvas.glow(float(lamp[0]), float(lamp[1]), s * 0.3, palette.light, 1.0)


def ruins(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Arches of a fallen gate, one behind the other."""
    rng, s = canvas.rng, at.scale
    paint_ground(canvas, palette, str(rng.choice(["dunes", "hills", "sea", "meadow"])))
    for k, size in enumerate((0.5, 0.75, 1.15)):
        tone = shaded(mix(palette.far, palette.mid, k / 2))
        x = float(rng.uniform(-0.5, 0.5)) * (1.1 - 0.4 * k)
        t = np.linspace(np.pi, 2 * np.pi, 24)
        way = np.column_stack([np.cos(t), np.sin(t)])
        outer = np.vstack([[[-0.62, 1.1]], way * 0.62 + (0, -0.2), [[0.62, 1.1]]])
        inner = np.vstack([[[0.44, 1.1]], way[::-1] * 0.44 + (0, -0.2), [[-0.44, 1.1]]])
        cut = int(rng.integers(0, 9))
        if rng.random() < 0.5 and cut > 2:
            outer, inner = outer[: -cut - 1], inner[cut + 1 :]
        canvas.solid(
            at(np.vstack([outer, inner]) * size + (x, 0.75 - 0.62 * size)),
            tone,
            bevel=s * 0.09 * size,
            texture=0.5,
            rim=palette.light,
        )
        haze(canvas, 0.8, 0.1, palette.sky[2], 0.3 - 0.1 * k)
    for _ in range(7):
        x, size = rng.uniform(-1.5, 1.5), rng.uniform(0.05, 0.16)
        canvas.solid(
            at(blob(x, 0.95, size, size * 0.7, steps=5)),
            shaded(palette.mid),
            bevel=s * 0.05,
            texture=0.5,
        )


def falls(canvas: Canvas, palette: Palette, _at: Place) -> None:
    """Water drops from a high cliff into mist."""
    rng = canvas.rng
    middle, half = (
        float(rng.uniform(0.35, 0.65)) * canvas.w,
        canvas.unit * float(rng.uniform(0.10, 0.24)),
    )
    top = canvas.h * float(rng.uniform(0.14, 0.34))
    for side in (-1, 1):
        for k, tint in enumerate((palette.far, palette.mid, palette.near)):
            reach = half * (0.8 + 0.55 * k)
            rows = np.linspace(top + 26 * k, canvas.h * 1.1, 9)
            inner = np.column_stack([middle + side * (reach + rng.normal(0, half * 0.12, 9)), rows])
            cliff = np.vstack(
                [
                    inner,
                    [
                        [middle + side * 2 * canvas.w, canvas.h * 1.1],
                        [middle + side * 2 * canvas.w, top - canvas.h * 0.12 * (k == 0)],
                    ],
                ]
            )
            canvas.solid(
                cliff, shaded(tint), bevel=canvas.unit * 0.12, texture=0.6, rim=palette.light
            )
        if side == -1:
            fall = np.clip(1 - np.abs(canvas.x - middle) / half, 0, 1) ** 0.4 * (canvas.y > top)
            threads = 0.66 + 0.34 * np.sin(
                canvas.x * 1.1 + canvas.noise(canvas.unit * 0.2, 3, 0.15) * 7
            )
            canvas.lay(
                mix(palette.light, palette.sky[1], 0.15), (fall * threads * 0.92).astype(np.float32)
            )
    haze(canvas, 0.95, 0.2, palette.light, 0.9)


def village(canvas: Canvas, palette: Palette, _at: Place) -> None:
    """Houses on a slope with lit windows and smoke."""
    rng = canvas.rng
    paint_ground(canvas, palette, str(rng.choice(["hills", "peaks", "forest"])))
    spots = sorted(
        (float(rng.uniform(0.55, 0.98)), float(rng.uniform(0.02, 0.98)))
        for _ in range(int(rng.integers(9, 16)))
    )
    for y, x in spots:
        size = canvas.unit * (0.04 + 0.14 * (y - 0.5))
        house = Place(x * canvas.w, y * canvas.h, size)
        wall = mix(palette.body[2], palette.mid, 0.35)
        canvas.shape(
            house([[-1, 0], [-1, -0.9], [1, -0.9], [1, 0]]),
            mix(wall, palette.light, 0.1),
            mix(wall, palette.near, 0.35),
        )
        roof = (
            [[-1.25, -0.85], [-0.7, -1.9], [0.7, -1.9], [1.25, -0.85]]
            if rng.random() < 0.5
            else [[-1.25, -0.85], [0, -2.1], [1.25, -0.85]]
        )
        canvas.solid(house(roof), palette.body, bevel=size * 0.3, texture=0.3, rim=palette.light)
        for k in (-0.5, 0.4):
            canvas.shape(
                house([[k - 0.17, -0.65], [k + 0.17, -0.65], [k + 0.17, -0.25], [k - 0.17, -0.25]]),
                palette.light,
            )
        canvas.glow(house.x, house.y - size * 0.4, size * 0.9, palette.accent, 0.25)
    tower(
        canvas,
        mix(palette.mid, palette.body[1], 0.3),
        palette.light,
        canvas.w * float(rng.uniform(0.2, 0.8)),
        canvas.h * 0.3,
        canvas.unit * 0.12,
        canvas.h * 0.8,
    )
