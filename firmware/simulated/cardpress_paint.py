"""A small paint box for the card press: colours, noise, soft light and round, shaded shapes.

Pictures are float32 BGR in 0…1 while they are painted. Lengths are pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Colour = NDArray[np.float32]
Points = NDArray[np.float64]
Knots = Points | Sequence[Any]
"""Points as an array or as nested lists."""

Ramp = tuple[Colour, Colour, Colour]
"""Shadow, base and light of one material."""


def colour(text: str) -> Colour:
    """`"f0a030"` as BGR floats."""
    value = bytes.fromhex(text)
    return np.array([value[2], value[1], value[0]], np.float32) / np.float32(255)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` 0 gives the first colour, 1 the second."""
    return np.asarray(first * np.float32(1 - share) + second * np.float32(share), np.float32)


def shaded(base: Colour, dark: float = 0.45, light: float = 0.45) -> Ramp:
    """A ramp around a colour: its shadow cooler, its light warmer."""
    night, day = colour("120e2a"), colour("fff3d8")
    return mix(base, night, dark + 0.15), base, mix(base, day, light)


def curve(points: Knots, closed: bool = False, steps: int = 10) -> Points:
    """A smooth line through the points (Catmull-Rom), `steps` pieces between two of them."""
    knots = np.asarray(points, np.float64)
    count = len(knots)
    if closed:
        padded = np.vstack([knots[-1], knots, knots[:2]])
        spans = count
    else:
        padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
        spans = count - 1
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    p0, p1, p2, p3 = (padded[i : i + spans][None] for i in range(4))
    line = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    flat = line.transpose(1, 0, 2).reshape(-1, 2)
    return flat if closed else np.vstack([flat, knots[-1]])


def limb(points: Knots, widths: Sequence[float], steps: int = 10) -> Points:
    """The outline of a stroke along a smooth line with half widths given at the knots."""
    line = curve(points, steps=steps)
    knots = np.linspace(0, 1, len(widths))
    half = np.interp(np.linspace(0, 1, len(line)), knots, widths)[:, None]
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    side = np.column_stack([-along[:, 1], along[:, 0]]) * half
    return np.vstack([line + side, (line - side)[::-1]])


def blob(x: float, y: float, rx: float, ry: float, turn: float = 0.0, steps: int = 36) -> Points:
    """An ellipse as a polygon; `turn` in radians."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    u, v = rx * np.cos(t), ry * np.sin(t)
    return np.column_stack(
        [x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)]
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drawing of about -1…1 lies on the canvas."""

    x: float
    y: float
    scale: float
    flip: bool = False
    turn: float = 0.0

    def __call__(self, points: Knots) -> Points:
        local = np.atleast_2d(np.asarray(points, np.float64)) * (-1.0 if self.flip else 1.0, 1.0)
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        spun = local @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(spun * self.scale + (self.x, self.y), np.float64)

    def there(self, x: float, y: float, size: float = 1.0, turn: float = 0.0) -> Place:
        """A smaller place within this one, turned by `turn` radians as this one sees it."""
        ((px, py),) = self([[x, y]])
        spin = self.turn + (-turn if self.flip else turn)
        return Place(float(px), float(py), self.scale * size, self.flip, spin)


class Canvas:
    """A picture in the making, with its own random numbers."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.w, self.h, self.rng = width, height, rng
        self.unit = float(min(width, height))
        self.picture: Field = np.zeros((height, width, 3), np.float32)
        self.y, self.x = (
            a.astype(np.float32)
            for a in np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
        )
        self.grain = self.noise(26, 4)

    def noise(self, cell: float, octaves: int = 3, stretch: float = 1.0) -> Field:
        """Smooth noise in about -1…1; `stretch` > 1 draws it out sideways."""
        total = np.zeros((self.h, self.w), np.float32)
        strength, norm = 1.0, 0.0
        for octave in range(octaves):
            columns = int(np.clip(self.w * 2**octave / (cell * stretch), 2, self.w))
            rows = int(np.clip(self.h * 2**octave / cell, 2, self.h))
            grid = self.rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
            total += strength * cv2.resize(grid, (self.w, self.h), interpolation=cv2.INTER_CUBIC)
            norm += strength
            strength *= 0.5
        return np.asarray(total * (1.6 / norm), np.float32)

    def gradient(self, colours: Sequence[Colour], wobble: float = 0.0) -> None:
        """Fill everything from top to bottom."""
        at = np.clip(self.y / self.h + wobble * self.grain, 0, 1)
        stops = np.linspace(0, 1, len(colours))
        table = np.stack(
            [np.interp(np.linspace(0, 1, 512), stops, [c[k] for c in colours]) for k in range(3)], 1
        ).astype(np.float32)
        self.picture = table[(at * 511).astype(np.int32)]

    def lay(self, tint: Field | Colour, cover: Field) -> None:
        """Blend a colour (or picture) over everything where `cover` is 0…1."""
        share = cover[..., None]
        self.picture += (tint - self.picture) * share

    def glow(self, x: float, y: float, radius: float, tint: Colour, strength: float = 1.0) -> None:
        """Add light around a point."""
        reach = radius * 3
        x0, x1 = int(max(0, x - reach)), int(min(self.w, x + reach + 1))
        y0, y1 = int(max(0, y - reach)), int(min(self.h, y + reach + 1))
        if x0 >= x1 or y0 >= y1:
            return
        r2 = (self.x[y0:y1, x0:x1] - x) ** 2 + (self.y[y0:y1, x0:x1] - y) ** 2
        light = np.exp(-r2 / (radius**2)) * strength
        area = self.picture[y0:y1, x0:x1]
        area += light[..., None] * tint * (1 - 0.85 * np.clip(area, 0, 1))

    def _mask(self, shapes: Sequence[Points], soft: float) -> tuple[slice, slice, Field] | None:
        stacked = np.vstack(shapes)
        pad = 3 + int(soft * 3)
        x0, y0 = np.maximum(np.floor(stacked.min(0)).astype(int) - pad, 0)
        x1, y1 = np.ceil(stacked.max(0)).astype(int) + pad
        x1, y1 = min(int(x1), self.w), min(int(y1), self.h)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for shape in shapes:
            local = np.round((shape - (x0, y0)) * 16).astype(np.int32)
            cv2.fillPoly(mask, [local], 255, cv2.LINE_AA, 4)
        if soft > 0:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
        cover = mask.astype(np.float32) * np.float32(1 / 255)
        return slice(int(y0), y1), slice(int(x0), x1), cover

    def shape(
        self,
        shapes: Points | Sequence[Points],
        tint: Colour,
        lower: Colour | None = None,
        *,
        soft: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """A flat shape, or with a gradient to `lower` at its foot."""
        found = self._mask(_many(shapes), soft)
        if found is None:
            return
        rows, columns, cover = found
        area = self.picture[rows, columns]
        paint: Field | Colour = tint
        if lower is not None:
            down = np.linspace(0, 1, cover.shape[0], dtype=np.float32)[:, None, None]
            paint = tint + (lower - tint) * down
        area += (paint - area) * (cover * np.float32(opacity))[..., None]

    def solid(
        self,
        shapes: Points | Sequence[Points],
        ramp: Ramp,
        *,
        bevel: float = 12.0,
        texture: float = 0.10,
        rim: Colour | None = None,
        light: tuple[float, float] = (-0.6, -0.8),
    ) -> None:
        """A round body: the shape is inflated to `bevel` px and lit from `light`.

        `rim` adds a line of light on the far side, as from a lamp behind.
        """
        found = self._mask(_many(shapes), 0.0)
        if found is None:
            return
        rows, columns, cover = found
        inside = cv2.copyMakeBorder(
            (cover > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE
        )
        depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
        share = np.clip(depth / bevel, 0, 1)
        height = np.sqrt(np.clip(1 - (1 - share) ** 2, 0, 1)) * bevel
        height = cv2.GaussianBlur(height, (0, 0), max(0.8, bevel * 0.14))
        slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
        slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
        lit = (slope_x * light[0] + slope_y * light[1]) * -1.0 + 0.25
        lit = 0.5 + 0.5 * lit / np.sqrt(slope_x**2 + slope_y**2 + 0.6)
        lit += texture * self.grain[rows, columns]
        paint = self._ramp(ramp)[(np.clip(lit, 0, 1) * 255).astype(np.uint8)]
        if rim is not None:
            back = np.clip(slope_x * light[0] + slope_y * light[1] - 0.15, 0, 1)
            back *= np.exp(-depth / max(1.5, bevel * 0.22))
            paint = paint + (rim - paint) * np.clip(back * 1.5, 0, 1)[..., None]
        area = self.picture[rows, columns]
        area += (paint - area) * cover[..., None]

    @staticmethod
    def _ramp(ramp: Ramp) -> Field:
        steps = np.linspace(0, 1, 256)
        return np.stack(
            [np.interp(steps, (0.08, 0.5, 0.97), [c[k] for c in ramp]) for k in range(3)], 1
        ).astype(np.float32)

    def finish(
        self, light: Colour, bloom: float = 0.35, vignette: float = 0.35
    ) -> NDArray[np.uint8]:
        """Bleed the lights, darken the corners, add paper grain; the picture as uint8."""
        picture = self.picture
        small = cv2.resize(picture, (self.w // 3, self.h // 3), interpolation=cv2.INTER_AREA)
        bright = np.clip(small - 0.62, 0, 1)
        halo = cv2.GaussianBlur(bright, (0, 0), self.unit / 40)
        picture = picture + bloom * 1.6 * cv2.resize(halo, (self.w, self.h)) * (0.6 + 0.4 * light)
        edge = ((self.x / self.w - 0.5) ** 2 + (self.y / self.h - 0.5) ** 2)[..., None]
        picture *= 1 - vignette * 1.3 * edge
        # A soft shoulder: what is brighter than 0.7 nears white slowly instead of burning out.
        picture = picture * 1.06
        over = np.clip(picture - 0.7, 0, None)
        picture = np.minimum(picture, 0.7) + 0.33 * over / (0.33 + over)
        picture += 0.018 * self.rng.normal(0, 1, (self.h, self.w, 1)).astype(np.float32)
        picture *= (1 + 0.05 * self.grain)[..., None]
        return np.asarray(np.clip(picture * 255, 0, 255), np.uint8)


def _many(shapes: Points | Sequence[Points]) -> list[Points]:
    return [shapes] if isinstance(shapes, np.ndarray) else list(shapes)
