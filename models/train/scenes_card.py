"""Cards as things for the training scenes: faces, backs, rounded corners, sleeves, cases, foil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.train.scenes_holder import draw_holder, draw_reflection, pick_holder
from models.train.scenes_surface import Rng, _colour, make_surfaces
from scanner.records import Picture

FACE_WIDTH_PX, FACE_HEIGHT_PX = 168, 240


@dataclass(frozen=True, slots=True)
class Sheet:
    """A card in its plane with what surrounds it there.

    `rgba` is `(H, W, 4) uint8`, `corners_px` the card's own four corners in it, clockwise from
    top left; `outline_px` the outline of the sleeve or case (the card's own when it has none).
    """

    rgba: np.ndarray
    corners_px: np.ndarray
    outline_px: np.ndarray


def make_backs(rng: Rng, art: Sequence[Picture], count: int) -> list[Picture]:
    """Draw `count` backs, `(240, 168, 3) uint8`: centred, nearly symmetric designs

    made of surfaces and of pieces of `art`."""
    textures = make_surfaces(rng, art, 60)
    return [_back(rng, textures, art[rng.integers(len(art))]) for _ in range(count)]


def _back(rng: Rng, textures: Sequence[Picture], piece: Picture) -> Picture:
    width, height = FACE_WIDTH_PX, FACE_HEIGHT_PX
    texture = textures[rng.integers(len(textures))]
    part = int(rng.integers(60, 240))
    base = cv2.resize(texture[:part, : part * 7 // 10], (width, height)).astype(np.float32)
    plain = rng.uniform(0.1, 0.9)
    if rng.random() < 0.55:  # an ornament: the same in all four quarters
        base = np.minimum(base, base[:, ::-1]) if rng.random() < 0.5 else (base + base[:, ::-1]) / 2
        base = np.maximum(base, base[::-1]) if rng.random() < 0.5 else (base + base[::-1]) / 2
    tint = [(150, 60, 20), (40, 75, 120), (30, 110, 200), (30, 30, 160), (60, 60, 60), None]
    chosen = tint[rng.choice(6, p=[0.34, 0.2, 0.12, 0.1, 0.1, 0.14])]
    colour = np.array(chosen) * rng.uniform(0.6, 1.4) if chosen else _colour(rng)
    ground = np.clip(base * (1 - plain) + colour * (plain + rng.uniform(-0.1, 0.2)), 0, 255)
    if rng.random() < 0.6:  # a swirl about the middle
        y, x = np.mgrid[:height, :width].astype(np.float32)
        dx, dy = x - width / 2, (y - height / 2) * rng.uniform(0.5, 1)
        turn = np.arctan2(dy, dx) * rng.integers(1, 6) + np.hypot(dx, dy) * rng.uniform(0, 0.15)
        ground += (np.sin(turn) * rng.uniform(8, 50))[..., None] * rng.uniform(0.3, 1, 3)
    if rng.random() < 0.4:  # a glow from the middle, or a darker middle
        y, x = np.mgrid[:height, :width].astype(np.float32)
        far = np.hypot((x - width / 2) / width, (y - height / 2) / height)
        ground += np.exp(-((far / rng.uniform(0.1, 0.4)) ** 2))[..., None] * rng.uniform(
            -90, 160, 3
        )
    picture = np.clip(ground, 0, 255).astype(np.uint8)
    border = tuple((_colour(rng) if rng.random() < 0.5 else colour * 0.6).tolist())
    edge = int(rng.integers(4, 16))
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), border, edge * 2)
    middle = (width // 2, height // 2)
    for _ in range(int(rng.integers(1, 6))):
        size = (int(rng.integers(15, 72)), int(rng.integers(15, 105)))
        if rng.random() < 0.35:
            size = (min(size), min(size))
        thick = -1 if rng.random() < 0.6 else int(rng.integers(1, 8))
        kind = rng.random()
        if kind < 0.6:
            cv2.ellipse(picture, middle, size, 0, 0, 360, _colour(rng).tolist(), thick, cv2.LINE_AA)
        elif kind < 0.75:  # a star
            points = np.arange(2 * rng.integers(3, 13))
            angle, far = points * (2 * np.pi / len(points)), np.where(points % 2, 1.0, 0.45)
            star = np.stack([np.sin(angle) * far * size[0], np.cos(angle) * far * size[1]], 1)
            cv2.fillPoly(picture, [(star + middle).astype(np.int32)], _colour(rng).tolist())
        else:
            box = cv2.boxPoints((middle, size, 45.0 if kind > 0.9 else 0.0)).astype(np.int32)
            cv2.polylines(picture, [box], True, _colour(rng).tolist(), max(1, abs(thick)))
    if rng.random() < 0.25:  # a picture in the middle
        disc, half = np.zeros((height, width), np.uint8), int(rng.integers(18, 46))
        cv2.ellipse(disc, middle, (half, int(half * rng.uniform(1, 1.4))), 0, 0, 360, 255, -1)
        picture[disc > 0] = cv2.resize(piece[30:130, 20:148], (width, height))[disc > 0]
    if rng.random() < 0.35:  # something in each corner
        at, size = (int(rng.integers(14, 36)), int(rng.integers(14, 40))), int(rng.integers(3, 13))
        tint, thick = _colour(rng).tolist(), -1 if rng.random() < 0.6 else 2
        for x in (at[0], width - 1 - at[0]):
            for y in (at[1], height - 1 - at[1]):
                cv2.circle(picture, (x, y), size, tint, thick, cv2.LINE_AA)
    if rng.random() < 0.6:  # a name above, and upside down below
        letters = _colour(rng, 150, 255).tolist()
        word = "".join(rng.choice(list("ABCDEFGMNORSTUW"), int(rng.integers(4, 9))))
        face, size = int(rng.integers(5)), rng.uniform(0.6, 1.0)
        at = (int(rng.integers(12, 40)), int(rng.integers(45, 75)))
        motto = rng.random() < 0.5  # else the name again, upside down
        for turned in range(2):
            cv2.putText(picture, word, at, face, size, letters, 3, cv2.LINE_AA)
            if turned == 0 and motto:
                word = "".join(rng.choice(list("ACDEHILMNORST   "), 14))
                at, size = (int(rng.integers(20, 60)), int(rng.integers(190, 226))), size * 0.5
            elif turned == 0:
                picture = np.ascontiguousarray(picture[::-1, ::-1])
    elif rng.random() < 0.6:
        picture[height // 2 :] = picture[height - height // 2 - 1 :: -1, ::-1][: height // 2 + 1]
    return picture


def make_faces(rng: Rng, art: Sequence[Picture], count: int) -> list[Picture]:
    """Draw `count` faces of games that do not exist: frame, art box, title, lines of text."""
    surfaces = make_surfaces(rng, art, max(8, count // 4))
    faces = []
    for _ in range(count):
        ground = np.zeros((FACE_HEIGHT_PX, FACE_WIDTH_PX, 3)) + _colour(rng)
        picture = np.clip(ground, 0, 255).astype(np.uint8)
        edge = int(rng.integers(4, 14))
        inner = surfaces[rng.integers(len(surfaces))][: 240 - 2 * edge, : 168 - 2 * edge]
        picture[edge:-edge, edge:-edge] = cv2.addWeighted(
            inner, 0.4, np.full_like(inner, _colour(rng).astype(np.uint8)), 0.6, 0
        )
        top, bottom = int(rng.integers(edge + 4, 40)), int(rng.integers(110, 190))
        source = art[rng.integers(len(art))]
        box = source[40:130, 15:150] if rng.random() < 0.6 else source[20:220, 10:158]
        left = edge + int(rng.integers(2, 10))
        picture[top:bottom, left:-left] = cv2.resize(box, (168 - 2 * left, bottom - top))
        if bottom < 215:
            panel = _colour(rng).astype(np.uint8)
            picture[bottom + 5 : 236 - edge, left:-left] = panel
            ink = (255 - panel if rng.random() < 0.7 else panel // 2).tolist()
            for line in range(bottom + 14, 228 - edge, int(rng.integers(7, 12))):
                end = int(rng.integers(60, 168 - left))
                word = "".join(rng.choice(list("abc efgh iklmnrstu "), 40))[: (end - left) // 4]
                cv2.putText(picture, word, (left + 3, line), 0, 0.25, ink, 1, cv2.LINE_AA)
        cv2.putText(picture, "Tormun Rask", (left + 2, top - 3), 0, 0.38, _colour(rng).tolist(), 1)
        faces.append(picture)
    return faces


def _rounded(width: int, height: int, radius: float) -> np.ndarray:
    """Coverage of a rectangle with round corners, `(height, width) float32` in 0…1."""
    x = np.abs(np.arange(width) - (width - 1) / 2) - (width / 2 - radius)
    y = np.abs(np.arange(height) - (height - 1) / 2) - (height / 2 - radius)
    away = np.hypot(np.maximum(x, 0)[None], np.maximum(y, 0)[:, None])
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Rim:
    """A rim printed round the face: its colour (BGR), and its width as a share of the card's."""

    colour: np.ndarray
    share: float
    line: float = 0.0
    """How much lighter or darker the thin line is that parts the rim from the face; 0: none."""


def pick_rim(rng: Rng) -> Rim | None:
    """For every other card another rim than its own: black, white, yellow, silver, any colour.

    Reference pictures are often cropped to what is printed; cards of other games have wide rims.
    """
    if rng.random() < 0.5:
        return None
    rims = [(20, 20, 20), (30, 26, 24), (45, 38, 36), (248, 248, 248), (60, 200, 245), (190,) * 3]
    colour = np.array(rims[rng.integers(6)], np.float64) if rng.random() < 0.75 else _colour(rng)
    line = rng.uniform(-120, 150) if rng.random() < 0.4 else 0.0
    return Rim(colour, rng.uniform(0.012, 0.085), line)


def _edged(face: np.ndarray, rim: Rim | None) -> np.ndarray:
    if rim is None:
        return face
    edge = max(1, round(face.shape[1] * rim.share))
    whole = np.zeros_like(face) + rim.colour.astype(np.float32)
    whole[edge - 1 : 1 - edge or None, edge - 1 : 1 - edge or None] += rim.line
    size = (face.shape[1] - 2 * edge, face.shape[0] - 2 * edge)
    whole[edge:-edge, edge:-edge] = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
    return whole


def _foil(rng: Rng, face: np.ndarray) -> np.ndarray:
    """Rainbow bands and a white wash over the face."""
    height, width = face.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / width
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.15, 2)
    phase = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period) + rng.uniform(0, 6)
    bands = np.stack([np.sin(phase + shift) for shift in (0.0, 2.1, 4.2)], axis=-1)
    face = face + bands * rng.uniform(5, 60)
    if rng.random() < 0.6:
        wash = np.clip(np.sin(phase * 0.6 + rng.uniform(0, 6)), 0, 1) * rng.uniform(0.2, 0.95)
        face = face + (255 - face) * wash[..., None]
    return face


def make_sheet(
    rng: Rng, face: Picture, height_px: int, aspect: float, rim: Rim | None = None
) -> Sheet:
    """Put `face` (any size) into its plane, the card being `height_px` high there."""
    height, width = max(16, height_px), max(12, round(height_px * aspect))
    card = cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    card = _edged(card, rim)
    if rng.random() < 0.3:
        card = _foil(rng, card)
    kind, margins = pick_holder(rng, width)
    left, top, right, bottom = (round(v) + 2 for v in margins)
    full_w, full_h = width + left + right, height + top + bottom
    rgb = np.zeros((full_h, full_w, 3), np.float32)
    alpha = np.zeros((full_h, full_w), np.float32)
    outer = np.array([[2, 2], [full_w - 3, 2], [full_w - 3, full_h - 3], [2, full_h - 3]])
    if kind != "none":
        draw_holder(rng, kind, rgb, alpha, (left, top, width, height))
    cover = _rounded(width, height, width * rng.uniform(0.015, 0.06))
    if rng.random() < 0.4:  # the paper's own edge, lighter or darker than what is printed
        rim = cover - cv2.erode(cover, np.ones((3, 3), np.uint8))
        card += (rim * rng.uniform(-70, 90))[..., None]
    inside = (slice(top, top + height), slice(left, left + width))
    rgb[inside] = rgb[inside] * (1 - cover[..., None]) + card * cover[..., None]
    alpha[inside] = np.maximum(alpha[inside], cover)
    if kind != "none":
        draw_reflection(rng, rgb[2:-2, 2:-2])
    rgba = np.dstack([np.clip(rgb, 0, 255), alpha * 255]).astype(np.uint8)
    x0, y0 = left - 0.5, top - 0.5
    corners = np.array([[x0, y0], [x0 + width, y0], [x0 + width, y0 + height], [x0, y0 + height]])
    return Sheet(rgba, corners.astype(np.float32), outer.astype(np.float32))
