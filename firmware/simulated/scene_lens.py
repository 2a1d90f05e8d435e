"""Where a card falls in the camera's frame: pinhole camera, lens distortion, true warping.

Pixels follow OpenCV: the centre of the top left pixel is (0, 0), so a picture's outer edge runs
from -0.5 to width - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

Points = NDArray[np.float64]
Matrix = NDArray[np.float64]

CARD_WIDTH_MM = 63.0

# The maps are computed at every 16th pixel and interpolated: 16 divides the 1/32 pixel steps in
# which OpenCV interpolates, so the grid's nodes are met exactly.
_GRID_PX = 16

# Tells `cv2.remap` that x and y are in one map; its type stub does not know of it.
_NO_MAP = cast("NDArray[np.float32]", None)


@dataclass(frozen=True, slots=True)
class Pose:
    """How a card lies under the camera.

    `center_x`, `center_y` are fractions of the frame; `height` is the card's height as a fraction
    of the frame's height before tilt; `rotation_deg` turns it clockwise on the table; the tilts
    lean the camera. `focal` is the focal length in frame widths.
    """

    center_x: float = 0.5
    center_y: float = 0.5
    height: float = 0.7
    rotation_deg: float = 0.0
    tilt_x_deg: float = 0.0
    tilt_y_deg: float = 0.0
    focal: float = 1.2


@dataclass(frozen=True, slots=True)
class Lens:
    """Radial distortion of a frame of `width_px` by `height_px`; `bend` > 0 is a pincushion.

    A point at radius r (1 = the frame's corner) moves to r·(1 + bend·r²).
    """

    width_px: int
    height_px: int
    bend: float = 0.0

    def _center_and_radius(self) -> tuple[Points, float]:
        center = np.array([(self.width_px - 1) / 2, (self.height_px - 1) / 2])
        return center, float(np.hypot(self.width_px, self.height_px) / 2)

    def bend_points(self, points: Points) -> Points:
        """Ideal pinhole pixels `(N, 2)` to the pixels the lens makes of them."""
        center, radius = self._center_and_radius()
        offset = points - center
        r2 = (offset**2).sum(axis=-1, keepdims=True) / radius**2
        return np.asarray(center + offset * (1 + self.bend * r2), np.float64)

    def unbend_points(self, points: Points) -> Points:
        """The inverse of `bend_points`, by fixed-point iteration (error below 1e-3 px)."""
        center, radius = self._center_and_radius()
        offset = points - center
        ideal = offset
        for _ in range(8):
            r2 = (ideal**2).sum(axis=-1, keepdims=True) / radius**2
            ideal = offset / (1 + self.bend * r2)
        return np.asarray(center + ideal, np.float64)


def plane_to_frame(pose: Pose, lens: Lens, card_height_mm: float) -> Matrix:
    """Homography (3, 3) from millimetres on the table, card's centre at 0, to ideal pixels."""
    focal_px = pose.focal * lens.width_px
    distance = focal_px * card_height_mm / (pose.height * lens.height_px)
    spin, lean_x, lean_y = np.deg2rad([pose.rotation_deg, pose.tilt_x_deg, pose.tilt_y_deg])
    rotate = np.array(
        [[np.cos(spin), -np.sin(spin), 0], [np.sin(spin), np.cos(spin), 0], [0, 0, 1]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(lean_x), -np.sin(lean_x)], [0, np.sin(lean_x), np.cos(lean_x)]]
    )
    about_y = np.array(
        [[np.cos(lean_y), 0, np.sin(lean_y)], [0, 1, 0], [-np.sin(lean_y), 0, np.cos(lean_y)]]
    )
    turn = about_y @ about_x @ rotate
    middle = np.array([(lens.width_px - 1) / 2, (lens.height_px - 1) / 2])
    target = np.array([pose.center_x * lens.width_px, pose.center_y * lens.height_px]) - 0.5
    shift = np.append((target - middle) / focal_px, 1.0) * distance
    camera = np.array([[focal_px, 0, middle[0]], [0, focal_px, middle[1]], [0, 0, 1]])
    return np.asarray(camera @ np.column_stack([turn[:, 0], turn[:, 1], shift]), np.float64)


def project(matrix: Matrix, points: Points) -> Points:
    """`(N, 2)` points through a homography."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(lifted[:, :2] / lifted[:, 2:], np.float64)


def rectangle(width: float, height: float) -> Points:
    """Corners of a centred rectangle, clockwise from its top left."""
    x, y = width / 2, height / 2
    return np.array([[-x, -y], [x, -y], [x, y], [-x, y]])


@dataclass(frozen=True, slots=True)
class Patch:
    """A warped texture: `picture (h, w, 3) uint8`, `alpha (h, w) float32` at (left, top)."""

    picture: Picture
    alpha: NDArray[np.float32]
    left_px: int
    top_px: int

    def lay_on(self, frame: Picture) -> None:
        """Blend into the frame in place."""
        height, width = self.alpha.shape
        area = frame[self.top_px : self.top_px + height, self.left_px : self.left_px + width]
        area[...] = cv2.blendLinear(self.picture, area, self.alpha, 1 - self.alpha)


def warp(
    picture: Picture,
    alpha: NDArray[np.uint8],
    size_mm: tuple[float, float],
    to_frame: Matrix,
    lens: Lens,
    center_mm: tuple[float, float] = (0.0, 0.0),
) -> Patch | None:
    """Lay a texture of `size_mm`, centred on `center_mm` of the table, into the frame.

    The texture is first shrunk by area to about its size in the frame, so that fine print blurs
    as it would on a sensor. None when nothing of it is in view.
    """
    outline = rectangle(*size_mm) + center_mm
    edge = np.concatenate(
        [
            a + (b - a) * np.linspace(0, 1, 9)[:, None]
            for a, b in zip(outline, np.roll(outline, -1, 0), strict=True)
        ]
    )
    seen = lens.bend_points(project(to_frame, edge))
    left, top = np.floor(seen.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 3
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, lens.width_px), min(bottom, lens.height_px)
    if right - left < 2 or bottom - top < 2:
        return None

    corners = seen[::9]
    sides = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    scale = max(sides[0], sides[2]) / picture.shape[1], max(sides[1], sides[3]) / picture.shape[0]
    if min(scale) < 0.95:
        new_size = (
            max(8, round(picture.shape[1] * min(1.0, scale[0]))),
            max(8, round(picture.shape[0] * min(1.0, scale[1]))),
        )
        picture = np.asarray(cv2.resize(picture, new_size, interpolation=cv2.INTER_AREA), np.uint8)
        alpha = np.asarray(cv2.resize(alpha, new_size, interpolation=cv2.INTER_AREA), np.uint8)

    height, width = bottom - top, right - left
    columns = np.arange(0, width + _GRID_PX, _GRID_PX)
    rows = np.arange(0, height + _GRID_PX, _GRID_PX)
    nodes = np.stack(np.meshgrid(columns + left, rows + top), axis=-1).reshape(-1, 2)
    on_table = project(
        np.asarray(np.linalg.inv(to_frame), np.float64),
        lens.unbend_points(nodes.astype(np.float64)),
    )
    in_texture = ((on_table - center_mm) / size_mm + 0.5) * (
        picture.shape[1],
        picture.shape[0],
    ) - 0.5
    coarse = in_texture.reshape(len(rows), len(columns), 2).astype(np.float32)
    widen = np.array([[1 / _GRID_PX, 0, 0], [0, 1 / _GRID_PX, 0]])
    where = cv2.warpAffine(
        coarse, widen, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    method = cv2.INTER_CUBIC if min(scale) > 1.1 else cv2.INTER_LINEAR
    colours = cv2.remap(picture, where, _NO_MAP, method, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.remap(alpha, where, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return Patch(
        np.asarray(colours, np.uint8),
        cover.astype(np.float32) * np.float32(1 / 255),
        int(left),
        int(top),
    )
