"""Grey strips with a line of print: open fonts, art behind, bad cut-outs, a camera's faults."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from models.train.reader_text import Texts, Words
from scanner.reader_net import LETTERS, STRIP_HEIGHT_PX, STRIP_WIDTH_PX

Strip = NDArray[np.uint8]
Layer = NDArray[np.float32]

Made = tuple[Strip, str, NDArray[np.float32]]

FONT_FOLDERS = ("/usr/share/fonts/truetype", "/usr/share/fonts/opentype")
_FAMILIES = (
    "adf", "bebas-neue", "cabin", "cantarell", "crosextra", "dejavu", "dosis", "ebgaramond",
    "freefont", "inter", "jura", "karla", "lato", "league-spartan", "liberation",
    "linux-libertine", "manrope", "open-sans", "roboto", "urw-base35",
)  # fmt: skip
_NOTO = ("NotoSans-", "NotoSerif-", "NotoSansDisplay-", "NotoSansMono-", "NotoMono-")
_DRAWN_PX = 26
"""Lines are drawn with capitals about this high, then shrunk to what a camera would see."""


def fonts() -> tuple[Path, ...]:
    """The installed Latin fonts of the families this was made with, in a fixed order."""
    found = [
        path
        for folder in FONT_FOLDERS
        for path in Path(folder).rglob("*")
        if path.suffix in (".ttf", ".otf")
        and "tamil" not in str(path)
        and not any(word in path.name for word in ("Thin", "Hairline", "Symbol", "Ding", "Math"))
        and (
            any(family in path.parts for family in _FAMILIES)
            or (path.name.startswith(_NOTO) and "UI" not in path.name)
        )
    ]
    if not found:
        raise FileNotFoundError(
            f"no fonts in {', '.join(FONT_FOLDERS)}: install those that models/README.md names"
        )
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Glyph:
    """A letter's ink, where it starts from the pen and the baseline, and how far the pen moves."""

    ink: NDArray[np.uint8]
    left: int
    top: int
    advance: float


class _Face:
    """A font in a size whose capitals are about `_DRAWN_PX` high; letters are drawn once."""

    def __init__(self, path: Path) -> None:
        box = ImageFont.truetype(str(path), 100).getbbox("H")
        size = round(100 * _DRAWN_PX / max(20, box[3] - box[1]))
        self._font = ImageFont.truetype(str(path), size)
        box = self._font.getbbox("H", anchor="ls")
        self.cap_px = int(-box[1])
        self.has_raised_dot = "adf" not in path.parts
        self._glyphs: dict[str, _Glyph] = {}

    @property
    def is_complete(self) -> bool:
        """Whether its digits and capitals differ: a font shows a box for letters it lacks."""
        first, second = self.glyph("0").ink, self.glyph("8").ink
        return bool(self.cap_px) and (first.shape != second.shape or bool((first != second).any()))

    def glyph(self, letter: str) -> _Glyph:
        """The letter, drawn at the first call."""
        found = self._glyphs.get(letter)
        if found is None:
            mask, (left, top) = self._font.getmask2(letter, "L", anchor="ls")
            ink = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
            found = _Glyph(ink, int(left), int(top), self._font.getlength(letter))
            self._glyphs[letter] = found
        return found


class StripMaker:
    """Draws strips `(32, 256) uint8` with their labels, one after another."""

    def __init__(
        self, data: Path, rng: np.random.Generator, shares: tuple[float, float] = (0.3, 1.0)
    ) -> None:
        """`shares` 0…1 says how bad the pictures may be; each strip draws between the two."""
        self._rng, self._shares = rng, shares
        self._share = shares[1]
        self._texts = Texts(data, rng)
        faces = [_Face(path) for path in fonts()]
        self._faces = [face for face in faces if face.is_complete]

    def make(self) -> Made:
        """A strip, what it says ("" when nothing in it can be read), and where each letter is."""
        while True:
            rng = self._rng
            self._share = float(rng.uniform(*self._shares))
            words = Words("") if rng.random() < 0.04 else self._texts.draw()
            mask, cap_px, label, middles = self._line(words)
            photographed = self._photograph(mask, cap_px)
            if photographed is None:
                continue
            strip, (slope, start) = photographed
            steps = STRIP_WIDTH_PX // 4
            repeats = sum(a == b for a, b in itertools.pairwise(label))
            if len(label) + repeats <= steps:
                return strip, label, slope * np.array(middles, np.float32) + start

    def _line(self, words: Words) -> tuple[Layer, float, str, list[float]]:
        """Ink `(H, W) float32` 0…1 of a line, height of its capitals, label, letters' middles."""
        rng = self._rng
        face = self._faces[int(rng.integers(len(self._faces)))]
        cap = face.cap_px
        spacing = rng.uniform(0.0, 0.16) * cap if rng.random() < 0.5 else 0.0
        raised = face.has_raised_dot and rng.random() < 0.6
        pieces = [text for text in (words.before, words.text, words.after) if text]
        canvas = np.zeros((3 * cap, int(sum(map(len, pieces)) * 2.2 * cap + 9 * cap)), np.uint8)
        x = 0.5 * cap
        label, middles = "", []
        for text in pieces:
            start = x
            x += 0.25 * cap
            for letter in text:
                glyph = face.glyph("\u2022" if raised and letter == "." else letter)
                if letter.upper() in LETTERS:
                    label += letter.upper()
                    middles.append(x + glyph.left + glyph.ink.shape[1] / 2)
                x += _put(canvas, glyph, x, 2 * cap) + spacing
            if len(text) <= 3 and text is not words.text and rng.random() < 0.3:
                box = canvas[int(0.75 * cap) : int(2.25 * cap), int(start) : int(x + 0.25 * cap)]
                box[:] = 255 - box
            x += rng.uniform(0.35, 1.6) * cap
        ink = canvas[:, : int(x) + cap // 2].astype(np.float32) / 255
        if rng.random() < 0.25:
            kernel = np.ones((2, int(rng.integers(1, 3))), np.uint8)
            ink = cv2.dilate(ink, kernel) if rng.random() < 0.6 else cv2.erode(ink, kernel)
        return np.asarray(ink, np.float32), float(cap), label, middles

    def _photograph(self, mask: Layer, cap_px: float) -> tuple[Strip, tuple[float, float]] | None:
        """The line on its background through a camera, cut out badly, and how its x's became the
        strip's (slope and start); None when it did not fit."""
        rng, share = self._rng, self._share
        out_cap = rng.uniform(9.5, 19.0)
        width = mask.shape[1] * out_cap / cap_px
        stretch = rng.uniform(0.75, 1.15)
        if width * stretch > STRIP_WIDTH_PX + 0.6 * out_cap:
            stretch = (STRIP_WIDTH_PX + 0.6 * out_cap) / width
            if stretch < 0.6:
                return None
        width *= stretch
        # The camera sees the strip at its own resolution: capitals of 4.5 to 16 px.
        seen_cap = min(out_cap * 1.2, rng.uniform(11.0 - 6.2 * share, 17.0))
        zoom = seen_cap / out_cap
        size = (round(STRIP_WIDTH_PX * zoom) + 2, round(STRIP_HEIGHT_PX * zoom) + 2)
        left = rng.uniform(-0.2 * out_cap, max(STRIP_WIDTH_PX - width + 0.2 * out_cap, 1.0))
        middle = STRIP_HEIGHT_PX / 2 + np.clip(rng.normal(0, 2.5 * share + 0.5), -6, 6)
        angle = np.deg2rad(np.clip(rng.normal(0, 1.0), -2.5, 2.5)) * share
        scale_x, scale_y = width / mask.shape[1] * zoom, out_cap / cap_px * zoom
        shear = rng.normal(0, 0.05) * share
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, shear - sin], [sin, cos]])
        matrix = turn @ np.diag([scale_x, scale_y])
        centre = np.array([mask.shape[1] / 2, 1.5 * cap_px])
        at = np.array([(left + width / 2) * zoom + 1, middle * zoom + 1])
        affine = np.column_stack([matrix, at - matrix @ centre])
        # Shrinking by more than a half in one step would alias: soften first.
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.3, 0.4 / scale_y))
        ink = cv2.warpAffine(soft, affine, size, flags=cv2.INTER_LINEAR)
        picture = self._inked(ink, size, seen_cap)
        start = (affine[0, 1] * 1.5 * cap_px + affine[0, 2] - 1) / zoom
        return self._cut(picture, zoom), (affine[0, 0] / zoom, start)

    def _inked(self, ink: Layer, size: tuple[int, int], cap_px: float) -> Layer:
        """The line printed on a background, 0…255, with an outline or shadow at times."""
        rng, share = self._rng, self._share
        base = rng.uniform(5, 250)
        ground = np.full((size[1], size[0]), base, np.float32)
        contrast = rng.uniform(28 + 50 * (1 - share), 230)
        if rng.random() < 0.6:
            ground += self._art(size, rng.uniform(0.02, 0.5) * contrast * share)
        lighter = base + contrast < 256 and rng.random() < 0.75
        letter = float(np.clip(base + contrast if lighter else base - contrast, 0, 255))
        if abs(letter - base) < 28:
            letter = 255.0 if base < 128 else 0.0
        if rng.random() < 0.25:
            # An outline or shadow in the other direction holds print on busy art together.
            edge = 0.0 if letter > base else 255.0
            sigma = max(0.4, rng.uniform(0.05, 0.16) * cap_px)
            halo = np.clip(cv2.GaussianBlur(ink, (0, 0), sigma) * rng.uniform(1.2, 2.2), 0, 1)
            ground += (edge - ground) * halo * rng.uniform(0.4, 1.0)
        if rng.random() < 0.35:
            self._neighbours(ground, letter, size, cap_px)
        picture = ground + (letter - ground) * ink
        return np.asarray(picture, np.float32)

    def _neighbours(self, ground: Layer, letter: float, size: tuple[int, int], cap: float) -> None:
        """Rules, frames, dots and the rims of lines above and below, in place."""
        rng = self._rng
        for _ in range(int(rng.integers(1, 4))):
            kind = rng.random()
            tone = letter if rng.random() < 0.5 else float(rng.uniform(0, 255))
            side = 1 if rng.random() < 0.5 else -1
            y = size[1] / 2 + side * rng.uniform(1.05, 1.4) * cap
            if kind < 0.4:
                thick = int(rng.integers(1, max(2, round(0.3 * cap))))
                cv2.line(ground, (0, round(y)), (size[0], round(y + rng.normal(0, 1))), tone, thick)
            elif kind < 0.6:
                top, bottom = (round(y), size[1]) if side > 0 else (0, round(y))
                ground[max(0, top) : max(0, bottom)] = tone
            elif kind < 0.8:
                x = int(rng.choice((rng.uniform(0, 0.08), rng.uniform(0.92, 1))) * size[0])
                cv2.circle(ground, (x, round(size[1] / 2)), round(0.7 * cap), tone, -1, cv2.LINE_AA)
            else:
                mask = np.zeros(ground.shape, np.uint8)
                face = int(rng.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX)))
                far = size[1] / 2 + side * rng.uniform(1.4, 1.8) * cap
                at = (round(rng.uniform(0, 0.5) * size[0]), round(far + cap / 2))
                words = self._texts.draw().text
                cv2.putText(mask, words, at, face, cap / 21.5, 255, 1, cv2.LINE_AA)
                ground += (tone - ground) * (mask.astype(np.float32) / 255)

    def _art(self, size: tuple[int, int], strength: float) -> Layer:
        """Blots at several scales and edges, as in a picture; mean about 0."""
        rng = self._rng
        art = np.zeros((size[1], size[0]), np.float32)
        for cells, share in ((3, 1.0), (8, 0.7), (24, 0.35)):
            grid = rng.normal(0, 1, (max(2, cells // 5 + 1), cells)).astype(np.float32)
            art += share * cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
        if rng.random() < 0.4:
            art = np.where(art > rng.normal(0, 0.5), 1.0, -1.0).astype(np.float32)
            art = cv2.GaussianBlur(art, (0, 0), rng.uniform(0.4, 1.5))
        return np.asarray(art * strength, np.float32)

    def _cut(self, picture: Layer, zoom: float) -> Strip:
        """Blur, light, noise and compression of a camera; then the cut to 256 × 32."""
        rng, share = self._rng, self._share
        if rng.random() < 0.8:
            picture = cv2.GaussianBlur(picture, (0, 0), 0.3 + rng.uniform(0, 0.85) * share)
        if rng.random() < 0.2 * share:
            length = int(rng.integers(2, 4))
            kernel = np.full((1, length) if rng.random() < 0.5 else (length, 1), 1 / length)
            picture = cv2.filter2D(picture, -1, kernel)
        if rng.random() < 0.3:
            across = np.linspace(-1, 1, picture.shape[1], dtype=np.float32)
            picture = picture * (1 + rng.normal(0, 0.25) * share * across[None])
        if rng.random() < 0.15 * share:
            x = np.arange(picture.shape[1], dtype=np.float32)[None]
            y = np.arange(picture.shape[0], dtype=np.float32)[:, None]
            spread = rng.uniform(0.3, 2.0) * picture.shape[0]
            place = (rng.uniform(0, picture.shape[1]), rng.uniform(0, picture.shape[0]))
            spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
            picture = picture + spot * rng.uniform(30, 160)
        picture = picture * rng.uniform(0.6, 1.2) + rng.normal(0, 12)
        noise = rng.normal(0, rng.uniform(0.5, 7.0 * share + 0.6), picture.shape)
        seen = np.clip(picture + noise, 0, 255).astype(np.uint8)
        if rng.random() < 0.4 * share:
            quality = int(rng.integers(55, 96))
            coded = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
            seen = np.asarray(cv2.imdecode(coded[1], cv2.IMREAD_GRAYSCALE), np.uint8)
        matrix = np.array([[zoom, 0, 1], [0, zoom, 1]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (STRIP_WIDTH_PX, STRIP_HEIGHT_PX)
        return np.asarray(cv2.warpAffine(seen, matrix, size, flags=flags), np.uint8)


def _put(canvas: NDArray[np.uint8], glyph: _Glyph, x: float, baseline: int) -> float:
    """Lay a letter on the canvas; returns how far the pen moves."""
    left, top = max(0, round(x) + glyph.left), baseline + glyph.top
    height, width = glyph.ink.shape
    skipped = max(0, -top)
    area = canvas[max(0, top) : top + height, left : left + width]
    np.maximum(area, glyph.ink[skipped : skipped + area.shape[0], : area.shape[1]], out=area)
    return glyph.advance
