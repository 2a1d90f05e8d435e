"""What a camera, a shop's lamp and a hand do to a card, at the embedder's input size.

Everything here works on `(H, W, 3) uint8` at 112×160 with OpenCV calls on whole pictures, since
augmentation costs as much as the network itself. Random fields (noise, foil, light) come from
banks made once per process.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

WIDTH_PX = 112
HEIGHT_PX = 160

Picture = NDArray[np.uint8]
_BANK = 48
_LETTERS = "AEIOUNRSTLDMCBPKGHWYXZ0123456789"


class Augmenter:
    """Turns one cached reference picture into what the embedder may be shown of it."""

    def __init__(self, pixels: NDArray[np.uint8], seed: int) -> None:
        """`pixels` is `(N, h, w, 3) uint8`: the cards, and the material pasted over them."""
        self._pixels = pixels
        self._rng = np.random.default_rng(seed)
        self._noise = self._rng.normal(0, 1, (_BANK, HEIGHT_PX, WIDTH_PX, 3)).astype(np.float32)
        self._foils = [_foil(self._rng) for _ in range(_BANK)]
        self._words = [_watermark(self._rng) for _ in range(_BANK)]
        self._texts = [_text_block(self._rng) for _ in range(_BANK)]

    def __call__(self, index: int, strength: float) -> Picture:
        """`(160, 112, 3) uint8`: card `index` as seen; `strength` 0 is nearly clean, 1 is hard."""
        return self.view(self._pixels[index], strength)

    def view(self, picture: Picture, strength: float) -> Picture:
        """The same for any `(h, w, 3) uint8` picture of a card."""
        rng = self._rng
        s = strength
        card = self._cut_out(picture, s)
        if rng.random() < 0.45 * s:
            card = self._paste_blocks(card)
        if rng.random() < 0.18 * s:
            card = self._overlay_words(card)
        if rng.random() < 0.45 * s:
            card = self._foil(card, s)
        if rng.random() < 0.4 * s:
            card = self._wash(card, s)
        if rng.random() < 0.2 * s:
            card = self._occlude(card)
        card = self._light(card, s)
        if rng.random() < 0.45 * s:
            card = self._lamp(card, s)
        card = self._colour(card, s)
        return self._sensor(card, s)

    def _cut_out(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        height, width = card.shape[:2]
        wrong = rng.random()
        spread = (0.004 + 0.008 * s) if wrong < 0.6 else (0.02 * s if wrong < 0.9 else 0.045 * s)
        jitter = rng.normal(0, spread, (4, 2)) * (WIDTH_PX, WIDTH_PX)
        shift = rng.normal(0, spread * WIDTH_PX, 2)
        target = np.array(
            [[0, 0], [WIDTH_PX, 0], [WIDTH_PX, HEIGHT_PX], [0, HEIGHT_PX]], np.float32
        )
        source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(source, (target + jitter + shift).astype(np.float32))
        if rng.random() < 0.5:
            border, colour = cv2.BORDER_CONSTANT, tuple(int(c) for c in rng.integers(0, 256, 3))
        else:
            border, colour = cv2.BORDER_REPLICATE, (0, 0, 0)
        if rng.random() < 0.5:
            card = cv2.blur(card, (2, 2))
        return cv2.warpPerspective(
            card, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR,
            borderMode=border, borderValue=colour,
        )  # fmt: skip

    def _paste_blocks(self, card: Picture) -> Picture:
        """Foreign text boxes, name bars, stickers: the layout stays, the letters differ."""
        rng = self._rng
        for _ in range(rng.integers(1, 4)):
            kind = rng.random()
            if kind < 0.45:
                top = int(rng.uniform(0.55, 0.8) * HEIGHT_PX)
                left = int(rng.uniform(0, 0.15) * WIDTH_PX)
                height = int(rng.uniform(0.1, 0.36) * HEIGHT_PX)
                width = int(rng.uniform(0.6, 0.95) * WIDTH_PX)
            elif kind < 0.7:
                top = int(rng.uniform(0, 0.1) * HEIGHT_PX)
                left = int(rng.uniform(0, 0.3) * WIDTH_PX)
                height = int(rng.uniform(0.05, 0.1) * HEIGHT_PX)
                width = int(rng.uniform(0.3, 0.8) * WIDTH_PX)
            else:
                height = int(rng.uniform(0.05, 0.3) * HEIGHT_PX)
                width = int(rng.uniform(0.1, 0.45) * WIDTH_PX)
                top = int(rng.uniform(0, 0.9) * HEIGHT_PX)
                left = int(rng.uniform(0, 0.8) * WIDTH_PX)
            bottom, right = min(top + height, HEIGHT_PX), min(left + width, WIDTH_PX)
            what = rng.random()
            if what < 0.35:
                other = self._pixels[rng.integers(len(self._pixels))]
                patch = cv2.resize(other, (WIDTH_PX, HEIGHT_PX))[top:bottom, left:right]
            elif what < 0.85:
                base = card[top:bottom, left:right]
                ground = cv2.resize(cv2.resize(base, (2, 2), interpolation=cv2.INTER_AREA),
                                    (right - left, bottom - top))  # fmt: skip
                mask = self._texts[rng.integers(_BANK)]
                mask = cv2.resize(
                    mask[: bottom - top, : right - left], (right - left, bottom - top)
                )
                ink = 20 if ground.mean() > 90 else 235
                patch = (ground * (1 - mask[..., None]) + ink * mask[..., None]).astype(np.uint8)
            else:
                patch = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8),
                                        (bottom - top, right - left, 3))  # fmt: skip
            card[top:bottom, left:right] = patch
        return card

    def _overlay_words(self, card: Picture) -> Picture:
        mask = self._words[self._rng.integers(_BANK)]
        alpha = np.float32(self._rng.uniform(0.3, 0.9))
        tone = np.float32(self._rng.uniform(150, 256))
        return _to_uint8(card + (tone - card) * (mask * alpha)[..., None])

    def _foil(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        foil = self._foils[rng.integers(_BANK)]
        if rng.random() < 0.5:
            foil = foil[::-1]
        if rng.random() < 0.5:
            foil = foil[:, ::-1]
        alpha = np.float32(rng.uniform(0.1, 0.3 + 0.5 * s))
        if rng.random() < 0.5:
            top, bottom = sorted(rng.integers(0, HEIGHT_PX, 2))
            mask = np.full((HEIGHT_PX, WIDTH_PX, 1), alpha * np.float32(0.2), np.float32)
            mask[top:bottom] = alpha
        else:
            mask = np.full((1, 1, 1), alpha, np.float32)
        if rng.random() < 0.5:  # reflected light adds
            return _to_uint8(card + (255 - card) * (foil / np.float32(255)) * mask)
        return _to_uint8(card * (1 - mask) + foil * mask)

    def _wash(self, card: Picture, s: float) -> Picture:
        """A foil that mirrors the lamp: contrast drowns in a pale smooth field."""
        rng = self._rng
        field = rng.uniform(0, 1, (3, 2)).astype(np.float32) ** 1.5
        mask = cv2.resize(field, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        mask = np.clip(mask, 0, 1) * np.float32(rng.uniform(0.2, 0.35 + 0.5 * s))
        tone = rng.uniform(150, 256, 3).astype(np.float32)
        return _to_uint8(card + (tone - card) * mask[..., None])

    def _occlude(self, card: Picture) -> Picture:
        """A finger over an edge, a clip, a hard shadow."""
        rng = self._rng
        centre = rng.uniform(0, 1, 2) * (WIDTH_PX, HEIGHT_PX)
        centre[rng.integers(2)] *= rng.integers(2)
        axes = (int(rng.uniform(6, 22)), int(rng.uniform(12, 40)))
        colour = tuple(float(c) for c in (rng.integers(0, 256, 3) if rng.random() < 0.5
                       else np.array([110, 150, 200]) * rng.uniform(0.4, 1.2)))  # fmt: skip
        cv2.ellipse(card, (int(centre[0]), int(centre[1])), axes, float(rng.uniform(0, 180)),
                    0, 360, colour, -1, cv2.LINE_AA)  # fmt: skip
        return card

    def _light(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        if rng.random() > 0.3 + 0.4 * s:
            return card
        spread = 0.15 + 0.4 * s
        field = rng.uniform(1 - spread, 1 + spread * 0.7, (3, 3)).astype(np.float32)
        gain = cv2.resize(field, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        return _to_uint8(card * gain[..., None])

    def _lamp(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        small = np.zeros((40, 28), np.float32)
        for _ in range(rng.integers(1, 4)):
            centre = (int(rng.uniform(0, 28)), int(rng.uniform(0, 40)))
            axes = (int(rng.uniform(1, 5)), int(rng.uniform(1, 9)))
            cv2.ellipse(small, centre, axes, float(rng.uniform(0, 180)), 0, 360,
                        float(rng.uniform(0.5, 1.6)), -1)  # fmt: skip
        small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.5, 2.5)))
        glow = cv2.resize(small, (WIDTH_PX, HEIGHT_PX)) * np.float32(80 + 200 * s)
        return _to_uint8(card + glow[..., None])

    def _colour(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        if rng.random() < 0.4:
            grey = cv2.cvtColor(cv2.cvtColor(card, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            keep = float(rng.uniform(1 - 0.9 * s, 1 + 0.3 * s))
            card = cv2.addWeighted(card, keep, grey, 1 - keep, 0)
        ramp = np.linspace(0, 1, 256, dtype=np.float32)
        gamma = np.exp(rng.normal(0, 0.12 + 0.25 * s))
        gain = np.exp(rng.normal(0, 0.08 + 0.15 * s)) * np.exp(rng.normal(0, 0.03 + 0.11 * s, 3))
        lift = rng.normal(0, 0.02 + 0.06 * s)
        black = rng.uniform(0, 0.3 * s) if rng.random() < 0.3 else 0.0  # haze, a sleeve
        curve = (ramp[:, None] ** gamma) * gain[None, :] * (1 - black) + black + lift
        table = np.clip(curve * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3)
        return cv2.LUT(card, table)

    def _sensor(self, card: Picture, s: float) -> Picture:
        rng = self._rng
        if rng.random() < 0.35:
            scale = rng.uniform(1 - 0.65 * s, 1)
            size = (max(24, int(WIDTH_PX * scale)), max(34, int(HEIGHT_PX * scale)))
            card = cv2.resize(card, size, interpolation=cv2.INTER_AREA)
            card = cv2.resize(card, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
        blur = rng.random()
        if blur < 0.35:
            card = cv2.GaussianBlur(card, (0, 0), float(rng.uniform(0.3, 0.6 + 1.3 * s)))
        elif blur < 0.45:
            length = int(rng.integers(2, 4 + int(5 * s)))
            kernel = np.zeros((length, length), np.float32)
            cv2.line(kernel, (0, int(rng.integers(length))),
                     (length - 1, int(rng.integers(length))), 1.0)  # fmt: skip
            card = cv2.filter2D(card, -1, kernel / kernel.sum())
        if rng.random() < 0.5:
            sigma = np.float32(rng.uniform(1, 3 + 12 * s))
            card = _to_uint8(card + self._noise[rng.integers(_BANK)] * sigma)
        if rng.random() < 0.25:
            quality = int(rng.uniform(75 - 55 * s, 95))
            _, data = cv2.imencode(".jpg", card, (cv2.IMWRITE_JPEG_QUALITY, quality))
            card = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return card


def _to_uint8(values: NDArray[np.float32]) -> Picture:
    return cv2.convertScaleAbs(np.maximum(values, 0))


def _foil(rng: Generator) -> NDArray[np.float32]:
    """`(160, 112, 3) float32` 0…255: a rainbow across, or coloured grains."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)) / rng.uniform(20, 120)
    along += 0.3 * np.sin((x * np.sin(angle) - y * np.cos(angle)) / rng.uniform(8, 60))
    if rng.random() < 0.4:
        grains = rng.normal(0, 1, (HEIGHT_PX // 4, WIDTH_PX // 4)).astype(np.float32)
        along += 0.5 * cv2.resize(grains, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)
    hue = ((along * 180) % 180).astype(np.uint8)
    saturation = np.full_like(hue, int(rng.uniform(40, 255)))
    value = np.clip(150 + 105 * np.sin(along * rng.uniform(2, 9)), 0, 255).astype(np.uint8)
    hsv = np.dstack([hue, saturation, value])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR).astype(np.float32)


def _words(rng: Generator, most: int) -> str:
    count = int(rng.integers(2, most))
    return "".join(_LETTERS[i] for i in rng.integers(0, len(_LETTERS), count))


def _watermark(rng: Generator) -> NDArray[np.float32]:
    """`(160, 112) float32` 0…1: a word across the card."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    word = "SAMPLE" if rng.random() < 0.4 else _words(rng, 9)
    scale = float(rng.uniform(0.5, 1.3))
    place = (int(rng.uniform(-5, 40)), int(rng.uniform(30, 130)))
    cv2.putText(mask, word, place, cv2.FONT_HERSHEY_DUPLEX, scale, 255, int(rng.integers(1, 4)),
                cv2.LINE_AA)  # fmt: skip
    turn = cv2.getRotationMatrix2D((WIDTH_PX / 2, HEIGHT_PX / 2), float(rng.uniform(-60, 60)), 1)
    return cv2.warpAffine(mask, turn, (WIDTH_PX, HEIGHT_PX)).astype(np.float32) / 255


def _text_block(rng: Generator) -> NDArray[np.float32]:
    """`(160, 112) float32` 0…1: lines of small letters, as of a text box in another language."""
    mask = np.zeros((HEIGHT_PX * 2, WIDTH_PX * 2), np.uint8)
    step = int(rng.uniform(9, 18))
    for top in range(step, HEIGHT_PX * 2, step):
        line = " ".join(_words(rng, 8) for _ in range(9))
        cv2.putText(mask, line, (int(rng.integers(-20, 8)), top), cv2.FONT_HERSHEY_SIMPLEX,
                    step / 32, 255, 1, cv2.LINE_AA)  # fmt: skip
    small = cv2.resize(mask, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / 255
