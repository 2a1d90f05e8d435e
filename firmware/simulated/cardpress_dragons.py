"""Serpents, winged drakes and hydras, which share one horned head."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import numpy as np

from firmware.simulated.cardpress_beasts import darker, eye, ground_shadow
from firmware.simulated.cardpress_paint import (
    Canvas,
    Place,
    Points,
    Ramp,
    blob,
    curve,
    limb,
    mix,
)
from firmware.simulated.cardpress_palette import Palette


def serpent_head(canvas: Canvas, palette: Palette, at: Place, ramp: Ramp) -> None:
    """A horned head with open jaws, its neck joining at the origin from the left."""
    s = at.scale
    lower = curve([[-0.1, 0.08], [0.25, 0.16], [0.62, 0.22], [0.3, 0.3], [-0.05, 0.2]], True)
    canvas.solid(at(lower), darker(ramp, palette, 0.3), bevel=s * 0.1)
    for side, tone in (
        (0.07, darker(ramp, palette, 0.3)),
        (0.0, (ramp[0], mix(palette.light, ramp[1], 0.5), palette.light)),
    ):
        horn = np.array([[-0.02 + side, -0.14], [-0.3 + side, -0.28], [-0.55 + side, -0.24]])
        canvas.solid(at(limb(horn, [0.06, 0.04, 0.004])), tone, bevel=s * 0.05)
    upper = curve(
        [
            [-0.18, 0.14],
            [-0.16, -0.12],
            [0.08, -0.22],
            [0.3, -0.1],
            [0.66, -0.05],
            [0.72, 0.06],
            [0.5, 0.12],
            [0.1, 0.13],
        ],
        True,
    )
    canvas.solid(at(upper), ramp, bevel=s * 0.16, texture=0.15, rim=palette.light)
    for k in range(4):
        x = 0.34 + 0.09 * k
        canvas.shape(at([[x, 0.1], [x + 0.05, 0.1], [x + 0.025, 0.19]]), palette.light)
    eye(canvas, palette, at, 0.18, -0.07, 0.045)


def serpent(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A long coil that winds through the picture, finned along its back."""
    rng, s = canvas.rng, at.scale
    waves = float(rng.uniform(0.8, 1.5))
    t = np.linspace(0, 1, 9)
    line = np.column_stack(
        [
            -1.25 + 2.05 * t,
            0.42 * np.sin(t * waves * 2 * np.pi + rng.uniform(0, 6)) + 0.35 - 0.55 * t,
        ]
    )
    width = 0.05 + 0.16 * np.sin(np.pi * np.clip(t * 0.9 + 0.08, 0, 1))
    spine = curve(line, steps=8)
    along = np.gradient(spine, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    half = np.interp(np.linspace(0, 1, len(spine)), t, width)
    fins = []
    for k in range(4, len(spine) - 4, 2):
        up = np.array([along[k, 1], -along[k, 0]])
        root = spine[k] + up * half[k] * 0.8
        fins.append(
            at(
                [
                    root - along[k] * 0.06,
                    root + up * half[k] * 0.9 - along[k] * 0.12,
                    root + along[k] * 0.06,
                ]
            )
        )
    canvas.shape(fins, palette.accent, mix(palette.accent, palette.near, 0.4), opacity=0.95)
    canvas.solid(
        at(limb(line, list(width), 8)), palette.body, bevel=s * 0.2, texture=0.22, rim=palette.light
    )
    belly = spine + np.column_stack([-along[:, 1], along[:, 0]]) * half[:, None] * 0.55
    for k in range(3, len(spine) - 2, 2):
        canvas.shape(
            at(
                blob(
                    belly[k, 0],
                    belly[k, 1],
                    0.05,
                    half[k] * 0.3,
                    float(np.arctan2(along[k, 1], along[k, 0])),
                )
            ),
            palette.body[2],
            opacity=0.55,
        )
    turn = float(np.arctan2(along[-1, 1], along[-1, 0]))
    head = at.there(line[-1, 0], line[-1, 1], 0.72, turn)
    serpent_head(canvas, palette, head, palette.body)


def drake(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A winged dragon in flight."""
    s = at.scale
    lift = float(canvas.rng.uniform(-0.25, 0.35))
    far = darker(palette.body, palette, 0.4)
    _membrane(canvas, palette, at, (0.2, -0.05), lift - 0.25, far, 0.85)
    tail = [[-0.2, 0.1], [-0.65, 0.3], [-1.0, 0.2], [-1.25, 0.42]]
    canvas.solid(
        at(limb(tail, [0.16, 0.09, 0.05, 0.01])),
        palette.body,
        bevel=s * 0.1,
        texture=0.2,
        rim=palette.light,
    )
    canvas.shape(at([[-1.2, 0.36], [-1.42, 0.34], [-1.3, 0.55]]), palette.accent)
    for x in (-0.1, 0.25):
        canvas.solid(
            at(limb([[x, 0.15], [x - 0.12, 0.4], [x + 0.02, 0.55]], [0.09, 0.06, 0.02])),
            far,
            bevel=s * 0.06,
        )
    body = [[-0.3, 0.14], [0.1, 0.08], [0.42, -0.1], [0.62, -0.42], [0.72, -0.52]]
    canvas.solid(
        at(limb(body, [0.12, 0.24, 0.19, 0.11, 0.1])),
        palette.body,
        bevel=s * 0.2,
        texture=0.2,
        rim=palette.light,
    )
    for k in range(7):
        x = -0.2 + 0.1 * k
        y = -0.1 - 0.11 * max(0, k - 3)
        canvas.shape(
            at([[x - 0.04, y + 0.05], [x - 0.05, y - 0.12], [x + 0.06, y + 0.03]]), palette.accent
        )
    turn = float(canvas.rng.uniform(-0.3, 0.4))
    head = at.there(0.74, -0.55, 0.62, turn)
    serpent_head(canvas, palette, head, palette.body)
    _membrane(canvas, palette, at, (0.05, -0.08), lift, palette.body, 1.0)


def _membrane(
    canvas: Canvas,
    palette: Palette,
    at: Place,
    root: tuple[float, float],
    lift: float,
    ramp: Ramp,
    size: float,
) -> None:
    """A bat's wing: arm, fingers and skin between them."""
    start = np.array(root)
    wrist = start + np.array([-0.12, -0.62 - lift * 0.3]) * size
    tips = [
        start + np.array(p) * size
        for p in ([0.28, -0.98 - lift], [-0.5, -0.92 - lift * 0.6], [-0.95, -0.5], [-0.9, -0.05])
    ]
    edge: list[Points] = [wrist[None]]
    for first, second in zip(tips, [*tips[1:], start + (-0.35, 0.12)], strict=True):
        sag = (first + second) / 2 * 0.72 + (start + wrist) / 2 * 0.28
        edge.append(curve([first, sag, second], steps=6))
    skin = np.vstack([start[None], *edge])
    tone = (ramp[0], mix(ramp[1], palette.accent, 0.45), mix(palette.accent, palette.light, 0.5))
    canvas.solid(at(skin), tone, bevel=at.scale * 0.5, texture=0.25, rim=palette.light)
    for tip in tips:
        canvas.solid(
            at(limb([wrist, (wrist + tip) / 2, tip], [0.035, 0.022, 0.006])),
            ramp,
            bevel=at.scale * 0.03,
        )
    canvas.solid(
        at(limb([start, wrist], [0.08, 0.05])), ramp, bevel=at.scale * 0.06, rim=palette.light
    )


def hydra(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Several necks rise from one dark body."""
    rng, s = canvas.rng, at.scale
    ground_shadow(canvas, palette, at, 0.95, 1.0)
    count = int(rng.integers(3, 6))
    for k, x in enumerate(rng.permutation(np.linspace(-0.75, 0.55, count))):
        tone = darker(palette.body, palette, 0.45 * (1 - k / (count - 1)))
        tip = np.array([x, rng.uniform(-0.75, -0.3)])
        neck = [[x * 0.35 - 0.05, 0.85], [x * 0.9 - 0.25, 0.3], [x - 0.1, -0.05], tip]
        canvas.solid(
            at(limb(neck, [0.22, 0.15, 0.11, 0.09])),
            tone,
            bevel=s * 0.14,
            texture=0.2,
            rim=palette.light,
        )
        head = at.there(tip[0], tip[1], 0.48, float(rng.uniform(-0.3, 0.3)))
        serpent_head(canvas, palette, head, tone)
    mound = curve([[-0.8, 1.0], [-0.6, 0.7], [0, 0.6], [0.6, 0.72], [0.85, 1.0]])
    canvas.solid(
        at(np.vstack([mound, [[0.85, 1.1], [-0.8, 1.1]]])),
        palette.body,
        bevel=s * 0.3,
        texture=0.3,
        rim=palette.light,
    )
