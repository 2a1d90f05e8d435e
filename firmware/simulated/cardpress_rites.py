"""Rites, pictures of pure force: streams, rings, spirals, comets, bursts, waves, orbs."""

# ruff: noqa: RUF005 - arrays of points are moved by adding a pair, no lists are joined

from __future__ import annotations

import cv2
import numpy as np

from firmware.simulated.cardpress_paint import Canvas, Place, blob, curve, limb, mix
from firmware.simulated.cardpress_palette import Palette
from firmware.simulated.cardpress_sky import bolt


def flow(canvas: Canvas, palette: Palette, _at: Place) -> None:
    """Threads of light drift through an unseen current."""
    rng = canvas.rng
    field = canvas.noise(canvas.unit * float(rng.uniform(0.5, 1.0)), 2) * float(
        rng.uniform(1.5, 3.5)
    )
    swirl = float(rng.uniform(0, 2 * np.pi))
    heads = np.column_stack(
        [rng.uniform(-0.1, 1.1, 260) * canvas.w, rng.uniform(-0.1, 1.1, 260) * canvas.h]
    )
    step = canvas.unit * 0.016
    lines = [heads]
    for _ in range(26):
        last = lines[-1]
        column = np.clip(last[:, 0], 0, canvas.w - 1).astype(int)
        row = np.clip(last[:, 1], 0, canvas.h - 1).astype(int)
        turn = field[row, column] + swirl
        lines.append(last + np.column_stack([np.cos(turn), np.sin(turn)]) * step)
    tracks = np.stack(lines, 1)
    for start, (tint, size) in enumerate(
        ((palette.body[1], 3.0), (palette.accent, 1.8), (palette.light, 1.0))
    ):
        layer = np.zeros((canvas.h, canvas.w), np.uint8)
        for track in tracks[start::3]:
            cv2.polylines(
                layer,
                [np.round(track * 16).astype(np.int32)],
                False,
                255,
                max(1, round(size)),
                cv2.LINE_AA,
                4,
            )
        light = layer.astype(np.float32) / 255
        soft = cv2.GaussianBlur(light, (0, 0), canvas.unit * 0.012)
        canvas.picture += (
            (light * 0.55 + soft * 0.8)[..., None]
            * tint
            * (1 - 0.5 * np.clip(canvas.picture, 0, 1))
        )


def mandala(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A circle of signs drawn in light."""
    rng, s = canvas.rng, at.scale
    canvas.glow(at.x, at.y, s, palette.accent, 0.6)
    fold = int(rng.integers(5, 13))
    spin = float(rng.uniform(0, 1))
    for ring in np.sort(rng.uniform(0.2, 1.1, 6)):
        t = np.linspace(0, 2 * np.pi, 100)
        line = np.column_stack([np.cos(t), np.sin(t)]) * ring
        canvas.shape(at(limb(line, [0.011, 0.011], 1)), palette.light, opacity=0.85)
    for radius, size, style in ((0.3, 0.1, 0), (0.62, 0.14, 1), (0.95, 0.12, 2)):
        kind = (style + int(rng.integers(3))) % 3
        for k in range(fold):
            turn = 2 * np.pi * k / fold + spin
            way, side = (
                np.array([np.cos(turn), np.sin(turn)]),
                np.array([-np.sin(turn), np.cos(turn)]),
            )
            spot = way * radius
            if kind == 0:
                canvas.shape(
                    at(
                        [
                            spot - way * size,
                            spot + side * size * 0.5,
                            spot + way * size,
                            spot - side * size * 0.5,
                        ]
                    ),
                    palette.accent,
                )
            elif kind == 1:
                canvas.shape(at(blob(spot[0], spot[1], size * 0.55, size * 0.55)), palette.light)
                canvas.shape(at(blob(spot[0], spot[1], size * 0.38, size * 0.38)), palette.body[1])
            else:
                petal = limb(
                    [spot - way * size * 1.4, spot, spot + way * size * 1.6],
                    [0.005, size * 0.5, 0.004],
                )
                canvas.shape(at(petal), palette.body[2], palette.accent, opacity=0.85)
    skip = int(rng.integers(2, max(3, fold // 2)))
    knots = np.array(
        [
            [np.cos(2 * np.pi * k / fold + spin), np.sin(2 * np.pi * k / fold + spin)]
            for k in range(fold)
        ]
    )
    for k in range(fold):
        canvas.shape(
            at(limb([knots[k] * 0.8, knots[(k + skip) % fold] * 0.8], [0.009, 0.009], 1)),
            palette.light,
            opacity=0.8,
        )
    canvas.glow(at.x, at.y, s * 0.2, palette.light, 0.9)


def vortex(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A spiral that draws everything in."""
    rng = canvas.rng
    squash = float(rng.uniform(0.45, 1.0))
    dx, dy = (canvas.x - at.x) / at.scale, (canvas.y - at.y) / at.scale / squash
    far = np.hypot(dx, dy) + 0.03
    arms = int(rng.integers(2, 6))
    turn = np.arctan2(dy, dx) * arms + (1 if at.flip else -1) * np.log(far) * float(
        rng.uniform(3, 7)
    )
    band = 0.5 + 0.5 * np.sin(turn + canvas.grain * 1.6)
    fade = np.exp(-far * 0.75)
    tone = palette.body[1] + (palette.light - palette.body[1]) * (band**3)[..., None]
    canvas.lay(np.asarray(tone, np.float32), np.clip(band * fade * 1.7, 0, 0.95).astype(np.float32))
    sparks = np.clip(band - 0.86, 0, 1) * 6 * np.clip(canvas.noise(5, 1), 0, 1) * fade
    canvas.picture += sparks[..., None] * palette.accent
    core = blob(at.x, at.y, at.scale * 0.16, at.scale * 0.16 * squash)
    if rng.random() < 0.5:
        canvas.glow(at.x, at.y, at.scale * 0.4, palette.accent, 1.0)
        canvas.shape(core, palette.near)
    else:
        canvas.glow(at.x, at.y, at.scale * 0.4, palette.light, 1.2)


def comet(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Falling stars with long tails."""
    rng = canvas.rng
    turn = float(rng.uniform(0.5, 1.1))
    for k in range(int(rng.integers(1, 6))):
        size = at.scale * (0.3 if k == 0 else float(rng.uniform(0.06, 0.16)))
        x = at.x if k == 0 else float(rng.uniform(0.05, 0.95)) * canvas.w
        y = at.y if k == 0 else float(rng.uniform(0.05, 0.8)) * canvas.h
        way = np.array([np.cos(turn) * (1 if at.flip else -1), -np.sin(turn)])
        side = np.array([-way[1], way[0]])
        for wide, long, tint, opacity in (
            (1.0, 9, palette.body[1], 0.5),
            (0.7, 7, palette.accent, 0.6),
            (0.35, 5, palette.light, 0.8),
        ):
            sway = side * size * rng.normal(0, 0.4)
            tail = limb(
                [
                    (x, y),
                    np.array([x, y]) + way * size * long * 0.5 + sway,
                    np.array([x, y]) + way * size * long,
                ],
                [size * wide, size * wide * 0.6, 0.5],
            )
            canvas.shape(tail, tint, opacity=opacity, soft=size * 0.12)
        canvas.glow(x, y, size * 1.6, palette.light, 0.9)
        canvas.solid(
            blob(x, y, size * 0.62, size * 0.6),
            (palette.body[0], palette.accent, palette.light),
            bevel=size * 0.5,
            texture=0.4,
        )


def burst(canvas: Canvas, palette: Palette, at: Place) -> None:
    """Shards fly out of a blast."""
    rng = canvas.rng
    angle = np.arctan2(canvas.y - at.y, canvas.x - at.x)
    far = np.hypot(canvas.y - at.y, canvas.x - at.x) / at.scale
    beams = np.clip(np.sin(angle * int(rng.integers(5, 16)) + canvas.grain * 1.5), 0, 1) * np.exp(
        -far
    )
    canvas.picture += beams[..., None] * palette.accent * 0.8
    canvas.glow(at.x, at.y, at.scale * 0.6, palette.light, 1.0)
    corners = int(rng.integers(3, 6))
    for _ in range(46):
        turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.6)
        size = 0.05 + 0.10 * reach * rng.random()
        shape = blob(0, 0, size * rng.uniform(0.4, 1.8), size, rng.uniform(0, 6), steps=corners)
        tone = mix(palette.body[1], palette.light, float(rng.random()))
        shard = (mix(tone, palette.near, 0.6), tone, palette.light)
        canvas.solid(
            at(shape + (np.cos(turn) * reach, np.sin(turn) * reach)),
            shard,
            bevel=at.scale * size * 0.5,
        )


def wave(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A great wave rolls over the picture."""
    rng, s = canvas.rng, at.scale
    curl = float(rng.uniform(0.7, 1.1))
    for k, share in enumerate((0.55, 0.3, 0.0)):
        shift = np.array([0.35 * k - 0.5, 0.2 * k])
        crest = curve(
            np.array(
                [
                    [-2.2, 1.3],
                    [-1.3, 0.7],
                    [-0.7, -0.2],
                    [0.0, -0.85 * curl],
                    [0.62, -0.72 * curl],
                    [0.78, -0.3 * curl],
                    [0.5, -0.02],
                ]
            )
            * (1 - 0.08 * k)
            + shift
        )
        inside = curve(
            np.array(
                [[0.44, -0.2 * curl], [0.2, -0.42 * curl], [0.02, 0.1], [0.4, 0.75], [2.4, 0.95]]
            )
            * (1 - 0.08 * k)
            + shift
        )
        tone = tuple(mix(t, palette.sky[1], share) for t in palette.body)
        body = np.vstack([crest, inside, [[2.6, 2.5], [-2.6, 2.5]]])
        canvas.solid(
            at(body), (tone[0], tone[1], tone[2]), bevel=s * 0.4, texture=0.25, rim=palette.light
        )
        for spot in crest[28::2]:
            for _ in range(3):
                x, y = spot + rng.normal(0, 0.06, 2)
                size = rng.uniform(0.02, 0.08)
                canvas.shape(at(blob(x, y, size, size)), palette.light, opacity=0.85)


def orb(canvas: Canvas, palette: Palette, at: Place) -> None:
    """A sphere between two hands of lightning."""
    rng, s = canvas.rng, at.scale
    canvas.glow(at.x, at.y, s * 0.9, palette.accent, 0.8)
    for _ in range(int(rng.integers(3, 8))):
        bolt(canvas, palette.light, at.x + s * float(rng.uniform(-0.9, 0.9)), 0.0, canvas.h)
    size = float(rng.uniform(0.4, 0.62))
    canvas.solid(
        at(blob(0, 0, size, size, steps=72)),
        (palette.near, palette.body[1], palette.light),
        bevel=s * size,
        texture=0.45,
        rim=palette.accent,
    )
    for k in range(int(rng.integers(2, 5))):
        t = np.linspace(0, 2 * np.pi, 60)
        tilt = rng.uniform(0, np.pi)
        ring = np.column_stack([np.cos(t), 0.25 * np.sin(t)]) * (size + 0.16 + 0.12 * k)
        spun = ring @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        canvas.shape(at(limb(spun, [0.014, 0.014], 1)), palette.light, opacity=0.85)
    canvas.glow(at.x - s * size * 0.35, at.y - s * size * 0.4, s * 0.2, palette.light, 0.8)
